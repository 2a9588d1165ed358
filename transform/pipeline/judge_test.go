package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/pipeline"
)

// judged is a worker whose judge answers what find says, and the number of times it was asked.
func (r *road) judged(gov pipeline.Governance, find func(asked int) ([]event.Finding, error)) (w *pipeline.Worker, asked *int) {
	asked = new(int)
	return pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: gov, Reference: r.ref,
		Judge: func(_ context.Context, d pipeline.Delivery, c *schemas.Contract) ([]event.Finding, error) {
			*asked++
			if d.FirstID == [16]byte{} || d.Opened.IsZero() || c.Dataset != d.Dataset {
				return nil, errors.New("the judge is not told of the delivery")
			}
			return find(*asked)
		}}), asked
}

// standing is the only delivery.
func (r *road) standing(t *testing.T) catalog.Delivery {
	t.Helper()
	all, err := r.cat.Deliveries(t.Context(), topic)
	if err != nil || len(all) != 1 {
		t.Fatalf("deliveries %+v, %v, want one", all, err)
	}
	return all[0]
}

func broken(severity schemas.Severity) []event.Finding {
	return []event.Finding{{Rule: "aturan", Kind: "unik", Severity: string(severity), Count: 3, Say: event.Sentence{ID: "tiga", EN: "three"}}}
}

// TestJudge: a broken rule of severity error returns the delivery with the reason, a warning is
// recorded and does not, and trouble of the judge leaves the delivery to be judged again.
func TestJudge(t *testing.T) {
	trouble := errors.New("trouble")
	for _, tt := range []struct {
		name  string
		find  []event.Finding
		err   error
		want  catalog.Status
		facts int // findings recorded
	}{
		{"nothing", nil, nil, catalog.Published, 0},
		{"warning", broken(schemas.Warn), nil, catalog.Published, 1},
		{"error", broken(schemas.Reject), nil, catalog.Returned, 1},
		{"trouble", nil, trouble, catalog.Received, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := prepare(t, 10)
			w, _ := r.judged(r.cat, func(int) ([]event.Finding, error) { return tt.find, tt.err })
			if err := w.Drain(t.Context()); !errors.Is(err, tt.err) {
				t.Fatalf("drain: %v, want %v", err, tt.err)
			}
			d := r.standing(t)
			if d.Status != tt.want || d.Check != nil && len(d.Check.Findings) != tt.facts {
				t.Errorf("delivery is %s with %+v, want %s with %d findings", d.Status, d.Check, tt.want, tt.facts)
			}
			if tt.want == catalog.Returned && (d.Reason == nil || d.Reason.ID != "[aturan] tiga; yang sudah terbit sebelumnya tetap berlaku") {
				t.Errorf("reason %+v", d.Reason)
			}
			r.proof(t)
		})
	}
}

// dying is a catalog that records the check of a delivery and dies before the decision.
type dying struct {
	*catalog.Catalog
	dead *bool
}

var errKilled = errors.New("killed")

func (g dying) Record(ctx context.Context, facts ...event.Body) error {
	for _, f := range facts {
		if _, checked := f.(event.DeliveryChecked); !checked && *g.dead {
			return errKilled
		}
	}
	return g.Catalog.Record(ctx, facts...)
}

// TestJudgedOnce: what was recorded of a delivery is what is decided upon, also when the worker that
// comes after a crash, or beside it, would find something else.
func TestJudgedOnce(t *testing.T) {
	r := prepare(t, 10)
	dead := true
	first, _ := r.judged(dying{r.cat, &dead}, func(int) ([]event.Finding, error) { return broken(schemas.Reject), nil })
	if err := first.Drain(t.Context()); !errors.Is(err, errKilled) {
		t.Fatalf("drain: %v, want to be killed", err)
	}
	if d := r.standing(t); d.Status != catalog.Checked {
		t.Fatalf("delivery is %s, want it checked and not decided", d.Status)
	}
	second, asked := r.judged(r.cat, func(int) ([]event.Finding, error) { return nil, nil })
	if err := second.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := r.standing(t); d.Status != catalog.Returned || *asked != 0 {
		t.Errorf("delivery is %s after %d more judgements, want it returned on the first", d.Status, *asked)
	}
}

// TestTwoJudges: of two workers that judge at the same time the first to record counts for both.
func TestTwoJudges(t *testing.T) {
	r := prepare(t, 10)
	second, _ := r.judged(r.cat, func(int) ([]event.Finding, error) { return broken(schemas.Reject), nil })
	first, _ := r.judged(r.cat, func(int) ([]event.Finding, error) {
		if err := second.Drain(t.Context()); err != nil { // overtakes while the first is judging
			t.Error(err)
		}
		return nil, nil
	})
	if err := first.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := r.standing(t); d.Status != catalog.Returned || len(d.Check.Findings) != 1 {
		t.Errorf("delivery is %s with %+v, want it returned by the check that was recorded first", d.Status, d.Check)
	}
}
