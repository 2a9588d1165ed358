package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

// openAt opens an embedded log of partitions whose clock is at *now.
func openAt(t *testing.T, partitions int, now *time.Time) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.TempDir(), embedded.Options{Partitions: partitions, Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func opened(t *testing.T, delivery string, at time.Time) event.Message {
	t.Helper()
	m, err := event.NewFact(at, event.DeliveryOpened{Delivery: event.Derive(delivery), Stream: delivery, Offsets: map[int]int64{0: 7}}).Message()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func part(delivery string, seq int) event.Message {
	return event.Message{Key: delivery, Headers: []event.Header{{Key: "ce_delivery", Value: []byte(event.Derive(delivery).String())}}, Value: fmt.Appendf(nil, "%s %d", delivery, seq)}
}

func put(t *testing.T, l eventlog.Log, topic string, msgs ...event.Message) {
	t.Helper()
	if _, err := l.Append(t.Context(), topic, msgs...); err != nil {
		t.Fatal(err)
	}
}

// held is what a log holds of each key of a topic, in order, with the times.
func held(t *testing.T, l eventlog.Log, topic string) map[string][]string {
	t.Helper()
	ranges, err := l.Ranges(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, r := range ranges {
		records, err := l.Read(t.Context(), topic, r.Partition, r.First, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			out[rec.Message.Key] = append(out[rec.Message.Key], fmt.Sprint(rec.Time.Unix(), " ", string(rec.Message.Value)))
		}
	}
	return out
}

// TestExtract: what was there before a time is there, in its order and with its times, whatever the
// number of partitions.
func TestExtract(t *testing.T) {
	now := time.Unix(1000, 0)
	src := openAt(t, 3, &now)
	put(t, src, eventlog.CatalogTopic, opened(t, "a", now), opened(t, "b", now))
	put(t, src, "uji.data", part("a", 1), part("b", 1), part("a", 2))
	now = time.Unix(2000, 0)
	put(t, src, "uji.data", part("a", 3), part("c", 1))
	for _, n := range []int{0, 1, 5} {
		dst := openAt(t, 1, &now)
		if err := eventlog.Extract(t.Context(), dst, src, eventlog.Extraction{Until: time.Unix(2000, 0), Partitions: n}); err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{"a": {"1000 a 1", "1000 a 2"}, "b": {"1000 b 1"}}
		if diff := cmp.Diff(want, held(t, dst, "uji.data")); diff != "" {
			t.Errorf("%d partitions (-want +got):\n%s", n, diff)
		}
		if ranges, err := dst.Ranges(t.Context(), "uji.data"); err != nil || n > 0 && len(ranges) != n || n == 0 && len(ranges) != 3 {
			t.Errorf("asked for %d partitions: %v, %v", n, ranges, err)
		}
		for _, facts := range held(t, dst, eventlog.CatalogTopic) {
			if len(facts) != 2 || strings.Contains(facts[0], `"0":7`) {
				t.Errorf("facts %q, want two, without the offsets of the source", facts)
			}
		}
		if err := eventlog.Extract(t.Context(), dst, src, eventlog.Extraction{}); !errors.Is(err, eventlog.ErrDiffers) {
			t.Errorf("Extract into a log that holds something: %v, want ErrDiffers", err)
		}
	}
}

// writing is a log to which somebody appends when its facts have been read.
type writing struct {
	eventlog.Log
	then func()
}

func (l *writing) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	records, err := l.Log.Read(ctx, topic, partition, from, maxBytes)
	if topic == eventlog.CatalogTopic && l.then != nil {
		l.then()
		l.then = nil
	}
	return records, err
}

// TestExtractWhileWriting: of what comes in meanwhile, chunks of deliveries that no copied fact knows stay out.
func TestExtractWhileWriting(t *testing.T) {
	now := time.Unix(1000, 0)
	src, dst := openAt(t, 1, &now), openAt(t, 1, &now)
	put(t, src, eventlog.CatalogTopic, opened(t, "a", now))
	put(t, src, "uji.data", part("a", 1), part("asing", 1))
	w := &writing{src, func() {
		put(t, src, eventlog.CatalogTopic, opened(t, "b", now))
		put(t, src, "uji.data", part("b", 1), part("a", 2))
	}}
	if err := eventlog.Extract(t.Context(), dst, w, eventlog.Extraction{}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"a": {"1000 a 1", "1000 a 2"}, "asing": {"1000 asing 1"}}
	if diff := cmp.Diff(want, held(t, dst, "uji.data")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
