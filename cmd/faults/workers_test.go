package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"satudata/ingest/eventlog/kafka/kafkatest"
)

// crew is landing workers that share the partitions of a Kafka.
type crew struct {
	o       *office
	workers []*process
}

// onKafka is the configuration of a workspace whose log is in Kafka, of small chunks and commits.
func onKafka(brokers []string, partitions int) string {
	return fmt.Sprintf("log: {kind: kafka, partitions: %d, chunkBytes: 10000, kafka: {brokers: [%s], prefix: uji%d, sessionTimeout: 6s}}\nlake: {batchBytes: 15000}\n",
		partitions, strings.Join(brokers, ", "), time.Now().UnixNano())
}

// hire starts workers.
func (o *office) hire(n int) *crew {
	o.t.Helper()
	c := &crew{o: o}
	for range n {
		c.workers = append(c.workers, o.start("land", "--verbose"))
	}
	for _, w := range c.workers {
		w.running()
	}
	o.t.Cleanup(func() {
		if o.t.Failed() {
			o.t.Logf("the workers said:\n%s", c)
		}
	})
	return c
}

// busy waits until a worker has landed a batch, and returns which.
func (c *crew) busy() int {
	c.o.t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(time.Millisecond) {
		for _, i := range rand.Perm(len(c.workers)) { // not always the first
			w := c.workers[i]
			select {
			case line, ok := <-w.lines:
				if !ok {
					<-w.ended
					c.o.t.Fatalf("a worker ended by itself: %v\n%s", w.err, w.said())
				}
				if strings.Contains(line, dataset+" partisi") {
					return i
				}
			default:
			}
		}
	}
	c.o.t.Fatalf("the workers do not get on\n%s", c)
	return 0
}

// replaces stops a worker, waits until the others have published n deliveries, and lets it go on. It returns
// false when that was in vain: a worker that is stopped in the few milliseconds in which it holds
// SQLite's lock keeps all others from a catalog until it goes on, whatever they do.
func (c *crew) replaces(i, n int) bool {
	c.o.t.Helper()
	said := make([]int, len(c.workers))
	for k, w := range c.workers {
		said[k] = len(w.said())
	}
	if !c.workers[i].stop() {
		c.o.t.Fatalf("a worker ended by itself\n%s", c.workers[i].said())
	}
	defer c.workers[i].signal(syscall.SIGCONT)
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(100 * time.Millisecond) {
		switch c.o.published() {
		case n:
			return true
		case -1:
			return false
		}
		for k, w := range c.workers {
			if k != i && strings.Contains(w.said()[said[k]:], "SQLITE_BUSY") {
				return false
			}
		}
	}
	c.o.t.Fatalf("%d deliveries are published, want %d\n%s", c.o.published(), n, c.o.must("deliveries"))
	return false
}

// forget makes the crew take what was landed so far for old.
func (c *crew) forget() {
	for _, w := range c.workers {
		w.drain()
	}
}

// dismiss ends the workers, who must end well.
func (c *crew) dismiss() {
	c.o.t.Helper()
	for _, w := range c.workers {
		w.end()
	}
}

// String is the last of what each worker has said.
func (c *crew) String() string {
	var b strings.Builder
	for i, w := range c.workers {
		said := w.said()
		fmt.Fprintf(&b, "worker %d:\n%s\n", i, said[max(0, len(said)-2000):])
	}
	return b.String()
}

// TestWorkersKilled has three workers land from three brokers while part after part arrives. 50 times
// in the long form one of them, which has just landed a batch, is killed and another takes its place;
// and 8 times one is stopped for longer than its session lasts, until the others have landed its part
// of the work: woken, it must not land anything again.
func TestWorkersKilled(t *testing.T) {
	beside(t)
	const sources, rows = 6, 1500
	o := newOffice(t, onKafka(kafkatest.Start(t, kafkatest.Options{Brokers: 3}).Brokers, 5), sources)
	kills, stops := times(1, 50), times(1, 8)
	c := o.hire(3)
	parts := 0
	deliver := func() {
		var wg sync.WaitGroup
		for s := range sources {
			first := (parts*sources + s) * rows
			file := o.file(s, first, first+rows)
			wg.Go(func() {
				if r := o.run("ingest", "--binding", fmt.Sprintf("dpmptsp.izin%d", s), file); r.code != 0 {
					t.Errorf("ingest of source %d: exit code %d\n%s", s, r.code, r.stderr)
				}
			})
		}
		wg.Wait()
		parts++
	}
	for turn := range kills + stops {
		c.forget()
		deliver()
		i := c.busy()
		w := c.workers[i]
		time.Sleep(time.Duration(rand.IntN(40_000)) * time.Microsecond)
		if turn%(1+kills/stops) == kills/stops {
			for !c.replaces(i, sources*parts) {
				time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
			}
			continue
		}
		if !w.kill() {
			t.Fatalf("a worker ended by itself\n%s", w.said())
		}
		c.workers[i] = o.start("land", "--verbose")
	}
	deliver() // those that were stopped take part again
	o.awaitPublished(sources * parts)
	c.dismiss()
	t.Logf("%d kills and %d stops, %d deliveries", kills, stops, sources*parts)
	o.check()
}
