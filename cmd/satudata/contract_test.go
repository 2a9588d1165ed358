package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/schemas"
)

// sampleWorkspace makes a workspace with the sample, in which nothing has been read yet.
func sampleWorkspace(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", "--sample", dir)
	return dir
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestContractCheck(t *testing.T) {
	file := "../../schemas/assess/testdata/lengkap.yaml"
	out := must(t, "contract", "check", "--strict", file)
	for _, want := range []string{"skor (score) 100", "Standar Data: LOLOS", "Metadata: LOLOS", "Kaidah Interoperabilitas: LOLOS", "Kode Referensi/Data Induk: LOLOS"} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	dir := sampleWorkspace(t)
	bare := filepath.Join(dir, "bare.yaml")
	writeText(t, bare, strings.Replace(readFile(t, file), "  - {property: konsep, value: Kejadian Banjir}\n", "", 1))
	r := satudata(t, "-C", dir, "contract", "check", "--json", bare)
	var reports []assessment
	if err := json.Unmarshal([]byte(r.stdout), &reports); err != nil {
		t.Fatal(err)
	}
	first := reports[0]
	if r.code != exitUsage || first.Passed || first.Principles[0].Passed || first.Principles[0].Findings[0].Line != 11 || !first.Principles[2].Passed {
		t.Errorf("exit code %d, report %+v", r.code, first)
	}
	all := must(t, "-C", dir, "contract", "check") // every contract of the sample meets the four principles
	if n := strings.Count(all, "skor (score)"); n != 6 {
		t.Errorf("%d contracts of the sample were assessed, want 6:\n%s", n, all)
	}
	must(t, "-C", dir, "contract", "check", "--strict", "kesehatan.kasus_dbd")
	if one := satudata(t, "-C", dir, "contract", "check", "spbe.indeks"); !strings.HasPrefix(one.stdout, "spbe.indeks 1.0.0") {
		t.Errorf("check of a dataset says %q", one.stdout)
	}
	if r := satudata(t, "-C", dir, "contract", "check", "spbe.index"); r.code != exitNotFound || !strings.Contains(r.stderr, "bukan berkas") {
		t.Errorf("check of what is not there: %+v", r)
	}
}

// TestContractNew fills the blanks of a skeleton, one after the other: until the last of them the
// documents are refused, then they compile.
func TestContractNew(t *testing.T) {
	dir := sampleWorkspace(t)
	command := []string{"-C", dir, "contract", "new", "perikanan.produksi", "--opd", "dkp"}
	must(t, command...)
	draft := filepath.Join(dir, "drafts", "perikanan.produksi.kontrak.yaml")
	contract, binding := readFile(t, draft), readFile(t, filepath.Join(dir, "drafts", "dkp.produksi.binding.yaml"))
	if !strings.HasPrefix(contract, "# yaml-language-server: $schema=../schemas/"+schemas.ContractSchema) {
		t.Errorf("no line for editors: %.120s", contract)
	}
	if blanks := strings.Count(contract, `description: "" # ISI`) + strings.Count(contract, "# ISI satuan"); blanks != 2 {
		t.Errorf("%d blanks for what columns count and its unit, want those of jumlah only:\n%s", blanks, contract)
	}
	if _, err := os.Stat(filepath.Join(dir, "schemas", schemas.ContractSchema)); err != nil {
		t.Error(err)
	}
	if n := strings.Count(contract, `description: ""`); n != 1 {
		t.Errorf("%d columns ask for a description and a unit, want only the measure:\n%s", n, contract)
	}
	filled := fill(t, contract, `name: ""`, "name: Produksi ikan", `purpose: ""`, "purpose: Perencanaan",
		`property: kelasAkses, value: ""`, "property: kelasAkses, value: publik", `description: ""`, "description: Ikan yang ditangkap", `property: satuan, value: ""`, "property: satuan, value: ton")
	c, err := schemas.ParseContract("k.yaml", []byte(filled))
	if err != nil {
		t.Fatal(err)
	}
	wantExamples(t, filled)
	b, err := schemas.ParseBinding("p.yaml", []byte(fill(t, binding, `type: ""`, "type: csv", `codeSystem: ""`, "codeSystem: bps@2023",
		`{to: kabupaten_kota, from: ""}`, "{to: kabupaten_kota, from: KODE}", `{to: tahun, from: ""}`, "{to: tahun, from: TAHUN}", `{to: jumlah, from: ""}`, "{to: jumlah, from: TON}")))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := schemas.Compile(c, b, ref); err != nil {
		t.Error(err)
	}
	if c.Profile.Period != "tahun" || len(c.Key()) != 2 {
		t.Errorf("period %q, key %v", c.Profile.Period, c.Key())
	}

	writeText(t, draft, "milik orang")
	if r := satudata(t, command...); r.code != exitUsage || !strings.Contains(r.stderr, "tidak ditimpa") || readFile(t, draft) != "milik orang" {
		t.Errorf("a second time: %+v", r)
	}
	if r := satudata(t, "-C", dir, "contract", "new", "spbe.indeks"); r.code != exitUsage {
		t.Errorf("of a contract that is there: %+v", r)
	}
	if r := satudata(t, "-C", dir, "contract", "new", "a.b", "--from-element", "nika"); r.code != exitUsage || !strings.Contains(r.stderr, "waktu.tahun") {
		t.Errorf("with an unknown element: %+v", r)
	}
	must(t, "-C", dir, "datasets") // a draft stops nobody
}

// wantExamples wants the rules that a skeleton shows in comments to be sound, and one of every kind that
// the JSON Schema knows to be among them.
func wantExamples(t *testing.T, doc string) {
	t.Helper()
	var schema struct {
		Defs struct {
			Rule struct {
				AnyOf []struct {
					Properties struct{ Aturan struct{ Const string } }
				}
			} `json:"aturan"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schemas.JSONSchemas()[schemas.ContractSchema], &schema); err != nil {
		t.Fatal(err)
	}
	before, rules, _ := strings.Cut(doc, "    # quality:\n")
	const column = "      # Kolom tanpa elemen bersama"
	for _, name := range []string{"laki_laki", "perempuan", "total", "bagian", "persen"} {
		before = strings.Replace(before, column, "      - {name: "+name+", logicalType: number, description: Uji.}\n"+column, 1)
	}
	for _, name := range []string{"kota", "nomor_izin"} {
		before = strings.Replace(before, column, "      - {name: "+name+", logicalType: string, description: Uji.}\n"+column, 1)
	}
	before = strings.Replace(before, "customProperties:\n", "customProperties:\n  - {property: petak, value: [{kolom: kabupaten_kota, dalam: \"32\"}]}\n", 1)
	c, err := schemas.ParseContract("k.yaml", []byte(before+"    quality:\n"+strings.ReplaceAll(rules, "    #", "    ")))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range schema.Defs.Rule.AnyOf {
		if name := kind.Properties.Aturan.Const; name != "" && !strings.Contains(rules, "{aturan: "+name) {
			t.Errorf("the skeleton shows no rule %s", name)
		}
	}
	if len(c.Rules) != 1 || len(schema.Defs.Rule.AnyOf) < 2 {
		t.Errorf("%d rules over rows, %d kinds in the JSON Schema", len(c.Rules), len(schema.Defs.Rule.AnyOf))
	}
}

// fill replaces blanks, each of which must be there, and wants the document to be refused before.
func fill(t *testing.T, doc string, pairs ...string) string {
	t.Helper()
	_, asContract := schemas.ParseContract("k.yaml", []byte(doc))
	_, asBinding := schemas.ParseBinding("k.yaml", []byte(doc))
	var faults schemas.Faults
	if !errors.As(asContract, &faults) || !errors.As(asBinding, &faults) {
		t.Error("a skeleton with blanks is accepted")
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(doc, pairs[i]) {
			t.Fatalf("the skeleton does not have %q:\n%s", pairs[i], doc)
		}
		doc = strings.Replace(doc, pairs[i], pairs[i+1], 1)
	}
	return doc
}

func TestContractSchema(t *testing.T) {
	if out := must(t, "contract", "schema", "binding"); !json.Valid([]byte(out)) || !strings.Contains(out, "Binding satudata") {
		t.Errorf("schema binding prints %.100q", out)
	}
	dir := t.TempDir()
	must(t, "contract", "schema", "--out", dir)
	if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) != len(schemas.JSONSchemas()) {
		t.Errorf("--out wrote %v", files)
	}
	if r := satudata(t, "contract", "schema", "apa"); r.code != exitUsage {
		t.Errorf("schema apa: %+v", r)
	}
}

func TestContractDiff(t *testing.T) {
	dir := sampleWorkspace(t)
	old := readFile(t, filepath.Join(dir, "contracts", "kesehatan.kasus_dbd.yaml"))
	for _, tt := range []struct {
		name              string
		pairs             []string // of strings.NewReplacer
		code              int
		breaking, enough  bool
		bindings, queries []string // what is said of the one that is named
	}{
		{"nothing", nil, exitOK, false, true, nil, nil},
		{"added", []string{"version: 1.0.0", "version: 1.1.0", "    quality:", "      - {name: catatan, logicalType: string, description: Catatan.}\n    quality:"}, exitOK, false, true, nil, nil},
		{"added without version", []string{"    quality:", "      - {name: catatan, logicalType: string, description: Catatan.}\n    quality:"}, exitUsage, false, false, nil, nil},
		{"renamed", []string{"version: 1.0.0", "version: 1.1.0", "- name: jumlah_kasus", "- name: kasus", "jumlah_meninggal <= jumlah_kasus", "jumlah_meninggal <= kasus",
			"umum.jumlah}, {property: satuan, value: kasus}", "umum.jumlah}, {property: satuan, value: kasus}, {property: namaLama, value: jumlah_kasus}"}, exitOK, false, true,
			[]string{"kesehatan.kasus_dbd", "jumlah_kasus"}, []string{"gabungan.sql", "jumlah_kasus"}},
		{"other unit", []string{"version: 1.0.0", "version: 1.1.0", "umum.jumlah}, {property: satuan, value: kasus}", "umum.jumlah}, {property: satuan, value: orang}"}, exitUsage, true, false,
			[]string{"mengisi jumlah_kasus"}, []string{"gabungan.sql", "memakai jumlah_kasus"}},
		{"major", []string{"version: 1.0.0", "version: 2.0.0", "umum.jumlah}, {property: satuan, value: kasus}", "umum.jumlah}, {property: satuan, value: orang}"}, exitOK, true, true,
			[]string{"contract: 2.0.0"}, []string{"gabungan.sql"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := filepath.Join(t.TempDir(), "baru.yaml")
			writeText(t, next, strings.NewReplacer(tt.pairs...).Replace(old))
			r := satudata(t, "-C", dir, "contract", "diff", "kesehatan.kasus_dbd@1.0.0", next, "--json")
			var d difference
			if err := json.Unmarshal([]byte(r.stdout), &d); err != nil {
				t.Fatalf("%v: %s", err, r.stderr)
			}
			if r.code != tt.code || d.Breaking != tt.breaking || d.Enough != tt.enough {
				t.Errorf("exit code %d, %+v", r.code, d)
			}
			wantBroken(t, d.Bindings, tt.bindings)
			wantBroken(t, d.Queries, tt.queries)
		})
	}
}

// wantBroken wants one thing of which all the parts are said, or none.
func wantBroken(t *testing.T, got []brokenThing, parts []string) {
	t.Helper()
	if len(parts) == 0 {
		if len(got) > 0 {
			t.Errorf("%+v, want none", got)
		}
		return
	}
	for _, b := range got {
		text, all := b.Name+"\n"+strings.Join(b.Why, "\n"), true
		for _, part := range parts {
			all = all && strings.Contains(text, part)
		}
		if all {
			return
		}
	}
	t.Errorf("%+v, want one with %q", got, parts)
}

// TestContractDiffOfTheCatalog compares a registered version, and other folders of queries.
func TestContractDiffOfTheCatalog(t *testing.T) {
	dir := sampleWorkspace(t)
	if r := satudata(t, "-C", dir, "ingest", "--binding", "dinkes.kasus_dbd"); r.code != exitOK {
		t.Fatalf("ingest: %+v", r)
	}
	file := filepath.Join(dir, "contracts", "kesehatan.kasus_dbd.yaml")
	next := filepath.Join(dir, "baru.yaml")
	writeText(t, next, strings.NewReplacer("version: 1.0.0", "version: 2.0.0", "umum.jumlah}, {property: satuan, value: kasus}", "umum.jumlah}, {property: satuan, value: orang}").Replace(readFile(t, file)))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	writeText(t, filepath.Join(folder, "satu.sql"), "SELECT _opd, sum(jumlah_kasus) FROM kesehatan.kasus_dbd_riwayat GROUP BY ALL")
	writeText(t, filepath.Join(folder, "lama.sql"), "SELECT x FROM kesehatan.kasus_dbd")
	out := must(t, "-C", dir, "contract", "diff", "kesehatan.kasus_dbd@1.0.0", next, "--queries", folder)
	if !strings.Contains(out, "satu.sql: artinya berubah") || !strings.Contains(out, "sudah tidak jalan dengan versi lama") || !strings.Contains(out, "6 diperiksa") {
		t.Errorf("diff says:\n%s", out)
	}
	if r := satudata(t, "-C", dir, "contract", "diff", "kesehatan.kasus_dbd@9.0.0", next); r.code != exitNotFound {
		t.Errorf("diff of a version that is not there: %+v", r)
	}
}
