package faults

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPowerLoss records every write of two deliveries and their landings, cuts the power after each of
// them, and goes on with what is left: the workspace opens, lands, has what was acknowledged, takes
// the same files again and ends with every row once. A sample of the cuts in the short form.
func TestPowerLoss(t *testing.T) {
	traceable(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))

	o := newOffice(t, "log: {kind: embedded, chunkBytes: 4096}\nlake: {batchBytes: 8192, foldShare: 0}\n", 1)
	files := []string{o.file(0, 1, 251), o.file(0, 251, 401)}
	deliver := append([]string{"ingest", "--binding", "dpmptsp.izin0"}, files...)
	p := &power{office: o, random: r, disk: load(t, o.dir), deliver: deliver}
	var steps []step
	for i, file := range files {
		steps = append(steps,
			step{calls: record(t, o.command("ingest", "--binding", "dpmptsp.izin0", file)), safe: []int{0, 250}[i]},
			step{calls: record(t, o.command("land", "--once")), safe: []int{250, 400}[i]})
	}
	o.check()
	total := 0
	for _, s := range steps {
		total += len(s.calls)
	}
	p.every = 1
	if !full() {
		p.every = max(total/7, 1)
	}
	p.next = r.IntN(p.every)
	for _, s := range steps {
		p.run(t, s)
	}
	t.Logf("%d cuts after %d calls", p.cuts, total)
	if p.cuts < 3 {
		t.Errorf("only %d cuts", p.cuts)
	}
}

// step is one command of the recorded run.
type step struct {
	calls []call
	safe  int // permits that were acknowledged before it began
}

// power cuts the power.
type power struct {
	*office
	random  *rand.Rand
	disk    *disk
	deliver []string
	lines   int // of the records of the steps before
	every   int // of so many calls one is cut after, at random
	done    int // calls so far
	next    int // the call after which the next cut is, or the first from there on that changes something
	cuts    int
}

// run replays a step, and cuts it.
func (p *power) run(t *testing.T, s step) {
	t.Helper()
	re := &replay{t: t, disk: p.disk, open: map[int]*handle{}}
	for i, c := range s.calls {
		c.begun, c.end = c.begun+p.lines, c.end+p.lines
		changed, at := re.do(c), p.done
		p.done++
		if !changed || at < p.next {
			continue
		}
		p.next = (at/p.every+1)*p.every + p.random.IntN(p.every)
		all := outages(p.random)
		if !full() {
			all = all[p.random.IntN(len(all)):][:1]
		}
		for _, o := range all {
			p.cuts++
			p.disk.restore(t, o)
			p.recover(s.safe)
			if t.Failed() {
				t.Fatalf("after call %d of %d, %s(%.300s), when the power cut left %s; not synced were\n%s",
					i, len(s.calls), c.name, c.args[0], o.name, strings.Join(p.disk.top.unsynced("."), "\n"))
			}
		}
	}
	p.lines += s.calls[len(s.calls)-1].end + 1
}

// recover goes on after a power cut.
func (p *power) recover(safe int) {
	p.t.Helper()
	if r := p.office.run("land", "--once"); r.code != 0 {
		p.t.Errorf("land: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		return
	}
	if safe > 0 {
		ids := p.rows("SELECT id FROM " + dataset + "_riwayat")
		for id := 1; id <= safe; id++ {
			if id%100 != 0 && ids[strconv.Itoa(id)] != 1 {
				p.t.Errorf("permit %d was acknowledged before the power cut and is there %d times", id, ids[strconv.Itoa(id)])
				return
			}
		}
	}
	if r := p.office.run(p.deliver...); r.code != 0 {
		p.t.Errorf("deliver again: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		return
	}
	if r := p.office.run("land", "--once"); r.code != 0 {
		p.t.Errorf("land again: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		return
	}
	p.check()
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
	unavailable(t, "power cuts", missing)
}

// unavailable skips a test that cannot have what it needs, or fails it where everything is required.
func unavailable(t *testing.T, what, missing string) {
	t.Helper()
	if os.Getenv("SATUDATA_TEST_REQUIRE") == "all" {
		t.Fatalf("no %s: %s; SATUDATA_TEST_REQUIRE=all does not allow to skip this", what, missing)
	}
	t.Skipf("SKIPPED, NOT TESTED WITH %s: %s", what, missing)
}
