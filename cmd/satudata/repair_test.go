package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLostLog loses the log: nothing begins another one beside what was made of it, repair gives up
// nothing that is left, and everything says what to do. With the log back all is well.
func TestLostLog(t *testing.T) {
	dir := landedOffice(t)
	rename(t, dir, "log", "log.lama")
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"ingest"}, exitFailure}, {[]string{"land", "--once"}, exitFailure}, {[]string{"repair"}, exitUnproven}, {[]string{"doctor"}, exitFailure},
	} {
		r := satudata(t, append([]string{"-C", dir}, tt.args...)...)
		if out := r.stdout + r.stderr; r.code != tt.code || tt.args[0] != "doctor" && !strings.Contains(out, "satudata restore") {
			t.Errorf("%v: exit code %d, want %d\n%s", tt.args, r.code, tt.code, out)
		}
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "state", "*.rusak-*")); err != nil || len(aside) > 0 {
		t.Errorf("put aside: %v, %v", aside, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	rename(t, dir, "log.lama", "log")
	must(t, "-C", dir, "verify", "--deep")
}

func TestRepairRefusals(t *testing.T) {
	dir := landedOffice(t)
	if r := satudata(t, "-C", dir, "repair", "perizinan.ijin"); r.code != exitNotFound {
		t.Errorf("a dataset that there is not: exit code %d, want %d\n%s%s", r.code, exitNotFound, r.stdout, r.stderr)
	}
	must(t, "-C", dir, "repair", "perizinan.izin")
}

// TestTroubleOfOneDataset: the tables of one of several datasets cannot be read. The others are shown
// and maintained, and are not said to lag.
func TestTroubleOfOneDataset(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", "--sample", dir)
	ingestSample(t, dir)
	rename(t, dir, "lake/publik/kependudukan/penduduk_riwayat/metadata", "x")
	out := must(t, "-C", dir, "top", "--once", "--every", "100ms")
	if !strings.Contains(out, "tabelnya tidak terbaca") || !strings.Contains(out, " 399 ") {
		t.Errorf("top:\n%s", out)
	}
	r := satudata(t, "-C", dir, "maintain")
	if r.code == exitOK || !strings.Contains(r.stdout, "spbe.indeks:") || !strings.Contains(r.stderr, "kependudukan.penduduk") {
		t.Errorf("maintain: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	up := startUp(t, dir)
	_, text := up.get("/metrics")
	if strings.Contains(text, `satudata_lag_records{dataset="kependudukan.penduduk"`) || !strings.Contains(text, `satudata_lag_records{dataset="spbe.indeks",partition="0"} 0`) {
		t.Errorf("metrics:\n%s", text)
	}
}
