package faults

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"satudata/ingest/source"
	"satudata/schemas/schemastest"
)

// TestPowerLoss records every write of deliveries, of their landings and of the upkeep of the tables, cuts
// the power after each of them, and goes on with what is left: the workspace opens and lands, takes the
// same files again, none of them that was acknowledged as new, and ends with every row once. A sample of
// the cuts in the short form.
func TestPowerLoss(t *testing.T) {
	traceable(t)
	t.Setenv("GOGC", "off") // these commands are short: they end sooner than a collection is worth
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	o := newOffice(t, "log: {kind: embedded, chunkBytes: 4096}\nlake: {batchBytes: 8192, foldShare: 0, keepSnapshots: 2, grace: 1ms}\n", 1)
	p := &power{office: o, random: rand.New(rand.NewPCG(seed, 0)), seed: maphash.MakeSeed(), seen: map[acknowledged]bool{}}
	land := []string{"land", "--once"}

	// A workspace that begins.
	p.part(t, p.delivery(p.file(0, 1, 251)), land, p.delivery(p.file(0, 251, 401)), land)

	// One that has grown: changes are folded, small files written together, and those that are not needed removed.
	for i := range 4 {
		p.must(append(p.delivery(p.edition(0, 1+20*i, 61+20*i, i+1)), "--land")...)
		p.taken++
	}
	maintain := []string{"--set", "query.timeout=1ms", "maintain"} // no query needs the files of old snapshots
	p.part(t, p.delivery(p.edition(0, 41, 181, 5)), land, maintain, maintain, append(p.delivery(p.edition(0, 1, 31, 6)), "--land"))
	t.Logf("%d cuts after %d calls left %d different disks", p.cuts, p.calls, len(p.seen))
	if p.cuts < 3 {
		t.Errorf("only %d cuts", p.cuts)
	}
}

// power cuts the power.
type power struct {
	*office
	random *rand.Rand
	files  []string // in the order in which they are delivered
	taken  int      // of them those that were acknowledged

	every, next int // of so many calls one is cut after: the next one that changes something from this one on
	calls, cuts int // so far
	seed        maphash.Seed
	seen        map[acknowledged]bool
}

// acknowledged tells disks apart, and how many deliveries must be on them.
type acknowledged struct {
	sum   uint64
	taken int
}

// delivery is the command that delivers a file.
func (p *power) delivery(file string) []string {
	p.files = append(p.files, file)
	return []string{"ingest", "--binding", "dpmptsp.izin0", file}
}

// remains is what a power cut leaves.
type remains struct {
	tree
	taken    int  // deliveries that were acknowledged
	landing  bool // go on with a landing, not with the next delivery
	of       string
	unsynced []string
}

// step is one command of a recorded run.
type step struct {
	name  string
	calls []call
	taken int // deliveries that were acknowledged before it began
}

// part records commands and cuts the power in them.
func (p *power) part(t *testing.T, commands ...[]string) {
	t.Helper()
	d := load(t, p.dir)
	var steps []step
	calls := 0
	for _, args := range commands {
		s := step{name: strings.Join(args, " "), calls: record(t, p.command(args...)), taken: p.taken}
		steps, calls = append(steps, s), calls+len(s.calls)
		if args[0] == "ingest" {
			p.taken++
		}
	}
	p.check()
	if t.Failed() {
		return
	}
	if p.every = 1; !full() {
		p.every = max(calls/4, 1)
	}
	p.next = p.calls + p.random.IntN(p.every)

	whole := copyFiles(t, p.dir)
	defer whole.restore(t, p.dir)
	cut := make(chan remains)
	var lanes sync.WaitGroup
	for range p.lanes() {
		lanes.Go(func() { p.lane(cut) })
	}
	lines := 0 // of the records of the steps before
	for _, s := range steps {
		lines = p.cut(t, d, s, lines, cut)
		t.Logf("%.60s: %d calls, so far %d cuts and %d different disks", s.name, len(s.calls), p.cuts, len(p.seen))
	}
	close(cut)
	lanes.Wait()
}

// lanes is how many cuts can be gone on from at once.
func (p *power) lanes() int {
	if os.Getuid() == 0 {
		return runtime.NumCPU()
	}
	return 1
}

// lane goes on from one cut after the other. Where it may it sees a disk of its own, in memory, in place of the
// workspace, so that several work at the same path: tables name their files by it.
func (p *power) lane(cut <-chan remains) {
	defer func() {
		for range cut { // of no use any more
		}
	}()
	if os.Getuid() == 0 {
		runtime.LockOSThread() // for ever: the thread ends with its view of the disk
		if err := apart(p.dir); err != nil {
			p.t.Errorf("a disk in memory: %v", err)
			return
		}
	}
	for r := range cut {
		if p.t.Failed() {
			return
		}
		p.goOn(r)
		if p.t.Failed() {
			p.t.Errorf("%s; not synced were\n%s", r.of, strings.Join(r.unsynced, "\n"))
		}
	}
}

// apart mounts a disk in memory over a folder that only this thread, and what it starts, sees.
func apart(dir string) error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755")
}

// cut replays a step and cuts the power in it. It returns how many lines the records so far have.
func (p *power) cut(t *testing.T, d *disk, s step, lines int, cut chan<- remains) int {
	t.Helper()
	re := &replay{t: t, disk: d, open: map[int]*handle{}}
	for i, c := range s.calls {
		c.begun, c.end = c.begun+lines, c.end+lines
		changed, at := re.do(c), p.calls
		p.calls++
		if !changed || at < p.next || t.Failed() {
			continue
		}
		p.next = (at/p.every+1)*p.every + p.random.IntN(p.every)
		p.cuts++
		all := outages(p.random)
		if !full() {
			all = all[p.random.IntN(len(all)):][:1]
		}
		for _, o := range all {
			r := remains{tree: d.after(o), taken: s.taken, landing: p.random.IntN(2) == 0, unsynced: d.top.unsynced(".")}
			r.of = fmt.Sprintf("after call %d of %d of %s, %s(%.300s), the power cut left %s", i, len(s.calls), s.name, c.name, c.args[0], o.name)
			if of := (acknowledged{r.sum(p.seed), r.taken}); !p.seen[of] {
				p.seen[of] = true
				cut <- r
			}
		}
	}
	return lines + s.calls[len(s.calls)-1].end + 1
}

// goOn goes on after a power cut.
func (p *power) goOn(left remains) {
	if err := left.restore(p.dir); err != nil {
		p.t.Error(err)
		return
	}
	var taken []taken
	for _, args := range [][]string{{"land", "--once"}, append([]string{"ingest", "--json", "--land", "--binding", "dpmptsp.izin0"}, p.files...), {"verify"}} {
		if args[0] == "land" && !left.landing {
			continue
		}
		r := p.run(args...)
		if r.code != 0 {
			p.t.Errorf("%s: exit code %d\n%s%s", args[0], r.code, r.stdout, r.stderr)
			return
		}
		if args[0] != "ingest" {
			continue
		}
		if err := json.Unmarshal([]byte(r.stdout), &taken); err != nil || len(taken) != len(p.files) {
			p.t.Errorf("deliver again: %v\n%s", err, r.stdout)
			return
		}
	}
	for i, d := range taken[:left.taken] {
		if d.Subject != filepath.Base(p.files[i]) || d.Status != string(source.Unchanged) {
			p.t.Errorf("%s was acknowledged before the power cut and is delivered again as %+v", filepath.Base(p.files[i]), d)
		}
	}
	p.compareAtOnce()
}

// traceable skips a test where system calls cannot be recorded.
func traceable(t *testing.T) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("strace"); err != nil {
		missing = "strace is not installed (Debian: apt-get install strace)"
	} else if out, err := exec.Command("strace", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		missing = "strace may not trace here: " + string(out)
	} else {
		return
	}
	schemastest.Without(t, "power cuts: "+missing)
}
