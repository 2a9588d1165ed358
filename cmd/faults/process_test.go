package faults

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long to wait for what comes within seconds on a machine that has time: what does not come
// in it hangs.
const patience = 10 * time.Minute

// process is a satudata that runs beside the test and is to be killed or stopped.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string   // of its stdout, closed at its end
	ended chan struct{} // closed when it is gone
	err   error         // how it ended; read after ended
	heard transcript    // stderr and stdout
}

// transcript is what a process has said so far.
type transcript struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts a command in this workspace. The end of the test ends it.
func (o *office) start(args ...string) *process {
	o.t.Helper()
	return o.launch(o.command(args...))
}

// launch starts a command that is made. The end of the test ends it.
func (o *office) launch(c *exec.Cmd) *process {
	o.t.Helper()
	p := &process{t: o.t, cmd: c, lines: make(chan string, 1<<16), ended: make(chan struct{})}
	p.cmd.Stderr = &p.heard
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		o.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(io.TeeReader(out, &p.heard))
		for lines.Scan() {
			p.lines <- lines.Text()
		}
		close(p.lines)
		p.err = p.cmd.Wait()
	}()
	o.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// signal sends a signal to the process, which may be gone already.
func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends the process as a power cut ends it, and says whether it was still at work.
func (p *process) kill() bool {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	<-p.ended
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return true
	}
	if p.err != nil {
		p.t.Fatalf("%v ended by itself: %v\n%s", p.cmd.Args, p.err, p.said())
	}
	return false
}

// stop stops the process and says whether it was still at work.
func (p *process) stop() bool {
	p.signal(syscall.SIGSTOP)
	for !p.gone() {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if _, state, ok := strings.Cut(string(stat), ") "); err == nil && ok && strings.HasPrefix(state, "T") {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// running waits until the process, an `up` or `land`, has said that it runs: it holds the log, and ends
// well when it is told to.
func (p *process) running() *process {
	p.t.Helper()
	for began := time.Now(); !strings.Contains(p.said(), "Ctrl-C untuk berhenti"); time.Sleep(5 * time.Millisecond) {
		p.alive()
		if time.Since(began) > patience {
			p.trace("does not say that it runs")
		}
	}
	return p
}

// trace ends a process that does not do what it should, and the test, with what it was doing.
func (p *process) trace(why string) {
	p.t.Helper()
	p.signal(syscall.SIGQUIT)
	<-p.ended
	p.t.Fatalf("%v %s\n%s", p.cmd.Args, why, p.said())
}

// end interrupts the process once it runs. It must end well. What it printed is returned.
func (p *process) end() string {
	p.t.Helper()
	p.running()
	p.signal(syscall.SIGTERM)
	<-p.ended
	if p.err != nil {
		p.t.Fatalf("%v did not end well: %v\n%s", p.cmd.Args, p.err, p.said())
	}
	return p.said()
}

// said is what the process has printed so far.
func (p *process) said() string { return p.heard.String() }

// alive makes sure that the process runs.
func (p *process) alive() {
	p.t.Helper()
	if p.gone() {
		p.t.Fatalf("%v ended by itself: %v\n%s", p.cmd.Args, p.err, p.said())
	}
}

// await waits until the process has printed n lines with mark in them. It says whether it did before
// it ended.
func (p *process) await(mark string, n int) bool {
	p.t.Helper()
	late := time.After(patience)
	for n > 0 {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return false
			}
			if strings.Contains(line, mark) {
				n--
			}
		case <-late:
			p.trace("does not get on to " + mark)
		}
	}
	return true
}

// drain forgets the lines printed so far.
func (p *process) drain() {
	for {
		select {
		case _, ok := <-p.lines:
			if !ok {
				return
			}
		default:
			return
		}
	}
}

// gone says whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// writes is how many times the process has written, as the system counts: a measure of how far it has
// come that does not depend on who else uses the machine. It is -1 once the process is gone.
func (p *process) writes() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.cmd.Process.Pid))
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "syscw: "); ok {
			if count, err := strconv.Atoi(strings.TrimSpace(n)); err == nil {
				return count
			}
		}
	}
	return -1
}

// effort is what a piece of work takes.
type effort struct {
	writes int
	took   time.Duration
}

// work follows the process to its end and returns what it took from now on.
func (p *process) work() effort {
	p.t.Helper()
	e := p.until(func(effort) bool { return false })
	if p.err != nil {
		p.t.Fatalf("%v ended by itself: %v\n%s", p.cmd.Args, p.err, p.said())
	}
	return e
}

// until waits until the process has done enough, or has ended, and returns what it did meanwhile.
func (p *process) until(enough func(effort) bool) effort {
	first, begun := max(p.writes(), 0), time.Now()
	e := effort{}
	for !p.gone() && !enough(e) {
		e.writes, e.took = max(e.writes, p.writes()-first), time.Since(begun)
		time.Sleep(100 * time.Microsecond)
	}
	e.took = time.Since(begun)
	return e
}

// meet waits for a random moment of work that takes about whole: by what has been written, or by the
// time, because some work writes only at its end. It returns what was done until then.
func (p *process) meet(whole effort) effort {
	n, d := rand.IntN(whole.writes+1), rand.N(whole.took)
	byTime := rand.IntN(2) == 0
	e := p.until(func(e effort) bool {
		if byTime {
			return e.took >= d
		}
		return e.writes >= n || e.took >= 2*whole.took
	})
	time.Sleep(time.Duration(rand.IntN(3_000)) * time.Microsecond) // between writes too
	return e
}
