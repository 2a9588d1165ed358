package faults

import (
	"strings"
	"syscall"
	"testing"
)

// inUse is the exit code of a command whose workspace another process works in.
const inUse = 5

// TestStoppedLanding stops `land` in the middle of its work, 10 times in the long form, as a suspended
// machine does. Nobody else may take the embedded log meanwhile, and it goes on when it is let.
func TestStoppedLanding(t *testing.T) {
	const rows = 8000
	o := newOffice(t, often, 1)
	o.deliver(0, 0, rows)
	whole := o.begun().work()
	stopped, turn := 0, 1
	for ; stopped < times(2, 10) && turn < 100; turn++ {
		o.deliver(0, turn*rows, (turn+1)*rows)
		p := o.begun()
		p.meet(whole)
		if p.stop() {
			r := o.run("land", "--once")
			if r.code != inUse || !strings.Contains(r.stderr, "sedang dipakai proses") || !strings.Contains(r.stderr, "is used by process") {
				t.Errorf("beside a stopped process: exit code %d, want %d\n%s", r.code, inUse, r.stderr)
			}
			stopped++
		}
		p.signal(syscall.SIGCONT)
		<-p.ended
		if p.err != nil {
			t.Errorf("landing did not end well after it was stopped: %v\n%s", p.err, p.said())
		}
	}
	t.Logf("stopped %d times in %d turns", stopped, turn)
	if stopped < times(2, 10) {
		t.Error("it was never met at work")
	}
	o.check()
}

// begun starts a landing and waits until it has landed a first batch.
func (o *office) begun() *process {
	o.t.Helper()
	p := o.start("land", "--once", "--verbose")
	if !p.await(dataset, 1) {
		o.t.Fatalf("nothing was landed\n%s", p.said())
	}
	return p
}
