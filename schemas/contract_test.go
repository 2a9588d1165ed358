package schemas_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
)

func read(t testing.TB, file string) string {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func contract(t testing.TB) *schemas.Contract {
	t.Helper()
	c, err := schemas.ParseContract("contract.yaml", []byte(read(t, "testdata/contract.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParseContract(t *testing.T) {
	c := contract(t)
	if c.Dataset != "bencana.kejadian_banjir" || c.Version != "1.2.0" || c.Status != "active" || c.Title != "Kejadian banjir" {
		t.Errorf("head = %q %q %q %q", c.Dataset, c.Version, c.Status, c.Title)
	}
	profile := schemas.Profile{Standard: schemas.Standard{Definition: "Banyaknya kejadian banjir."}, Producer: "bpbd", Access: "publik", Schedule: "tahunan",
		Delivery: schemas.DeliveryMode{Mode: "full", ReplaceBy: []string{"tahun"}}}
	if diff := cmp.Diff(profile, c.Profile); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
	year, reason, count := c.Properties[1], c.Properties[2], c.Properties[3]
	if year.Title != "Tahun" || *year.Check.Min != 1900 || *year.Check.Max != 2100 || year.Key != 2 {
		t.Errorf("tahun did not inherit from its element: %+v", year)
	}
	if diff := cmp.Diff([]string{"HUJAN", "ROB"}, reason.Check.Allowed); diff != "" || *reason.Check.MaxLength != 20 {
		t.Errorf("sebab: %+v", reason)
	}
	if !count.Additive || count.Unit != "kejadian" || count.Definition != "Banyaknya kejadian." || count.Class != "umum" {
		t.Errorf("jumlah: %+v", count)
	}
	if c.Properties[4].Type != (schemas.Type{Kind: schemas.Decimal, Precision: 16, Scale: 2}) || c.Properties[4].Unit != "rupiah" {
		t.Errorf("rugi: %+v", c.Properties[4])
	}
}

func TestFields(t *testing.T) {
	c := contract(t)
	var got []string
	for _, f := range c.Fields() {
		name := f.Name + " " + f.Type.String()
		if f.Required {
			name += " required"
		}
		got = append(got, name)
	}
	want := []string{
		"kemendagri_kode_kabupaten_kota string required", "kemendagri_nama_kabupaten_kota string required",
		"bps_kode_kabupaten_kota string required", "bps_nama_kabupaten_kota string required",
		"tahun integer required", "sebab string", "jumlah integer required", "rugi decimal(16,2)", "mulai date",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{0, 4}, c.Key()); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	doc := read(t, "testdata/contract.yaml")
	doc = strings.NewReplacer("status: active", "status: active\nstatuss: x", "version: 1.2.0", "version: x", "logicalType: date", "logicalType: dat").Replace(doc)
	_, err := schemas.ParseContract("k.yaml", []byte(doc))
	var faults schemas.Faults
	if !errors.As(err, &faults) || len(faults) != 3 {
		t.Fatalf("error = %v, want 3 faults", err)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "k.yaml:5:") {
		t.Errorf("Error() = %q", err.Error())
	}
}

func TestUnreadableContracts(t *testing.T) {
	for name, doc := range map[string]string{
		"empty":         "",
		"comment only":  "# nothing\n",
		"a list":        "- a\n- b\n",
		"a text":        "halo",
		"two documents": "a: 1\n---\nb: 2\n",
		"not YAML":      "a: [1, 2\nb: }",
		"tab":           "a:\n\t- b\n",
		"html":          "<html><body>404</body></html>",
		"too large":     "a: " + strings.Repeat("x", 2<<20),
		"nil key":       "? [a, b]\n: c\n",
	} {
		c, err := schemas.ParseContract("k.yaml", []byte(doc))
		var faults schemas.Faults
		if !errors.As(err, &faults) || c != nil {
			t.Errorf("%s: ParseContract = %v, %v, want nil and Faults", name, c, err)
		}
	}
}

// TestMisplaced: a document in the folder of the other kind gets one fault, which says where it belongs.
func TestMisplaced(t *testing.T) {
	_, contract := schemas.ParseBinding("bindings/b.yaml", []byte(read(t, "testdata/contract.yaml")))
	_, binding := schemas.ParseContract("contracts/k.yaml", []byte(read(t, "testdata/binding.yaml")))
	for want, err := range map[string]error{"folder contracts": contract, "folder bindings": binding} {
		var faults schemas.Faults
		if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Line != 2 || !strings.Contains(err.Error(), "pindahkan ke "+want) {
			t.Errorf("%v, want one fault at line 2 that says %q", err, want)
		}
	}
}

func TestElements(t *testing.T) {
	for _, e := range schemas.Elements() {
		if e.Definition == "" || len(e.Examples) == 0 || e.Class == "" {
			t.Errorf("element %s is not complete: %+v", e.ID, e)
		}
		if got, ok := schemas.FindElement(e.ID); !ok || got.ID != e.ID {
			t.Errorf("FindElement(%q) = %v, %v", e.ID, got, ok)
		}
	}
	if n := len(schemas.Elements()); n < 15 {
		t.Errorf("%d elements", n)
	}
	if _, ok := schemas.FindElement("wilayah"); ok {
		t.Error("FindElement finds what is not there")
	}
}

func FuzzParseContract(f *testing.F) {
	f.Add([]byte(read(f, "testdata/contract.yaml")))
	for _, b := range readBroken(f, "testdata/broken/contract.txt") {
		f.Add([]byte(b.edit(f, read(f, "testdata/contract.yaml"))))
	}
	f.Add([]byte(ruled(own("{aturan: jumlah, kolom: n, di: {jk: [L, P]}, per: [tahun], samaDengan: {nilai: b}, toleransi: 1%}"))))
	f.Add([]byte(ruled(own("{aturan: turunan, kolom: indeks, rumus: b / n, per: [tahun], di: {jk: L}}"))))
	f.Add([]byte(ruled("      - {metric: rowCount, mustBeBetween: [1, 2]}\n" + own("{aturan: takBerubah, kolom: n, batas: 10%}"))))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("schema: [{properties: [{name: x, quality: [{}]}]}]"))
	ref, err := schemas.LoadReference()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, err := schemas.ParseContract("f.yaml", doc)
		var faults schemas.Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("error %v is not Faults", err)
			}
			return
		}
		if changes := schemas.Diff(c, c); len(changes) > 0 {
			t.Fatalf("a contract differs from itself: %+v", changes)
		}
		seen := map[string]bool{}
		for _, field := range c.Fields() {
			if seen[field.Name] || strings.HasPrefix(field.Name, "_") || field.Type.Kind == 0 {
				t.Fatalf("field %+v in a valid contract", field)
			}
			seen[field.Name] = true
		}
		_, _ = schemas.Compile(c, &schemas.Binding{Dataset: c.Dataset, Contract: c.Version}, ref)
	})
}
