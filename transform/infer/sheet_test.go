package infer_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// workbook writes a workbook of sheets of texts and numbers, by name in order.
func workbook(t *testing.T, names []string, sheets [][][]string) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	part := func(name, text string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + text)); err != nil {
			t.Fatal(err)
		}
	}
	const types, office = "http://schemas.openxmlformats.org/package/2006/", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	var list, rels, content strings.Builder
	for i, name := range names {
		fmt.Fprintf(&list, `<sheet name=%q sheetId="%d" r:id="r%d"/>`, name, i+1, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="r%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, office, i+1)
		fmt.Fprintf(&content, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i+1)
		var rows strings.Builder
		for _, row := range sheets[i] {
			rows.WriteString("<row>")
			for _, c := range row {
				fmt.Fprintf(&rows, `<c t="inlineStr"><is><t>%s</t></is></c>`, c)
			}
			rows.WriteString("</row>")
		}
		part(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`+rows.String()+`</sheetData></worksheet>`)
	}
	part("[Content_Types].xml", `<Types xmlns="`+types+`content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>`+content.String()+`</Types>`)
	part("_rels/.rels", `<Relationships xmlns="`+types+`relationships"><Relationship Id="r1" Type="`+office+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	part("xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="`+office+`"><sheets>`+list.String()+`</sheets></workbook>`)
	part("xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+types+`relationships">`+rels.String()+`</Relationships>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "a.xlsx", out.String())
}

// TestSheets: of a workbook with a cover the sheet with the table is taken, and the others are named.
func TestSheets(t *testing.T) {
	cover := [][]string{{"Dinas Kesehatan"}, {"Rekap kasus"}}
	table := [][]string{{"kode_kab", "tahun", "jumlah_kasus"}}
	for i := 1; i <= 13; i++ {
		table = append(table, []string{fmt.Sprintf("16%02d", i), "2023", fmt.Sprint(7 * i)})
	}
	p, _, b := propose(t, workbook(t, []string{"Sampul", "Data 2023", "Kosong"}, [][][]string{cover, table, nil}))
	if b.Format.Sheet != "Data 2023" || p.Trial[0].Accepted != 13 {
		t.Errorf("sheet %q, %d accepted\n%s", b.Format.Sheet, p.Trial[0].Accepted, p.Binding)
	}
	if why := fmt.Sprintf("%+v", p.Decisions); !strings.Contains(why, "Sampul, Data 2023, Kosong") {
		t.Errorf("decisions do not name the sheets: %s", why)
	}
	_, _, b = propose(t, workbook(t, []string{"Data", "Sampul"}, [][][]string{table, cover}))
	if b.Format.Sheet != "" {
		t.Errorf("the first sheet is named: %q", b.Format.Sheet)
	}
}
