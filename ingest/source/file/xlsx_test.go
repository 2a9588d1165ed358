package file_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"satudata/ingest/source/file"
	"satudata/schemas"
)

// workbook saves what fill makes.
func workbook(t testing.TB, dir, name string, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	path := filepath.Join(dir, name)
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeWorkbook makes a table of n rows.
func writeWorkbook(t testing.TB, dir, name string, n int) string {
	t.Helper()
	return workbook(t, dir, name, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		w.SetRow("A1", []any{"id", "kode", "nama", "jumlah"})
		for i := range n {
			w.SetRow(fmt.Sprintf("A%d", i+2), []any{i, fmt.Sprintf("%04d", i), "Kecamatan " + strings.Repeat("x", i%200), float64(i) / 7})
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	})
}

// rows reads a workbook's rows, without final LF.
func rows(t *testing.T, f schemas.Format, path string) []string {
	t.Helper()
	f.Type = "xlsx"
	all := read(t, file.Options{Format: f}, path)
	if all[0].Refusal != nil {
		t.Fatal(all[0].Refusal)
	}
	return strings.Split(strings.TrimSuffix(all[0].Data(t), "\n"), "\n")
}

func TestWorkbookCells(t *testing.T) {
	date := time.Date(2024, 3, 5, 0, 0, 0, 0, time.UTC)
	moment := time.Date(2024, 3, 5, 13, 4, 5, 0, time.UTC)
	style := func(f *excelize.File, code string) int {
		s, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name  string
		value any
		code  string // number format
		want  string
	}{
		{"text", "KAB. BOGOR", "", `"KAB. BOGOR"`},
		{"text like a number", "007", "", `"007"`},
		{"text with everything", "a\"b\\c\nd\te", "", `"a\"b\\c\nd\te"`},
		{"integer", 42, "", `42`},
		{"large integer", 3273010001000001, "", `3273010001000001`},
		{"negative", -1.5, "", `-1.5`},
		{"fraction", 4.99, "", `4.99`},
		{"small", 1.5e-9, "", `1.5e-09`},
		{"huge", 1e21, "", `1e+21`},
		{"zero", 0, "", `0`},
		{"shown with zeros", 7, "000", `7`},
		{"shown in thousands", 1234567, "#.##0", `1234567`},
		{"shown as rupiah", 1500, `"Rp"#,##0`, `1500`},
		{"shown with a word that has d", 3, `0" orang di desa"`, `3`},
		{"shown in red", 3, `[Red]0`, `3`},
		{"shown as percent", 0.25, "0%", `0.25`},
		{"true", true, "", `true`},
		{"false", false, "", `false`},
		{"date", date, "dd/mm/yyyy", `"2024-03-05"`},
		{"date in Indonesian", date, "[$-421]dd mmmm yyyy;@", `"2024-03-05"`},
		{"month", date, "mmmm", `"2024-03-05"`},
		{"date shown without its time", moment, "yyyy-mm-dd", `"2024-03-05T13:04:05"`},
		{"moment", moment, "dd/mm/yy hh:mm", `"2024-03-05T13:04:05"`},
		{"midnight", date, "dd/mm/yy hh:mm", `"2024-03-05T00:00:00"`},
		{"time", 0.75, "hh:mm", `"18:00:00"`},
		{"elapsed time", 1.5, "[h]:mm", `1.5`},
		{"before the first day", -1, "dd/mm/yyyy", `-1`},
		{"first day", 1, "dd/mm/yyyy", `"1900-01-01"`},
		{"the day that was not", 60, "dd/mm/yyyy", `60`},
		{"the day after", 61, "dd/mm/yyyy", `"1900-03-01"`},
		{"last day", 2958465, "dd/mm/yyyy", `"9999-12-31"`},
		{"empty", nil, "", `null`},
		{"empty text", "", "", `null`},
		{"empty with a format", nil, "dd/mm/yyyy", `null`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := workbook(t, t.TempDir(), "a.xlsx", func(f *excelize.File) {
				f.SetSheetRow("Sheet1", "A1", &[]any{"nilai", "penanda"})
				f.SetCellValue("Sheet1", "A2", c.value)
				f.SetCellValue("Sheet1", "B2", "x")
				if c.code != "" {
					f.SetCellStyle("Sheet1", "A2", "A2", style(f, c.code))
				}
			})
			got := rows(t, schemas.Format{}, path)
			if want := "[" + c.want + `,"x"]`; got[1] != want {
				t.Errorf("got %s, want %s", got[1], want)
			}
		})
	}
}

func TestWorkbook1904(t *testing.T) {
	path := workbook(t, t.TempDir(), "a.xlsx", func(f *excelize.File) {
		yes := true
		f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes})
		f.SetSheetRow("Sheet1", "A1", &[]any{"tanggal"})
		f.SetSheetRow("Sheet1", "A2", &[]any{43893})
		f.SetSheetRow("Sheet1", "A3", &[]any{0})
		s, _ := f.NewStyle(&excelize.Style{NumFmt: 14})
		f.SetCellStyle("Sheet1", "A2", "A3", s)
	})
	if diff := cmp.Diff([]string{`["tanggal"]`, `["2024-03-04"]`, `["1904-01-01"]`}, rows(t, schemas.Format{}, path)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestWorkbookLayout(t *testing.T) {
	path := workbook(t, t.TempDir(), "a.xlsx", func(f *excelize.File) {
		f.SetSheetName("Sheet1", "Sampul")
		f.SetCellValue("Sampul", "A1", "x")
		f.NewSheet("Data 2023")
		f.NewSheet("Kosong")
		f.SetActiveSheet(1)
		f.SetSheetVisible("Sampul", false)
		set := func(at string, cells ...any) { f.SetSheetRow("Data 2023", at, &cells) }
		set("A1", "Judul tabel yang panjang")
		set("B3", "Wilayah", nil, "Jumlah", nil, 2023)
		set("B4", "Kode", "Nama", "L", "P", "Ket")
		set("B5", "3201", "Bogor", 10, 20)
		set("B6", "3202", "Sukabumi", 11)
		set("B9", "3203", "Cianjur", 12, 22, nil, "lebih")
		f.MergeCell("Data 2023", "A1", "F1")
		f.MergeCell("Data 2023", "B3", "C3")
		f.MergeCell("Data 2023", "D3", "E3")
		f.MergeCell("Data 2023", "F3", "F4")
		f.MergeCell("Data 2023", "B5", "B6")
		s, _ := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
		f.SetCellStyle("Data 2023", "A10", "Z40", s)
	})
	f := schemas.Format{Type: "xlsx", Skip: 2, Headers: 2, Sheet: "data 2023"}
	all := read(t, file.Options{Format: f}, path)
	want := []string{
		`[null,"Wilayah","Wilayah","Jumlah","Jumlah","2023"]`,
		`[null,"Kode","Nama","L","P","2023"]`,
		`[null,"3201","Bogor",10,20,null]`,
		`[null,null,"Sukabumi",11,null,null]`,
		`[null,"3203","Cianjur",12,22,null,"lebih"]`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(all[0].Data(t)), "\n")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var at []string
	for _, b := range all[0].Batches {
		at = append(at, fmt.Sprintf("%d+%d %s", b.FirstRow, b.Rows, b.ContentType))
	}
	if diff := cmp.Diff([]string{"5+2 application/x-ndjson-rows; headers=2", "9+1 application/x-ndjson-rows; headers=2"}, at); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	if got := rows(t, schemas.Format{Skip: 0, Headers: 1}, path); got[0] != `["Judul tabel yang panjang","Judul tabel yang panjang","Judul tabel yang panjang","Judul tabel yang panjang","Judul tabel yang panjang","Judul tabel yang panjang"]` {
		t.Errorf("the first visible sheet is not the default: %s", got[0])
	}
	for sheet, want := range map[string]string{"Rekap": `lembar "Rekap" tidak ada; yang ada: Sampul, Data 2023, Kosong`, "Kosong": "lembar kosong", "Sampul": "tanpa satu baris data"} {
		got := read(t, file.Options{Format: schemas.Format{Type: "xlsx", Sheet: sheet}}, path)
		if got[0].Refusal == nil || !strings.Contains(got[0].Refusal.Reason.ID, want) {
			t.Errorf("sheet %s: got %v, want %q", sheet, got[0].Refusal, want)
		}
	}
}

// sheetXML is a workbook whose sheet is given as XML, for what excelize does not write.
func sheetXML(sheet, strings string) string {
	const types = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`
	const rels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	return zipped(
		"[Content_Types].xml", types,
		"_rels/.rels", rels+`<Relationship Id="r1" Type="`+office+`/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="`+office+`"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", rels+`<Relationship Id="r1" Type="`+office+`/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		`xl\sharedStrings.xml`, strings,
		"xl/worksheets/sheet1.xml", sheet,
	)
}

func TestWorkbookXML(t *testing.T) {
	const table = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>satu</t></si><si><r><t>du</t></r><r><rPr/><t xml:space="preserve">a </t></r><rPh sb="0" eb="1"><t>X</t></rPh></si><si><t>baris_x000D_
dua</t></si><si/></sst>`
	for _, c := range []struct {
		name, rows string
		want       []string
		refused    string
	}{
		{name: "references", rows: `<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="C2" t="s"><v>1</v></c><c t="inlineStr"><is><t>in</t><r><t>line</t></r><rPh><t>X</t></rPh></is></c></row>`,
			want: []string{`["satu"]`, `[null,null,"dua ","inline"]`}},
		{name: "no references", rows: `<row><c t="s"><v>0</v></c><c/><c><v>2</v></c></row><row><c><v>1</v></c></row>`, want: []string{`["satu",null,"2"]`, `[1,null,null]`}},
		{name: "kinds", rows: `<row><c t="s"><v>0</v></c></row><row><c t="s"><v>2</v></c><c t="e"><v>#N/A</v></c><c t="b"><v>1</v></c><c t="str"><f>A1&amp;"x"</f><v>a&lt;b</v></c><c><f>SUM(A1)</f></c><c><f>1+1</f><v>2</v></c><c t="d"><v>2024-03-05</v></c><c><v>abc</v></c><c t="s"><v>3</v></c><c t="s"><v>99</v></c></row>`,
			want: []string{`["satu"]`, `["baris\r\ndua","#N/A",true,"a<b","=SUM(A1)",2,"2024-03-05","abc",null,"99"]`}},
		{name: "prefix", rows: "prefix", want: []string{`["kepala","kepala"]`, `[5,null]`}},
		{name: "rows turn back", rows: `<row r="5"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>`, refused: "nomor baris"},
		{name: "column too far", rows: `<row r="1"><c r="ZZZZ1"><v>1</v></c></row>`, refused: "kolom ke-"},
		{name: "not closed", rows: `<row r="1"><c><v>1</v></row>`, refused: "rusak"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sheet := `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + c.rows + `</sheetData></worksheet>`
			switch c.name {
			case "prefix":
				sheet = `<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData><x:row><x:c t="str"><x:v>kepala</x:v></x:c></x:row><x:row><x:c><x:v>5</x:v></x:c></x:row></x:sheetData><x:mergeCells><x:mergeCell ref="A1:B1"/></x:mergeCells></x:worksheet>`
			case "not closed":
				sheet = strings.TrimSuffix(sheet, "</sheetData></worksheet>")
			}
			path := write(t, t.TempDir(), "a.xlsx", sheetXML(sheet, table))
			if c.refused == "" {
				if diff := cmp.Diff(c.want, rows(t, schemas.Format{}, path)); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
				return
			}
			got := read(t, file.Options{Format: schemas.Format{Type: "xlsx"}}, path)
			if got[0].Refusal == nil || !strings.Contains(got[0].Refusal.Reason.ID, c.refused) {
				t.Errorf("got %v, want %q", got[0].Refusal, c.refused)
			}
		})
	}
}

func TestLockedWorkbook(t *testing.T) {
	f := excelize.NewFile()
	path := filepath.Join(t.TempDir(), "a.xlsx")
	if err := f.SaveAs(path, excelize.Options{Password: "rahasia"}); err != nil {
		t.Fatal(err)
	}
	got := read(t, file.Options{Format: schemas.Format{Type: "xlsx"}}, path)
	if got[0].Refusal == nil || !strings.Contains(got[0].Refusal.Reason.ID, "kata sandi") {
		t.Errorf("got %v", got[0].Refusal)
	}
}
