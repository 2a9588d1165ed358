package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"satudata/catalog"
)

// nasty are things in a watched folder that are not simply files.
func (d *dump) nasty(folder string) {
	d.t.Helper()
	long := strings.Repeat("n", 251) + ".csv"
	for i, name := range []string{"baris\nbaru.csv", `kutip"'; DROP TABLE x;--.csv`, "\x1b[31mmerah.csv", "\xff\xfe.csv", "файл 文件 é.csv", "-rf.csv", "%2e%2e.csv", "$(id).csv", "*.csv", long} {
		write(d.t, filepath.Join(folder, name), csvHead+fmt.Sprintf("%d,a,3273,1\n", 2_000_000+i))
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(folder, "folder.csv"), 0o755),
		syscall.Mkfifo(filepath.Join(folder, "pipa.csv"), 0o644),
		os.Symlink("tidak-ada.csv", filepath.Join(folder, "kosong.csv")),
		os.Symlink("putar.csv", filepath.Join(folder, "putar.csv")),
		os.Symlink("/dev/zero", filepath.Join(folder, "nol.csv")),
		os.Symlink("/proc/self/mem", filepath.Join(folder, "ingatan.csv")), // stat finds a file, and reading fails
		os.WriteFile(filepath.Join(folder, "terkunci.csv"), []byte(csvHead+"7,a,3273,1\n"), 0),
	} {
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// TestWatchedRubbish runs `up` over folders into which rubbish, sound files and things that are no
// files come, some while others are being written to or taken away.
func TestWatchedRubbish(t *testing.T) {
	d := newDump(t)
	var sources strings.Builder
	for _, k := range kinds {
		folder := filepath.Join(d.dir, "masuk", k.source)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sources, "  - {binding: dpmptsp.%s, paths: [masuk/%s]}\n", k.source, k.source)
	}
	write(t, filepath.Join(d.dir, "satudata.yaml"), "log: {kind: embedded}\nsources:\n"+sources.String())
	up := d.start("up").running()
	d.nasty(filepath.Join(d.dir, "masuk", "csv"))
	moving := filepath.Join(d.dir, "masuk", "csv", "berubah.csv")
	for seed := range uint64(times(42, 700)) {
		k, name, data, _ := rubbish(seed + 1_000_000)
		write(t, filepath.Join(d.dir, "masuk", k.source, name), string(data))
		write(t, moving, csvHead+strings.Repeat(fmt.Sprintf("%d,a,3273,1\n", seed+1), 1+int(seed)*1000))
		if k.source == "csv" && seed%2 == 0 {
			_ = os.Remove(moving) // it may be gone already
		}
		if seed%10 == 9 {
			d.moveIn(k)
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, k := range kinds {
		d.moveIn(k)
	}
	d.awaitDecisions()
	up.end()
	if used := peakOf(t, up.cmd.ProcessState); used > mostToLand {
		t.Errorf("up took %d MiB", used>>20)
	}
	d.check()
}

// moveIn puts a sound file into a watched folder, whole.
func (d *dump) moveIn(k kind) {
	d.t.Helper()
	path := d.sound(k)
	if err := os.Rename(path, filepath.Join(d.dir, "masuk", k.source, filepath.Base(path))); err != nil {
		d.t.Fatal(err)
	}
}

// named is what becomes of some of the nasty things, under the names by which people see them.
var named = map[string]catalog.Status{
	"baris%0Abaru.csv": catalog.Published, "%1B[31mmerah.csv": catalog.Published, "%FF%FE.csv": catalog.Published, "ingatan.csv": catalog.Refused,
}

// awaitDecisions waits until every sound file that was put into the folders is published, what is
// named has become what it should, and nothing is left to be decided.
func (d *dump) awaitDecisions() {
	d.t.Helper()
	want := (d.next - firstSound) / 20
	for deadline := time.Now().Add(patience); ; time.Sleep(500 * time.Millisecond) {
		var all []catalog.Delivery
		if err := json.Unmarshal([]byte(d.must("deliveries", "--json")), &all); err != nil {
			d.t.Fatal(err)
		}
		sound, open := 0, len(named)
		for _, e := range all {
			if strings.HasPrefix(e.Subject, "sound") && e.Status == catalog.Published {
				sound++
			}
			if named[e.Subject] == e.Status {
				open--
			}
			if e.Decided.IsZero() && e.Status != catalog.Refused && e.Status != catalog.Abandoned {
				open++
			}
		}
		if sound == want && open == 0 {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("after a long time %d of %d sound files are published and %d are open", sound, want, open)
		}
	}
}
