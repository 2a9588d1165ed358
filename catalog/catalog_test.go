package catalog_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/source"
)

// open opens a catalog on an embedded log, in a folder of its own.
func open(t *testing.T) (*catalog.Catalog, eventlog.Log, string) {
	t.Helper()
	dir := t.TempDir()
	log, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	path := filepath.Join(dir, "catalog.db")
	return reopen(t, path, log), log, path
}

func reopen(t *testing.T, path string, log eventlog.Log) *catalog.Catalog {
	t.Helper()
	clock := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	c, err := catalog.Open(t.Context(), path, catalog.Options{Log: log, Now: func() time.Time {
		clock = clock.Add(time.Second)
		return clock
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func record(t *testing.T, c *catalog.Catalog, facts ...event.Body) {
	t.Helper()
	if err := c.Record(t.Context(), facts...); err != nil {
		t.Fatal(err)
	}
}

var (
	one = event.Derive("satu")
	two = event.Derive("dua")
)

// opened and received are how a delivery of n records in one chunk comes in.
func opened(id uuid.UUID, subject, fingerprint string, seq int64) event.DeliveryOpened {
	return event.DeliveryOpened{Delivery: id, Stream: "/opd/a/b#0", Source: "/opd/a/b", Dataset: "x.y", Contract: "1.0.0", Binding: "a.b@1.0.0",
		Subject: subject, Fingerprint: fingerprint, Records: 3, FirstSeq: seq, Offsets: map[int]int64{}}
}

func received(id uuid.UUID, seq int64) event.DeliveryReceived {
	first := uuid.MustParse("01920000-0000-7000-8000-00000000000" + string(rune('0'+seq)))
	return event.DeliveryReceived{Delivery: id, Chunks: 1, Records: 3, LastSeq: seq, FirstID: first, LastID: first}
}

func statuses(t *testing.T, c *catalog.Catalog) map[uuid.UUID]catalog.Status {
	t.Helper()
	found, err := c.Deliveries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[uuid.UUID]catalog.Status{}
	for _, d := range found {
		out[d.ID] = d.Status
	}
	return out
}

func TestDeliveryLife(t *testing.T) {
	c, _, _ := open(t)
	for _, step := range []struct {
		fact event.Body
		want catalog.Status
	}{
		{opened(one, "a.csv", "f1", 1), catalog.Opened},
		{received(one, 1), catalog.Received},
		{event.DeliveryChecked{Delivery: one, Read: 3, Accepted: 2, Rejected: 1}, catalog.Checked},
		{event.DeliveryPublished{Delivery: one}, catalog.Published},
	} {
		record(t, c, step.fact, step.fact) // recorded again, it says nothing new
		if got := statuses(t, c)[one]; got != step.want {
			t.Errorf("after %s the delivery is %s, want %s", step.fact.FactType(), got, step.want)
		}
	}
	for id, want := range map[uuid.UUID][2]int64{one: {1, 3}, two: {0, 0}} {
		if seq, records, err := c.Began(t.Context(), id); err != nil || seq != want[0] || records != want[1] {
			t.Errorf("Began(%s) = %d, %d, %v, want %v", id, seq, records, err, want)
		}
	}
	record(t, c, event.DeliveryRefused{Delivery: two, Source: "/opd/a/b", Dataset: "x.y", Subject: "rusak.csv", Reason: event.Sentence{ID: "kosong", EN: "empty"}})
	d, err := c.Delivery(t.Context(), "rusak.csv")
	if err != nil || d.Status != catalog.Refused || d.Reason == nil || d.Reason.ID != "kosong" {
		t.Errorf("refused delivery %+v, %v", d, err)
	}
	if d, err := c.Delivery(t.Context(), one.String()[24:]); err != nil || d.ID != one || d.Check == nil || d.Check.Accepted != 2 {
		t.Errorf("delivery by the end of its id: %+v, %v", d, err)
	}
	if _, err := c.Delivery(t.Context(), "tidak ada"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("unknown delivery: %v, want ErrNotFound", err)
	}
}

// TestFirstEndCounts: a reader whose fact was recorded although it did not look so may record another
// end of the same reading. What was received whole stays so, and what was abandoned is delivered anew.
func TestFirstEndCounts(t *testing.T) {
	abandoned := event.DeliveryAbandoned{Delivery: one, LastSeq: 1}
	for _, tt := range []struct {
		first, second event.Body
		want          catalog.Status
	}{
		{received(one, 1), abandoned, catalog.Received},
		{abandoned, received(one, 1), catalog.Abandoned},
	} {
		c, _, _ := open(t)
		record(t, c, opened(one, "a.csv", "f1", 1), tt.first, tt.second)
		if got := statuses(t, c)[one]; got != tt.want {
			t.Errorf("%s, then %s: %s, want %s", tt.first.FactType(), tt.second.FactType(), got, tt.want)
		}
	}
}

// TestOpenedLast: of two deliveries of a stream that are open, since the recording of the first looked as
// if it had failed, the log may hold chunks of the second alone.
func TestOpenedLast(t *testing.T) {
	c, _, _ := open(t)
	record(t, c, opened(one, "a.csv", "f1", 1), opened(two, "b.csv", "f2", 1))
	standing, err := c.Stream(t.Context(), opened(one, "", "", 1).Stream)
	if err != nil || standing.Open == nil || standing.Open.Delivery != two {
		t.Errorf("the stream stands at %+v, %v; want the second delivery open", standing, err)
	}
}

// TestRebuilt: the projection of the whole log is the same as the one that grew with it, and a fact
// that the log holds twice counts once.
func TestRebuilt(t *testing.T) {
	c, log, path := open(t)
	record(t, c, opened(one, "a.csv", "f1", 1), received(one, 1))
	again, err := event.NewFact(time.Now(), received(one, 1)).Message()
	if err != nil {
		t.Fatal(err)
	}
	newer := again
	newer.Headers = append([]event.Header(nil), again.Headers...)
	for i := range newer.Headers {
		if newer.Headers[i].Key == "ce_type" {
			newer.Headers[i].Value = []byte("id.satudata.of.a.newer.program.v1")
		}
	}
	if _, err := log.Append(t.Context(), eventlog.CatalogTopic, again, newer); err != nil {
		t.Fatal(err)
	}
	record(t, c, event.DeliveryChecked{Delivery: one}, event.DeliveryReturned{Delivery: one})
	want, err := c.Deliveries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := reopen(t, path+"-2", log).Deliveries(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" || len(got) != 1 {
		t.Errorf("rebuilt projection differs (-grown +rebuilt):\n%s", d)
	}
}

func TestLedger(t *testing.T) {
	c, _, _ := open(t)
	ctx, stream := t.Context(), "/opd/a/b#0"
	if s, err := c.Stream(ctx, stream); err != nil || s.LastSeq != 0 || s.Open != nil {
		t.Errorf("unknown stream: %+v, %v, want the zero standing", s, err)
	}
	if _, err := c.Latest(ctx, stream, "a.csv"); !errors.Is(err, source.ErrNoDelivery) {
		t.Errorf("latest of nothing: %v, want ErrNoDelivery", err)
	}
	record(t, c, opened(one, "a.csv", "f1", 1), received(one, 1), opened(two, "a.csv", "f2", 2))
	s, err := c.Stream(ctx, stream)
	if err != nil || s.LastSeq != 1 || s.LastID != received(one, 1).LastID || s.Open == nil || s.Open.Delivery != two {
		t.Errorf("with an open delivery: %+v, %v", s, err)
	}
	if d, err := c.Latest(ctx, stream, "a.csv"); err != nil || d.Delivery != one {
		t.Errorf("an open delivery is not received: latest is %v, %v", d.Delivery, err)
	}
	record(t, c, received(two, 2))
	if d, err := c.Latest(ctx, stream, "a.csv"); err != nil || d.Delivery != two {
		t.Errorf("latest is %v, %v, want the second", d.Delivery, err)
	}
	if d, err := c.Find(ctx, stream, "f1"); err != nil || d.Delivery != one {
		t.Errorf("by fingerprint: %v, %v, want the first", d.Delivery, err)
	}
	if d, err := c.Opening(ctx, one); err != nil || d.Fingerprint != "f1" {
		t.Errorf("opening: %+v, %v", d, err)
	}
}

// TestPublications: full deliveries replace by the columns of their properties, in the order of publication.
// deaf is a log that cannot be read while it is deaf: what is written is there all the same.
type deaf struct {
	eventlog.Log
	deaf bool
}

var errDeaf = errors.New("deaf")

func (d *deaf) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if d.deaf {
		return nil, errDeaf
	}
	return d.Log.Read(ctx, topic, partition, from, maxBytes)
}

// TestLedgerAfterTrouble: a fact that is in the log and could not be applied is what the stream stands on
// next; a reader that did not see it would open its delivery again and again.
func TestLedgerAfterTrouble(t *testing.T) {
	_, log, path := open(t)
	d := &deaf{Log: log}
	c := reopen(t, path, d)
	d.deaf = true
	if err := c.Record(t.Context(), opened(one, "a.csv", "blake3:a", 1)); !errors.Is(err, errDeaf) {
		t.Fatalf("got %v, want %v", err, errDeaf)
	}
	if _, err := c.Stream(t.Context(), "/opd/a/b#0"); !errors.Is(err, errDeaf) {
		t.Errorf("where the stream stands cannot be known: got %v, want %v", err, errDeaf)
	}
	d.deaf = false
	if s, err := c.Stream(t.Context(), "/opd/a/b#0"); err != nil || s.Open == nil || s.Open.Delivery != one {
		t.Errorf("got %+v, %v, want the open delivery", s, err)
	}
}

func TestPublications(t *testing.T) {
	c, _, _ := open(t)
	const contract = `
apiVersion: v3.1.0
kind: DataContract
id: x.y
name: Uji
version: 1.0.0
status: active
domain: x
description: {purpose: uji}
customProperties:
  - {property: produsenData, value: a}
  - {property: kelasAkses, value: publik}
  - {property: dasarHukum, value: uji}
  - {property: jadwalPemutakhiran, value: tahunan}
  - {property: modePengiriman, value: full}
  - {property: gantiBerdasarkan, value: [kabupaten_kota, tahun]}
schema:
  - name: y
    physicalType: table
    logicalType: object
    properties:
      - {name: kabupaten_kota, logicalType: string, required: true, description: Tempat, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
      - {name: tahun, logicalType: integer, required: true, description: Tahun, customProperties: [{property: elemen, value: waktu.tahun}]}
`
	record(t, c, event.ContractRegistered{Dataset: "x.y", Version: "1.0.0", Document: contract},
		opened(one, "a.csv", "f1", 1), received(one, 1), opened(two, "b.csv", "f2", 2), received(two, 2),
		event.DeliveryChecked{Delivery: one}, event.DeliveryChecked{Delivery: two},
		event.DeliveryPublished{Delivery: two}, event.DeliveryPublished{Delivery: one})
	got, err := c.Publications(t.Context(), "x.y")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Delivery != two || got[1].Delivery != one {
		t.Fatalf("publications %+v, want the second delivery and then the first", got)
	}
	if d := cmp.Diff([]string{"kemendagri_kode_kabupaten_kota", "tahun"}, got[0].ReplaceBy); d != "" || !got[0].Full {
		t.Errorf("replaces by (-want +got):\n%s", d)
	}
	if arrived, err := c.Arrived(t.Context()); err != nil || len(arrived) != 0 {
		t.Errorf("decided deliveries are still to be settled: %+v, %v", arrived, err)
	}
}

// TestReadOnly: without its log a catalog answers from what was projected last.
func TestReadOnly(t *testing.T) {
	c, _, path := open(t)
	record(t, c, opened(one, "a.csv", "f1", 1))
	reader, err := catalog.Open(context.Background(), path, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if got := statuses(t, reader)[one]; got != catalog.Opened {
		t.Errorf("reader sees %s, want %s", got, catalog.Opened)
	}
	if err := reader.Record(t.Context(), received(one, 1)); !errors.Is(err, catalog.ErrReadOnly) {
		t.Errorf("record without a log: %v, want ErrReadOnly", err)
	}
	record(t, c, received(one, 1))
	if got := statuses(t, reader)[one]; got != catalog.Received {
		t.Errorf("reader sees %s after the writer went on, want %s", got, catalog.Received)
	}
}
