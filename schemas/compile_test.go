package schemas_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
)

func reference(t testing.TB) *schemas.Reference {
	t.Helper()
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestCompile(t *testing.T) {
	p, err := schemas.Compile(contract(t), binding(t), reference(t))
	if err != nil {
		t.Fatal(err)
	}
	if p.Observations() != 4 || p.Zone.String() != "Asia/Makassar" {
		t.Errorf("observations %d, zone %v", p.Observations(), p.Zone)
	}
	wide := []schemas.Column{{Name: "#5", Position: 5}, {Name: "#6", Position: 6}, {Name: "#7", Position: 7}, {Name: "#9", Position: 9}}
	if diff := cmp.Diff(wide, p.Wide); diff != "" {
		t.Errorf("wide (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]schemas.TotalColumn{{Column: schemas.Column{Name: "#8", Position: 8}, Of: []int{0, 1, 2}}}, p.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	aside := []schemas.RowFilter{{Column: schemas.Column{Name: "#1", Position: 1}, Equals: map[string]bool{"total": true, "jumlah total": true}}}
	if diff := cmp.Diff(aside, p.SetAside); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"", "-", "n.a."}, p.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	checkInputs(t, p)
}

func checkInputs(t *testing.T, p *schemas.Plan) {
	t.Helper()
	region, year, reason, count, loss, first := p.Inputs[0], p.Inputs[1], p.Inputs[2], p.Inputs[3], p.Inputs[4], p.Inputs[5]
	if region.Codes == nil || region.Codes.System() != "bps@2023" || !cmp.Equal(region.Fields, []int{0, 1, 2, 3}) {
		t.Errorf("region input: %+v", region)
	}
	if year.Header == nil || year.Part == nil || year.Cell || year.From != nil {
		t.Errorf("header input: %+v", year)
	}
	if !count.Cell || count.Header != nil || !cmp.Equal(count.Fields, []int{6}) {
		t.Errorf("cell input: %+v", count)
	}
	if loss.From != nil || loss.Cell || loss.Constant != nil || loss.Header != nil {
		t.Errorf("input that nothing feeds: %+v", loss)
	}
	if !cmp.Equal(first.From, []string{"#4"}) || !cmp.Equal(first.Dates, []string{"YYYY/MM/DD"}) || first.Locale != "id" {
		t.Errorf("date input: %+v", first)
	}
	if diff := cmp.Diff(map[string]bool{"": true, "-": true, "n.a.": true, "0": true}, reason.Missing); diff != "" {
		t.Errorf("own missing texts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"hujan": "HUJAN", "rob": "ROB", "hujan deras": "HUJAN"}, reason.Synonyms); diff != "" {
		t.Errorf("synonyms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"HUJAN": true, "ROB": true}, reason.Allowed); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	if len(p.Rules) != 1 || p.Rules[0].Name != "ada_rugi" || !cmp.Equal(p.Rules[0].Needs, []int{6}) {
		t.Errorf("rules: %+v", p.Rules)
	}
}

// Numbers without a unit are in the one that the binding declares, else in the contract's.
func TestCompileUnits(t *testing.T) {
	doc := strings.Replace(read(t, "testdata/binding.yaml"), "{to: mulai,", "{to: rugi, from: '#10', unit: Juta  Rupiah}\n  - {to: mulai,", 1)
	for text, want := range map[string]string{doc: "Juta  Rupiah", strings.Replace(doc, ", unit: Juta  Rupiah", "", 1): "rupiah"} {
		b, err := schemas.ParseBinding("b.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := schemas.Compile(contract(t), b, reference(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range plan.Inputs {
			if in.Property.Name == "rugi" && in.Unit != want {
				t.Errorf("unit %q, want %q", in.Unit, want)
			}
		}
	}
}

// TestCompileByHand compiles what was never YAML: faults have no line, and nothing panics.
func TestCompileByHand(t *testing.T) {
	c := &schemas.Contract{Dataset: "a.b", Version: "1.0.0", Properties: []schemas.Property{
		{Name: "x", Type: schemas.Type{Kind: schemas.Integer}, Required: true},
		{Name: "y", Type: schemas.Type{Kind: schemas.String}, Check: schemas.Check{Pattern: "("}},
	}, Rules: []schemas.Rule{{Name: "r", Expression: "z = 1"}}}
	b := &schemas.Binding{File: "hand", Dataset: "a.b", Contract: "1.0.0", Zone: "Nowhere",
		Unpivot: &schemas.Unpivot{Columns: []string{"#1x"}, Names: []schemas.Dimension{{To: "y", Pattern: "("}}}}
	_, err := schemas.Compile(c, b, reference(t))
	if err == nil {
		t.Fatal("Compile accepts a binding that feeds nothing")
	}
}

// TestRepositoryDocuments compiles every binding that the repository carries.
func TestRepositoryDocuments(t *testing.T) {
	ref := reference(t)
	for _, root := range []string{"../cmd/satudata/sample", "../cmd/satudata/testdata/opd"} {
		contracts := map[string]*schemas.Contract{}
		for _, file := range yamlFiles(t, root, "contracts") {
			c, err := schemas.ParseContract(file, []byte(read(t, file)))
			if err != nil {
				t.Error(err)
				continue
			}
			if filepath.Base(file) != c.Dataset+".yaml" {
				t.Errorf("%s holds %s", file, c.Dataset)
			}
			contracts[c.Dataset] = c
		}
		for _, file := range yamlFiles(t, root, "bindings") {
			b, err := schemas.ParseBinding(file, []byte(read(t, file)))
			if err != nil {
				t.Error(err)
				continue
			}
			if filepath.Base(file) != b.ID+".yaml" || contracts[b.Dataset] == nil {
				t.Errorf("%s holds %s for %s", file, b.ID, b.Dataset)
				continue
			}
			if _, err := schemas.Compile(contracts[b.Dataset], b, ref); err != nil {
				t.Error(err)
			}
		}
	}
}

func yamlFiles(t *testing.T, root, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%s/%s: %d documents, %v", root, folder, len(files), err)
	}
	return files
}
