package main

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var updateSample = flag.Bool("update-sample", false, "write the sample's spreadsheet anew")

// floods is the sample's spreadsheet below its header: BPS code, name, floods of 2021 to 2024.
// Figures are invented.
func floods() [][]any {
	return [][]any{
		{1601, "KABUPATEN OGAN KOMERING ULU", 9, 10, 2, 13},
		{1602, "KABUPATEN OGAN KOMERING ILIR", 5, 10, 7, 18},
		{1603, "KABUPATEN MUARA ENIM", 14, 13, 15, 3},
		{1604, "KABUPATEN LAHAT", 3, 6, 15, 12},
		{1605, "KABUPATEN MUSI RAWAS", 4, 9, 3, 10},
		{1606, "KABUPATEN MUSI BANYUASIN", 9, 10, 19, 3},
		{1607, "KABUPATEN BANYU ASIN", 8, 7, 11, 15},
		{1608, "KABUPATEN OGAN KOMERING ULU SELATAN", 9, 12, 9, 14},
		{1609, "KABUPATEN OGAN KOMERING ULU TIMUR", 10, 17, 11, 12},
		{1610, "KABUPATEN OGAN ILIR", 17, 14, 6, 6},
		{1611, "KABUPATEN EMPAT LAWANG", 14, 15, 7, 10},
		{1612, "KABUPATEN PENUKAL ABAB LEMATANG ILIR", 13, 3, 4, 12},
		{1613, "KABUPATEN MUSI RAWAS UTARA", 5, 12, 11, 15},
		{1671, "KOTA PALEMBANG", 13, 22, 6, 8},
		{1672, "KOTA PRABUMULIH", 9, 12, 3, 3},
		{1673, "KOTA PAGAR ALAM", 12, 6, 6, 8},
		{1674, "KOTA LUBUKLINGGAU", 1, 8, 12, 15},
		{1614, "KABUPATEN CONTOH BARU", 2, 1, 4, 3}, // no such code
	}
}

// sampleRows is the whole sheet, with the defects that spreadsheets of real agencies have.
func sampleRows() [][]any {
	closed := time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)
	rows := [][]any{
		{"REKAPITULASI KEJADIAN BANJIR (DATA CONTOH, BUKAN DATA RESMI)"},
		{"Kode BPS", "Kabupaten/Kota", "Jumlah Kejadian", nil, nil, nil, "Jumlah", "Tanggal Data"},
		{nil, nil, 2021, 2022, 2023, 2024, nil, nil},
	}
	var columns [5]int
	for _, r := range floods() {
		sum := 0
		for i, n := range r[2:] {
			sum += n.(int)
			columns[i] += n.(int)
		}
		columns[4] += sum
		rows = append(rows, append(r, sum, closed))
	}
	total := []any{nil, "TOTAL"}
	for _, n := range columns {
		total = append(total, n)
	}
	rows = append(rows, append(total, closed))

	row := func(code int) []any { return rows[3+code-1601] }
	row(1602)[6] = row(1602)[6].(int) + 10                     // a printed total that is not the sum
	row(1604)[2] = time.Date(2024, 4, 3, 0, 0, 0, 0, time.UTC) // "3-4" was typed, Excel made it a date
	row(1604)[6] = "-"
	row(1607)[3], row(1607)[6] = "-", "-" // not known
	row(1608)[7] = "31/12/2024"           // a date typed as text
	row(1611)[7] = "31/11/2024"           // no such date
	rows[16][5] = "8"                     // Palembang: a number typed as text
	rows[17][0] = "1672"                  // Prabumulih: a code typed as text
	return rows
}

const (
	sampleSheet = "Rekap"
	dateFormat  = 14 // Excel's built-in short date
)

func writeSampleXLSX(t *testing.T, file string) {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetSheetName("Sheet1", sampleSheet))
	date, err := f.NewStyle(&excelize.Style{NumFmt: dateFormat})
	must(err)
	for y, row := range sampleRows() {
		for x, v := range row {
			cell, err := excelize.CoordinatesToCellName(x+1, y+1)
			must(err)
			must(f.SetCellValue(sampleSheet, cell, v))
			if _, ok := v.(time.Time); ok {
				must(f.SetCellStyle(sampleSheet, cell, cell, date))
			}
		}
	}
	for _, merged := range [][2]string{{"A1", "H1"}, {"A2", "A3"}, {"B2", "B3"}, {"C2", "F2"}, {"G2", "G3"}, {"H2", "H3"}} {
		must(f.MergeCell(sampleSheet, merged[0], merged[1]))
	}
	must(f.SetColWidth(sampleSheet, "B", "B", 40))
	must(f.SaveAs(file))
}

// TestSampleXLSX holds the bundled spreadsheet to the table above.
func TestSampleXLSX(t *testing.T) {
	bundled := filepath.Join("sample", "deliveries", "bpbd", "kejadian_banjir.xlsx")
	if *updateSample {
		writeSampleXLSX(t, bundled)
	}
	fresh := filepath.Join(t.TempDir(), "fresh.xlsx")
	writeSampleXLSX(t, fresh)
	if diff := cmp.Diff(readXLSX(t, fresh), readXLSX(t, bundled)); diff != "" {
		t.Errorf("%s differs from its table; run with -update-sample (-table +file):\n%s", bundled, diff)
	}
}

func readXLSX(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows(sampleSheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
