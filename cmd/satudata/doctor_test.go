package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

// diagnose runs doctor and returns its exit code and what it found.
func diagnose(t *testing.T, dir string, args ...string) (code int, found []symptom) {
	t.Helper()
	r := satudata(t, append([]string{"-C", dir, "doctor", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		t.Fatalf("%v in %s%s", err, r.stdout, r.stderr)
	}
	for _, f := range found {
		if f.Say.ID == "" || f.Say.EN == "" || f.Condition != well && (f.Remedy == nil || f.Remedy.ID == "" || f.Remedy.EN == "") {
			t.Errorf("a finding without words or remedy: %+v", f)
		}
	}
	return r.code, found
}

// landedOffice is a workspace in which permits have landed.
func landedOffice(t *testing.T) string {
	t.Helper()
	dir := permitWorkspace(t, "log: {kind: embedded}\nops: {minFree: 1MB}\nsources: [{binding: dpmptsp.izin0, paths: [data]}]\n", 1)
	deliverPermits(t, dir, 1, 1, 301)
	must(t, "-C", dir, "land", "--once")
	return dir
}

// TestDoctor breaks a workspace in every way that doctor knows, and wants each named with its remedy.
func TestDoctor(t *testing.T) {
	dir := landedOffice(t)
	if code, found := diagnose(t, dir); code != exitOK {
		t.Fatalf("a healthy workspace: exit code %d, %+v", code, found)
	}
	replace := func(path, old, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			before, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil || !strings.Contains(string(before), old) {
				t.Fatalf("%v, or no %q in it", err, old)
			}
			writeFile(t, filepath.Join(dir, path), strings.Replace(string(before), old, text, 1))
		}
	}
	for _, tt := range []struct {
		name      string
		break_    func(t *testing.T, dir string)
		condition condition
		check     string
		say, do   string // words of it
	}{
		{"no workspace file", func(t *testing.T, dir string) { rename(t, dir, configFile, "x") }, broken, "config", "bukan ruang kerja", "satudata.yaml"},
		{"unknown key", replace(configFile, "ops:", "opz:"), broken, "config", "opz", "satudata config"},
		{"unknown zone", replace(configFile, "log:", "zone: Asia/Bandung\nlog:"), broken, "config", "Asia/Bandung", "satudata config"},
		{"contract at fault", replace("contracts/izin.yaml", "logicalType: integer", "logicalType: bilangan"), broken, "dokumen", "bilangan", "contract check"},
		{"binding of no contract", replace("bindings/izin0.yaml", "contract: 1.0.0", "contract: 1.9.0"), broken, "dokumen", "1.9.0", "contract check"},
		{"binding that is not there", replace(configFile, "dpmptsp.izin0", "dpmptsp.lain"), broken, "sumber", "dpmptsp.lain", "satudata.yaml"},
		{"watched folder missing", func(t *testing.T, dir string) { rename(t, dir, "data", "x") }, broken, "sumber", "data", "buat folder"},
		{"no room", replace(configFile, "minFree: 1MB", "minFree: 900PB"), broken, "disk", "sisa", "perbesar disk"},
		{"folder is a file", func(t *testing.T, dir string) {
			rename(t, dir, "state", "x")
			writeFile(t, filepath.Join(dir, "state"), "x")
		}, broken, "folder", "bukan folder", "izin tulis"},
		{"read-only folder", readOnlyLake, broken, "folder", "lake", "hanya-baca"},
		{"damaged log", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "log", "log.db"), 6000); err != nil {
				t.Fatal(err)
			}
		}, broken, "log", "corrupt", "cadangan"},
		{"locked tables", func(t *testing.T, dir string) { t.Cleanup(lockSQLite(t, filepath.Join(dir, "lake", "catalog.db"))) }, broken, "tabel", "locked", "mengunci"},
		{"damaged catalog of tables", func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "lake", "catalog.db"), strings.Repeat("bukan SQLite ", 1000))
			os.Remove(filepath.Join(dir, "lake", "catalog.db-wal"))
		}, broken, "tabel", "not a database", "dibangun ulang"},
		{"lost log", func(t *testing.T, dir string) { rename(t, dir, "log", "x") }, broken, "log", "log hilang", "satudata restore"},
		{"lost catalog of tables", func(t *testing.T, dir string) {
			for _, end := range []string{"", "-wal", "-shm"} {
				os.Remove(filepath.Join(dir, "lake", "catalog.db"+end))
			}
		}, broken, "tabel", "izin_riwayat", "satudata repair"},
		{"somebody else listens", func(t *testing.T, dir string) {
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
			t.Cleanup(other.Close)
			replace(configFile, "minFree: 1MB", fmt.Sprintf("minFree: 1MB, listen: %q", other.Listener.Addr()))(t, dir)
		}, broken, "operasi", "bukan jawaban satudata", "ops.listen"},
		{"moved tables", func(t *testing.T, dir string) {
			other := landedOffice(t)
			rename(t, dir, "lake", "x")
			if err := os.CopyFS(filepath.Join(dir, "lake"), os.DirFS(filepath.Join(other, "lake"))); err != nil {
				t.Fatal(err)
			}
		}, broken, "tabel", "milik", "kembalikan"},
		{"lost metadata", func(t *testing.T, dir string) {
			rename(t, dir, "lake/publik/perizinan/izin_riwayat/metadata", "x")
		}, broken, "tabel", "metadata", "satudata repair perizinan.izin"},
		{"missing pattern", replace(configFile, "paths: [data]", "paths: ['kiriman/kasus*']"), broken, "sumber", "kiriman", "buat folder {dir}/kiriman dan"},
		{"fold memory that is no size", replace(configFile, "log:", "lake: {foldMemory: banyak}\nlog:"), broken, "config", "512MB", "satudata.yaml"},
		{"lost data file", func(t *testing.T, dir string) {
			found, err := filepath.Glob(filepath.Join(dir, "lake/publik/perizinan/izin_riwayat/data/*.parquet"))
			if err != nil || len(found) == 0 {
				t.Fatalf("no data files: %v", err)
			}
			os.Remove(found[0])
		}, broken, "tabel", "tidak ada", "satudata repair perizinan.izin"},
		{"read-only table", func(t *testing.T, dir string) {
			metadata := filepath.Join(dir, "lake/publik/perizinan/izin_riwayat/metadata")
			if os.Getuid() != 0 {
				if err := os.Chmod(metadata, 0o555); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.Chmod(metadata, 0o755) })
				return
			}
			command(t, "mount", "--bind", metadata, metadata)
			t.Cleanup(func() { command(t, "umount", "-l", metadata) })
			command(t, "mount", "-o", "remount,bind,ro", metadata)
		}, broken, "folder", "izin_riwayat/metadata", "chmod -R"},
		{"damaged projection", func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "state", "catalog.db"), strings.Repeat("bukan SQLite ", 1000))
			os.Remove(filepath.Join(dir, "state", "catalog.db-wal"))
		}, broken, "katalog", "not a database", "dibangun ulang dari log"},
		{"clock set back", writeAhead, broken, "log", "di depan jam", "NTP"},
		{"memory that is no size", replace(configFile, "log:", "query: {memory: banyak}\nlog:"), broken, "memori", "banyak", "512MB"},
		{"dead brokers", replace(configFile, "log: {kind: embedded}", fmt.Sprintf("log: {kind: kafka, kafka: {brokers: [\"127.0.0.1:%d\"]}}", freePort(t))),
			broken, "kafka", "refused", "log.kafka.brokers"},
		{"nobody listens", replace(configFile, "minFree: 1MB", fmt.Sprintf("minFree: 1MB, listen: \"127.0.0.1:%d\"", freePort(t))), warning, "operasi", "tidak menjawab", "satudata up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := copyWorkspace(t, dir, tt.name == "lost data file" || tt.name == "read-only table" || tt.name == "moved tables" || tt.name == "lost metadata" || tt.name == "locked tables" || tt.name == "lost catalog of tables")
			tt.break_(t, dir)
			code, found := diagnose(t, dir)
			if want := map[condition]int{broken: exitFailure, warning: exitOK}[tt.condition]; code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			for _, f := range found {
				if f.Check == tt.check && f.Condition == tt.condition && strings.Contains(f.Say.ID+f.Say.EN, tt.say) && strings.Contains(f.Remedy.ID, strings.ReplaceAll(tt.do, "{dir}", dir)) {
					return
				}
			}
			t.Errorf("not found: %s %s …%s… → …%s…, but\n%+v", tt.condition, tt.check, tt.say, tt.do, found)
		})
	}
}

// copyWorkspace copies a workspace for a test to break. Its tables stay behind, because they know where
// they belong, unless they are to be made again.
func copyWorkspace(t *testing.T, from string, tables bool) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "lake")); err != nil {
		t.Fatal(err)
	}
	if tables {
		must(t, "-C", dir, "land", "--once")
	}
	return dir
}

func rename(t *testing.T, dir, old, name string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, old), filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// readOnlyLake puts the lake on a disk that takes no writes; without root, takes away the permission.
func readOnlyLake(t *testing.T, dir string) {
	lake := filepath.Join(dir, "lake")
	if os.Getuid() != 0 {
		if err := os.MkdirAll(lake, 0o555); err != nil {
			t.Fatal(err)
		}
		return
	}
	mountTmpfs(t, lake, 1)
	command(t, "mount", "-o", "remount,ro", lake)
}

// writeAhead makes the log hold a message of the day after tomorrow.
func writeAhead(t *testing.T, dir string) {
	l, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{Now: func() time.Time { return time.Now().Add(48 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), eventlog.CatalogTopic, event.Message{Key: "x", Value: []byte("x")}); err != nil {
		t.Fatal(err)
	}
}

// TestDoctorWhileUpRuns: a log in use is as it should be, and what the process says of itself counts.
func TestDoctorWhileUpRuns(t *testing.T) {
	dir := permitWorkspace(t, watchedConfig, 1)
	up := startUp(t, dir)
	code, found := diagnose(t, dir, "--set", "ops.listen="+up.addr)
	told := false
	for _, f := range found {
		told = told || f.Check == "log" && strings.Contains(f.Say.ID, fmt.Sprintf("proses %d", os.Getpid()))
	}
	if code != exitOK || !told {
		t.Errorf("exit code %d: %+v", code, found)
	}
	writeFile(t, filepath.Join(dir, "lake", "publik", "perizinan"), "x")
	drop(t, dir, 1, 11)
	up.ready("landing", false)
	if code, found := diagnose(t, dir, "--set", "ops.listen="+up.addr); code != exitFailure {
		t.Errorf("a dataset is held up: exit code %d, %+v", code, found)
	}
	if out := satudata(t, "-C", dir, "doctor").stdout; !strings.Contains(out, "baik ") || !strings.Contains(out, "gagal (well, warnings, broken)") {
		t.Errorf("as text: %s", out)
	}
}
