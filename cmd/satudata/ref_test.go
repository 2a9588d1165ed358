package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"satudata/schemas/reference"
)

func TestRefTranslate(t *testing.T) {
	if out := must(t, "ref", "translate", "3171", "--from", "bps@2023", "--to", "kemendagri@2025"); out != "31.74 (Kota Administrasi Jakarta Selatan)\n" {
		t.Errorf("3171: %s", out)
	}
	for _, tt := range []struct {
		args []string
		code int
		out  string
		err  string
	}{
		{[]string{"translate", "94", "--from", "bps@2023"}, exitNotFound, "94 (Papua Tengah)", "mencakup beberapa wilayah"},
		{[]string{"translate", "3171"}, exitUsage, "", "3171 KOTA JAKARTA SELATAN; kemendagri@2018–2025: 31.71 Kota Administrasi Jakarta Pusat"},
		{[]string{"translate", "3171", "9999", "--from", "bps@2023"}, exitNotFound, "31.74", "1 dari 2"},
		{[]string{"translate", "--from", "bps@2023"}, exitUsage, "", "sebutkan kode"},
		{[]string{"translate", "12.19.04.2007", "--from", "kemendagri@2018"}, exitNotFound, "", "tidak memiliki padanan"},
		{[]string{"lookup", "31.71", "--system", "kemendagri@2025"}, exitOK, "Jakarta Pusat", ""},
		{[]string{"lookup", "31", "--system", "kemendagri@2025", "--children"}, exitOK, "31.75", ""},
		{[]string{"lookup", "3171011001", "--system", "bps@2023"}, exitNotFound, "", "tidak memuat tingkat"},
		{[]string{"search", "jakarta selatan", "--system", "bps@2023"}, exitOK, "3171", ""},
		{[]string{"systems"}, exitOK, "83.762", ""},
		{[]string{"changes", "--from", "kemendagri@2018", "--to", "kemendagri@2020", "--within", "76.01"}, exitOK, "PASANGKAYU", ""},
		{[]string{"changes", "--from", "kemendagri@2022", "--level", "provinsi"}, exitOK, "provinsi: 2 dipecah\n\nPERUBAHAN", ""},
		{[]string{"changes", "--from", "kemendagri@2022", "--level", "kabupaten_kota", "--within", "94"}, exitOK, "kabupaten_kota: 8 kode_berganti\n\n", ""},
		{[]string{"changes", "--from", "kemendagri@2022", "--level", "kota"}, exitUsage, "", "pilih provinsi, kabupaten_kota"},
	} {
		r := satudata(t, append([]string{"ref"}, tt.args...)...)
		if r.code != tt.code || !strings.Contains(r.stdout, tt.out) || !strings.Contains(r.stderr, tt.err) {
			t.Errorf("ref %v: exit code %d\n%s%s", tt.args, r.code, r.stdout, r.stderr)
		}
	}
}

func TestRefFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "kolom.csv")
	if err := os.WriteFile(file, []byte("\uFEFFno;Kode;nama\n1;3171;JAKARTA SELATAN\n2;3172;JAKARTA TIMUR\n3;3171;JAKARTA SELATAN\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := must(t, "ref", "translate", "--file", file, "--column", "kode", "--from", "bps@2023", "--json")
	var results []translated
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 2 || results[1].Translation.Targets[0].Code != "31.75" {
		t.Errorf("translate: %v\n%s", err, out)
	}
	var votes []reference.Vote
	out = must(t, "ref", "detect", file, "--code", "kode", "--name", "nama", "--json")
	if err := json.Unmarshal([]byte(out), &votes); err != nil || votes[0].System != "bps@2023" || votes[0].Named != 3 {
		t.Errorf("detect: %v\n%s", err, out)
	}
	if r := satudata(t, "ref", "detect", file, "--code", "kod"); r.code != exitUsage || !strings.Contains(r.stderr, "yang ada: no, Kode, nama") {
		t.Errorf("unknown column: %+v", r)
	}
}

// TestRefImport: a list that was imported answers like the ones that the program carries.
func TestRefImport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	must(t, "init", dir)
	file := filepath.Join(t.TempDir(), "sekolah.csv")
	if err := os.WriteFile(file, []byte("kode,nama,berlaku_sampai,pengganti\nS1,SD Satu,,\nS2,SD Dua,2023,S1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "-C", dir, "ref", "import", file, "--system", "sekolah@2024"); !strings.Contains(out, "1 kode berlaku, 1 berakhir") {
		t.Errorf("import: %s", out)
	}
	if out := must(t, "-C", dir, "ref", "lookup", "S1", "--system", "sekolah@2024"); !strings.Contains(out, "SD Satu") {
		t.Errorf("lookup: %s", out)
	}
	if r := satudata(t, "-C", dir, "ref", "lookup", "S2", "--system", "sekolah@2024"); r.code != exitNotFound || !strings.Contains(r.stderr, "lalu menjadi S1") {
		t.Errorf("an ended code: %+v", r)
	}
	packed := filepath.Join(t.TempDir(), "sekolah.csv.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte("kode,nama\nS9,SD Sembilan\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	writeText(t, packed, b.String())
	must(t, "-C", dir, "ref", "import", packed, "--system", "sekolah@2025")
	if out := must(t, "-C", dir, "ref", "lookup", "S9", "--system", "sekolah@2025"); !strings.Contains(out, "SD Sembilan") {
		t.Errorf("lookup in a packed list: %s", out)
	}
	writeText(t, packed, b.String()[:b.Len()/2])
	if r := satudata(t, "-C", dir, "ref", "import", packed, "--system", "sekolah@2026"); r.code != exitUsage || !strings.Contains(r.stderr, "gzip rusak") {
		t.Errorf("a cut list: %+v", r)
	}
	if r := satudata(t, "-C", dir, "ref", "import", packed+"x", "--system", "sekolah@2026"); r.code != exitUsage || !strings.Contains(r.stderr, "gzx: berkas atau folder tidak ada (no such file") {
		t.Errorf("no list: %+v", r)
	}
	for _, as := range []string{"sekolah@2024", "sekolah", "kemendagri@2020"} { // there already, no vintage, no codes of it
		if r := satudata(t, "-C", dir, "ref", "import", file, "--system", as); r.code != exitUsage {
			t.Errorf("import as %s: %+v", as, r)
		}
	}
}

// TestFlagsMeanOneThing: no command gives a flag of all commands another meaning.
func TestFlagsMeanOneThing(t *testing.T) {
	root := new(app).root()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, name := range []string{"dir", "set", "as", "log-level"} {
			if root.PersistentFlags().Lookup(name) == nil || c.Flags().Lookup(name) != nil {
				t.Errorf("%s: its own --%s hides the one of all commands", c.CommandPath(), name)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
