package trial_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/trial"
)

const contract = `apiVersion: v3.1.0
kind: DataContract
id: uji.orang
name: Orang
version: 1.0.0
status: active
description: {purpose: Uji.}
customProperties:
  - {property: produsenData, value: opd}
  - {property: kelasAkses, value: internal}
  - {property: dasarHukum, value: UU 27/2022}
schema:
  - name: orang
    physicalType: table
    logicalType: object
    properties:
      - {name: id, logicalType: string, description: Tanda pengenal., required: true, primaryKey: true, classification: pribadi_umum}
      - {name: kabupaten_kota, required: true, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
      - {name: umur, logicalType: integer, description: Umur., classification: pribadi_umum, logicalTypeOptions: {maximum: 120}, customProperties: [{property: satuan, value: tahun}]}
      - {name: jumlah, customProperties: [{property: elemen, value: umum.jumlah}]}
    quality:
      - {type: custom, engine: satudata, name: wajar, implementation: umur <= jumlah, description: Umur tidak melebihi jumlah.}
`

const binding = `apiVersion: satudata/v1
kind: Binding
id: opd.orang
version: 1.0.0
dataset: uji.orang
contract: 1.0.0
format: {type: %s}
codeSystem: bps@2023
columns:
  - {to: id, from: No Identitas}
  - {to: kabupaten_kota, from: KAB}
  - {to: umur, from: Umur}
  - {to: jumlah, from: Jml}
setAside:
  - {column: No Identitas, equals: [TOTAL]}
`

func run(t *testing.T, kind, content string) *trial.Report {
	t.Helper()
	return runBy(t, contract, kind, content)
}

// runBy tries content by a contract that has the columns of contract at least.
func runBy(t *testing.T, contract, kind, content string) *trial.Report {
	t.Helper()
	return runWith(t, contract, fmt.Sprintf(binding, kind), "a."+kind, content)
}

func runWith(t *testing.T, contract, binding, name, content string) *trial.Report {
	t.Helper()
	c, err := schemas.ParseContract("c.yaml", []byte(contract))
	if err != nil {
		t.Fatal(err)
	}
	b, err := schemas.ParseBinding("b.yaml", []byte(binding))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := schemas.Compile(c, b, ref)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	var reports []*trial.Report
	if err := trial.Run(t.Context(), plan, []string{file}, trial.Options{Examples: 2, Rows: 2}, func(r *trial.Report) error {
		reports = append(reports, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 1 {
		t.Fatalf("%d reports", len(reports))
	}
	return reports[0]
}

// TestReport: counts, reasons under the names of the file, what is masked, what nobody reads, hints.
func TestReport(t *testing.T) {
	r := run(t, "csv", `No Identitas,KAB,Umur,Jml,Catatan,
RAHASIA-1,3273,40,100,a,
RAHASIA-2,3273,,50,b,
RAHASIA-2,3273,40,100,dobel,
RAHASIA-3,32.73,40,100,titik,
RAHASIA-4,Kota Bandung,40,100,nama,
RAHASIA-5,3273,987654,100,tua,
RAHASIA-6,3273,empat puluh satu,100,kata,
RAHASIA-7,3273,77,5,aturan,
RAHASIA-8,3273,30,,kosong,
TOTAL,,,151,,
`)
	if r.Read != 10 || r.Accepted != 3 || r.Rejected != 6 || r.SetAside != 1 {
		t.Errorf("read %d, accepted %d, rejected %d, set aside %d", r.Read, r.Accepted, r.Rejected, r.SetAside)
	}
	got := map[string]string{}
	for _, why := range r.Reasons {
		got[why.Field+" "+why.Rule] = fmt.Sprintf("%d %s %v", why.Count, why.Source, why.Examples)
	}
	want := map[string]string{
		"id kunci":                 "1 No Identitas [{4 •••}]",
		"kabupaten_kota kode":      "2 KAB [{5 32.73} {6 Kota Bandung}]",
		"umur rentang":             "1 Umur [{7 •••}]",
		"umur tipe":                "1 Umur [{8 •••}]",
		"umur, jumlah baris:wajar": "2 Umur, Jml [{7 umur = •••; jumlah = 100} {9 umur = •••; jumlah = 5}]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	all := fmt.Sprintf("%+v", *r)
	for _, secret := range []string{"RAHASIA", "987654", "empat puluh", "77"} {
		if strings.Contains(all, secret) {
			t.Errorf("the report repeats %q:\n%s", secret, all)
		}
	}
	if diff := cmp.Diff([]string{"Catatan", "#6"}, r.Unread); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]trial.Count{{Column: "umur", Count: 1}, {Column: "jumlah", Count: 1}}, r.Missing); diff != "" {
		t.Errorf("empty (-want +got):\n%s", diff)
	}
	if len(r.Rows) != 2 || r.Rows[0][0] != "•••" || r.Rows[0][1] != "32.73" || r.Rows[1][5] != "" {
		t.Errorf("rows %q", r.Rows)
	}
	hints := fmt.Sprint(r.Hints)
	if !strings.Contains(hints, "1 dari 2 kode yang tidak dikenal ada di kemendagri@2025") || !strings.Contains(hints, "barangkali 3273") {
		t.Errorf("hints: %s", hints)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].ID, "mencetak total jumlah 151, sedangkan baris yang diterima berjumlah 150") {
		t.Errorf("warnings: %v", r.Warnings)
	}
}

// TestPersonalUnmarked: identifiers of persons in a column of class umum are counted in a warning that
// repeats none; what is marked, or a count, is not.
func TestPersonalUnmarked(t *testing.T) {
	content := "No Identitas,KAB,Umur,Jml\n3273014107900001,3273,40,100\nA-2,3273,40,3273014107900001\n3273014207900002,3273,40,100\n"
	open := strings.Replace(contract, "primaryKey: true, classification: pribadi_umum", "primaryKey: true", 1)
	r := runWith(t, open, fmt.Sprintf(binding, "csv"), "a.csv", content)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].ID, `kolom "id" berkelas umum, tetapi 2 dari 3 nilainya berbentuk data pribadi (NIK)`) || strings.Contains(r.Warnings[0].ID, "32730") {
		t.Errorf("warnings %v", r.Warnings)
	}
	for _, v := range []string{"081234567890", "orang@contoh.id", "198001012005011001"} {
		if r := runWith(t, open, fmt.Sprintf(binding, "csv"), "a.csv", "No Identitas,KAB,Umur,Jml\n"+v+",3273,40,100\n"); len(r.Warnings) != 1 {
			t.Errorf("%s: warnings %v", v, r.Warnings)
		}
	}
	if r := run(t, "csv", content); len(r.Warnings) != 0 {
		t.Errorf("of a marked column: %v", r.Warnings)
	}
}

// TestWideExamples: a fault of a row that holds several observations is shown once for the row.
func TestWideExamples(t *testing.T) {
	wide := strings.Replace(binding, "  - {to: umur, from: Umur}\n  - {to: jumlah, from: Jml}\n", "unpivot:\n  columns: [\"2021\", \"2022\", \"2023\"]\n  value: jumlah\n  names: [{to: umur, header: 1}]\n", 1)
	r := runWith(t, strings.Replace(contract, "maximum: 120", "maximum: 3000", 1), fmt.Sprintf(wide, "csv"), "a.csv", "No Identitas,KAB,2021,2022,2023\na,9999,1,2,3\nb,9998,1,2,3\n")
	if len(r.Reasons) == 0 || r.Reasons[0].Count != 6 {
		t.Fatalf("reasons %+v", r.Reasons)
	}
	if diff := cmp.Diff([]trial.Example{{Row: 2, Value: "9999"}, {Row: 3, Value: "9998"}}, r.Reasons[0].Examples); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
}

// TestObjects: members of objects that nothing reads are named.
func TestObjects(t *testing.T) {
	r := run(t, "ndjson", `{"No Identitas":"x","kab":"3273","Umur":4,"Jml":5,"extra":{"a":1}}`+"\n"+`{"No Identitas":"y","KAB":"3273","Umur":4,"Jml":"6","lain":null}`+"\n"+"{rusak\n")
	if r.Accepted != 2 || r.Rejected != 1 {
		t.Errorf("%d accepted, %d rejected: %+v", r.Accepted, r.Rejected, r.Reasons)
	}
	if diff := cmp.Diff([]string{"extra", "lain"}, r.Unread); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
}

// TestMaskedParts: a reason that quotes a part of a personal value does not give it away either.
func TestMaskedParts(t *testing.T) {
	money := strings.Replace(contract, "{name: umur, logicalType: integer, description: Umur., classification: pribadi_umum, logicalTypeOptions: {maximum: 120}, customProperties: [{property: satuan, value: tahun}]}",
		"{name: umur, description: Upah., classification: pribadi_umum, customProperties: [{property: elemen, value: umum.rupiah}]}", 1)
	r := runBy(t, money, "csv", "No Identitas,KAB,Umur,Jml\nx,3273,5000 milik Bu Ani,1\n")
	if len(r.Reasons) != 1 || r.Reasons[0].Field != "umur" || !strings.Contains(r.Reasons[0].Say.ID, "tidak dikenal") {
		t.Fatalf("reasons %+v", r.Reasons)
	}
	if all := fmt.Sprintf("%+v", *r); strings.Contains(all, "Ani") || strings.Contains(all, "5000") {
		t.Errorf("the report repeats a personal value: %s", all)
	}
}

func TestRefused(t *testing.T) {
	r := run(t, "csv", "<html></html>")
	if r.Refused == nil || r.Landable() {
		t.Errorf("a web page: %+v", r)
	}
	if r = run(t, "csv", "a,b\n1,2\n"); r.Refused != nil || r.Landable() || r.Rejected != 1 {
		t.Errorf("a file of another source: %+v", r)
	}
}
