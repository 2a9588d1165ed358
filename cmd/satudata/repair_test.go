package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLostLog loses the log, and the log with the projection: nothing begins another one beside what was made
// of it, nothing passes for a backup of it, repair gives up nothing that is left, and everything says what to
// do. With the log back all is well.
func TestLostLog(t *testing.T) {
	for _, lost := range [][]string{{"log"}, {"log/log.db"}, {"log", "state"}} {
		t.Run(strings.Join(lost, " "), func(t *testing.T) {
			dir := landedOffice(t)
			for _, name := range lost {
				rename(t, dir, name, name+".lama")
			}
			backup, into := filepath.Join(t.TempDir(), "cadangan.tar"), filepath.Join(t.TempDir(), "ulang")
			for _, tt := range []struct {
				args []string
				code int
			}{
				{[]string{"ingest"}, exitNoAccess}, {[]string{"land", "--once"}, exitNoAccess}, {[]string{"verify"}, exitNoAccess}, {[]string{"repair"}, exitNoAccess},
				{[]string{"backup", "--to", backup}, exitNoAccess}, {[]string{"replay", "--into", into}, exitNoAccess}, {[]string{"doctor"}, exitFailure},
			} {
				r := satudata(t, append([]string{"-C", dir}, tt.args...)...)
				if out := r.stdout + r.stderr; r.code != tt.code || !strings.Contains(out, "satudata restore") {
					t.Errorf("%v: exit code %d, want %d\n%s", tt.args, r.code, tt.code, out)
				}
			}
			for _, path := range []string{backup, into, filepath.Join(dir, "log", "log.db")} {
				if _, err := os.Stat(path); err == nil {
					t.Errorf("there is a %s", path)
				}
			}
			for _, name := range lost {
				if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				rename(t, dir, name+".lama", name)
			}
			must(t, "-C", dir, "verify", "--deep")
		})
	}
}

// TestOldLog puts an old copy in the place of the log: it passes for no backup, and nothing is made of it.
func TestOldLog(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 1)
	deliverPermits(t, dir, 1, 0, 100)
	must(t, "-C", dir, "land", "--once")
	old, err := os.ReadFile(filepath.Join(dir, "log", "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	deliverPermits(t, dir, 1, 100, 200)
	must(t, "-C", dir, "land", "--once")
	writeFile(t, filepath.Join(dir, "log", "log.db"), string(old))
	into := filepath.Join(t.TempDir(), "baru")
	for _, args := range [][]string{{"backup", "--to", into}, {"replay", "--into", into}} {
		r := satudata(t, append([]string{"-C", dir}, args...)...)
		if _, err := os.Stat(into); r.code != exitNoAccess || !strings.Contains(r.stderr, "salinan lama") || err == nil {
			t.Errorf("%v: exit code %d, %v\n%s", args, r.code, err, r.stderr)
		}
	}
}

// TestLogRemovedUnderUp removes the file of the log while `up` has it open: nothing more is taken, the health
// check tells it, and a backup saves what the log held.
func TestLogRemovedUnderUp(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\nsources: [{binding: dpmptsp.izin0, paths: [data]}]\n", 1)
	deliverPermits(t, dir, 1, 0, 100)
	must(t, "-C", dir, "land", "--once")
	want := must(t, "-C", dir, "verify", "--digest")
	up := startUp(t, dir)
	up.code = exitNoAccess
	if err := os.Remove(filepath.Join(dir, "log", "log.db")); err != nil {
		t.Fatal(err)
	}
	if code, text := up.get("/readyz"); code != 503 || !strings.Contains(text, "satudata backup") {
		t.Errorf("/readyz: %d %s", code, text)
	}
	backup, into := filepath.Join(t.TempDir(), "cadangan.tar"), filepath.Join(t.TempDir(), "pulih")
	must(t, "-C", dir, "backup", "--to", backup)
	must(t, "restore", backup, "--into", into)
	if diff := cmp.Diff(want, must(t, "-C", into, "verify", "--digest")); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	up.stop()
	if strings.Contains(up.stdout.String(), "tersimpan") {
		t.Errorf("up said that all is safe:\n%s", up.stdout.String())
	}
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

// TestDatasetsOfDamagedTables: one dataset whose tables cannot be read does not hide the others, and a
// lost table catalog is no empty warehouse.
func TestDatasetsOfDamagedTables(t *testing.T) {
	dir := sampleDir(t)
	for _, end := range []string{"riwayat", "ditolak"} { // a version of the newest metadata, in whatever class the table is
		found, err := filepath.Glob(filepath.Join(dir, "lake", "*", "spbe", "indeks_"+end, "metadata", "*.metadata.json"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no metadata: %v", err)
		}
		if err := os.Remove(slices.Max(found)); err != nil {
			t.Fatal(err)
		}
	}
	r := satudata(t, "-C", dir, "datasets")
	if r.code != exitNoAccess || !strings.Contains(r.stdout, "spbe.aplikasi") || !strings.Contains(r.stderr, "`satudata repair spbe.indeks`") || strings.Contains(r.stderr, "repair spbe.aplikasi") {
		t.Errorf("one damaged: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, args := range [][]string{{"query", "SELECT * FROM spbe.indeks"}, {"datasets", "spbe.indeks"}} {
		if r := satudata(t, append([]string{"-C", dir}, args...)...); r.code != exitNoAccess || !strings.Contains(r.stderr, "`satudata repair spbe.indeks`") {
			t.Errorf("%s: exit code %d, %s", args[0], r.code, r.stderr)
		}
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		os.Remove(filepath.Join(dir, "lake", "catalog.db"+end))
	}
	for _, args := range [][]string{{"datasets"}, {"query", "SELECT * FROM spbe.aplikasi"}} {
		if r := satudata(t, append([]string{"-C", dir}, args...)...); r.code != exitNoAccess || !strings.Contains(r.stderr, "tidak dikenal katalog") || !strings.Contains(r.stderr, "`satudata repair`") {
			t.Errorf("%s without a table catalog: exit code %d\n%s%s", args[0], r.code, r.stdout, r.stderr)
		}
	}
}

// TestExitCodesOfDamage: what cannot be read or written is 6 for scripts, a name that there is not is 7.
func TestExitCodesOfDamage(t *testing.T) {
	dir := landedOffice(t)
	backup := filepath.Join(t.TempDir(), "b.tar")
	must(t, "-C", dir, "backup", "--to", backup)
	garbage := func(path string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, path), strings.Repeat("bukan SQLite ", 1000))
			os.Remove(filepath.Join(dir, path+"-wal"))
		}
	}
	remove := func(pattern string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(found) == 0 {
				t.Fatalf("%s: %v", pattern, err)
			}
			for _, file := range found {
				os.Remove(file)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		break_ func(t *testing.T, dir string)
		args   []string
		code   int
		say    string
	}{
		{"damaged log", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "log", "log.db"), 6000); err != nil {
				t.Fatal(err)
			}
		}, []string{"verify"}, exitNoAccess, "`satudata restore`"},
		{"lost log", remove("log/log.db"), []string{"verify"}, exitNoAccess, "`satudata restore`"},
		{"lost data files", remove("lake/publik/perizinan/*/data/*.parquet"), []string{"query", "SELECT * FROM perizinan.izin"}, exitNoAccess, "satudata verify"},
		{"table catalog", garbage("lake/catalog.db"), []string{"query", "SELECT * FROM perizinan.izin"}, exitNoAccess, "`satudata repair`"},
		{"projection", garbage("state/catalog.db"), []string{"datasets"}, exitNoAccess, "`satudata repair`"},
		{"misspelt", func(*testing.T, string) {}, []string{"maintain", "perizinan.ijin"}, exitNotFound, "perizinan.izin"},
		{"misspelt", func(*testing.T, string) {}, []string{"datasets", "perizinan.ijin"}, exitNotFound, "perizinan.izin"},
		{"misspelt", func(*testing.T, string) {}, []string{"deliveries", "perizinan.ijin"}, exitNotFound, "perizinan.izin"},
	} {
		t.Run(tt.name+" "+tt.args[0], func(t *testing.T) {
			dir := copyWorkspace(t, dir, true)
			tt.break_(t, dir)
			if r := satudata(t, append([]string{"-C", dir}, tt.args...)...); r.code != tt.code || !strings.Contains(r.stderr, tt.say) {
				t.Errorf("exit code %d, want %d and %q\n%s%s", r.code, tt.code, tt.say, r.stdout, r.stderr)
			}
		})
	}
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "pendek.tar")
	writeFile(t, short, string(whole[:len(whole)-len(whole)/3]))
	if r := satudata(t, "restore", short, "--into", filepath.Join(t.TempDir(), "r")); r.code != exitNoAccess || !strings.Contains(r.stderr, "terpotong") {
		t.Errorf("a backup that is cut short: exit code %d\n%s", r.code, r.stderr)
	}
}

// TestAsOfExpired: who asks for a state that is kept no longer hears how far back he may ask.
func TestAsOfExpired(t *testing.T) {
	dir := landedOffice(t)
	for n := range 3 {
		deliverPermits(t, dir, 1, 301+n, 302+n)
		must(t, "-C", dir, "land", "--once")
	}
	must(t, "-C", dir, "maintain", "--set", "lake.keepSnapshots=1", "--set", "lake.grace=0s")
	r := satudata(t, "-C", dir, "query", "SELECT * FROM perizinan.izin_riwayat", "--as-of", "2026-01-01")
	if r.code != exitNotFound || !strings.Contains(r.stderr, "menjangkau sampai "+time.Now().Format("2006-")) || !strings.Contains(r.stderr, "reaches back") {
		t.Errorf("exit code %d, %s", r.code, r.stderr)
	}
}
