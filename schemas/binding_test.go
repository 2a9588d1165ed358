package schemas_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
)

func binding(t testing.TB) *schemas.Binding {
	t.Helper()
	b, err := schemas.ParseBinding("binding.yaml", []byte(read(t, "testdata/binding.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseBinding(t *testing.T) {
	b := binding(t)
	b.Document, b.File = nil, ""
	want := &schemas.Binding{
		APIVersion: "satudata/v1", Kind: "Binding", ID: "bpbd.banjir", Version: "1.0.0", Dataset: "bencana.kejadian_banjir",
		Contract: "1.1.0", OPD: "bpbd",
		Format: schemas.Format{Type: "csv", Delimiter: ";", Encoding: "windows-1252", Headers: 2, Skip: 1},
		Locale: "id", Zone: "Asia/Makassar", Dates: []string{"DD/MM/YYYY", "D MMMM YYYY"}, Missing: []string{"-", "n.a."},
		CodeSystem: "bps@2023",
		Columns: []schemas.Source{
			{To: "kabupaten_kota", From: "KODE", Line: 14},
			{To: "sebab", Any: []string{"Sebab", "Penyebab"}, Missing: []string{"0"}, Synonyms: map[string]string{"hujan deras": "HUJAN"}, Line: 15},
			{To: "mulai", From: "#4", Dates: []string{"YYYY/MM/DD"}, Line: 19},
		},
		Unpivot: &schemas.Unpivot{Columns: []string{"#5-#7", "#9"}, Value: "jumlah",
			Names:  []schemas.Dimension{{To: "tahun", Header: 1, Fill: true, Pattern: "Tahun ([0-9]{4})"}},
			Totals: []schemas.Total{{Column: "#8", Of: []string{"#5-#7"}}}},
		SetAside: []schemas.Filter{{Column: "#1", Equals: []string{"TOTAL", "Jumlah Total"}}},
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("ParseBinding (-want +got):\n%s", diff)
	}
}

func TestBindingDefaults(t *testing.T) {
	doc := "apiVersion: satudata/v1\nkind: Binding\nid: a.b\nversion: 1.0.0\ndataset: t.n\ncontract: 1.0.0\n" +
		"format: {type: csv, delimiter: tab}\ncolumns: [{to: x, from: 2019}]\n"
	b, err := schemas.ParseBinding("b.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if b.Format.Headers != 1 || b.Format.Delimiter != "\t" || b.Locale != "plain" || b.Zone != "Asia/Jakarta" || b.OPD != "a" {
		t.Errorf("defaults: %+v", b)
	}
	if b.Columns[0].From != "2019" {
		t.Errorf("an unquoted number as column name reads %q", b.Columns[0].From)
	}
}

var brokenBindings = []broken{
	{"unknown key", "locale: id", "local: id", "", []string{"did you mean locale?"}},
	{"unknown key below", "{to: mulai, from:", "{to: mulai, form:", "", []string{"columns[2].form", "did you mean from?"}},
	{"version of the format", "satudata/v1", "satudata/v2", "", []string{"satudata/v1"}},
	{"id without OPD", "id: bpbd.banjir", "id: banjir", "", []string{"opd.sumber"}},
	{"other OPD", "id: bpbd.banjir", "id: bpbd.banjir\nopd: dinkes", "opd: dinkes", []string{"bpbd"}},
	{"contract version", "contract: 1.1.0", "contract: latest", "", []string{"1.0.0"}},
	{"type of file", "type: csv,", "type: pdf,", "", []string{"csv, ndjson, json, xlsx"}},
	{"encoding", "encoding: windows-1252", "encoding: cp1252", "", []string{"windows-1252"}},
	{"delimiter", `delimiter: ";"`, `delimiter: ";;"`, "", []string{"satu tanda"}},
	{"sheet of a csv", "skip: 1}", "skip: 1, sheet: A}", "", []string{"xlsx"}},
	{"no header", "headers: 2", "headers: 0", "", []string{">= 1"}},
	{"locale", "locale: id", "locale: indonesia", "", []string{"id, en, plain"}},
	{"zone", "zone: Asia/Makassar", "zone: WITA", "", []string{"Asia/Makassar"}},
	{"date layout", "DD/MM/YYYY,", "DD/MM/YY,", "", []string{"DD/MM/YY"}},
	{"date layout of Go", "DD/MM/YYYY,", "02/01/2006,", "", []string{"02/01/2006"}},
	{"missing is YAML's null", `missing: ["-", n.a.]`, `missing: ["-", null]`, "", []string{`"null"`}},
	{"fed twice", "{to: mulai,", "{to: sebab,", "", []string{"dua kali"}},
	{"fed by source and header", "{to: mulai,", "{to: tahun,", "{to: tahun, header", []string{"dua kali"}},
	{"fed by source and cell", "{to: mulai,", "{to: jumlah,", "value: jumlah", []string{"dua kali"}},
	{"no source", `from: "#4", `, "", "{to: mulai", []string{"0 asal", "from, any, value"}},
	{"two sources", `from: "#4", `, `from: "#4", value: x, `, "{to: mulai", []string{"2 asal"}},
	{"position", `from: "#4"`, `from: "#4x"`, "", []string{"#3"}},
	{"position zero", `from: "#4"`, `from: "#0"`, "", []string{"#3"}},
	{"range for one column", `from: "#4"`, `from: "#4-#5"`, "", []string{"several columns"}},
	{"synonyms alike", "{hujan deras: HUJAN}", "{hujan: HUJAN, Hujan: ROB}", "", []string{"terbedakan"}},
	{"unpivot nothing", `["#5-#7", "#9"]`, `[]`, "", []string{"wajib diisi"}},
	{"range backward", `["#5-#7", "#9"]`, `["#7-#5"]`, "", []string{"#2-#13"}},
	{"range half", `["#5-#7", "#9"]`, `["#5-7"]`, "", []string{"#2-#13"}},
	{"column twice", `["#5-#7", "#9"]`, `["#5-#7", "#6"]`, "", []string{"#6", "dua kali"}},
	{"header row beyond", "header: 1", "header: 3", "", []string{"1 … 2"}},
	{"pattern without group", "Tahun ([0-9]{4})", "Tahun [0-9]{4}", "", []string{"0 kelompok"}},
	{"pattern", "Tahun ([0-9]{4})", "Tahun ([0-9]{4}", "", []string{"RE2"}},
	{"filter without texts", "equals: [TOTAL, Jumlah Total]", "equals: []", "", []string{"equals wajib diisi"}},
	{"text for a list", `missing: ["-", n.a.]`, `missing: "-"`, "", []string{"bukan daftar"}},
	{"list for a text", "locale: id", "locale: [id]", "", []string{"bukan satu nilai"}},
	{"text for keys", `format: {type: csv, delimiter: ";", encoding: windows-1252, headers: 2, skip: 1}`, "format: csv", "", []string{"type"}},
}

func TestBrokenBindings(t *testing.T) {
	doc := read(t, "testdata/binding.yaml")
	for _, tt := range brokenBindings {
		t.Run(tt.name, func(t *testing.T) {
			edited := edit(t, doc, tt)
			_, err := schemas.ParseBinding("b.yaml", []byte(edited))
			wantFault(t, edited, err, tt)
		})
	}
}

func TestPositionsNeedAnOrder(t *testing.T) {
	doc := "apiVersion: satudata/v1\nkind: Binding\nid: a.b\nversion: 1.0.0\ndataset: t.n\ncontract: 1.0.0\n" +
		"format: {type: ndjson}\ncolumns: [{to: x, from: '#1'}]\n"
	_, err := schemas.ParseBinding("b.yaml", []byte(doc))
	wantFault(t, doc, err, broken{at: "columns", want: []string{"ndjson", "#1"}})
}

func FuzzParseBinding(f *testing.F) {
	f.Add([]byte(read(f, "testdata/binding.yaml")))
	f.Add([]byte("unpivot: {columns: ['#1-#99999']}"))
	ref, err := schemas.LoadReference()
	if err != nil {
		f.Fatal(err)
	}
	c := contract(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		b, err := schemas.ParseBinding("f.yaml", doc)
		var faults schemas.Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("error %v is not Faults", err)
			}
			return
		}
		if p, err := schemas.Compile(c, b, ref); err == nil && (p.Observations() < 1 || len(p.Inputs) != len(c.Properties)) {
			t.Fatalf("plan with %d observations, %d inputs", p.Observations(), len(p.Inputs))
		}
	})
}
