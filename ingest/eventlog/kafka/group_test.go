package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/kafka"
	"satudata/ingest/eventlog/kafka/kafkatest"
)

// holdings records which worker has which partitions now.
type holdings struct {
	mu   sync.Mutex
	has  map[string]map[string]bool // worker -> "topic/partition"
	runs int
	over []string // partitions that two workers had at once
}

// worker returns a run function that holds its partitions until its context ends.
func (h *holdings) worker(name string) func(context.Context, map[string][]int) error {
	return func(ctx context.Context, assigned map[string][]int) error {
		h.mu.Lock()
		h.runs++
		mine := map[string]bool{}
		for topic, partitions := range assigned {
			for _, p := range partitions {
				at := fmt.Sprintf("%s/%d", topic, p)
				for other := range h.has {
					if h.has[other][at] {
						h.over = append(h.over, at)
					}
				}
				mine[at] = true
			}
		}
		h.has[name] = mine
		h.mu.Unlock()
		<-ctx.Done()
		h.mu.Lock()
		delete(h.has, name)
		h.mu.Unlock()
		return ctx.Err()
	}
}

// await waits until the workers hold as many partitions as wanted, all of them different.
func (h *holdings) await(t *testing.T, want map[string]int) {
	t.Helper()
	var got map[string]int
	for range 6000 {
		h.mu.Lock()
		got = map[string]int{}
		for worker, has := range h.has {
			got[worker] = len(has)
		}
		over := slices.Clone(h.over)
		h.mu.Unlock()
		if len(over) > 0 {
			t.Fatalf("two workers had %v at once", over)
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("workers hold %v partitions, want %v", got, want)
}

func TestAssignments(t *testing.T) {
	for _, c := range []struct {
		name    string
		brokers func(t *testing.T) []string
	}{
		{"fake", func(t *testing.T) []string { return fake(t, kfake.NumBrokers(2)).ListenAddrs() }},
		{"real", func(t *testing.T) []string { return kafkatest.Shared(t).Brokers }},
	} {
		t.Run(c.name, func(t *testing.T) { testAssignments(t, c.brokers(t)) })
	}
}

func testAssignments(t *testing.T, brokers []string) {
	o := kafka.Options{Brokers: brokers, Prefix: prefix(), SessionTimeout: 6 * time.Second, Partitions: 4}
	l := open(t, o)
	for _, topic := range []string{"satu", "dua"} {
		if err := l.Create(t.Context(), topic, 4); err != nil {
			t.Fatal(err)
		}
	}
	h := &holdings{has: map[string]map[string]bool{}}
	topics := []string{"satu", "dua", eventlog.CatalogTopic}
	var wg sync.WaitGroup
	join := func(ctx context.Context, name string) {
		wg.Go(func() {
			if err := l.Assignments(ctx, "land", topics, h.worker(name)); err != nil {
				t.Errorf("Assignments of %s = %v", name, err)
			}
		})
	}
	first, stopFirst := context.WithCancel(t.Context())
	defer stopFirst()
	join(first, "a")
	h.await(t, map[string]int{"a": 8})
	second, stopSecond := context.WithCancel(t.Context())
	defer stopSecond()
	join(second, "b")
	h.await(t, map[string]int{"a": 4, "b": 4})

	// A topic that is created later is shared too.
	if _, err := l.Append(t.Context(), eventlog.CatalogTopic, event.Message{Value: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	for range 6000 {
		h.mu.Lock()
		n := len(h.has["a"]) + len(h.has["b"])
		h.mu.Unlock()
		if n == 9 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	stopFirst()
	h.await(t, map[string]int{"b": 9})
	start := time.Now()
	stopSecond()
	wg.Wait()
	if took := time.Since(start); took > time.Minute {
		t.Errorf("leaving took %v", took)
	}
}

func TestAssignmentsEnd(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: c.ListenAddrs(), Partitions: 2})
	if err := l.Create(t.Context(), "t", 2); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("lake is full")
	for _, want := range []error{nil, broken} {
		runs := 0
		err := l.Assignments(t.Context(), "g", []string{"t"}, func(_ context.Context, assigned map[string][]int) error {
			if runs++; !slices.Equal(assigned["t"], []int{0, 1}) {
				t.Errorf("assigned %v", assigned)
			}
			return want
		})
		if !errors.Is(err, want) || runs != 1 {
			t.Errorf("Assignments after %d runs = %v, want %v after 1", runs, err, want)
		}
	}
	// Close ends it.
	started := make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- l.Assignments(context.Background(), "g", []string{"t"}, func(ctx context.Context, _ map[string][]int) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-started
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Assignments after Close = %v, want ErrClosed", err)
	}
}
