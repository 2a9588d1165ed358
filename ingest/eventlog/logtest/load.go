package logtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

func testLarge(t *testing.T, h Harness) {
	l := h.fresh(t)
	msgs := []event.Message{
		{Key: "k", Value: noise(event.MaxChunk, 1)},
		{Key: "k", Value: slices.Repeat([]byte("kecamatan;2023;12,5\r\n"), event.MaxChunk/21)},
		{Key: "k", Value: noise(3<<20/2, 2)},
		{Key: "k", Value: slices.Repeat([]byte{0}, 3<<20)},
		message("k", "small"),
	}
	positions := mustAppend(t, l, topic, msgs...)
	for _, maxBytes := range []int{1, 1 << 20, 64 << 20} {
		records := readAll(t, l, topic, positions[0].Partition, maxBytes)
		if len(records) != len(msgs) {
			t.Fatalf("%d records in reads of %d bytes, want %d", len(records), maxBytes, len(msgs))
		}
		for i, r := range records {
			if !slices.Equal(r.Message.Value, msgs[i].Value) {
				t.Errorf("message %d differs in reads of %d bytes", i, maxBytes)
			}
		}
	}
}

func testTooLarge(t *testing.T, h Harness) {
	l := h.fresh(t)
	mustAppend(t, l, topic, message("k", "before"))
	_, err := l.Append(t.Context(), topic, message("k", "first"), event.Message{Key: "k", Value: make([]byte, h.TooLarge)})
	if !errors.Is(err, eventlog.ErrTooLarge) {
		t.Fatalf("Append of %d bytes = %v, want ErrTooLarge", h.TooLarge, err)
	}
	p := mustAppend(t, l, topic, message("k", "after"))[0]
	if p.Offset != 1 {
		t.Errorf("the append after ErrTooLarge got offset %d, want 1: nothing may be stored", p.Offset)
	}
}

func testConcurrent(t *testing.T, h Harness) {
	l := h.fresh(t)
	const writers, each = 8, 25
	var wg sync.WaitGroup
	positions := make([][]eventlog.Position, writers)
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				got, err := l.Append(t.Context(), topic, message(fmt.Sprint("w", w), fmt.Sprintf("%d-%d", w, i)))
				if err != nil || len(got) != 1 {
					t.Errorf("writer %d: Append = %v, %v", w, got, err)
					return
				}
				positions[w] = append(positions[w], got[0])
			}
		})
	}
	wg.Wait()
	stored := map[eventlog.Position]string{}
	for p := range Partitions {
		for _, r := range readAll(t, l, topic, p, 1<<20) {
			stored[eventlog.Position{Partition: p, Offset: r.Offset}] = string(r.Message.Value)
		}
	}
	if len(stored) != writers*each {
		t.Errorf("%d messages are stored, want %d", len(stored), writers*each)
	}
	for w := range writers {
		last := int64(-1)
		for i, p := range positions[w] {
			if want := fmt.Sprintf("%d-%d", w, i); stored[p] != want {
				t.Errorf("at %+v is %q, want %q", p, stored[p], want)
			}
			if p.Offset <= last {
				t.Errorf("writer %d: offset %d after %d", w, p.Offset, last)
			}
			last = p.Offset
		}
	}
}

func testReadWhileAppending(t *testing.T, h Harness) {
	l := h.fresh(t)
	const count = 60
	mustAppend(t, l, topic, message("k", "0"))
	partition := eventlog.PartitionOf("k", Partitions)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 1; i < count; i++ {
			if _, err := l.Append(t.Context(), topic, message("k", strconv.Itoa(i))); err != nil {
				t.Errorf("Append = %v", err)
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for next := int64(0); next < count; {
		records, err := l.Read(ctx, topic, partition, next, 1<<20)
		if err != nil {
			t.Errorf("Read from %d = %v", next, err)
			break
		}
		for _, r := range records {
			if r.Offset != next || string(r.Message.Value) != strconv.FormatInt(next, 10) {
				t.Errorf("read %q at offset %d, want %d", r.Message.Value, r.Offset, next)
			}
			next++
		}
	}
	wg.Wait()
}

func testReopen(t *testing.T, h Harness) {
	open := h.New(t)
	l := open()
	var msgs []event.Message
	for i := range 30 {
		msgs = append(msgs, event.Message{Key: "k", Headers: []event.Header{{Key: "n", Value: []byte{byte(i)}}}, Value: noise(i*400, uint64(i))})
	}
	mustAppend(t, l, topic, msgs...)
	mustAppend(t, l, eventlog.CatalogTopic, message("fact", "1"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = opened(t, open)
	partition := eventlog.PartitionOf("k", Partitions)
	records := readAll(t, l, topic, partition, 1<<20)
	if len(records) != len(msgs) {
		t.Fatalf("%d messages after reopening, want %d", len(records), len(msgs))
	}
	for i, r := range records {
		same(t, fmt.Sprintf("message %d", i), r.Message, msgs[i])
	}
	if p := mustAppend(t, l, topic, message("k", "more"))[0]; p != (eventlog.Position{Partition: partition, Offset: 30}) {
		t.Errorf("append after reopening went to %+v, want offset 30", p)
	}
	if got, err := l.Topics(t.Context()); err != nil || len(got) != 2 {
		t.Errorf("Topics() after reopening = %v, %v", got, err)
	}
}

func testClose(t *testing.T, h Harness) {
	l := h.New(t)()
	mustAppend(t, l, topic, message("k", "v"))
	var wg sync.WaitGroup
	for range 4 { // Close waits for these or they see ErrClosed; none may end otherwise
		wg.Go(func() {
			for {
				if _, err := l.Read(t.Context(), topic, 0, 0, 1); err != nil {
					if !errors.Is(err, eventlog.ErrClosed) {
						t.Errorf("Read while closing = %v", err)
					}
					return
				}
			}
		})
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}
	wg.Wait()
	_, appendErr := l.Append(t.Context(), topic, message("k", "v"))
	_, readErr := l.Read(t.Context(), topic, 0, 0, 1)
	_, rangesErr := l.Ranges(t.Context(), topic)
	_, topicsErr := l.Topics(t.Context())
	createErr := l.(eventlog.Creator).Create(t.Context(), topic, 1)
	for name, err := range map[string]error{"Append": appendErr, "Read": readErr, "Ranges": rangesErr, "Topics": topicsErr, "Create": createErr} {
		if !errors.Is(err, eventlog.ErrClosed) {
			t.Errorf("%s after Close = %v, want ErrClosed", name, err)
		}
	}
}

func testCancel(t *testing.T, h Harness) {
	l := h.fresh(t)
	mustAppend(t, l, topic, message("k", "v"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, appendErr := l.Append(ctx, topic, message("k", "v"))
	_, readErr := l.Read(ctx, topic, 0, 0, 1)
	_, rangesErr := l.Ranges(ctx, topic)
	_, topicsErr := l.Topics(ctx)
	for name, err := range map[string]error{"Append": appendErr, "Read": readErr, "Ranges": rangesErr, "Topics": topicsErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context = %v, want context.Canceled", name, err)
		}
	}
	if p := mustAppend(t, l, topic, message("k", "v"))[0]; p.Offset != 1 {
		t.Errorf("offset %d after a cancelled append, want 1", p.Offset)
	}
}

func testCopy(t *testing.T, h Harness) {
	src, dst := h.fresh(t), h.fresh(t)
	var msgs []event.Message
	for i := range 40 {
		msgs = append(msgs, event.Message{Key: fmt.Sprint("s", i%5), Headers: []event.Header{{Key: "i", Value: []byte{byte(i)}}}, Value: noise(i*100, uint64(i))})
	}
	mustAppend(t, src, topic, msgs...)
	mustAppend(t, src, eventlog.CatalogTopic, message("fact", "1"), message("fact", "2"))
	for range 2 {
		if err := eventlog.Copy(t.Context(), dst, src, nil); err != nil {
			t.Fatalf("Copy = %v", err)
		}
		for _, name := range []string{topic, eventlog.CatalogTopic} {
			if diff := cmp.Diff(mustRanges(t, src, name), mustRanges(t, dst, name)); diff != "" {
				t.Errorf("ranges of %s differ (-source +copy):\n%s", name, diff)
			}
			for p := range mustRanges(t, src, name) {
				want, got := readAll(t, src, name, p, 1<<20), readAll(t, dst, name, p, 1<<20)
				opts := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(eventlog.Record{}, "Time")}
				if diff := cmp.Diff(want, got, opts); diff != "" {
					t.Errorf("%s partition %d differs (-source +copy):\n%s", name, p, diff)
				}
			}
		}
	}
}
