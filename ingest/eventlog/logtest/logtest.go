// Package logtest is the conformance suite of [eventlog.Log]: what every implementation does, and
// what the rest of satudata leans on.
package logtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// Partitions is how many partitions the logs under test give to a topic.
const Partitions = 4

// Harness is an implementation under test.
type Harness struct {
	// New returns a way to open a log that nobody has used: an empty folder, an unused topic prefix.
	// Each call of the function it returns opens that same log, with Partitions partitions for a
	// new topic, and fails the test when it cannot. The suite closes what it opens.
	New func(t *testing.T) (open func() eventlog.Log)
	// TooLarge is the length of a value that the log refuses.
	TooLarge int
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Harness)
	}{
		{"round trip", testRoundTrip},
		{"unknown topic", testUnknownTopic},
		{"topic names", testTopicNames},
		{"partitions and order", testOrder},
		{"catalog topic", testCatalogTopic},
		{"create", testCreate},
		{"max bytes", testMaxBytes},
		{"end of log", testEnd},
		{"large messages", testLarge},
		{"too large", testTooLarge},
		{"concurrent appends", testConcurrent},
		{"read while appending", testReadWhileAppending},
		{"reopen", testReopen},
		{"close", testClose},
		{"cancelled context", testCancel},
		{"copy", testCopy},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, h) })
	}
}

const topic = "bencana.kejadian_banjir"

// fresh opens an unused log and closes it when the test ends.
func (h Harness) fresh(t *testing.T) eventlog.Log {
	t.Helper()
	return opened(t, h.New(t))
}

func opened(t *testing.T, open func() eventlog.Log) eventlog.Log {
	t.Helper()
	l := open()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return l
}

func message(key, value string) event.Message {
	return event.Message{Key: key, Value: []byte(value)}
}

// noise returns n bytes that do not compress.
func noise(n int, seed uint64) []byte {
	r, b := rand.New(rand.NewPCG(seed, 1)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func mustAppend(t *testing.T, l eventlog.Log, topic string, msgs ...event.Message) []eventlog.Position {
	t.Helper()
	positions, err := l.Append(t.Context(), topic, msgs...)
	if err != nil {
		t.Fatalf("Append(%s, %d messages) = %v", topic, len(msgs), err)
	}
	if len(positions) != len(msgs) {
		t.Fatalf("Append(%s, %d messages) returned %d positions", topic, len(msgs), len(positions))
	}
	return positions
}

func mustRanges(t *testing.T, l eventlog.Log, topic string) []eventlog.Range {
	t.Helper()
	ranges, err := l.Ranges(t.Context(), topic)
	if err != nil {
		t.Fatalf("Ranges(%s) = %v", topic, err)
	}
	return ranges
}

// readAll reads a partition from the start to its end, in reads of at most maxBytes.
func readAll(t *testing.T, l eventlog.Log, topic string, partition, maxBytes int) []eventlog.Record {
	t.Helper()
	var all []eventlog.Record
	for from := int64(0); ; {
		records, err := l.Read(t.Context(), topic, partition, from, maxBytes)
		if err != nil {
			t.Fatalf("Read(%s, %d, from %d) = %v", topic, partition, from, err)
		}
		if len(records) == 0 {
			return all
		}
		for _, r := range records {
			if r.Offset < from {
				t.Fatalf("Read(%s, %d, from %d) returned offset %d", topic, partition, from, r.Offset)
			}
			from = r.Offset + 1
		}
		all = append(all, records...)
	}
}

// same compares messages; a missing and an empty value are alike.
func same(t *testing.T, what string, got, want event.Message) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func testRoundTrip(t *testing.T, h Harness) {
	l := h.fresh(t)
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	msgs := []event.Message{
		{Key: "k", Headers: []event.Header{{Key: "ce_id", Value: []byte("1")}, {Key: "ce_type", Value: []byte("x")}}, Value: []byte("a,b\r\n1,2\r\n")},
		{Key: "k", Headers: []event.Header{{Key: "again", Value: []byte("1")}, {Key: "again", Value: []byte("2")}}, Value: binary},
		{Key: "k", Headers: []event.Header{{Key: "bytes", Value: binary}, {Key: "empty", Value: []byte{}}}, Value: []byte("x")},
		{Key: "k"},
		{Key: "k", Value: []byte{}},
		{Key: "", Value: []byte("no key")},
		{Key: "kunci-ñ-日本\x00", Value: []byte("odd key")},
	}
	before := time.Now().Add(-time.Minute)
	positions := mustAppend(t, l, topic, msgs...)
	for i, p := range positions {
		records, err := l.Read(t.Context(), topic, p.Partition, p.Offset, 1)
		if err != nil || len(records) == 0 {
			t.Fatalf("Read(%+v) = %d records, %v; want some", p, len(records), err)
		}
		if records[0].Offset != p.Offset {
			t.Errorf("Read(%+v) returned offset %d", p, records[0].Offset)
		}
		same(t, fmt.Sprintf("message %d", i), records[0].Message, msgs[i])
		if at := records[0].Time; at.Before(before) || at.After(time.Now().Add(time.Minute)) {
			t.Errorf("message %d has time %v, want about now", i, at)
		}
	}
	if positions, err := l.Append(t.Context(), topic); err != nil || len(positions) != 0 {
		t.Errorf("Append of nothing = %v, %v", positions, err)
	}
}

func testUnknownTopic(t *testing.T, h Harness) {
	l := h.fresh(t)
	if topics, err := l.Topics(t.Context()); err != nil || len(topics) != 0 {
		t.Errorf("Topics() of an empty log = %v, %v", topics, err)
	}
	if _, err := l.Read(t.Context(), topic, 0, 0, 1); !errors.Is(err, eventlog.ErrNoTopic) {
		t.Errorf("Read of an unknown topic = %v, want ErrNoTopic", err)
	}
	if _, err := l.Ranges(t.Context(), topic); !errors.Is(err, eventlog.ErrNoTopic) {
		t.Errorf("Ranges of an unknown topic = %v, want ErrNoTopic", err)
	}
	if topics, err := l.Topics(t.Context()); err != nil || len(topics) != 0 {
		t.Errorf("Topics() after reading an unknown topic = %v, %v: reading must not create it", topics, err)
	}
	mustAppend(t, l, topic, message("k", "v"))
	for _, partition := range []int{Partitions, -1} {
		if _, err := l.Read(t.Context(), topic, partition, 0, 1); !errors.Is(err, eventlog.ErrNoTopic) {
			t.Errorf("Read of partition %d of %d = %v, want ErrNoTopic", partition, Partitions, err)
		}
	}
}

func testTopicNames(t *testing.T, h Harness) {
	l := h.fresh(t)
	want := []string{eventlog.CatalogTopic, "bencana.kejadian_banjir", "bencana.longsor", "kesehatan.puskesmas"}
	for _, name := range []string{want[3], want[1], want[0], want[2]} {
		mustAppend(t, l, name, message("k", "v"))
	}
	got, err := l.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Topics() differs (-want +got):\n%s", diff)
	}
	for _, name := range []string{"", ".", "..", "a/b", "spasi di sini", "ñ"} {
		if _, err := l.Append(t.Context(), name, message("k", "v")); err == nil {
			t.Errorf("Append to topic %q succeeded", name)
		}
	}
}

func testOrder(t *testing.T, h Harness) {
	l := h.fresh(t)
	var want [Partitions][]string
	for batch := range 5 {
		var msgs []event.Message
		for i := range 20 {
			m := message(fmt.Sprintf("stream-%d", i%7), fmt.Sprintf("%d/%d", batch, i))
			msgs = append(msgs, m)
			p := eventlog.PartitionOf(m.Key, Partitions)
			want[p] = append(want[p], string(m.Value))
		}
		positions := mustAppend(t, l, topic, msgs...)
		for i, p := range positions {
			if w := eventlog.PartitionOf(msgs[i].Key, Partitions); p.Partition != w {
				t.Errorf("key %q went to partition %d, want %d", msgs[i].Key, p.Partition, w)
			}
		}
	}
	ranges := mustRanges(t, l, topic)
	if len(ranges) != Partitions {
		t.Fatalf("Ranges() = %v, want %d partitions", ranges, Partitions)
	}
	for p := range Partitions {
		var got []string
		for _, r := range readAll(t, l, topic, p, 1<<20) {
			got = append(got, string(r.Message.Value))
		}
		if diff := cmp.Diff(want[p], got); diff != "" {
			t.Errorf("partition %d differs (-want +got):\n%s", p, diff)
		}
		if w := (eventlog.Range{Partition: p, Next: int64(len(want[p]))}); ranges[p] != w {
			t.Errorf("Ranges()[%d] = %+v, want %+v", p, ranges[p], w)
		}
	}
}

func testCatalogTopic(t *testing.T, h Harness) {
	l := h.fresh(t)
	for i := range 10 {
		mustAppend(t, l, eventlog.CatalogTopic, message(fmt.Sprint("type-", i), strconv.Itoa(i)))
	}
	if got := mustRanges(t, l, eventlog.CatalogTopic); !slices.Equal(got, []eventlog.Range{{Next: 10}}) {
		t.Errorf("Ranges(%s) = %v, want one partition of 10", eventlog.CatalogTopic, got)
	}
	for i, r := range readAll(t, l, eventlog.CatalogTopic, 0, 1<<20) {
		if string(r.Message.Value) != strconv.Itoa(i) {
			t.Errorf("fact %d is %s: facts must keep their order", i, r.Message.Value)
		}
	}
}

func testCreate(t *testing.T, h Harness) {
	l := h.fresh(t)
	c, ok := l.(eventlog.Creator)
	if !ok {
		t.Fatalf("%T is not an eventlog.Creator", l)
	}
	for range 2 {
		if err := c.Create(t.Context(), topic, 3); err != nil {
			t.Fatalf("Create = %v", err)
		}
	}
	if err := c.Create(t.Context(), eventlog.CatalogTopic, 3); err != nil {
		t.Fatalf("Create(%s) = %v", eventlog.CatalogTopic, err)
	}
	if got := mustRanges(t, l, topic); !slices.Equal(got, []eventlog.Range{{}, {Partition: 1}, {Partition: 2}}) {
		t.Errorf("Ranges of a created topic = %v", got)
	}
	if got := mustRanges(t, l, eventlog.CatalogTopic); len(got) != 1 {
		t.Errorf("the catalog topic has %d partitions, want 1", len(got))
	}
	if records, err := l.Read(t.Context(), topic, 2, 0, 1); err != nil || len(records) != 0 {
		t.Errorf("Read of a created topic = %v, %v", records, err)
	}
	p := mustAppend(t, l, topic, message("k", "v"))[0]
	if want := eventlog.PartitionOf("k", 3); p.Partition != want {
		t.Errorf("key went to partition %d, want %d of 3", p.Partition, want)
	}
}

func testMaxBytes(t *testing.T, h Harness) {
	l := h.fresh(t)
	var msgs []event.Message
	for i := range 10 {
		msgs = append(msgs, event.Message{Key: "k", Value: noise(1000+i, uint64(i))})
	}
	partition := mustAppend(t, l, topic, msgs...)[0].Partition
	for _, c := range []struct {
		name           string
		from           int64
		maxBytes, want int
	}{
		{"none asked, one given", 0, 0, 1},
		{"negative, one given", 0, -5, 1},
		{"less than one", 0, 999, 1},
		{"exactly two", 0, 2001, 2},
		{"one short of two", 0, 2000, 1},
		{"from the middle", 4, 3100, 3},
		{"all", 0, 1 << 20, 10},
		{"the last", 9, 1 << 20, 1},
	} {
		records, err := l.Read(t.Context(), topic, partition, c.from, c.maxBytes)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(records) != c.want {
			t.Errorf("%s: %d records, want %d", c.name, len(records), c.want)
		}
		for i, r := range records {
			if want := c.from + int64(i); r.Offset != want {
				t.Errorf("%s: record %d has offset %d, want %d", c.name, i, r.Offset, want)
			}
			same(t, c.name, r.Message, msgs[r.Offset])
		}
	}
	for i, r := range readAll(t, l, topic, partition, 1) {
		same(t, "one by one", r.Message, msgs[i])
	}
}

func testEnd(t *testing.T, h Harness) {
	l := h.fresh(t)
	partition := mustAppend(t, l, topic, message("k", "1"), message("k", "2"))[0].Partition
	if records, err := l.Read(t.Context(), topic, partition, 2, 1<<20); err != nil || len(records) != 0 {
		t.Errorf("Read at the end = %v, %v; want neither", records, err)
	}
	// A position past the end belongs to a log that held more: silence would hide a loss.
	for _, from := range []int64{3, 1000, -1, -2} {
		if records, err := l.Read(t.Context(), topic, partition, from, 1<<20); !errors.Is(err, eventlog.ErrExpired) {
			t.Errorf("Read from %d of 2 = %v, %v; want ErrExpired", from, records, err)
		}
	}
	mustAppend(t, l, topic, message("k", "3"))
	records, err := l.Read(t.Context(), topic, partition, 2, 1<<20)
	if err != nil || len(records) != 1 || string(records[0].Message.Value) != "3" {
		t.Errorf("Read after an append = %v, %v", records, err)
	}
}
