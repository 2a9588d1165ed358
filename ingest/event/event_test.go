package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/ingest/event"
)

func sampleChunk() event.Chunk {
	return event.Chunk{
		ID: uuid.MustParse("01920000-0000-7000-8000-000000000001"), Source: "/opd/bpbd/banjir", Subject: "banjir 2024.csv",
		Time:        time.Date(2025, 1, 2, 3, 4, 5, 6000, time.UTC),
		ContentType: event.Format{Type: event.ContentTypeCSV, Delimiter: ';', Headers: 1}.String(),
		Dataset:     "bencana.kejadian_banjir", Contract: "1.0.0", Binding: "bpbd.banjir@1.0.0",
		Delivery: uuid.MustParse("01920000-0000-7000-8000-0000000000ff"), Stream: "/opd/bpbd/banjir#0",
		Seq: 1, FirstRow: 2, Rows: 1, Op: event.Upsert, Data: []byte("a;b\n1;2\n"),
	}
}

func TestChunkRoundTrip(t *testing.T) {
	want := sampleChunk()
	got, err := event.ParseChunk(want.Message())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("chunk changed on the way (-want +got):\n%s", d)
	}
}

func TestParseChunkNamesTheAttribute(t *testing.T) {
	for _, tt := range []struct{ key, value string }{
		{"ce_id", "nope"}, {"ce_type", "other"}, {"ce_seq", "0"}, {"ce_rows", "-1"}, {"ce_rows", "0"}, {"ce_time", "yesterday"},
		{"ce_delivery", ""}, {"ce_op", "merge"}, {"ce_stream", ""}, {"ce_dataset", ""},
	} {
		t.Run(tt.key, func(t *testing.T) {
			m := sampleChunk().Message()
			for i := range m.Headers {
				if m.Headers[i].Key == tt.key {
					m.Headers[i].Value = []byte(tt.value)
				}
			}
			_, err := event.ParseChunk(m)
			if !errors.Is(err, event.ErrMalformed) || !strings.Contains(err.Error(), tt.key) {
				t.Errorf("ParseChunk with %s=%q: %v, want ErrMalformed that names %s", tt.key, tt.value, err, tt.key)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	for _, f := range []event.Format{
		{Type: event.ContentTypeCSV, Delimiter: ';', Headers: 5},
		{Type: event.ContentTypeCSV, Delimiter: '\t', Headers: 1},
		{Type: event.ContentTypeRows, Delimiter: ',', Headers: 2},
		{Type: event.ContentTypeNDJSON, Delimiter: ','},
	} {
		if got, err := event.ParseFormat(f.String()); err != nil || got != f {
			t.Errorf("ParseFormat(%q) = %+v, %v, want %+v", f.String(), got, err, f)
		}
	}
	if _, err := event.ParseFormat("text/html"); !errors.Is(err, event.ErrMalformed) {
		t.Errorf("ParseFormat(text/html): %v, want ErrMalformed", err)
	}
}

func TestFactRoundTrip(t *testing.T) {
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	id := uuid.MustParse("01920000-0000-7000-8000-0000000000ff")
	say := event.Sentence{ID: "berkas kosong", EN: "empty file"}
	act := event.Act{Actor: event.Actor{ID: "rina", Role: "walidata"}, Expected: 4, Reason: "alasan"}
	contract := event.Paper{Of: event.KindContract, Name: "a.b", Version: "1.0.0"}
	binding := event.Paper{Of: event.KindBinding, Name: "o.s", Version: "1.0.0"}
	for _, b := range []event.Body{
		event.ContractRegistered{Dataset: "a.b", Version: "1.0.0", Document: "x: 1\n"},
		event.BindingRegistered{Binding: "o.s", Version: "1.0.0", Dataset: "a.b", Document: "y"},
		event.DeliveryOpened{Delivery: id, Stream: "s#0", Fingerprint: "sha256:0", FirstSeq: 1, Offsets: map[int]int64{0: 4}},
		event.DeliveryReceived{Delivery: id, Chunks: 1, Records: 2, LastSeq: 3, FirstID: id, LastID: id},
		event.DeliveryAbandoned{Delivery: id, LastSeq: 3},
		event.DeliveryRefused{Delivery: id, Reason: say},
		event.DeliveryChecked{Delivery: id, Read: 2, Accepted: 1, Rejected: 1, Reasons: []event.ReasonCount{{Field: "f", Rule: "tipe", Count: 1, Say: say}},
			Findings: []event.Finding{{Rule: "r", Kind: "lonjakan", Severity: "warning", Count: 2, Say: say, Examples: []string{"a = 1"}, Covers: []int64{2}, Cases: []string{"00ff"}, Failed: true}}},
		event.ExplanationGiven{Delivery: id, Rule: "r", Text: "banjir rob", Actor: act.Actor},
		event.DeliveryPublished{Delivery: id, Basis: "otomatis"},
		event.DeliveryReturned{Delivery: id, Reason: say},
		event.OrganisationRegistered{Act: act, Organisation: event.Organisation{ID: "bpbd", Name: "BPBD", Role: "opd", Parent: "setda"}},
		event.OrganisationUpdated{Act: act, Organisation: event.Organisation{ID: "bpbd"}},
		event.OrganisationClosed{Act: act, ID: "bpbd"},
		event.ApplicationRegistered{Act: act, Application: event.Application{ID: "a", Owner: "bpbd", Produces: []string{"x.y"}}},
		event.ApplicationUpdated{Act: act, Application: event.Application{ID: "a"}},
		event.ApplicationRetired{Act: act, ID: "a"},
		event.DocumentProposed{Act: act, Paper: contract, Dataset: "a.b", Document: "x: 1\n"},
		event.DocumentProposed{Act: act, Paper: binding},
		event.DocumentChecked{Act: act, Paper: contract, Findings: []event.Sentence{say}},
		event.DocumentApproved{Act: act, Paper: contract, Basis: "walidata"},
		event.DocumentReturned{Act: act, Paper: binding},
		event.DocumentDeprecated{Act: act, Paper: contract, Until: "2026-12-31"},
		event.DocumentRetired{Act: act, Paper: contract},
	} {
		want := event.NewFact(at, b)
		m, err := want.Message()
		if err != nil {
			t.Fatal(err)
		}
		got, err := event.ParseFact(m)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s changed on the way (-want +got):\n%s", b.FactType(), d)
		}
	}
}

// TestDecisionIdentity: the same command repeated is the same fact; another revision, content, reason
// or actor makes another one.
func TestDecisionIdentity(t *testing.T) {
	at := time.Now()
	paper := event.Paper{Of: event.KindContract, Name: "a.b", Version: "1.0.0"}
	first := event.DocumentProposed{Act: event.Act{Actor: event.Actor{ID: "budi"}, Expected: 1}, Paper: paper, Document: "x"}
	if event.NewFact(at, first).ID != event.NewFact(at.Add(time.Hour), first).ID {
		t.Error("a command repeated later is another fact")
	}
	others := map[string]func(*event.DocumentProposed){
		"revision": func(b *event.DocumentProposed) { b.Expected = 2 },
		"content":  func(b *event.DocumentProposed) { b.Document = "y" },
		"reason":   func(b *event.DocumentProposed) { b.Reason = "z" },
		"actor":    func(b *event.DocumentProposed) { b.Actor.ID = "rina" },
		"kind":     func(b *event.DocumentProposed) { b.Of = event.KindBinding },
	}
	for name, change := range others {
		other := first
		if change(&other); event.NewFact(at, first).ID == event.NewFact(at, other).ID {
			t.Errorf("another %s is the same fact", name)
		}
	}
	registered := event.ContractRegistered{Dataset: "a.b", Version: "1.0.0"}
	if id := event.NewFact(at, registered).ID; id != event.Derive("id.satudata.contract.registered.v1|a.b@1.0.0") {
		t.Error("the id of a registration has changed: logs of before would count it twice")
	}
}

// TestDecisionUnderAnotherName: a fact whose content says that it is another one is malformed.
func TestDecisionUnderAnotherName(t *testing.T) {
	m, err := event.NewFact(time.Now(), event.DocumentRetired{Paper: event.Paper{Of: event.KindContract, Name: "a.b"}}).Message()
	if err != nil {
		t.Fatal(err)
	}
	m.Value = []byte(`{"of":"binding","name":"a.b"}`)
	if _, err := event.ParseFact(m); !errors.Is(err, event.ErrMalformed) {
		t.Errorf("ParseFact: %v, want ErrMalformed", err)
	}
}

func TestParseFactOfANewerProgram(t *testing.T) {
	m, err := event.NewFact(time.Now(), event.DeliveryPublished{}).Message()
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Headers {
		if m.Headers[i].Key == "ce_type" {
			m.Headers[i].Value = []byte("id.satudata.delivery.sung.v1")
		}
	}
	if f, err := event.ParseFact(m); err != nil || f.Body != nil {
		t.Errorf("ParseFact of an unknown type = %+v, %v, want a fact without body", f, err)
	}
}

func TestIDsNeverDecrease(t *testing.T) {
	clock := time.UnixMilli(1_700_000_000_000)
	ids := event.NewIDs(uuid.Nil, func() time.Time { return clock })
	var last uuid.UUID
	for i := range 1000 {
		switch i {
		case 300:
			clock = clock.Add(-time.Hour) // set back
		case 600:
			clock = clock.Add(2 * time.Hour)
		case 700:
			ids = event.NewIDs(last, func() time.Time { return clock.Add(-24 * time.Hour) }) // restart with a wrong clock
		}
		id := ids.Next()
		if bytes.Compare(id[:], last[:]) <= 0 {
			t.Fatalf("id %d: %s after %s", i, id, last)
		}
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("id %d: %s has version %d, variant %s", i, id, id.Version(), id.Variant())
		}
		last = id
	}
}

func TestIDsCarryIntoTheTimestamp(t *testing.T) {
	after := uuid.MustParse("01920000-0000-7fff-bfff-ffffffffffff")
	ids := event.NewIDs(after, func() time.Time { return time.UnixMilli(0) })
	if got, want := ids.Next().String(), "01920000-0001-7000-8000-000000000000"; got != want {
		t.Errorf("after %s comes %s, want %s", after, got, want)
	}
}

func FuzzParseChunk(f *testing.F) {
	m := sampleChunk().Message()
	for i, h := range m.Headers {
		f.Add(i, string(h.Value), []byte("x"))
	}
	f.Fuzz(func(t *testing.T, i int, value string, data []byte) {
		m := sampleChunk().Message()
		if i < 0 || i >= len(m.Headers) {
			return
		}
		m.Headers[i].Value, m.Value = []byte(value), data
		c, err := event.ParseChunk(m)
		if err != nil {
			if !errors.Is(err, event.ErrMalformed) {
				t.Errorf("error %v is not ErrMalformed", err)
			}
			return
		}
		again, err := event.ParseChunk(c.Message())
		if err != nil {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
		if d := cmp.Diff(c, again); d != "" {
			t.Errorf("second reading differs:\n%s", d)
		}
		_, _ = event.ParseFormat(c.ContentType)
		_, _ = event.ParseFact(m)
	})
}

// TestParser: a parser reads each of many messages as ParseChunk does, whatever it read before.
func TestParser(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	var p event.Parser
	for i := range 3000 {
		c := event.Chunk{ID: event.Derive(fmt.Sprint(i)), Source: pick("/opd/a/x", "/opd/b/y"), Subject: pick("", "berkas"),
			Time: time.Unix(int64(random.IntN(3)), 0).UTC(), ContentType: pick(event.ContentTypeNDJSON, event.ContentTypeCSV), Dataset: pick("a.b", "c.d"),
			Contract: pick("1.0.0", "1.1.0"), Binding: pick("a.x@1.0.0", "b.y@1.0.0"), Delivery: event.Derive(pick("1", "2", "3")), Stream: pick("s#0", "s#1"),
			Seq: int64(i + 1), FirstRow: int64(i), Rows: 1, Op: event.Op(pick("upsert", "delete")), Data: []byte("{}")}
		m := c.Message()
		switch random.IntN(8) {
		case 0: // one attribute is not as it should be, or not there
			m.Headers[random.IntN(len(m.Headers))].Value = []byte(pick("", "?"))
		case 1: // another order, and one twice
			random.Shuffle(len(m.Headers), func(i, k int) { m.Headers[i], m.Headers[k] = m.Headers[k], m.Headers[i] })
			m.Headers = append(m.Headers, event.Header{Key: pick("ce_op", "ce_time", "lain"), Value: []byte(pick("upsert", "?"))})
		}
		want, wantErr := event.ParseChunk(m)
		got, err := p.Chunk(m)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("message %d: %v, want %v", i, err, wantErr)
		}
		if d := cmp.Diff(want, got); err == nil && d != "" {
			t.Fatalf("message %d (-alone +after others):\n%s", i, d)
		}
	}
}

// BenchmarkParser reads messages of one record, which differ in three attributes.
func BenchmarkParser(b *testing.B) {
	var msgs []event.Message
	for i := range 1000 {
		c := event.Chunk{ID: event.Derive(fmt.Sprint(i)), Source: "/opd/dpmptsp/izin", Subject: "izin", Time: time.Unix(1, 0), ContentType: event.ContentTypeNDJSON,
			Dataset: "perizinan.izin", Contract: "1.0.0", Binding: "dpmptsp.izin@1.0.0", Delivery: event.Derive("1"), Stream: "/opd/dpmptsp/izin#0",
			Seq: int64(i + 1), FirstRow: int64(i), Rows: 1, Op: event.Upsert, Data: []byte("{}")}
		msgs = append(msgs, c.Message())
	}
	var p event.Parser
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range msgs {
			if _, err := p.Chunk(m); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/message")
}
