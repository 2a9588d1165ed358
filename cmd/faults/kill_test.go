package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// often makes many commits of little, so that there is always one to be met half-way, and folds
// whenever there is something to fold.
const often = "log: {kind: embedded, chunkBytes: 40000}\nlake: {batchBytes: 60000, foldShare: 0.0001}\n"

// published is what a landing prints of a delivery that now counts.
const published = "disebarluaskan"

// victim is a command that is killed while it works. Each turn it gets work of its own.
type victim struct {
	prepare func(turn int)          // makes work for a turn
	args    func(turn int) []string // the command that does it
	mark    string                  // it is killed after it has printed this; "" for at any time
}

// kill kills the command so many times, each at a random moment between its beginning, or what it
// prints last before the work in question, and its end. How much that is, the last turn tells that was
// not met before its end; the first is left alone. Only those that were met count.
func (v victim) kill(o *office, times int) {
	o.t.Helper()
	v.prepare(0)
	whole := v.start(o, 0).work()
	killed, turns := 0, 1
	for killed < times && turns < 10*times {
		v.prepare(turns)
		p := v.start(o, turns)
		did := p.meet(whole)
		if p.kill() {
			killed++
		} else {
			whole = did
		}
		turns++
	}
	if killed < times {
		o.t.Errorf("met at work %d times only, want %d", killed, times)
	}
	o.t.Logf("%d kills in %d turns of %d writes and %v each", killed, turns, whole.writes, whole.took.Round(time.Millisecond))
}

func (v victim) start(o *office, turn int) *process {
	o.t.Helper()
	p := o.start(v.args(turn)...)
	if v.mark != "" && !p.await(v.mark, 1) {
		<-p.ended
		o.t.Fatalf("%v did not print %q: %v\n%s", p.cmd.Args, v.mark, p.err, p.said())
	}
	return p
}

// TestKilledSource kills `ingest` of a file, 45 times in the long form. The same file offered again is
// read on from where the log has it.
func TestKilledSource(t *testing.T) {
	const rows = 130_000 // more than one append to the log
	o := newOffice(t, often, 1)
	file, resumed := "", 0
	v := victim{
		prepare: func(turn int) {
			if file != "" && rand.IntN(4) > 0 { // else the resumption is killed as well
				if strings.Contains(o.must("ingest", "--binding", "dpmptsp.izin0", file), "dilanjutkan dan diterima") {
					resumed++
				}
				file = ""
			}
			if file == "" {
				file = o.file(0, turn*rows, (turn+1)*rows)
			}
		},
		args: func(int) []string { return []string{"ingest", "--binding", "dpmptsp.izin0", file} },
	}
	v.kill(o, times(2, 45))
	o.must("ingest", "--binding", "dpmptsp.izin0", file)
	o.must("--set", "lake.batchBytes=67108864", "land", "--once")
	t.Logf("%d files were read on", resumed)
	if full() && resumed == 0 {
		t.Error("no file was read on: it was never met in the middle")
	}
	o.check()
}

// TestKilledLanding kills `land --once`, 50 times in the long form.
func TestKilledLanding(t *testing.T) {
	o := newOffice(t, often, 1)
	v := victim{
		prepare: func(turn int) { o.deliver(0, turn*4000, (turn+1)*4000) },
		args:    func(int) []string { return []string{"land", "--once"} },
	}
	v.kill(o, times(3, 50))
	o.must("land", "--once")
	o.check()
}

// TestKilledFold kills the landing after it has decided a delivery, while it folds new permits and
// changed ones into the current state, 40 times in the long form.
func TestKilledFold(t *testing.T) {
	o := newOffice(t, often, 1)
	o.deliver(0, 1, 20_000)
	o.must("--set", "lake.batchBytes=67108864", "land", "--once")
	v := victim{
		prepare: func(turn int) {
			first := 19_000 + 500*turn // half of them are known
			o.must("ingest", "--binding", "dpmptsp.izin0", o.edition(0, first, first+1000, turn+1))
		},
		args: func(int) []string { return []string{"land", "--once"} },
		mark: published,
	}
	v.kill(o, times(3, 40))
	o.must("land", "--once")
	o.check()
}

// TestKilledMaintenance kills `maintain` while it writes small files together and removes what is not
// needed, 30 times in the long form.
func TestKilledMaintenance(t *testing.T) {
	o := newOffice(t, often, 1)
	v := victim{
		prepare: func(turn int) {
			o.deliver(0, turn*4000, (turn+1)*4000)
			o.must("land", "--once")
		},
		args: func(int) []string { return []string{"maintain"} },
	}
	v.kill(o, times(2, 30))
	o.must("maintain")
	o.check()
}

// TestKilledUp kills `up` while files arrive in the folder that it watches, 35 times in the long form.
func TestKilledUp(t *testing.T) {
	const files, rows = 3, 20_000
	o := newOffice(t, often+"sources: [{binding: dpmptsp.izin0, paths: [masuk]}]\n", 1)
	if err := os.MkdirAll(filepath.Join(o.dir, "masuk"), 0o755); err != nil {
		t.Fatal(err)
	}
	arrived := 0
	arrive := func() { // by a rename, as a whole
		path := o.file(0, arrived*rows, (arrived+1)*rows)
		if err := os.Rename(path, filepath.Join(o.dir, "masuk", filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
		arrived++
	}
	batches := []string{"--set", "lake.batchBytes=600000", "up"}
	turn := func(kill func(p *process)) {
		arrive()
		p := o.start(batches...)
		for range files - 1 {
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
			arrive()
		}
		kill(p)
	}
	var whole effort
	turn(func(p *process) {
		before, begun := p.writes(), time.Now()
		p.await(published, files)
		whole = effort{p.writes() - before, time.Since(begun)}
		p.end()
	})
	kills := times(2, 35)
	for range kills {
		turn(func(p *process) {
			p.meet(whole)
			if !p.kill() {
				t.Errorf("up ended by itself\n%s", p.said())
			}
		})
	}
	p := o.start(batches...)
	o.awaitPublished(arrived)
	p.end()
	t.Logf("%d kills, %d files", kills, arrived)
	o.check()
}

// awaitPublished waits until the processes that run have published n deliveries.
func (o *office) awaitPublished(n int) {
	o.t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(100 * time.Millisecond) {
		if o.published() == n {
			return
		}
	}
	o.t.Fatalf("%d deliveries are published, want %d\n%s", o.published(), n, o.must("deliveries"))
}

// published is how many deliveries are, -1 when that cannot be read.
func (o *office) published() int {
	r := o.run("deliveries", "--json")
	if r.code != 0 {
		return -1
	}
	return strings.Count(r.stdout, fmt.Sprintf("%q", published))
}
