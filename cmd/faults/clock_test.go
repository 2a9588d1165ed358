package faults

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"satudata/schemas/schemastest"
)

// setClock makes the commands that are started from now on see a clock that is so much ahead of ours, or
// behind it: the programs are as they are, and are given another clock to read.
func (o *office) setClock(ahead time.Duration) {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "clock.so")
	if ahead == 0 {
		o.env = nil
		return
	}
	c := exec.Command("gcc", "-shared", "-fPIC", "-O2", "-fno-stack-protector", fmt.Sprintf("-DSHIFT=%d", int64(ahead.Seconds())),
		"-Wl,--version-script=testdata/clock.map", "-o", path, "testdata/clock.c", "-ldl")
	if out, err := c.CombinedOutput(); err != nil {
		o.t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
	o.env = []string{"LD_PRELOAD=" + path}
}

// TestClockSetBack sets the clock ahead and back, by a minute or by years, between deliveries, landings, folds
// and upkeep, and from one life of `up` to the next: 4 times in the short form, 60 in the long one. What
// was delivered last of each permit is what counts, whatever the clock said, and ids increase all the while.
func TestClockSetBack(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		schemastest.Without(t, "another clock: testdata/clock.c is for Linux on amd64")
	}
	o := newOffice(t, often+"sources: [{binding: dpmptsp.izin0, paths: [masuk]}]\n", 1)
	inbox := o.inbox()
	o.clockIs(48 * time.Hour)
	turns := times(4, 60)
	for turn := range turns {
		ahead := []time.Duration{24 * time.Hour, 0, -time.Minute, -400 * 24 * time.Hour}[turn%4]
		if turn >= 4 {
			ahead = rand.N(1000*24*time.Hour) - 500*24*time.Hour
		}
		o.setClock(ahead)
		first := 1 + rand.IntN(300)
		path := o.edition(0, first, first+200, turn)
		switch turn % 3 {
		case 0:
			o.must("ingest", "--binding", "dpmptsp.izin0", path)
			o.setClock(ahead - time.Hour)
			o.must("land", "--once")
		case 1:
			o.must("ingest", "--land", "--binding", "dpmptsp.izin0", path)
		case 2:
			up := o.start("up").running()
			write(t, filepath.Join(inbox, filepath.Base(path)), read(t, path)) // written there, by the clock of the system
			o.awaitPublished(turn + 1)
			up.kill()
		}
		if turn%2 == 1 {
			o.must("maintain")
		}
		if full() {
			o.check()
		}
		if t.Failed() {
			t.Fatalf("turn %d: the clock was %v ahead", turn, ahead)
		}
	}
	o.setClock(0)
	o.must("land", "--once")
	o.check()
	o.checkOrder(turns)
}

// clockIs makes sure that another clock is what programs see.
func (o *office) clockIs(ahead time.Duration) {
	o.t.Helper()
	o.setClock(ahead)
	before := time.Now().Add(ahead - time.Second)
	for line := range o.rows("SELECT epoch(now())::BIGINT AS detik") {
		var seconds int64
		if _, err := fmt.Sscan(line, &seconds); err != nil || seconds < before.Unix() || seconds > time.Now().Add(ahead+time.Second).Unix() {
			o.t.Fatalf("the clock is at %s, want %d (%v)", line, before.Unix(), err)
		}
	}
}

// checkOrder makes sure that the events of each edition, of the first so many, have ids of their own that are
// greater than those of the one before.
func (o *office) checkOrder(editions int) {
	o.t.Helper()
	text := o.must("query", "--format", "csv", `SELECT ((nilai::BIGINT - id * 7) % 1000 + 1000) % 1000 AS nomor, min(_peristiwa::VARCHAR), max(_peristiwa::VARCHAR),
		count(*) - count(DISTINCT _peristiwa::VARCHAR || '/' || _baris) FROM `+dataset+"_riwayat GROUP BY nomor ORDER BY nomor")
	records := strings.Split(strings.TrimSpace(text), "\n")[1:]
	last := ""
	for i, r := range records {
		f := strings.Split(r, ",")
		if f[0] != fmt.Sprint(i) || f[1] <= last || f[3] != "0" {
			o.t.Errorf("edition %d: events and rows of them %v after %s", i, f, last)
		}
		last = f[2]
	}
	if len(records) != editions {
		o.t.Errorf("%d editions are there, want %d", len(records), editions)
	}
}
