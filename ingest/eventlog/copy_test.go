package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

const topic = "bencana.banjir"

func open(t *testing.T, partitions int) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.TempDir(), embedded.Options{Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func message(i int) event.Message {
	return event.Message{Key: fmt.Sprint("stream-", i%3), Value: fmt.Appendf(make([]byte, 100_000), "%d", i)}
}

func add(t *testing.T, l eventlog.Log, msgs ...event.Message) {
	t.Helper()
	if _, err := l.Append(t.Context(), topic, msgs...); err != nil {
		t.Fatal(err)
	}
}

func ranges(t *testing.T, l eventlog.Log) []eventlog.Range {
	t.Helper()
	r, err := l.Ranges(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// failing is a destination that fails after some appends, as a network does.
type failing struct {
	*embedded.Log
	appends int
}

var errNetwork = errors.New("network is gone")

func (f *failing) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	if f.appends--; f.appends < 0 {
		return nil, errNetwork
	}
	return f.Log.Append(ctx, topic, msgs...)
}

func TestCopyResumes(t *testing.T) {
	src, dst := open(t, 2), open(t, 5)
	for i := range 150 {
		add(t, src, message(i))
	}
	if err := eventlog.Copy(t.Context(), &failing{dst, 2}, src, nil); !errors.Is(err, errNetwork) {
		t.Fatalf("first Copy = %v, want the network's error", err)
	}
	var done, total, calls int64
	err := eventlog.Copy(t.Context(), dst, src, func(name string, d, n int64) {
		if name != topic || d < done {
			t.Errorf("progress(%s, %d, %d) after %d", name, d, n, done)
		}
		done, total = d, n
		calls++
	})
	if err != nil {
		t.Fatalf("second Copy = %v", err)
	}
	if done != 150 || total != 150 || calls < 3 {
		t.Errorf("progress ended at %d of %d after %d calls", done, total, calls)
	}
	if diff := cmp.Diff(ranges(t, src), ranges(t, dst)); diff != "" {
		t.Errorf("ranges differ (-source +copy):\n%s", diff)
	}
	// More arrived meanwhile.
	add(t, src, message(150), message(151))
	if err := eventlog.Copy(t.Context(), dst, src, nil); err != nil {
		t.Fatalf("third Copy = %v", err)
	}
	if diff := cmp.Diff(ranges(t, src), ranges(t, dst)); diff != "" {
		t.Errorf("ranges differ (-source +copy):\n%s", diff)
	}
	// The copy is in use and has gone on: nothing to do, nothing to complain about.
	add(t, dst, message(152))
	if err := eventlog.Copy(t.Context(), dst, src, nil); err != nil {
		t.Errorf("fourth Copy = %v", err)
	}
}

func TestCopyRefuses(t *testing.T) {
	for _, c := range []struct {
		name       string
		partitions int
		there      []event.Message
		want       error
	}{
		{"nothing there", 1, nil, nil},
		{"the beginning is there", 1, []event.Message{message(0), message(1)}, nil},
		{"the beginning is there twice", 1, []event.Message{message(0), message(1), message(0), message(1), message(2)}, nil},
		{"another value", 1, []event.Message{message(0), message(7)}, eventlog.ErrDiffers},
		{"another order", 1, []event.Message{message(1), message(0)}, eventlog.ErrDiffers},
		{"a message is missing", 1, []event.Message{message(0), message(2)}, eventlog.ErrDiffers},
		{"another header", 1, []event.Message{{Key: message(0).Key, Value: message(0).Value, Headers: []event.Header{{Key: "a"}}}}, eventlog.ErrDiffers},
		{"other partitions", 2, []event.Message{message(0)}, eventlog.ErrDiffers},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, dst := open(t, 1), open(t, c.partitions)
			for i := range 5 {
				add(t, src, message(i))
			}
			if len(c.there) > 0 {
				add(t, dst, c.there...)
			}
			err := eventlog.Copy(t.Context(), dst, src, nil)
			if !errors.Is(err, c.want) {
				t.Fatalf("Copy = %v, want %v", err, c.want)
			}
			var stored int64
			for _, r := range ranges(t, dst) {
				stored += r.Next
			}
			switch there := int64(len(c.there)); {
			case err != nil && stored != there:
				t.Errorf("%d messages in a refused destination, want the %d that were there", stored, there)
			case err == nil && stored < 5:
				t.Errorf("%d messages copied, want 5", stored)
			}
		})
	}
}

// gapped is a log in which the offsets from 3 on are one higher, as after a transaction's marker.
type gapped struct{ *embedded.Log }

func (g gapped) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if from > 3 {
		from--
	}
	records, err := g.Log.Read(ctx, topic, partition, from, maxBytes)
	for i := range records {
		if records[i].Offset >= 3 {
			records[i].Offset++
		}
	}
	return records, err
}

func (g gapped) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	r, err := g.Log.Ranges(ctx, topic)
	for i := range r {
		r[i].Next++
	}
	return r, err
}

func TestCopyKeepsPositions(t *testing.T) {
	src, dst := open(t, 1), open(t, 1)
	for i := range 5 {
		add(t, src, message(i))
	}
	err := eventlog.Copy(t.Context(), dst, gapped{src}, nil)
	if !errors.Is(err, eventlog.ErrRenumbered) {
		t.Errorf("Copy of a log with a gap = %v, want ErrRenumbered", err)
	}
}

func TestCopyStops(t *testing.T) {
	src, dst := open(t, 1), open(t, 1)
	add(t, src, message(0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := eventlog.Copy(ctx, dst, src, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Copy = %v, want context.Canceled", err)
	}
}
