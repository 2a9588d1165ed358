package schemas_test

import (
	"errors"
	"strings"
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

func TestPositionsNeedAnOrder(t *testing.T) {
	doc := "apiVersion: satudata/v1\nkind: Binding\nid: a.b\nversion: 1.0.0\ndataset: t.n\ncontract: 1.0.0\n" +
		"format: {type: ndjson}\ncolumns: [{to: x, from: '#1'}]\n"
	_, err := schemas.ParseBinding("b.yaml", []byte(doc))
	if err == nil || !strings.Contains(err.Error(), `b.yaml:8:25: columns[0].from: ndjson tidak memiliki urutan kolom, "#1" tidak berlaku`) {
		t.Errorf("ParseBinding = %v", err)
	}
}

func FuzzParseBinding(f *testing.F) {
	f.Add([]byte(read(f, "testdata/binding.yaml")))
	for _, suite := range []string{"binding", "compile"} {
		for _, b := range readBroken(f, "testdata/broken/"+suite+".txt") {
			f.Add([]byte(b.edit(f, read(f, "testdata/binding.yaml"))))
		}
	}
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
