package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/trace"
	"satudata/schemas"
	"satudata/transform/lake"
)

// settle decides the deliveries whose last chunk has landed. What it records follows from the tables
// alone, so another worker, or this one after a crash, records the same. Deliveries that do not look
// at one another are recorded together, because each append waits for the disk. It returns how many
// deliveries it left undecided.
func (w *Worker) settle(ctx context.Context) (left int, err error) {
	w.o.Watch.begin(Settling, "look", "")
	held := map[string]error{}
	defer func() { w.o.Watch.round(ctx, Settling, held) }()
	arrived, err := w.o.Governance.Arrived(ctx)
	if err != nil {
		held[""] = err
		return 0, err
	}
	left = len(arrived)
	var errs []error
	var some []*trial
	failed := func(t *trial, err error) {
		if err != nil {
			err = fmt.Errorf("settle delivery %s of %s: %w", t.ID, t.Dataset, err)
			errs = append(errs, err)
			held[t.Dataset] = errors.Join(held[t.Dataset], err)
		}
	}
	decide := func() {
		err := w.decide(ctx, some)
		for _, t := range some {
			t.span.End(err)
			failed(t, err)
		}
		if err == nil {
			left -= len(some)
		}
		some = nil
	}
	for _, d := range arrived {
		t, err := w.try(ctx, d)
		if err == nil && t.alone {
			decide()
		}
		if err == nil && t.landed {
			err = w.examine(ctx, t)
		}
		if err == nil && t.landed {
			some = append(some, t)
		}
		failed(t, err)
		if t.alone || len(some) == maxSettled {
			decide()
		}
	}
	decide()
	return left, errors.Join(errs...)
}

// maxSettled is how many deliveries are recorded together.
const maxSettled = 256

// trial is a delivery on its way to a decision.
type trial struct {
	Delivery
	plan   *schemas.Plan   // nil when it was checked before
	landed bool            // all of it
	alone  bool            // rules look at what is published before it
	in     context.Context // of its span, which ends when it is decided
	span   trace.Span
	found  event.DeliveryChecked
}

// try looks whether a delivery has landed, and how it is to be checked.
func (w *Worker) try(ctx context.Context, d Delivery) (t *trial, err error) {
	w.o.Watch.begin(Settling, "check", d.Dataset)
	t = &trial{Delivery: d}
	at, err := w.o.Lake.Positions(ctx, d.Dataset, lake.History)
	if err != nil && !errors.Is(err, lake.ErrNotFound) {
		return t, err
	}
	if at.Streams[d.Stream] < d.LastSeq {
		return t, w.stillThere(ctx, d.Dataset)
	}
	t.landed = true
	if d.Check != nil {
		return t, nil
	}
	t.plan, err = w.plans.plan(ctx, planKey{d.Dataset, d.Contract, d.Binding})
	if err == nil {
		c := t.plan.Contract
		t.alone = w.o.Judge != nil && (len(c.TableRules) > 0 || c.Profile.Delivery.Mode == "full")
	}
	return t, err
}

// examine checks a delivery that has landed, unless it was checked before.
func (w *Worker) examine(ctx context.Context, t *trial) (err error) {
	t.in, t.span = w.o.Tracer.StartIn(ctx, t.ID, "settle", trace.String("dataset", t.Dataset))
	if t.Check != nil {
		return nil
	}
	ctx, span := w.o.Tracer.Start(t.in, "check")
	t.found, err = w.check(ctx, t)
	span.Set(trace.Int("accepted", t.found.Accepted), trace.Int("rejected", t.found.Rejected), trace.Int("findings", int64(len(t.found.Findings))))
	span.End(err)
	if err != nil {
		t.span.End(err)
	}
	return err
}

// decide records what was found of deliveries, and publishes or returns them. Rules look at tables that
// move on, so two workers may find different things; what was recorded first counts, and only that is
// decided upon.
func (w *Worker) decide(ctx context.Context, some []*trial) error {
	if len(some) == 0 {
		return nil
	}
	if err := w.record(ctx, some); err != nil {
		return err
	}
	decided, publish := make([]event.Body, len(some)), make([]trace.Span, len(some))
	for i, t := range some {
		decided[i] = decision(t.Delivery, *t.Check)
		_, publish[i] = w.o.Tracer.Start(t.in, "publish", trace.String("decision", decided[i].FactType()))
	}
	err := w.o.Governance.Record(ctx, decided...)
	for _, span := range publish {
		span.End(err)
	}
	if err != nil {
		return err
	}
	w.tell.Lock()
	defer w.tell.Unlock()
	for i, t := range some {
		w.upkeep.noteDecided(t.Dataset, t.span.Parent())
		w.land(t.Dataset).decided(t.ID)
		w.o.OnDecided(t.Delivery, *t.Check, decided[i])
	}
	return nil
}

// record records what was found of deliveries, and takes for their checks what is in force.
func (w *Worker) record(ctx context.Context, some []*trial) error {
	var found []event.Body
	for _, t := range some {
		if t.Check == nil {
			found = append(found, t.found)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if err := w.o.Governance.Record(ctx, found...); err != nil {
		return err
	}
	for _, t := range some {
		if t.Check != nil {
			continue
		}
		inForce, err := w.o.Governance.Check(ctx, t.ID)
		if err == nil && inForce == nil {
			err = errors.New("the check was recorded and is not there")
		}
		if err != nil {
			return err
		}
		t.Check = inForce
	}
	return nil
}

// stillThere says that the log has the topic of a dataset, in which there is more to land.
func (w *Worker) stillThere(ctx context.Context, dataset string) error {
	_, err := w.o.Log.Ranges(ctx, dataset)
	if errors.Is(err, eventlog.ErrNoTopic) {
		return fmt.Errorf("%w: topik kiriman yang belum mendarat ini tidak ada lagi di log; kembalikan topik itu, atau minta OPD mengirim ulang "+
			"(the topic of this delivery, which has not landed, is gone from the log: bring it back, or have it delivered again)", err)
	}
	return err
}

// decision is the publication rule: a delivery of which at least one row was accepted is published,
// unless it breaks a rule of severity error. One without is returned, so that a full delivery of
// nothing but faults does not wipe what was there.
func decision(d Delivery, check event.DeliveryChecked) event.Body {
	if check.Accepted == 0 {
		return event.DeliveryReturned{Delivery: d.ID, Reason: event.Sentence{
			ID: fmt.Sprintf("tidak ada baris yang diterima dari %d yang dibaca; yang sudah terbit sebelumnya tetap berlaku", check.Read),
			EN: fmt.Sprintf("no row was accepted of %d read; what was published before stays", check.Read),
		}}
	}
	var broken, brokenEN []string
	for _, f := range check.Findings {
		if f.Severity == string(schemas.Reject) {
			broken = append(broken, "["+f.Rule+"] "+f.Say.ID)
			brokenEN = append(brokenEN, "["+f.Rule+"] "+f.Say.EN)
		}
	}
	if len(broken) == 0 {
		return event.DeliveryPublished{Delivery: d.ID, Basis: "otomatis"}
	}
	return event.DeliveryReturned{Delivery: d.ID, Reason: event.Sentence{
		ID: strings.Join(broken, "; ") + "; yang sudah terbit sebelumnya tetap berlaku",
		EN: strings.Join(brokenEN, "; ") + "; what was published before stays",
	}}
}

// check applies the rules over a whole delivery to what landed of it.
func (w *Worker) check(ctx context.Context, t *trial) (event.DeliveryChecked, error) {
	d, plan := t.Delivery, t.plan
	seen, err := w.o.Lake.Examine(ctx, d.Dataset, d.ID)
	if err != nil {
		return event.DeliveryChecked{}, err
	}
	out := event.DeliveryChecked{
		Delivery: d.ID,
		Read:     d.Records * int64(plan.Observations()),
		Accepted: seen.Accepted, Rejected: seen.Rejected, SetAside: seen.SetAside,
		Reasons: seen.Reasons, Missing: seen.Missing,
	}
	if out.Read != out.Accepted+out.Rejected+out.SetAside {
		return out, fmt.Errorf("read %d, but accepted %d, rejected %d and set aside %d: run `satudata verify`",
			out.Read, out.Accepted, out.Rejected, out.SetAside)
	}
	if out.Warnings, err = w.checkTotals(ctx, d, plan, out.Rejected); err != nil {
		return out, err
	}
	if w.o.Judge != nil && out.Accepted > 0 {
		out.Findings, err = w.o.Judge(ctx, d, plan.Contract)
	}
	return out, err
}

// checkTotals warns of printed totals that are not the sums of the rows they are printed under. In a
// table without a key there is nothing that says which rows those are, except all of them.
func (w *Worker) checkTotals(ctx context.Context, d Delivery, plan *schemas.Plan, rejected int64) ([]event.Sentence, error) {
	var sums, by []string
	for _, p := range plan.Contract.Properties {
		if p.Additive {
			sums = append(sums, p.Name)
		}
	}
	for _, i := range plan.Key {
		by = append(by, plan.Fields[i].Name)
	}
	differing, err := w.o.Lake.DifferingTotals(ctx, d.Dataset, d.ID, sums, by)
	if err != nil {
		return nil, err
	}
	var out []event.Sentence
	but, butEN := "", ""
	if rejected > 0 {
		but, butEN = fmt.Sprintf(" (%d baris ditolak tidak terhitung)", rejected), fmt.Sprintf(" (%d rejected rows do not count)", rejected)
	}
	for _, t := range differing {
		where, whereEN := "", ""
		if t.Of != "" {
			where, whereEN = " untuk "+t.Of, " for "+t.Of
		}
		out = append(out, event.Sentence{
			ID: fmt.Sprintf("baris %d mencetak total %s %s%s, sedangkan baris yang diterima berjumlah %s%s", t.SourceRow, t.Column, t.Printed, where, t.Sum, but),
			EN: fmt.Sprintf("row %d prints a total %s of %s%s, while the accepted rows add up to %s%s", t.SourceRow, t.Column, t.Printed, whereEN, t.Sum, butEN),
		})
	}
	return out, nil
}
