package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/schemas/exchange"
)

// TestContractExport writes a contract in every format, from a file and from a workspace, and reads back
// what can be read.
func TestContractExport(t *testing.T) {
	dir := t.TempDir()
	must(t, "init", "--sample", filepath.Join(dir, "w"))
	file := filepath.Join(dir, "w", "contracts", "kesehatan.kasus_dbd.yaml")
	for _, format := range exchange.Formats() {
		out := filepath.Join(dir, "dbd."+format)
		must(t, "contract", "export", "--to", format, "--out", out, file)
		written, err := os.ReadFile(out)
		if err != nil || len(written) == 0 {
			t.Fatalf("%s: %d bytes, %v", format, len(written), err)
		}
		if format == "excel" {
			continue
		}
		if got := must(t, "-C", filepath.Join(dir, "w"), "contract", "export", "--to", format, "kesehatan.kasus_dbd"); got != string(written) {
			t.Errorf("%s of the dataset is not that of the file:\n%s", format, got)
		}
	}
	canonical := must(t, "contract", "export", "--to", "odcs", file)
	for _, format := range []string{"odcs", "excel"} {
		if got := must(t, "contract", "import", "--from", format, filepath.Join(dir, "dbd."+format)); got != canonical {
			t.Errorf("import from %s:\n%s", format, got)
		}
	}
	draft := satudata(t, "contract", "import", "--from", "frictionless", filepath.Join(dir, "dbd.frictionless"))
	if draft.code != exitOK || !strings.Contains(draft.stdout, "name: jumlah_kasus") || !strings.Contains(draft.stderr, "kelas akses wajib") {
		t.Errorf("import from frictionless: %+v", draft)
	}
}

func TestContractExportRefuses(t *testing.T) {
	dir := t.TempDir()
	must(t, "init", "--sample", dir)
	broken := filepath.Join(dir, "rusak.yaml")
	if err := os.WriteFile(broken, []byte("id: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"contract", "export", "--to", "pdf", broken}, exitUsage, "frictionless"},
		{[]string{"contract", "export", broken}, exitUsage, "--to"},
		{[]string{"contract", "export", "--to", "odcs", broken}, exitUsage, "rusak.yaml:1:1"},
		{[]string{"contract", "export", "--to", "excel", "kesehatan.kasus_dbd"}, exitUsage, "--out"},
		{[]string{"contract", "export", "--to", "odcs", "tidak.ada"}, exitNotFound, "tidak.ada"},
		{[]string{"contract", "import", "--from", "odcs", filepath.Join(dir, "tiada.yaml")}, exitUsage, "tidak ada"},
		{[]string{"contract", "import", "--from", "excel", broken}, exitUsage, "bukan buku kerja"},
		{[]string{"contract", "import", "--from", "mskeg", broken}, exitUsage, "excel, frictionless, odcs"},
	} {
		if r := satudata(t, append([]string{"-C", dir}, tt.args...)...); r.code != tt.code || !strings.Contains(r.stderr, tt.say) || r.stdout != "" {
			t.Errorf("%v: code %d, want %d with %q:\n%s%s", tt.args, r.code, tt.code, tt.say, r.stdout, r.stderr)
		}
	}
}
