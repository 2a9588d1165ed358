package source_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// world is a log and a ledger that runs work on.
type world struct {
	log    *memLog
	ledger *memLedger
	o      source.Options
}

func newWorld() *world {
	f := &faults{}
	w := &world{log: newLog(f), ledger: newLedger(f)}
	w.o = source.Options{
		Log: w.log, Ledger: w.ledger, Dataset: "bencana.kejadian_banjir", Contract: "1.0.0",
		Binding: "bpbd.banjir@1.0.0", Source: "/opd/bpbd/banjir", Now: clock(),
	}
	return w
}

// run runs over contents; the error is nil or errFault.
func (w *world) run(t *testing.T, contents ...content) ([]source.Outcome, error) {
	t.Helper()
	out, err := source.Run(t.Context(), &memSource{contents: contents}, w.o)
	if err != nil && !errors.Is(err, errFault) {
		t.Fatalf("run: %v", err)
	}
	return out, err
}

// published is what the received deliveries hold, in order. It checks that the numbers of the
// stream have no gap, that ids increase and that facts and chunks agree.
func (w *world) published(t *testing.T) []string {
	t.Helper()
	data := map[uuid.UUID]*strings.Builder{}
	count := map[uuid.UUID]int64{}
	var last event.Chunk
	for _, c := range w.log.chunks(t, w.o.Dataset) {
		if strings.Compare(c.ID.String(), last.ID.String()) <= 0 {
			t.Errorf("chunk %d has id %s, the one before %s", c.Seq, c.ID, last.ID)
		}
		if data[c.Delivery] == nil {
			data[c.Delivery] = &strings.Builder{}
		}
		data[c.Delivery].Write(c.Data)
		count[c.Delivery]++
		last = c
	}
	var out []string
	for _, f := range w.ledger.facts {
		switch f := f.(type) {
		case event.DeliveryReceived:
			out = append(out, data[f.Delivery].String())
			if f.Chunks != count[f.Delivery] || f.Records != f.Chunks {
				t.Errorf("received says %d chunks and %d records, the log has %d chunks", f.Chunks, f.Records, count[f.Delivery])
			}
		case event.DeliveryAbandoned:
			if f.Records != count[f.Delivery] {
				t.Errorf("abandoned says %d records, the log has %d", f.Records, count[f.Delivery])
			}
		}
	}
	return out
}

func statuses(out []source.Outcome) []source.Status {
	var s []source.Status
	for _, o := range out {
		s = append(s, o.Status)
	}
	return s
}

func TestRunMovesDeliveries(t *testing.T) {
	w := newWorld()
	a, b := generated("a.csv", 20, 500<<10), generated("b.csv", 1, 10)
	out, err := w.run(t, a, content{subject: "c.csv", refused: true}, b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]source.Status{source.Received, source.Refused, source.Received}, statuses(out)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{a.data(), b.data()}, w.published(t)); diff != "" {
		t.Errorf("published differs")
	}
	if diff := cmp.Diff([]string{"Opened", "Received", "Refused", "Opened", "Received"}, w.ledger.types()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if out[0].Records != 20 || out[0].Bytes != 20*500<<10 || out[0].Duration <= 0 {
		t.Errorf("outcome is %+v", out[0])
	}
	c := w.log.chunks(t, w.o.Dataset)[1]
	c.ID, c.Data, c.Time = uuid.Nil, nil, c.Time.Truncate(0)
	want := event.Chunk{
		Source: w.o.Source, Subject: "a.csv", Time: c.Time, ContentType: event.ContentTypeNDJSON, Dataset: w.o.Dataset,
		Contract: "1.0.0", Binding: w.o.Binding, Delivery: out[0].Delivery, Stream: "/opd/bpbd/banjir#0", Seq: 2, FirstRow: 2, Rows: 1, Op: event.Upsert,
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("second chunk (-want +got):\n%s", diff)
	}
	second := w.ledger.facts[3].(event.DeliveryOpened)
	if got := second.Offsets[0] + second.Offsets[1] + second.Offsets[2]; second.FirstSeq != 21 || got != 20 {
		t.Errorf("second delivery opens at %d, offsets %v", second.FirstSeq, second.Offsets)
	}
}

// TestRunRefusedAgain: what is refused is the same fact as long as it is the same, also when the stream has
// gone on.
func TestRunRefusedAgain(t *testing.T) {
	w := newWorld()
	bad := content{subject: "a.csv", refused: true, print: "1"}
	mended := bad
	mended.print = "2"
	out, err := w.run(t, bad, generated("b.csv", 1, 10), bad, mended)
	if err != nil {
		t.Fatal(err)
	}
	if first := out[0].Delivery; out[2].Delivery != first || out[3].Delivery == first {
		t.Errorf("the same refused twice and another one have ids %v, %v and %v", first, out[2].Delivery, out[3].Delivery)
	}
}

func TestRunUnchanged(t *testing.T) {
	a, b := generated("data.csv", 3, 50), generated("data.csv", 2, 60)
	renamed := content{subject: "salinan.csv", batches: a.batches}
	for _, c := range []struct {
		name   string
		before [][]content
		now    content
		change func(*source.Options)
		want   source.Status
	}{
		{name: "same file", before: [][]content{{a}}, now: a, want: source.Unchanged},
		{name: "changed file", before: [][]content{{a}}, now: b, want: source.Received},
		{name: "changed back", before: [][]content{{a}, {b}}, now: a, want: source.Received},
		{name: "new name, known records", before: [][]content{{a}, {b}}, now: renamed, want: source.Unchanged},
		{name: "known name, records of another", before: [][]content{{a}, {content{subject: "salinan.csv", batches: b.batches}}}, now: renamed, want: source.Received},
		{name: "same run", before: nil, now: a, want: source.Received},
		{name: "better binding", before: [][]content{{a}}, now: a, change: func(o *source.Options) { o.Binding = "bpbd.banjir@1.0.1" }, want: source.Received},
		{name: "better contract", before: [][]content{{a}}, now: a, change: func(o *source.Options) { o.Contract = "1.1.0" }, want: source.Received},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			var earlier []source.Outcome
			for _, contents := range c.before {
				out, _ := w.run(t, contents...)
				earlier = append(earlier, out...)
			}
			facts := len(w.ledger.facts)
			if c.change != nil {
				c.change(&w.o)
			}
			out, err := w.run(t, c.now)
			if err != nil || out[0].Status != c.want {
				t.Fatalf("got %v, %v, want %s", statuses(out), err, c.want)
			}
			if c.want == source.Unchanged && (len(w.ledger.facts) != facts || out[0].Delivery != earlier[0].Delivery) {
				t.Errorf("recorded %d facts, named delivery %s, want none and %s", len(w.ledger.facts)-facts, out[0].Delivery, earlier[0].Delivery)
			}
			w.published(t)
		})
	}
}

// TestRunSurvivesFaults lets every call that changes something fail once, in turn, with nothing,
// some or all of it done, and starts again: every delivery is whole exactly once.
func TestRunSurvivesFaults(t *testing.T) {
	contents := []content{generated("a.csv", 4000, 12), generated("b.csv", 3, 10), generated("c.csv", 1500, 20)}
	var want []string
	for _, c := range contents {
		want = append(want, c.data())
	}
	for _, kept := range []float64{0, 0.5, 1} {
		t.Run(fmt.Sprintf("kept=%.1f", kept), func(t *testing.T) {
			for at := 1; ; at++ {
				w := newWorld()
				w.log.at, w.log.kept = at, kept
				_, err := w.run(t, contents...)
				if err == nil {
					if at < 12 {
						t.Fatalf("only %d calls", at-1)
					}
					return
				}
				out, err := w.run(t, contents...)
				if err != nil {
					t.Fatalf("fault at call %d: second run: %v", at, err)
				}
				if !slices.Equal(want, w.published(t)) {
					t.Errorf("fault at call %d: published differs after %v", at, w.ledger.types())
				}
				if slices.Contains(w.ledger.types(), "Abandoned") {
					t.Errorf("fault at call %d: a delivery was abandoned", at)
				}
				again, _ := w.run(t, contents...)
				if got := statuses(again); len(out) != 3 || !slices.Equal(got, []source.Status{source.Unchanged, source.Unchanged, source.Unchanged}) {
					t.Errorf("fault at call %d: third run: %v", at, got)
				}
			}
		})
	}
}

// TestRunCrashesAgainAndAgain fails at every call of every run in turn.
func TestRunCrashesAgainAndAgain(t *testing.T) {
	contents := []content{generated("a.csv", 3100, 12), generated("b.csv", 2500, 14)}
	for step := 1; step < 6; step++ {
		w := newWorld()
		w.log.kept = 0.5
		for runs := 0; ; runs++ {
			w.log.calls, w.log.at = 0, step
			if runs%2 == 1 {
				w.log.at = step%2 + 1
			}
			if runs > 60 {
				w.log.at = 0 // it may be that no run gets anywhere
			}
			if _, err := w.run(t, contents...); err == nil {
				break
			}
		}
		if got := w.published(t); len(got) != 2 || got[0] != contents[0].data() || got[1] != contents[1].data() {
			t.Errorf("step %d: published %d deliveries, or other ones, after %v", step, len(got), w.ledger.types())
		}
	}
}

func TestRunAbandons(t *testing.T) {
	a, b := generated("a.csv", 3000, 12), generated("b.csv", 2, 10)
	changed := content{subject: "a.csv", batches: a.batches[:2999]}
	recut := content{subject: "a.csv", batches: append([]string{a.batches[0] + a.batches[1]}, a.batches[2:]...)}
	for _, c := range []struct {
		name  string
		now   []content
		with  func(*source.Options)
		want  []string
		facts string
		err   error
	}{
		{name: "file changed", now: []content{changed, b}, want: []string{changed.data(), b.data()},
			facts: "Opened Abandoned Opened Received Opened Received"},
		{name: "another file before", now: []content{b, a}, want: []string{b.data(), a.data()},
			facts: "Opened Abandoned Opened Received Opened Received"},
		{name: "binding changed", now: []content{a}, want: []string{a.data()}, with: func(o *source.Options) { o.Binding = "bpbd.banjir@1.0.1" },
			facts: "Opened Abandoned Opened Received"},
		{name: "nothing else offered", facts: "Opened"},
		{name: "same name offered refused", now: []content{{subject: "a.csv", refused: true}, a}, want: []string{a.data()}, facts: "Opened Refused Received"},
		{name: "cut otherwise", now: []content{recut}, facts: "Opened Abandoned", err: source.ErrNotResumable},
	} {
		t.Run(c.name, func(t *testing.T) {
			for at := 2; at <= 4; at++ { // the fact, the first append, the second append fail
				w := newWorld()
				w.log.at, w.log.kept = at, 0.5
				if at == 2 {
					w.log.kept = 0
				}
				if _, err := w.run(t, a); err == nil {
					t.Fatal("no fault")
				}
				if at == 2 && c.err != nil {
					continue // nothing in the log that could have been cut otherwise
				}
				if c.with != nil {
					c.with(&w.o)
				}
				_, err := source.Run(t.Context(), &memSource{contents: c.now}, w.o)
				if !errors.Is(err, c.err) {
					t.Fatalf("got error %v, want %v", err, c.err)
				}
				if got := strings.Join(w.ledger.types(), " "); got != c.facts {
					t.Errorf("fault at %d: facts are %q, want %q", at, got, c.facts)
				}
				if got := w.published(t); !slices.Equal(got, c.want) {
					t.Errorf("fault at %d: published %d deliveries, or other ones", at, len(got))
				}
				if c.err != nil {
					if out, err := w.run(t, c.now...); err != nil || out[0].Status != source.Received {
						t.Errorf("fault at %d: run again: %v, %v", at, statuses(out), err)
					}
				}
			}
		})
	}
}

// TestRunAbandonedTwice gives up a delivery before its first chunk, and then delivers the same
// records under the same number: it must not take the given-up delivery's id.
func TestRunAbandonedTwice(t *testing.T) {
	a, b := generated("a.csv", 3, 10), generated("a.csv", 4, 10)
	w := newWorld()
	for _, c := range []content{a, b} {
		w.log.calls, w.log.at = 0, 2
		if c.subject == "a.csv" && len(c.batches) == 4 {
			w.log.at = 3 // abandoned, opened, append
		}
		if _, err := w.run(t, c); err == nil {
			t.Fatal("no fault")
		}
	}
	w.log.at = 0
	if _, err := w.run(t, a); err != nil {
		t.Fatal(err)
	}
	ids := map[uuid.UUID]int{}
	for _, f := range w.ledger.facts {
		if f, ok := f.(event.DeliveryOpened); ok {
			ids[f.Delivery]++
		}
	}
	if len(ids) != 3 {
		t.Errorf("three deliveries have %d ids", len(ids))
	}
}

// TestRunOvertaken: the recording of an opening fails, and is seen only when the same records have been
// delivered under another one. The numbers of the first are taken then: a delivery that used them
// again would be dropped as a copy of what landed.
func TestRunOvertaken(t *testing.T) {
	w := newWorld()
	a, b := generated("a.csv", 3, 10), generated("b.csv", 2, 10)
	w.ledger.at = 1
	if _, err := w.run(t, a); err == nil {
		t.Fatal("a fact that was not recorded is no error")
	}
	late := event.DeliveryOpened{
		Delivery: event.Derive("terlambat"), Stream: source.StreamOf(w.o.Source), Source: w.o.Source, Dataset: w.o.Dataset, Contract: w.o.Contract,
		Binding: w.o.Binding, Subject: "a.csv", Fingerprint: (&memDelivery{content: a}).Info().Fingerprint, FirstSeq: 1,
	}
	if _, err := w.run(t, a); err != nil {
		t.Fatal(err)
	}
	w.ledger.opened[late.Delivery.String()] = late
	w.ledger.standing.Open = &late
	out, err := w.run(t, a)
	if got := strings.Join(w.ledger.types(), " "); err != nil || got != "Opened Received Abandoned" {
		t.Errorf("facts are %q, %v, want the late opening to be ended", got, err)
	}
	more, err := w.run(t, b)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, more...)
	if diff := cmp.Diff([]source.Status{source.Unchanged, source.Received}, statuses(out)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{a.data(), b.data()}, w.published(t)); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
}

func TestRunReadError(t *testing.T) {
	a := generated("a.csv", 3000, 12)
	w := newWorld()
	if _, err := source.Run(t.Context(), &memSource{contents: []content{a}, breakAt: 2500}, w.o); !errors.Is(err, errFault) {
		t.Fatalf("got %v, want the source's error", err)
	}
	if out, err := w.run(t, a); err != nil || out[0].Status != source.Resumed || out[0].Records == 0 || out[0].Records == 3000 {
		t.Errorf("got %+v, %v, want a resumed delivery", out, err)
	}
	if !slices.Equal(w.published(t), []string{a.data()}) {
		t.Errorf("published differs")
	}
}

func TestRunCancelled(t *testing.T) {
	a := generated("a.csv", 3000, 12)
	w := newWorld()
	ctx, cancel := context.WithCancel(t.Context())
	w.o.Progress = cancelling{cancel}
	if _, err := source.Run(ctx, &memSource{contents: []content{a}}, w.o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	w.o.Progress = nil
	if out, err := w.run(t, a); err != nil || out[0].Status != source.Resumed {
		t.Errorf("got %+v, %v, want a resumed delivery", out, err)
	}
	if !slices.Equal(w.published(t), []string{a.data()}) {
		t.Errorf("published differs")
	}
}

// cancelling cancels when the first chunks are durable.
type cancelling struct{ cancel context.CancelFunc }

func (cancelling) Begin(source.Info, int64, int64) {}
func (c cancelling) Advance(int64, int64)          { c.cancel() }
func (cancelling) End(source.Outcome)              {}
