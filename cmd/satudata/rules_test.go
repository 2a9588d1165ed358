package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/schemas/schemastest"
)

// ruledWorkspace is the contracts and bindings of the real files, with rules put into contracts.
func ruledWorkspace(t *testing.T, rules map[string][2]string, sources map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/opd")); err != nil {
		t.Fatal(err)
	}
	for dataset, r := range rules {
		file := filepath.Join(dir, "contracts", dataset+".yaml")
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(doc), "\nschema:\n", "\n"+r[0]+"schema:\n", 1) + r[1]
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := "name: Uji\nsources:\n"
	for binding, path := range sources {
		config += fmt.Sprintf("  - {binding: %s, paths: [%q]}\n", binding, path)
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listDeliveries is the deliveries as `deliveries --json` prints them.
func listDeliveries(t *testing.T, dir string) []explained {
	t.Helper()
	var found []explained
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "deliveries", "--json")), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// findings of the only delivery of a dataset, by rule.
func findings(t *testing.T, dir, dataset string) map[string]event.Finding {
	t.Helper()
	out := map[string]event.Finding{}
	for _, d := range listDeliveries(t, dir) {
		if d.Dataset == dataset {
			for _, f := range d.Check.Findings {
				out[f.Rule] = f
			}
		}
	}
	return out
}

const floodRules = `    quality:
      - {type: custom, engine: satudata, name: lonjakan_banjir, implementation: {aturan: lonjakan, kolom: jumlah_banjir, faktor: 50, periode: tahun}}
      - {type: custom, engine: satudata, name: sama_dengan_tahun_lalu, implementation: {aturan: takBerubah, kolom: jumlah_banjir, batas: 25%, periode: tahun}}
      - {type: custom, engine: satudata, name: mutakhir, implementation: {aturan: mutakhir, periode: tahun}}
`

const tourismProfile = `  - {property: kolomPeriode, value: tahun}
  - {property: petak, value: [{kolom: kabupaten_kota, dalam: "32"}, {kolom: jenis_wisatawan}, {kolom: tahun, dari: 2014, sampai: 2024}]}
`

const tourismRules = `    quality:
      - {type: custom, engine: satudata, name: sama_dengan_tahun_lalu, implementation: {aturan: takBerubah, kolom: jumlah_pengunjung, batas: 30%}}
      - {type: custom, engine: satudata, name: wilayah_dikenal, implementation: {aturan: kunciTamu, kolom: kabupaten_kota, dataset: bencana.kejadian_banjir, keKolom: [kabupaten_kota]}}
`

// TestRulesOnRealData: what the rules say of two real files.
func TestRulesOnRealData(t *testing.T) {
	shared := schemastest.Real(t)
	dir := ruledWorkspace(t, map[string][2]string{
		"bencana.kejadian_banjir":           {"", floodRules},
		"pariwisata.kunjungan_objek_wisata": {tourismProfile, tourismRules},
	}, map[string]string{"bpbd.jumlah_banjir": filepath.Join(shared, "opd/jumlah_banjir.csv")})
	must(t, "-C", dir, "ingest")
	must(t, "-C", dir, "land", "--once")
	addSource(t, dir, "disparbud.objek_wisata", filepath.Join(shared, "opd/objek_wisata.csv"))
	must(t, "-C", dir, "ingest")
	must(t, "-C", dir, "land", "--once")
	must(t, "-C", dir, "verify")

	flood := findings(t, dir, "bencana.kejadian_banjir")
	if diff := cmp.Diff([]string{
		"kabupaten_kota = 32.15 Kabupaten Karawang; tahun = 2013; jumlah_banjir = 71; tahun_sebelumnya = 2012; jumlah_banjir_sebelumnya = 0",
		"kabupaten_kota = 32.15 Kabupaten Karawang; tahun = 2014; jumlah_banjir = 1; tahun_sebelumnya = 2013; jumlah_banjir_sebelumnya = 71",
	}, flood["lonjakan_banjir"].Examples); diff != "" || flood["lonjakan_banjir"].Count != 2 {
		t.Errorf("jumps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tahun = 2015; sama = 7; deret = 27"}, flood["sama_dengan_tahun_lalu"].Examples); diff != "" {
		t.Errorf("unchanged (-want +got):\n%s", diff)
	}
	// 2024 is the newest, and 2025 is due a year after it has ended.
	if _, stale := flood["mutakhir"]; stale != time.Now().After(time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("freshness: %+v", flood["mutakhir"])
	}

	tourism := findings(t, dir, "pariwisata.kunjungan_objek_wisata")
	if out := must(t, "-C", dir, "deliveries", "pariwisata.kunjungan_objek_wisata"); !strings.Contains(out, "seluruh 27 kabupaten_kota") || strings.Contains(out, " 27 lagi") {
		t.Errorf("the examples of holes cover all of them:\n%s", out)
	}
	holes := tourism["petak"]
	if holes.Count != 29 || holes.Severity != "warning" || len(holes.Cases) != 29 {
		t.Errorf("holes: %+v, want MANCANEGARA of 2018 in 27 districts and both kinds of Pangandaran in 2014", holes)
	}
	if diff := cmp.Diff([]string{
		"jenis_wisatawan = MANCANEGARA; tahun = 2018: seluruh 27 kabupaten_kota",
		"kabupaten_kota = 32.18 Kabupaten Pangandaran; tahun = 2014: seluruh 2 jenis_wisatawan",
	}, holes.Examples); diff != "" {
		t.Errorf("holes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"tahun = 2015; sama = 25; deret = 52", "tahun = 2016; sama = 23; deret = 54"}, tourism["sama_dengan_tahun_lalu"].Examples); diff != "" {
		t.Errorf("unchanged (-want +got):\n%s", diff)
	}
	if f, broken := tourism["wilayah_dikenal"]; broken {
		t.Errorf("every district of one file is in the other: %+v", f)
	}
	for _, d := range listDeliveries(t, dir) {
		if d.Status != catalog.Published {
			t.Errorf("%s is %s: warnings do not hold up a delivery", d.Subject, d.Status)
		}
	}
}

// addSource adds a source to satudata.yaml.
func addSource(t *testing.T, dir, binding, path string) {
	t.Helper()
	file := filepath.Join(dir, configFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, fmt.Appendf(text, "  - {binding: %s, paths: [%q]}\n", binding, path), 0o644); err != nil {
		t.Fatal(err)
	}
}

const floodHeader = "kode_provinsi,kode_kabupaten_kota,jumlah_banjir,tahun\n"

// deliverFlood reads and lands a file of floods, and returns the exit code of landing.
func deliverFlood(t *testing.T, dir, name, rows string) int {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "masuk", name), []byte(floodHeader+rows), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", dir, "ingest")
	return satudata(t, "-C", dir, "land", "--once").code
}

// TestBrokenRuleReturnsTheDelivery: a delivery that breaks a rule of severity error is not published,
// and what was published stays; a rule that cannot be run, or reads a file, or never ends, does the
// same and the worker goes on; a jump is explained, and the explanation is shown with the next
// delivery that has it.
func TestBrokenRuleReturnsTheDelivery(t *testing.T) {
	dir := ruledWorkspace(t, map[string][2]string{"bencana.kejadian_banjir": {"", `    quality:
      - {type: custom, engine: satudata, name: lonjakan_banjir, implementation: {aturan: lonjakan, kolom: jumlah_banjir, faktor: 20, periode: tahun}}
      - {type: sql, name: tidak_terlalu_banyak, query: "SELECT max(jumlah_banjir) FROM ${kiriman}", mustBeLessThan: 1000}
      - {type: sql, name: membaca_berkas, severity: warning, query: "SELECT count(*) FROM read_text('/etc/passwd')", mustBe: 0}
      - {type: sql, name: tidak_berakhir, severity: warning, query: "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 7", mustBe: 0}
`}}, map[string]string{"bpbd.jumlah_banjir": "masuk/*.csv"})
	if err := os.Mkdir(filepath.Join(dir, "masuk"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SATUDATA_QUERY_TIMEOUT", "2s")
	if code := deliverFlood(t, dir, "a.csv", "32,3215,71,2013\n32,3215,1,2014\n"); code != exitOK {
		t.Errorf("landing what is published: exit code %d", code)
	}
	if code := deliverFlood(t, dir, "b.csv", "32,3215,5000,2015\n32,3201,3,2015\n"); code != exitRefused {
		t.Errorf("landing what is returned: exit code %d, want %d", code, exitRefused)
	}

	all := listDeliveries(t, dir)
	if len(all) != 2 || all[0].Status != catalog.Published || all[1].Status != catalog.Returned {
		t.Fatalf("deliveries %+v, want the first published and the second returned", all)
	}
	if r := all[1].Reason; r == nil || !strings.Contains(r.ID, "[tidak_terlalu_banyak]") || !strings.Contains(r.ID, "5000") || strings.Contains(r.ID, "membaca_berkas") {
		t.Errorf("reason %+v, want the rule and the number", r)
	}
	failed := map[string]bool{}
	for _, f := range all[0].Check.Findings {
		failed[f.Rule] = f.Failed
	}
	if diff := cmp.Diff(map[string]bool{"lonjakan_banjir": false, "membaca_berkas": true, "tidak_berakhir": true}, failed); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if out := must(t, "-C", dir, "query", "--format", "csv", "SELECT tahun, jumlah_banjir FROM bencana.kejadian_banjir ORDER BY tahun"); !strings.HasSuffix(strings.ReplaceAll(out, "\r", ""), "2013,71\n2014,1\n") {
		t.Errorf("published:\n%s", out)
	}
	must(t, "-C", dir, "verify")

	must(t, "-C", dir, "deliveries", "explain", "a.csv", "lonjakan_banjir", "Tahun 2013 termasuk banjir rob", "--as", "bpbd/opd")
	deliverFlood(t, dir, "c.csv", "32,3215,71,2013\n32,3215,1,2014\n32,3201,2,2014\n32,3201,100,2015\n")
	out := must(t, "-C", dir, "deliveries")
	if n := strings.Count(out, "Tahun 2013 termasuk banjir rob"); n != 2 || strings.Count(out, "penjelasan bpbd/opd, ") != 2 {
		t.Errorf("the explanation is shown %d times, want with both deliveries that have the jump:\n%s", n, out)
	}
	if n := strings.Count(out, "menjelaskan 1 dari 2 kasus"); n != 1 {
		t.Errorf("that it explains one of two jumps is said %d times:\n%s", n, out)
	}
	if n := strings.Count(out, "hasil kueri 5000"); n != 1 {
		t.Errorf("what was wrong with the second delivery is said %d times:\n%s", n, out)
	}
	if r := satudata(t, "-C", dir, "deliveries", "explain", "a.csv", "entah", "x"); r.code != exitUsage || !strings.Contains(r.stderr, "lonjakan_banjir") {
		t.Errorf("explaining what was not found: exit %d, %s", r.code, r.stderr)
	}
}
