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
// alone, so another worker, or this one after a crash, records the same.
func (w *Worker) settle(ctx context.Context) error {
	w.o.Watch.begin(Settling, "look", "")
	held := map[string]error{}
	defer func() { w.o.Watch.round(ctx, Settling, held) }()
	arrived, err := w.o.Governance.Arrived(ctx)
	if err != nil {
		held[""] = err
		return err
	}
	var errs []error
	for _, d := range arrived {
		done, span, err := w.decide(ctx, d)
		if err != nil {
			err = fmt.Errorf("settle delivery %s of %s: %w", d.ID, d.Dataset, err)
			errs = append(errs, err)
			held[d.Dataset] = errors.Join(held[d.Dataset], err)
		}
		if done {
			w.upkeep.noteDecided(d.Dataset, span)
			w.land(d.Dataset).decided(d.ID)
		}
	}
	return errors.Join(errs...)
}

// decide checks a delivery and publishes or returns it, under a span that it names. It does nothing
// while a part has not landed.
func (w *Worker) decide(ctx context.Context, d Delivery) (done bool, in string, err error) {
	w.o.Watch.begin(Settling, "check", d.Dataset)
	at, err := w.o.Lake.Positions(ctx, d.Dataset, lake.History)
	if err != nil && !errors.Is(err, lake.ErrNotFound) {
		return false, "", err
	}
	if at.Streams[d.Stream] < d.LastSeq {
		return false, "", w.stillThere(ctx, d.Dataset)
	}
	ctx, span := w.o.Tracer.StartIn(ctx, d.ID, "settle", trace.String("dataset", d.Dataset))
	defer func() { span.End(err) }()
	check, err := w.checked(ctx, d)
	if err != nil {
		return false, "", err
	}
	decided := decision(d, check)
	publishing, publish := w.o.Tracer.Start(ctx, "publish", trace.String("decision", decided.FactType()))
	err = w.o.Governance.Record(publishing, decided)
	publish.End(err)
	if err != nil {
		return false, "", err
	}
	w.tell.Lock()
	defer w.tell.Unlock()
	w.o.OnDecided(d, check, decided)
	return true, span.Parent(), nil
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

// checked is the check of a delivery that is in force. Rules look at tables that move on, so two
// workers may find different things; what was recorded first counts, and only that is decided upon.
func (w *Worker) checked(ctx context.Context, d Delivery) (found event.DeliveryChecked, err error) {
	if d.Check != nil {
		return *d.Check, nil
	}
	ctx, span := w.o.Tracer.Start(ctx, "check")
	defer func() {
		span.Set(trace.Int("accepted", found.Accepted), trace.Int("rejected", found.Rejected), trace.Int("findings", int64(len(found.Findings))))
		span.End(err)
	}()
	found, err = w.check(ctx, d)
	if err != nil {
		return found, err
	}
	if err := w.o.Governance.Record(ctx, found); err != nil {
		return found, err
	}
	inForce, err := w.o.Governance.Check(ctx, d.ID)
	if err == nil && inForce == nil {
		err = errors.New("the check was recorded and is not there")
	}
	if err != nil {
		return found, err
	}
	return *inForce, nil
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
func (w *Worker) check(ctx context.Context, d Delivery) (event.DeliveryChecked, error) {
	plan, err := w.plans.plan(ctx, planKey{d.Dataset, d.Contract, d.Binding})
	if err != nil {
		return event.DeliveryChecked{}, err
	}
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
