package source_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/source"
)

// errFault is what a fault gives; the program is taken to have crashed there.
var errFault = errors.New("fault")

// faults makes one call fail: the nth of all that change something.
type faults struct {
	at    int // counted from 1; 0 for never
	calls int
	kept  float64 // share of the call's effect that stays although it fails
}

func (f *faults) next() (fail bool) {
	f.calls++
	return f.calls == f.at
}

// memLog is an event log with partitions in memory.
type memLog struct {
	*faults
	topics     map[string][][]eventlog.Record
	partitions int
}

func newLog(f *faults) *memLog {
	return &memLog{faults: f, topics: map[string][][]eventlog.Record{}, partitions: 3}
}

func (l *memLog) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var err error
	if l.next() {
		err = errFault
		msgs = msgs[:int(float64(len(msgs))*l.kept)]
	}
	if l.topics[topic] == nil && len(msgs) > 0 {
		l.topics[topic] = make([][]eventlog.Record, l.partitions)
	}
	out := make([]eventlog.Position, len(msgs))
	for i, m := range msgs {
		p := eventlog.PartitionOf(m.Key, l.partitions)
		m.Value = slices.Clone(m.Value)
		out[i] = eventlog.Position{Partition: p, Offset: int64(len(l.topics[topic][p]))}
		l.topics[topic][p] = append(l.topics[topic][p], eventlog.Record{Offset: out[i].Offset, Message: m})
	}
	return out, err
}

func (l *memLog) Read(_ context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if l.topics[topic] == nil {
		return nil, eventlog.ErrNoTopic
	}
	all := l.topics[topic][partition][from:]
	for n := range all {
		if maxBytes -= len(all[n].Message.Value); maxBytes < 0 {
			return all[:max(n, 1)], nil
		}
	}
	return all, nil
}

func (l *memLog) Ranges(_ context.Context, topic string) ([]eventlog.Range, error) {
	if l.topics[topic] == nil {
		return nil, eventlog.ErrNoTopic
	}
	var out []eventlog.Range
	for p, records := range l.topics[topic] {
		out = append(out, eventlog.Range{Partition: p, Next: int64(len(records))})
	}
	return out, nil
}

func (l *memLog) Topics(context.Context) ([]string, error) { return nil, nil }

func (l *memLog) Close() error { return nil }

// chunks returns the chunks of a topic in order of their numbers, copies dropped.
func (l *memLog) chunks(t *testing.T, topic string) []event.Chunk {
	t.Helper()
	var out []event.Chunk
	for _, records := range l.topics[topic] {
		last := int64(0)
		for _, r := range records {
			c, err := event.ParseChunk(r.Message)
			if err != nil {
				t.Fatal(err)
			}
			if c.Seq > last+1 {
				t.Fatalf("chunk %d follows chunk %d", c.Seq, last)
			}
			if c.Seq == last+1 {
				out = append(out, c)
				last = c.Seq
			}
		}
	}
	return out
}

// memLedger applies facts in memory.
type memLedger struct {
	*faults
	facts    []event.Body
	opened   map[string]event.DeliveryOpened // by delivery
	received []event.DeliveryOpened
	standing source.Standing
}

func newLedger(f *faults) *memLedger {
	return &memLedger{faults: f, opened: map[string]event.DeliveryOpened{}}
}

func (l *memLedger) Stream(context.Context, string) (source.Standing, error) { return l.standing, nil }

func (l *memLedger) find(ok func(event.DeliveryOpened) bool) (event.DeliveryOpened, error) {
	for _, d := range slices.Backward(l.received) {
		if ok(d) {
			return d, nil
		}
	}
	return event.DeliveryOpened{}, source.ErrNoDelivery
}

func (l *memLedger) Latest(_ context.Context, _, subject string) (event.DeliveryOpened, error) {
	return l.find(func(d event.DeliveryOpened) bool { return d.Subject == subject })
}

func (l *memLedger) Find(_ context.Context, _, fingerprint string) (event.DeliveryOpened, error) {
	return l.find(func(d event.DeliveryOpened) bool { return d.Fingerprint == fingerprint })
}

func (l *memLedger) Record(ctx context.Context, facts ...event.Body) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.next() {
		if l.kept == 1 {
			l.apply(facts)
		}
		return errFault
	}
	l.apply(facts)
	return nil
}

func (l *memLedger) apply(facts []event.Body) {
	for _, f := range facts {
		l.facts = append(l.facts, f)
		switch f := f.(type) {
		case event.DeliveryOpened:
			l.opened[f.Delivery.String()] = f
			l.standing.Open = &f
		case event.DeliveryReceived:
			l.received = append(l.received, l.opened[f.Delivery.String()])
			l.standing = source.Standing{LastSeq: f.LastSeq, LastID: f.LastID}
		case event.DeliveryAbandoned:
			l.standing.Open = nil
			if f.LastSeq > l.standing.LastSeq {
				l.standing = source.Standing{LastSeq: f.LastSeq, LastID: f.LastID}
			}
		}
	}
}

// types names the facts.
func (l *memLedger) types() []string {
	var out []string
	for _, f := range l.facts {
		out = append(out, fmt.Sprintf("%T", f)[len("event.Delivery"):])
	}
	return out
}

// content is a delivery in memory: its subject and batches of lines.
type content struct {
	subject string
	batches []string
	refused bool
	print   string // fingerprint of the refused
}

// generated is a delivery of n batches, each of size bytes.
func generated(subject string, n, size int) content {
	c := content{subject: subject}
	for i := range n {
		c.batches = append(c.batches, fmt.Sprintf("%-*s\n", size-1, fmt.Sprintf("%s %d", subject, i)))
	}
	return c
}

func (c content) data() string { return strings.Join(c.batches, "") }

// memSource offers contents.
type memSource struct {
	contents []content
	breakAt  int // batch at which reading fails, from 1
}

func (s *memSource) Next(ctx context.Context) (source.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(s.contents) == 0 {
		return nil, io.EOF
	}
	c := s.contents[0]
	s.contents = s.contents[1:]
	if c.refused {
		return nil, &source.Refusal{Subject: c.subject, Reason: event.Sentence{ID: "kosong", EN: "empty"}, Fingerprint: c.print}
	}
	return &memDelivery{content: c, breakAt: s.breakAt}, nil
}

func (s *memSource) Close() error { return nil }

type memDelivery struct {
	content
	breakAt int
	read    int
	buf     []byte
}

func (d *memDelivery) Info() source.Info {
	i := source.Info{Subject: d.subject, Fingerprint: fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(d.data()))), Batches: int64(len(d.batches))}
	for _, b := range d.batches {
		i.Bytes += int64(len(b))
		i.Records++
	}
	return i
}

func (d *memDelivery) Read(ctx context.Context) (source.Batch, error) {
	if err := ctx.Err(); err != nil {
		return source.Batch{}, err
	}
	if d.read == len(d.batches) {
		return source.Batch{}, io.EOF
	}
	if d.read++; d.read == d.breakAt {
		return source.Batch{}, errFault
	}
	clear(d.buf) // the batch before is no longer valid
	d.buf = append(d.buf[:0], d.batches[d.read-1]...)
	return source.Batch{ContentType: event.ContentTypeNDJSON, FirstRow: int64(d.read), Rows: 1, Op: event.Upsert, Data: d.buf, Bytes: int64(len(d.buf))}, nil
}

func (d *memDelivery) Close() error { return nil }

// clock is a time that goes on a second whenever it is asked.
func clock() func() time.Time {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}
