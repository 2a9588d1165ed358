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

// broken is an edit of a valid document and what must be said of it.
type broken struct {
	name     string
	old, new string
	at       string   // text at whose line it must be said; "" for new
	want     []string // parts of the one line that says so
}

var brokenContracts = []broken{
	{"unknown key", "status: active", "status: active\nstatuss: x", "statuss: x", []string{"statuss", "did you mean status?"}},
	{"unknown key below", "    physicalType: table", "    physicalTypo: table", "", []string{"schema[0].physicalTypo", "did you mean physicalType?"}},
	{"key twice", "status: active", "status: active\nstatus: draft", "status: draft", []string{"dua kali"}},
	{"anchor", "status: active", "status: &a active", "", []string{"jangkar"}},
	{"other version of ODCS", "v3.1.0", "v2.2.2", "", []string{"v3.1.0"}},
	{"other kind", "kind: DataContract", "kind: DataProduct", "", []string{"DataContract"}},
	{"id without topic", "id: bencana.kejadian_banjir", "id: kejadian_banjir", "", []string{"topik.nama"}},
	{"id in capitals", "id: bencana.kejadian_banjir", "id: Bencana.kejadian_banjir", "", []string{"topik.nama"}},
	{"version", "version: 1.2.0", "version: 1.2", "", []string{`"1.2"`, "1.0.0"}},
	{"no name", "name: Kejadian banjir\n", "", "apiVersion", []string{"name wajib diisi"}},
	{"status", "status: active", "status: activ", "", []string{"did you mean active?"}},
	{"no purpose", "  purpose: Banyaknya kejadian banjir.", "  usage: x", "", []string{"description.purpose"}},
	{"unknown custom property", "property: kelasAkses", "property: kelasAkss", "", []string{"did you mean kelasAkses?"}},
	{"access class", "value: publik", "value: umum", "value: umum}", []string{"publik, internal, rahasia"}},
	{"no legal basis", "value: publik", "value: rahasia", "produsenData", []string{"dasar hukum"}},
	{"schedule", "value: tahunan", "value: tahun", "", []string{"did you mean"}},
	{"scope of a delta", "value: full", "value: delta", "gantiBerdasarkan", []string{"modePengiriman full"}},
	{"scope unknown", "value: [tahun]", "value: [thn]", "", []string{"thn", "tahun"}},
	{"scope may be empty", "value: [tahun]", "value: [mulai]", "", []string{"required: true"}},
	{"table name", "  - name: kejadian_banjir", "  - name: banjir", "", []string{"kejadian_banjir"}},
	{"column name", "name: sebab", "name: Sebab", "", []string{"schema[0].properties[2].name", "Sebab"}},
	{"system column", "name: sebab", "name: _sebab", "", []string{"_sebab"}},
	{"column twice", "name: sebab", "name: tahun", "name: tahun\n        description", []string{`two columns "tahun"`}},
	{"column of a region twice", "name: sebab", "name: bps_kode_kabupaten_kota", "", []string{"keduanya menjadi"}},
	{"type", "logicalType: date", "logicalType: dat", "", []string{"did you mean date?"}},
	{"type that is no column", "logicalType: date", "logicalType: array", "", []string{"array"}},
	{"no type", "        logicalType: date", "        businessName: Mulai", "name: mulai", []string{"tanpa jenis"}},
	{"no definition", "        description: Hari pertama.\n", "", "name: mulai", []string{"tanpa definisi"}},
	{"decimal", "decimal(16,2)", "decimal(40,2)", "", []string{"38"}},
	{"decimal scale", "decimal(16,2)", "decimal(2,3)", "", []string{"decimal(18,2)"}},
	{"element", "value: umum.jumlah", "value: umum.jumla", "", []string{"did you mean umum.jumlah?"}},
	{"contradicts element's type", "        description: Banyaknya kejadian.", "        description: Banyaknya.\n        logicalType: string", "logicalType: string\n        required", []string{"umum.jumlah", "integer"}},
	{"wider than element", "        description: Banyaknya kejadian.", "        description: Banyaknya.\n        logicalTypeOptions: {minimum: -1}", "{minimum: -1}", []string{"melonggarkan", ">= 0"}},
	{"wider decimal", "decimal(16,2)", "decimal(19,2)", "logicalType: number", []string{"umum.rupiah", "decimal(18,2)"}},
	{"unit against element", "value: umum.rupiah}", "value: umum.rupiah}, {property: satuan, value: dolar}", "", []string{"satuan", "rupiah"}},
	{"bounds crossed", "{minLength: 1, maxLength: 20}", "{minLength: 30, maxLength: 20}", "", []string{"minLength 30"}},
	{"length not a number", "maxLength: 20", "maxLength: banyak", "", []string{"banyak"}},
	{"pattern", "{minLength: 1, maxLength: 20}", "{pattern: '(a'}", "", []string{"pola"}},
	{"pattern that escapes its anchors", "{minLength: 1, maxLength: 20}", "{pattern: 'a)|(b'}", "", []string{"pola"}},
	{"bounds on text", "{minLength: 1, maxLength: 20}", "{minimum: 1}", "", []string{"string"}},
	{"check that nobody does", "{minLength: 1, maxLength: 20}", "{format: x, multipleOf: 2}", "", []string{"multipleOf"}},
	{"format that nobody checks", "{minLength: 1, maxLength: 20}", "{format: email}", "", []string{"format"}},
	{"unique in a larger key", "        primaryKeyPosition: 2", "        primaryKeyPosition: 2\n        unique: true", "unique: true", []string{"keunikan"}},
	{"profile in the wrong place", "    logicalType: object", "    logicalType: object\n    customProperties: [{property: kelasAkses, value: publik}]", "    customProperties: [{property: kelasAkses", []string{"kelasAkses"}},
	{"severity of values", "metric: invalidValues, ", "metric: invalidValues, severity: warning, ", "", []string{"severity"}},
	{"rule that nobody does", "metric: invalidValues", "metric: rowCount", "", []string{"tidak dijalankan"}},
	{"allowed values alike", "[HUJAN, ROB]", "[HUJAN, Hujan]", "", []string{"terbedakan"}},
	{"key may be empty", "        required: true\n        primaryKey: true\n        primaryKeyPosition: 2", "        primaryKey: true\n        primaryKeyPosition: 2", "", []string{"required: true"}},
	{"key position twice", "primaryKeyPosition: 2", "primaryKeyPosition: 1", "primaryKeyPosition: 1\n        customProperties: [{property: elemen, value: waktu", []string{"posisi kunci 1"}},
	{"key position beyond", "primaryKeyPosition: 2", "primaryKeyPosition: 3", "", []string{"posisi kunci 3"}},
	{"not true or false", "required: true\n        customProperties: [{property: elemen, value: umum.jumlah}", "required: ya\n        customProperties: [{property: elemen, value: umum.jumlah}", "", []string{"true, false"}},
	{"personal data in public", "description: Banyaknya kejadian.\n        required", "description: Banyaknya kejadian.\n        classification: pribadi_umum\n        required", "classification: pribadi", []string{"pribadi_umum", "publik"}},
	{"old name still there", "value: umum.jumlah}", "value: umum.jumlah}, {property: namaLama, value: mulai}", "", []string{"namaLama"}},
	{"rule with unknown column", "jumlah > 0", "jumla > 0", "", []string{"huruf ke-1", "did you mean jumlah?"}},
	{"rule that is no condition", "jumlah > 0 or rugi is null", "jumlah + 1", "", []string{"bukan syarat"}},
	{"rule name", "name: ada_rugi", "name: ada rugi", "", []string{"ada rugi"}},
	{"other engine", "engine: satudata", "engine: soda", "", []string{"tidak dijalankan"}},
	{"severity", "        name: ada_rugi", "        name: ada_rugi\n        severity: warning", "severity: warning", []string{"severity"}},
}

func TestBrokenContracts(t *testing.T) {
	doc := read(t, "testdata/contract.yaml")
	for _, tt := range brokenContracts {
		t.Run(tt.name, func(t *testing.T) {
			edited := edit(t, doc, tt)
			_, err := schemas.ParseContract("k.yaml", []byte(edited))
			wantFault(t, edited, err, tt)
		})
	}
}

func edit(t *testing.T, doc string, b broken) string {
	t.Helper()
	if !strings.Contains(doc, b.old) {
		t.Fatalf("the document does not have %q", b.old)
	}
	return strings.Replace(doc, b.old, b.new, 1)
}

// wantFault wants one fault at the line of b that holds every part of b.want.
func wantFault(t *testing.T, doc string, err error, b broken) {
	t.Helper()
	at := b.at
	if at == "" {
		at = b.new
	}
	before, _, ok := strings.Cut(doc, at)
	if !ok {
		t.Fatalf("the document does not have %q", at)
	}
	line := strings.Count(before, "\n") + 1
	var faults schemas.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error = %v, want Faults", err)
	}
	for _, f := range faults {
		found := f.Line == line && f.Say.ID != "" && f.Say.EN != ""
		for _, part := range b.want {
			found = found && strings.Contains(f.String(), part)
		}
		if found {
			return
		}
	}
	t.Errorf("no fault at line %d with %q among:\n%v", line, b.want, err)
}

func TestAllFaultsAtOnce(t *testing.T) {
	doc := read(t, "testdata/contract.yaml")
	for _, tt := range []broken{brokenContracts[0], {old: "version: 1.2.0", new: "version: x"}, {old: "logicalType: date", new: "logicalType: dat"}} {
		doc = edit(t, doc, tt)
	}
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
