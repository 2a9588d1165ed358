package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog"
)

const parks = `
apiVersion: v3.1.0
kind: DataContract
id: lingkungan.taman
name: Taman kota
version: 1.0.0
status: active
description: {purpose: uji}
customProperties:
  - {property: produsenData, value: dlh}
  - {property: kelasAkses, value: publik}
schema:
  - name: taman
    properties:
      - {name: kode, logicalType: string, required: true, primaryKey: true, description: Kode taman}
      - {name: jenis, logicalType: string, required: true, description: Jenis}
      - {name: luas, logicalType: number, physicalType: "decimal(9,2)", description: Luas}
    quality:
      - {type: sql, name: luas_taman, query: "SELECT max(luas) FROM ${table}", mustBeGreaterThan: 0}
      - {type: sql, name: jenis_lama, query: "SELECT count(*) FROM ${table} WHERE jenis = 'KOTA'", mustBeLessOrEqualTo: 1}
      - {type: sql, name: luas_kiriman, query: "SELECT max(luas) FROM ${kiriman}", mustBeGreaterThan: 0}
`

const parksBinding = `
apiVersion: satudata/v1
kind: Binding
id: dlh.taman
version: 1.0.0
dataset: lingkungan.taman
contract: 1.0.0
format: {type: csv}
columns:
  - {to: kode, from: kode}
  - {to: jenis, from: jenis}
  - {to: luas, from: luas}
`

// put writes a file of a workspace.
func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// rowsOf are the rows of a query as CSV, without the header.
func rowsOf(t *testing.T, dir, sql string) string {
	t.Helper()
	_, rows, _ := strings.Cut(must(t, "-C", dir, "query", "--format", "csv", sql), "\n")
	return strings.TrimSpace(rows)
}

// TestApprovalPolicy: under the walidata's policy nothing is read until a proposal was approved by
// somebody else, and every refusal names the command that is missing.
func TestApprovalPolicy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", dir)
	t.Setenv("SATUDATA_GOVERNANCE_APPROVAL", "walidata")
	contract := put(t, dir, "contracts/taman.yaml", parks)
	binding := put(t, dir, "bindings/taman.yaml", parksBinding)
	file := put(t, dir, "deliveries/taman.csv", "kode,jenis,luas\nT1,KOTA,10.5\n")
	in := func(args ...string) []string { return append([]string{"-C", dir}, args...) }
	read := in("ingest", "--binding", "dlh.taman", file)
	refused := func(args []string, says string) {
		t.Helper()
		if r := satudata(t, args...); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("satudata %s: exit code %d, want %d; said %q, want %q", strings.Join(args[2:], " "), r.code, exitUsage, r.stderr, says)
		}
	}
	refused(read, "satudata contract propose FILE")
	if r := satudata(t, in("contract", "propose", contract, "--as", "budi")...); r.code != exitNotFound || !strings.Contains(r.stderr, "satudata org add") {
		t.Errorf("proposal of an unknown producer: exit code %d, %s", r.code, r.stderr)
	}
	must(t, in("org", "add", "dlh", "--name", "Dinas Lingkungan Hidup")...)
	must(t, in("contract", "propose", contract, "--as", "budi")...)
	refused(read, "satudata contract approve lingkungan.taman@1.0.0")
	refused(in("contract", "approve", "lingkungan.taman@1.0.0", "--as", "rina/opd"), "--as ID/walidata")
	refused(in("contract", "approve", "lingkungan.taman@1.0.0", "--as", "budi/walidata"), "budi")
	refused(in("contract", "approve", "lingkungan.taman@1.0.0", "--as", "rina/walidata", "--if-revision", "1"), "revisi 2")
	must(t, in("contract", "approve", "lingkungan.taman@1.0.0", "--as", "rina/walidata", "--if-revision", "2")...)
	refused(read, "satudata binding propose FILE")
	for _, verb := range []string{"list", "show", "history"} {
		if r := satudata(t, in("contract", verb, "lingkungan.entah")...); r.code != exitNotFound {
			t.Errorf("contract %s of a dataset that is not there: exit code %d, said %s%s", verb, r.code, r.stdout, r.stderr)
		}
	}
	must(t, in("binding", "propose", binding, "--as", "budi")...)
	must(t, in("binding", "approve", "dlh.taman@1.0.0", "--as", "rina/walidata")...)
	must(t, read...)
	must(t, in("land", "--once")...)
	if got := rowsOf(t, dir, "SELECT kode, luas FROM lingkungan.taman"); got != "T1,10.50" {
		t.Errorf("landed %q", got)
	}
	var history []catalog.Decided
	if err := json.Unmarshal([]byte(must(t, in("contract", "history", "lingkungan.taman", "--json")...)), &history); err != nil {
		t.Fatal(err)
	}
	if len(history) != 3 || history[2].Actor.ID != "rina" || history[2].Actor.Role != "walidata" {
		t.Errorf("history %+v", history)
	}
	if got := must(t, in("contract", "show", "lingkungan.taman")...); got != parks {
		t.Errorf("the document that is shown is not the one proposed:\n%s", got)
	}
	refused(in("contract", "deprecate", "lingkungan.taman", "--until", "2020-01-31", "--reason", "diganti"), "contract retire")
	must(t, in("contract", "retire", "lingkungan.taman", "--reason", "diganti")...)
	refused(append(read, "--again"), "ditarik")
	if r := satudata(t, in("contract", "return", "lingkungan.taman@1.0.0")...); r.code != exitUsage {
		t.Errorf("returned without a reason: exit code %d", r.code)
	}
}

// TestEvolution: a dataset grows by a compatible version (a required column, a renamed one, a widened
// one, renamed values) while the old binding goes on, and a breaking version lives beside it.
func TestEvolution(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", dir)
	put(t, dir, "contracts/taman1.yaml", parks)
	put(t, dir, "bindings/taman.yaml", parksBinding)
	deliver := func(binding, name, text string) {
		t.Helper()
		must(t, "-C", dir, "ingest", "--binding", binding, put(t, dir, "deliveries/"+name, text))
		must(t, "-C", dir, "land", "--once")
	}
	deliver("dlh.taman", "a.csv", "kode,jenis,luas\nT1,KOTA,10.5\nT2,HUTAN,20\n")
	before := parquet(t, dir, "taman_riwayat")

	put(t, dir, "contracts/taman2.yaml", strings.NewReplacer("version: 1.0.0", "version: 1.1.0",
		"description: Jenis}", "description: Jenis, customProperties: [{property: nilaiLama, value: {petakan: {KOTA: TAMAN KOTA}}}]}",
		`{name: luas, logicalType: number, physicalType: "decimal(9,2)", description: Luas}`,
		`{name: luas_m2, logicalType: number, physicalType: "decimal(18,2)", description: Luas, customProperties: [{property: namaLama, value: luas}]}
      - {name: pengelola, logicalType: string, required: true, description: Pengelola, customProperties: [{property: nilaiLama, value: {nilai: DLH}}]}`,
		"max(luas)", "max(luas_m2)").Replace(parks))
	put(t, dir, "bindings/taman2.yaml", strings.NewReplacer("id: dlh.taman", "id: dlh.taman_baru", "contract: 1.0.0", "contract: 1.1.0",
		"{to: luas, from: luas}", "{to: luas_m2, from: luas}\n  - {to: pengelola, from: pengelola}").Replace(parksBinding))
	deliver("dlh.taman_baru", "b.csv", "kode,jenis,luas,pengelola\nT3,TAMAN KOTA,123456789012.25,SWASTA\n")
	deliver("dlh.taman", "c.csv", "kode,jenis,luas\nT2,KOTA,21\nT4,KOTA,4\n") // the old binding feeds on
	const want = "T1,TAMAN KOTA,10.50,DLH\nT2,TAMAN KOTA,21.00,DLH\nT3,TAMAN KOTA,123456789012.25,SWASTA\nT4,TAMAN KOTA,4.00,DLH"
	if d := cmp.Diff(want, rowsOf(t, dir, "SELECT kode, jenis, luas_m2, pengelola FROM lingkungan.taman ORDER BY kode")); d != "" {
		t.Errorf("current state (-want +got):\n%s", d)
	}
	if got := rowsOf(t, dir, "SELECT jenis, pengelola FROM lingkungan.taman_riwayat WHERE kode = 'T1'"); got != "KOTA," {
		t.Errorf("the history holds %q, want what was recorded", got)
	}
	for name, data := range before {
		if parquet(t, dir, "taman_riwayat")[name] != data {
			t.Errorf("data file %s was rewritten", filepath.Base(name))
		}
	}

	put(t, dir, "contracts/taman3.yaml", strings.NewReplacer("version: 1.0.0", "version: 2.0.0",
		`{name: luas, logicalType: number, physicalType: "decimal(9,2)", description: Luas}`, "{name: luas, logicalType: integer, description: Luas dalam m2}").Replace(parks))
	put(t, dir, "bindings/taman3.yaml", strings.NewReplacer("id: dlh.taman", "id: dlh.taman_v2", "contract: 1.0.0", "contract: 2.0.0").Replace(parksBinding))
	deliver("dlh.taman_v2", "d.csv", "kode,jenis,luas\nT1,KOTA,11\n")
	must(t, "-C", dir, "contract", "deprecate", "lingkungan.taman", "--until", "2999-12-31", "--reason", "versi 2")
	if got := rowsOf(t, dir, "SELECT a.luas_m2, b.luas FROM lingkungan.taman a JOIN lingkungan.taman_v2 b USING (kode)"); got != "10.50,11" {
		t.Errorf("both versions side by side: %q", got)
	}
	deliver("dlh.taman", "e.csv", "kode,jenis,luas\nT5,KOTA,5\n") // the old version lives on until its last day
	var infos []datasetInfo
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "datasets", "--json")), &infos); err != nil {
		t.Fatal(err)
	}
	if len(infos) != 2 || infos[0].Stage != catalog.Deprecated || infos[0].Until != "2999-12-31" || infos[0].Contract != "1.1.0" || infos[0].Rows != 5 ||
		infos[1].Dataset != "lingkungan.taman_v2" || infos[1].Stage != catalog.InForce || infos[1].Rows != 1 {
		t.Errorf("datasets %+v", infos)
	}
	must(t, "-C", dir, "verify")

	// landed anew from the log, when all versions are known from the start, it is the same
	const all = "SELECT kode, jenis, luas_m2, pengelola FROM lingkungan.taman ORDER BY kode"
	grown := rowsOf(t, dir, all)
	for _, folder := range []string{"lake", "state"} {
		if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "-C", dir, "land", "--once")
	if d := cmp.Diff(grown, rowsOf(t, dir, all)); d != "" {
		t.Errorf("replayed (-grown +replayed):\n%s", d)
	}
	must(t, "-C", dir, "verify")
}

// parquet are the data files of a table with their bytes.
func parquet(t *testing.T, dir, table string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "lake/publik/lingkungan", table, "data/*.parquet"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no data files of %s: %v", table, err)
	}
	out := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}

// TestApplicationList: a list with faults is refused as a whole, every fault with its line.
func TestApplicationList(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", dir)
	must(t, "-C", dir, "org", "add", "dlh", "--name", "DLH")
	bad := put(t, dir, "salah.csv", "id;nama;opd;memakai\nsitaman;SITAMAN;dlh;lingkungan.taman\nTaman 2;Dua;dlh;\ntiga;;dlh;\nsitaman;Lagi;dlh;taman\n")
	r := satudata(t, "-C", dir, "app", "import", bad)
	for _, says := range []string{":3: id aplikasi", ":4: nama kosong", ":5: dataset \"taman\"", ":5: id \"sitaman\""} {
		if r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("exit code %d, said %s, want %q", r.code, r.stderr, says)
		}
	}
	foreign := put(t, dir, "asing.csv", "id,nama,opd\na,A,dinkes\n")
	if r := satudata(t, "-C", dir, "app", "import", foreign); r.code != exitUsage || !strings.Contains(r.stderr, ":2: organisasi \"dinkes\"") {
		t.Errorf("exit code %d, said %s", r.code, r.stderr)
	}
	for text, says := range map[string]string{"id,nama\na,A\n": "opd", "id,nama,opd,pemilik\n": "pemilik", "id,nama,opd\n": "tidak berisi", "id,nama,opd\na,\xff,dlh\n": "UTF-8", "": "judul"} {
		if r := satudata(t, "-C", dir, "app", "import", put(t, dir, "x.csv", text)); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("list %q: exit code %d, said %s, want %q", text, r.code, r.stderr, says)
		}
	}
	if r := satudata(t, "-C", dir, "app", "import", filepath.Join(dir, "tidak_ada.csv")); r.code != exitUsage || !strings.Contains(r.stderr, "tidak_ada.csv: berkas atau folder tidak ada (") {
		t.Errorf("no such file: exit code %d, said %s", r.code, r.stderr)
	}
	if r := satudata(t, "-C", dir, "app", "import", foreign, "--if-revision", "3"); r.code != exitUsage || !strings.Contains(r.stderr, "if-revision") {
		t.Errorf("a list has no revision to expect: exit code %d, said %s", r.code, r.stderr)
	}
	good := put(t, dir, "baik.csv", "\ufeffID,Nama,OPD,Memakai\r\nsitaman,SITAMAN,dlh,lingkungan.taman lingkungan.pohon\r\n")
	if got := must(t, "-C", dir, "app", "import", good); !strings.Contains(got, "1 didaftarkan") {
		t.Errorf("said %s", got)
	}
	before := put(t, dir, "taman1.yaml", parks)
	after := put(t, dir, "taman2.yaml", strings.NewReplacer("version: 1.0.0", "version: 2.0.0", "name: jenis", "name: kelas").Replace(parks))
	if got := must(t, "-C", dir, "contract", "diff", before, after); !strings.Contains(got, "sitaman: SITAMAN, dlh") {
		t.Errorf("a breaking change does not name whom it concerns:\n%s", got)
	}
	if got := must(t, "-C", dir, "app", "list", "--consumes", "lingkungan.pohon"); !strings.Contains(got, "SITAMAN") {
		t.Errorf("consumers:\n%s", got)
	}
}
