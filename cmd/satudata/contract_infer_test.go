package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/schemas/schemastest"

	"github.com/google/go-cmp/cmp"
)

// TestInferThenLand: what infer writes into a workspace can be ingested and landed as it is, and lands
// what the trial said.
func TestInferThenLand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kirim", "stunting.tsv")
	text, err := sample.ReadFile("sample/deliveries/dppkb/pendataan_keluarga.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"contract", "infer", file, "--dataset", "kesehatan.stunting", "--opd", "dppkb", "--out", dir}
	if out := must(t, args...); !strings.Contains(out, "TANYAKAN") || !strings.Contains(out, "kemendagri@2025") {
		t.Errorf("report:\n%s", out)
	}
	if r := satudata(t, args...); r.code != exitUsage || !strings.Contains(r.stderr, "sudah ada") {
		t.Errorf("a second proposal over the first: exit code %d\n%s", r.code, r.stderr)
	}
	config := "name: Uji\nsources:\n  - {binding: dppkb.stunting, paths: [kirim]}\n"
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	dry := tried(t, "-C", dir, file)
	must(t, "-C", dir, "ingest")
	must(t, "-C", dir, "land", "--once")
	if diff := cmp.Diff(landed(t, dir)["stunting.tsv"], dry); diff != "" {
		t.Errorf("verdicts (-landed +tried):\n%s", diff)
	}
}

// TestInferNames: names that no dataset or OPD can have are refused before anything is read, and a file
// that is not there is said to be so in Indonesian.
func TestInferNames(t *testing.T) {
	for want, args := range map[string][]string{
		"topik.nama":                          {"a.csv", "--dataset", "Banjir"},
		"huruf kecil":                         {"a.csv", "--opd", "Dinas X"},
		"a.csv: berkas atau folder tidak ada": {"a.csv"},
	} {
		if r := satudata(t, append([]string{"contract", "infer"}, args...)...); r.code != exitUsage || !strings.Contains(r.stderr, want) || strings.Contains(r.stderr, "sound") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestInferJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(file, []byte("nama,jumlah\na,1\nb,2\nc,3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var p struct {
		Dataset   string `json:"dataset"`
		Contract  string `json:"kontrak_yaml"`
		Decisions []struct {
			About      string `json:"tentang"`
			Confidence struct {
				Value float64 `json:"nilai"`
			} `json:"keyakinan"`
		} `json:"keputusan"`
	}
	if err := json.Unmarshal([]byte(must(t, "contract", "infer", "--json", file)), &p); err != nil {
		t.Fatal(err)
	}
	if p.Dataset != "usulan.a" || !strings.Contains(p.Contract, "id: usulan.a") || len(p.Decisions) == 0 || p.Decisions[0].Confidence.Value < 0.8 {
		t.Errorf("%+v", p)
	}
	if r := satudata(t, "contract", "infer", filepath.Join(t.TempDir(), "tidak-ada.csv")); r.code != exitUsage {
		t.Errorf("no such file: exit code %d\n%s", r.code, r.stderr)
	}
	other := filepath.Join(t.TempDir(), "b.csv")
	if err := os.WriteFile(other, []byte("lain,jumlah\na,1\nb,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := satudata(t, "contract", "infer", file, other); r.code != exitUsage || !strings.Contains(r.stderr, "b.csv") {
		t.Errorf("files of two sources: exit code %d\n%s", r.code, r.stderr)
	}
	page := filepath.Join(t.TempDir(), "page.csv")
	if err := os.WriteFile(page, []byte("<html><body>502</body></html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := satudata(t, "contract", "infer", page); r.code != exitRefused || !strings.Contains(r.stderr, "HTML") {
		t.Errorf("a web page: exit code %d\n%s", r.code, r.stderr)
	}
}

// Inferred from the file alone, the grid of a proposal finds the year in which a category is missing.
func TestInferredGridFindsHoles(t *testing.T) {
	file, dir := schemastest.Real(t, "opd", "objek_wisata.csv"), t.TempDir()
	must(t, "contract", "infer", file, "--dataset", "pariwisata.kunjungan", "--opd", "disparbud", "--out", dir)
	config := fmt.Sprintf("name: Uji\nsources:\n  - {binding: disparbud.kunjungan, paths: [%q]}\n", file)
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", dir, "ingest")
	must(t, "-C", dir, "land", "--once")
	holes := findings(t, dir, "pariwisata.kunjungan")["petak"]
	if holes.Count != 29 || len(holes.Examples) == 0 || !strings.Contains(fmt.Sprint(holes.Examples), "jenis_wisatawan = MANCANEGARA; tahun = 2018: seluruh 27 kabupaten_kota") {
		t.Errorf("holes: %+v", holes)
	}
}

// Personal data is not behind a wall yet, and whoever brings it in is told.
func TestAccessClassIsNotEnforced(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bansos.csv")
	if err := os.WriteFile(file, []byte("nik,jumlah\n3273014107900001,1\n3273014107900002,2\n3273014107900003,3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "contract", "infer", file, "--dataset", "sosial.bansos", "--opd", "dinsos", "--out", dir)
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte("name: Uji\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := satudata(t, "-C", dir, "ingest", "--binding", "dinsos.bansos", file); r.code != exitOK || !strings.Contains(r.stderr, "kelas akses belum ditegakkan") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}
