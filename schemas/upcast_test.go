package schemas_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
)

// TestUpcast: nilaiLama of the column catatan, in every form and with every fault.
func TestUpcast(t *testing.T) {
	constant := func(s string) *string { return &s }
	text := schemas.Type{Kind: schemas.String}
	for _, tt := range []struct {
		name, value string
		column      string // the rest of the column's definition
		want        schemas.Upcast
		says        string // the fault, "" for none
	}{
		{"constant", "{nilai: TIDAK ADA}", "logicalType: string", schemas.Upcast{Column: "catatan", Type: text, Constant: constant("TIDAK ADA")}, ""},
		{"number", "{nilai: 0}", "logicalType: integer", schemas.Upcast{Column: "catatan", Type: schemas.Type{Kind: schemas.Integer}, Constant: constant("0")}, ""},
		{"copy", "{dari: lama}", "logicalType: string", schemas.Upcast{Column: "catatan", Type: text, From: "lama"}, ""},
		{"mapped copy", "{dari: lama, petakan: {L: LAKI-LAKI}}", "logicalType: string", schemas.Upcast{Column: "catatan", Type: text, From: "lama", Map: map[string]string{"L": "LAKI-LAKI"}}, ""},
		{"map", "{petakan: {L: LAKI-LAKI}}", "logicalType: string", schemas.Upcast{Column: "catatan", Type: text, Map: map[string]string{"L": "LAKI-LAKI"}}, ""},
		{"nothing", "{}", "logicalType: string", schemas.Upcast{}, "nilaiLama"},
		{"two at once", "{nilai: X, dari: lama}", "logicalType: string", schemas.Upcast{}, "nilaiLama"},
		{"unknown key", "{peta: {L: P}}", "logicalType: string", schemas.Upcast{}, "petakan"},
		{"not keys", "X", "logicalType: string", schemas.Upcast{}, "nilaiLama"},
		{"constant of another type", "{nilai: banyak}", "logicalType: integer", schemas.Upcast{}, "banyak"},
		{"constant too wide", "{nilai: \"12345\"}", `logicalType: number, physicalType: "decimal(4,2)"`, schemas.Upcast{}, "12345"},
		{"constant out of range", "{nilai: 9}", "logicalType: integer, logicalTypeOptions: {maximum: 5}", schemas.Upcast{}, "9"},
		{"unknown column", "{dari: lam}", "logicalType: string", schemas.Upcast{}, "lama"},
		{"itself", "{dari: catatan}", "logicalType: string", schemas.Upcast{}, "catatan"},
		{"column of another type", "{dari: nomor}", "logicalType: string", schemas.Upcast{}, "integer"},
		{"map of fractions", "{petakan: {\"1\": \"2\"}}", "logicalType: number", schemas.Upcast{}, "petakan"},
		{"map to another type", "{petakan: {\"1\": dua}}", "logicalType: integer", schemas.Upcast{}, "dua"},
		{"map from another type", "{petakan: {satu: \"1\"}}", "logicalType: integer", schemas.Upcast{}, "satu"},
		{"region", "{nilai: \"32.73\"}", "logicalType: string, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]", schemas.Upcast{}, "wilayah"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			custom := "customProperties: [{property: nilaiLama, value: " + tt.value + "}"
			column := strings.Replace(tt.column, "customProperties: [", custom+", ", 1)
			if column == tt.column {
				column += ", " + custom + "]"
			}
			doc := strings.Replace(succession, "{name: catatan, logicalType: string,", "{name: catatan, "+column+",", 1) +
				"      - {name: lama, logicalType: string, description: Lama}\n"
			c, err := schemas.ParseContract("y.yaml", []byte(doc))
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "y.yaml:") {
					t.Errorf("says %v, want a fault about %s", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]schemas.Upcast{tt.want}, c.Upcasts(nil)); d != "" {
				t.Errorf("upcasts (-want +got):\n%s", d)
			}
		})
	}
}

// TestUpcastSaidBefore: a version that only repeats what the version before it says, also of a column
// that it renames, does not do it to that version's rows.
func TestUpcastSaidBefore(t *testing.T) {
	under := func(column string) *schemas.Contract {
		const catatan = "{name: catatan, logicalType: string,"
		c, err := schemas.ParseContract("y.yaml", []byte(strings.Replace(succession, catatan, strings.Replace(catatan, "name: catatan", column, 1), 1)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	swap := "customProperties: [{property: nilaiLama, value: {petakan: {A: B, B: A}}}]"
	first := under("name: catatan, " + swap)
	for _, tt := range []struct {
		name, column string
		want         int
	}{
		{"the same", "name: catatan, " + swap, 0},
		{"renamed", "name: keterangan, " + strings.Replace(swap, "[{", "[{property: namaLama, value: catatan}, {", 1), 0},
		{"no longer said", "name: catatan", 0},
		{"something else", "name: catatan, " + strings.Replace(swap, "A: B, ", "", 1), 1},
	} {
		if got := under(tt.column).Upcasts(first); len(got) != tt.want {
			t.Errorf("%s: %d upcasts, want %d", tt.name, len(got), tt.want)
		}
	}
}

// TestDatasetOfMajorVersion: from major version 2 on the dataset carries it, and no id may look like that.
func TestDatasetOfMajorVersion(t *testing.T) {
	for version, want := range map[string]string{"0.9.0": "x.y", "1.9.9": "x.y", "2.0.0": "x.y_v2", "12.3.4": "x.y_v12"} {
		c, err := schemas.ParseContract("y.yaml", []byte(strings.Replace(succession, "version: 1.0.0", "version: "+version, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if c.Dataset != want || c.ID != "x.y" {
			t.Errorf("version %s is dataset %q of contract %q, want %q", version, c.Dataset, c.ID, want)
		}
		b, err := schemas.ParseBinding("b.yaml", []byte("apiVersion: satudata/v1\nkind: Binding\nid: a.b\nversion: 1.0.0\ndataset: x.y\ncontract: "+version+
			"\nformat: {type: csv}\ncolumns: [{to: nomor, from: nomor}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		if b.Dataset != want {
			t.Errorf("a binding for version %s feeds %q, want %q", version, b.Dataset, want)
		}
		ref, err := schemas.LoadReference()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := schemas.Compile(c, b, ref); err != nil {
			t.Errorf("version %s: %v", version, err)
		}
	}
	under := func(version string) *schemas.Contract {
		c, err := schemas.ParseContract("y.yaml", []byte(strings.Replace(succession, "version: 1.0.0", "version: "+version, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := schemas.CheckSuccessor(under("0.9.0"), under("1.0.0")); err != nil {
		t.Errorf("the first stable version cannot follow its drafts: %v", err)
	}
	if err := schemas.CheckSuccessor(under("1.0.0"), under("2.0.0")); err == nil {
		t.Error("versions 1 and 2 share tables")
	}
	_, err := schemas.ParseContract("y.yaml", []byte(strings.NewReplacer("id: x.y", "id: x.y_v2", "name: y\n", "name: y_v2\n").Replace(succession)))
	if err == nil || !strings.Contains(err.Error(), "_v2") {
		t.Errorf("an id that looks like a major version: %v", err)
	}
}
