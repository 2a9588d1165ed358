package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mostMemory is what the program may take, in KiB, however much is delivered and however slowly it can
// be put away.
const mostMemory = 1 << 20

// TestBackpressure reads and lands 1.5 GB of permits in the long form, more than the program may take
// of memory: with `ingest --land` as fast as it goes, then from a slow disk beside heavy queries, and
// so once more with `up`. All of it must land, memory stays in its bounds, and the source waits for the
// disk. In the short form there is less than fits memory.
func TestBackpressure(t *testing.T) {
	traceable(t)
	o := newOffice(t, "log: {kind: embedded}\nsources: [{binding: dpmptsp.izin0, paths: [masuk]}]\n", 1)
	s := newStream(o)
	quick := s.pressed(o.launch(s.ingest()), nil)

	queries := o.load(3)
	calls := filepath.Join(t.TempDir(), "calls")
	slow := s.pressed(o.launch(slowed(s.ingest(), calls)), nil)
	if n := flushes(read(t, calls)); n == 0 || slow.took < time.Duration(n)*slowFlush {
		t.Errorf("it took %v, in which it flushed the log %d times: it did not wait for the disk", slow.took, n)
	}

	up := o.launch(slowed(o.command("up"), os.DevNull)).running()
	for _, rows := range portions() {
		s.send(rows)
	}
	watched := s.pressed(up, func() bool { return o.landed() >= s.accepted })
	n := queries()
	t.Logf("%d rows each: %v, peak %d MiB; slow disk %v, peak %d MiB; up on a slow disk %v, peak %d MiB; %d queries beside", sumOf(portions()),
		quick.took.Round(time.Millisecond), quick.peak>>10, slow.took.Round(time.Millisecond), slow.peak>>10, watched.took.Round(time.Millisecond), watched.peak>>10, n)
	s.check()
}

// portions are the rows of the files of one delivery after the other.
func portions() []int {
	return slices.Repeat([]int{times(10_000, 1_000_000)}, times(3, 20))
}

func sumOf(all []int) (n int) {
	for _, v := range all {
		n += v
	}
	return n
}

// ingest is the command that reads and lands files that are made now.
func (s *stream) ingest() *exec.Cmd {
	s.t.Helper()
	args := []string{"ingest", "--land", "--binding", "dpmptsp.izin0"}
	for _, rows := range portions() {
		args = append(args, s.file(rows))
	}
	return s.command(args...)
}

// slowFlush is how much longer than else a flush takes on a slow disk.
const slowFlush = 50 * time.Millisecond

// slowed is a command on a slow disk: each write takes 5 ms longer than else, too. Its calls are written to a file.
func slowed(c *exec.Cmd, calls string) *exec.Cmd {
	args := []string{"-D", "-f", "-y", "-qq", "--seccomp-bpf", "-e", "signal=none", "-s", "0", "-e", "trace=write,pwrite64,fsync,fdatasync",
		"-e", "inject=write,pwrite64:delay_enter=5000", "-e", fmt.Sprintf("inject=fsync,fdatasync:delay_enter=%d", slowFlush.Microseconds()), "-o", calls, "--"}
	return exec.Command("strace", append(args, c.Args...)...) // -D: the process that we start is the program's
}

// flushes is how often the log was flushed in a record of calls: one flush at a time.
func flushes(calls string) int {
	return len(regexp.MustCompile(`fdatasync\(\d+<[^>]*/log\.db>`).FindAllString(calls, -1))
}

// pressure is what a process under load took.
type pressure struct {
	took time.Duration
	peak int // KiB
}

// pressed follows a process until it has done its work and ended well: by itself, or when enough says
// so. Its memory must stay in its bounds.
func (s *stream) pressed(p *process, enough func() bool) (v pressure) {
	s.t.Helper()
	began, asked := time.Now(), time.Now()
	for ; !p.gone(); time.Sleep(20 * time.Millisecond) {
		v.peak = max(v.peak, p.status("VmHWM"))
		if enough != nil && time.Since(asked) > time.Second {
			if enough() {
				p.end()
			}
			asked = time.Now()
		}
		if time.Since(began) > time.Hour {
			s.t.Fatalf("%s does not come to its end\n%s", strings.Join(p.cmd.Args, " "), p.said())
		}
	}
	if v.took = time.Since(began); p.err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(p.cmd.Args, " "), p.err, p.said())
	}
	if v.peak > mostMemory {
		s.t.Errorf("%s took %d KiB of memory, may take %d", strings.Join(p.cmd.Args[:min(len(p.cmd.Args), 20)], " "), v.peak, mostMemory)
	}
	return v
}

// load asks heavy questions, so many at a time, until the function that it returns is called, which
// tells how many were answered.
func (o *office) load(readers int) (stop func() int64) {
	var answered atomic.Int64
	over, done := make(chan struct{}), make(chan struct{})
	for range readers {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				select {
				case <-over:
					return
				default:
				}
				r := o.run("--set", "query.timeout=30m", "query", "SELECT nilai % 10, count(*), count(DISTINCT id), median(nilai), max(md5(pemohon)) FROM "+dataset+"_riwayat GROUP BY 1")
				if r.code != 0 {
					o.t.Errorf("query under load: exit code %d\n%s", r.code, r.stderr)
					return
				}
				answered.Add(1)
			}
		}()
	}
	return func() int64 {
		close(over)
		for range readers {
			<-done
		}
		if answered.Load() == 0 {
			o.t.Error("no query was answered under load")
		}
		return answered.Load()
	}
}
