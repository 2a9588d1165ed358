package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/lake"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// batch lands the next batch of a partition. lake.ErrMoved says that another worker was faster.
func (w *Worker) batch(ctx context.Context, dataset string, rng eventlog.Range) error {
	if err := w.locate(ctx, dataset); err != nil {
		return err
	}
	b, err := w.read(ctx, dataset, rng)
	if err != nil {
		return err
	}
	if b == nil { // what we were told of the end is further than what is there: look again later
		w.at[dataset].Offsets[rng.Partition] = rng.Next
		return nil
	}
	if err := w.unmoved(ctx, dataset, b.partition, b.from); err != nil {
		return err
	}
	if err := w.ensure(ctx, b); err != nil {
		return err
	}
	w.trimKeys()
	landed, err := w.write(ctx, b)
	if err != nil {
		w.forget(dataset)
		return fmt.Errorf("land offsets %d to %d: %w", b.from, b.to, err)
	}
	at := w.at[dataset]
	at.Offsets[b.partition] = b.to
	for stream, seq := range b.streams {
		at.Streams[stream] = seq
	}
	w.o.Logger.Debug("batch landed", "dataset", dataset, "partition", b.partition, "from", b.from, "to", b.to, "accepted", landed.Accepted, "rejected", landed.Rejected)
	w.o.OnLanded(landed)
	return nil
}

// ensure makes the tables follow the contract of the batch, by way of the versions before it: so a
// table has had the columns of each, and chunks of any of them find their place in whatever order
// they come.
func (w *Worker) ensure(ctx context.Context, b *batch) error {
	if b.plan == nil {
		if _, err := w.o.Lake.Positions(ctx, b.dataset, lake.History); err != nil {
			return fmt.Errorf("no contract is registered for what the topic holds: %w", err)
		}
		return nil
	}
	version := b.plan.Contract.Version
	if w.ensured[b.dataset] == version {
		return nil
	}
	registered, err := w.o.Governance.Versions(ctx, b.dataset)
	if err != nil {
		return err
	}
	for _, v := range registered {
		contract, err := w.plans.contract(ctx, b.dataset, v)
		if err != nil {
			return err
		}
		err = w.o.Lake.Ensure(ctx, b.dataset, contract.Fields(), contract.Key())
		switch {
		case errors.Is(err, lake.ErrIncompatible) && v == version:
			b.refuse(event.Sentence{
				ID: fmt.Sprintf("tabel %s tidak dapat mengikuti kontrak versi %s: %v", b.dataset, v, err),
				EN: fmt.Sprintf("the tables of %s cannot follow contract version %s: %v", b.dataset, v, err),
			})
			return nil
		case err != nil && !errors.Is(err, lake.ErrIncompatible):
			return fmt.Errorf("contract version %s: %w", v, err)
		}
		if v == version {
			break
		}
	}
	w.ensured[b.dataset] = version
	return nil
}

// decoded is what became of one piece. Result and reader are nil for a chunk that is rejected as a whole.
type decoded struct {
	piece
	*normalize.Result
	by *reader
}

// write decodes the pieces in parallel, writes them in order, and commits: first the rejected rows,
// then the accepted ones together with the position.
func (w *Worker) write(ctx context.Context, b *batch) (Landed, error) {
	out := &output{w: w, batch: b, landed: Landed{Dataset: b.dataset, Partition: b.partition, From: b.from, To: b.to, Bytes: b.bytes}}
	defer out.abort()
	if err := out.open(ctx); err != nil {
		return out.landed, err
	}
	if err := w.decode(ctx, b.pieces, out.take); err != nil {
		return out.landed, err
	}
	return out.landed, out.commit(ctx)
}

// decode calls take with every piece, decoded, in order. At most Workers pieces are decoded at once
// and few wait, so only the payloads of a batch are in memory as a whole.
func (w *Worker) decode(ctx context.Context, pieces []piece, take func(context.Context, decoded) error) error {
	g, ctx := errgroup.WithContext(ctx)
	queue := make(chan chan decoded, w.o.Workers)
	slots := make(chan struct{}, w.o.Workers)
	g.Go(func() error {
		defer close(queue)
		for _, p := range pieces {
			result := make(chan decoded, 1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case queue <- result:
			}
			slots <- struct{}{}
			g.Go(func() error {
				defer func() { <-slots }()
				defer close(result)
				d, err := w.normalize(p)
				if err == nil {
					result <- d
				}
				return err
			})
		}
		return nil
	})
	g.Go(func() error {
		var failed error
		for result := range queue {
			d, ok := <-result
			if !ok {
				continue // its own goroutine reports why
			}
			if failed == nil { // a piece that is not taken must not be committed as landed
				if failed = ctx.Err(); failed == nil {
					failed = take(ctx, d)
				}
			}
			w.release(d)
		}
		return failed
	})
	return g.Wait()
}

// normalize decodes one chunk and applies the row rules.
func (w *Worker) normalize(p piece) (decoded, error) {
	d := decoded{piece: p}
	if p.refuse != nil {
		return d, nil
	}
	r := w.plans.borrow(p.plan)
	res, err := r.read(p.chunk)
	if err != nil {
		w.plans.giveBack(p.plan, r)
		if !errors.Is(err, event.ErrMalformed) {
			return d, err
		}
		d.refuse = &event.Sentence{
			ID: "isi potongan data tidak sesuai dengan sampulnya: " + err.Error(),
			EN: "the chunk does not hold what its envelope says: " + err.Error(),
		}
		return d, nil
	}
	d.Result, d.by = res, r
	return d, nil
}

func (w *Worker) release(d decoded) {
	if d.by != nil {
		d.Record.Release()
		w.plans.giveBack(d.plan, d.by)
	}
}

// output writes one batch to the history and the rejected table.
type output struct {
	w        *Worker
	batch    *batch
	accepted *lake.Writer
	rejected *lake.Writer
	beyond   int64 // the rejected table has what is before this offset
	landed   Landed
	rows     lake.Rows // reused
}

func (o *output) open(ctx context.Context) (err error) {
	at, err := o.w.o.Lake.Positions(ctx, o.batch.dataset, lake.Rejected)
	if err != nil {
		return err
	}
	o.beyond = at.Offsets[o.batch.partition]
	if o.accepted, err = o.w.o.Lake.NewWriter(ctx, o.batch.dataset, lake.History, o.batch.name()); err != nil {
		return err
	}
	o.rejected, err = o.w.o.Lake.NewWriter(ctx, o.batch.dataset, lake.Rejected, fmt.Sprintf("%s+%d", o.batch.name(), o.beyond))
	return err
}

func (o *output) abort() {
	if o.accepted != nil {
		o.accepted.Abort()
	}
	if o.rejected != nil {
		o.rejected.Abort()
	}
}

// take writes one decoded piece.
func (o *output) take(ctx context.Context, d decoded) error {
	origin := lake.Origin{Event: d.chunk.ID, Delivery: d.chunk.Delivery, OPD: opd(d.chunk.Source), Recorded: d.chunk.Time, Deleted: d.chunk.Op == event.Delete}
	if d.Result == nil {
		return o.rejectWhole(origin, d)
	}
	if err := o.w.checkKeys(ctx, d, o.batch); err != nil {
		return err
	}
	v := d.Verdicts
	o.landed.Accepted += int64(v.Accepted())
	if n := v.Rejected() + v.SetAside(); n > 0 {
		rejects := make([]lake.Reject, 0, n)
		for obs := range v.Len() {
			if !v.IsAccepted(obs) {
				r, err := o.refused(d, obs)
				if err != nil {
					return err
				}
				rejects = append(rejects, r)
			}
		}
		if err := o.reject(origin, d, rejects); err != nil {
			return err
		}
	}
	return o.accept(origin, d)
}

// accept writes the accepted observations of a piece.
func (o *output) accept(origin lake.Origin, d decoded) error {
	v := d.Verdicts
	if v.Accepted() == 0 {
		return nil
	}
	k := d.plan.Observations()
	r := &o.rows
	r.Select, r.Row, r.SourceRow = r.Select[:0], r.Row[:0], r.SourceRow[:0]
	for obs := range v.Len() {
		if v.IsAccepted(obs) {
			r.Select = append(r.Select, int32(obs))
			r.Row = append(r.Row, int64(obs))
			r.SourceRow = append(r.SourceRow, d.chunk.FirstRow+int64(obs/k))
		}
	}
	rows := *r
	if v.Accepted() == v.Len() {
		rows.Select = nil
	}
	return o.accepted.Write(d.Record, origin, rows)
}

// reject writes rejects, unless the rejected table has them from an attempt that got half-way.
func (o *output) reject(origin lake.Origin, d decoded, rejects []lake.Reject) error {
	for _, r := range rejects {
		if r.Status == lake.StatusSetAside {
			o.landed.SetAside++
		} else {
			o.landed.Rejected++
		}
	}
	if d.offset < o.beyond {
		return nil
	}
	return o.rejected.WriteRejects(origin, rejects)
}

// refused is the row of the rejected table for an observation.
func (o *output) refused(d decoded, obs int) (lake.Reject, error) {
	row := obs / d.plan.Observations()
	r := lake.Reject{Row: int64(obs), SourceRow: d.chunk.FirstRow + int64(row), Status: lake.StatusRejected,
		Raw: string(d.Raw(row))}
	reasons := d.Verdicts.Reasons(obs)
	if d.Verdicts.IsAside(obs) {
		r.Status = lake.StatusSetAside
		reasons = readings(d, obs)
	}
	text, err := json.Marshal(reasons)
	r.Reasons = string(text)
	return r, err
}

// readings are the values of an observation that is set aside, for the comparison of printed totals
// when the delivery is whole.
func readings(d decoded, obs int) []quality.Reason {
	out := []quality.Reason{}
	for i, f := range d.plan.Fields {
		if col := d.Record.Column(i); !col.IsNull(obs) {
			out = append(out, quality.Reason{Field: f.Name, Rule: quality.RuleAside, Value: col.ValueStr(obs)})
		}
	}
	return out
}

// rejectWhole rejects every observation that a chunk announces, so that the counts add up; the first
// shows what it holds.
func (o *output) rejectWhole(origin lake.Origin, d decoded) error {
	const at = 4096 // rejects in memory at once, for a chunk may announce very many
	n := d.chunk.Rows
	if d.plan != nil {
		n *= d.plan.Observations()
	}
	reasons, err := json.Marshal([]quality.Reason{{Rule: quality.RuleStructure, Say: *d.refuse}})
	if err != nil {
		return err
	}
	for from := 0; from < n; from += at {
		rejects := make([]lake.Reject, min(at, n-from))
		for i := range rejects {
			rejects[i] = lake.Reject{Row: int64(from + i), SourceRow: d.chunk.FirstRow, Status: lake.StatusRejected, Reasons: string(reasons)}
		}
		if from == 0 {
			rejects[0].Raw = text(d.chunk.Data[:min(len(d.chunk.Data), maxRaw)])
		}
		if err := o.reject(origin, d, rejects); err != nil {
			return err
		}
	}
	return nil
}

// maxRaw is how much of a chunk that cannot be taken apart the rejected table keeps; the log has the rest.
const maxRaw = 64 << 10

func text(raw []byte) string {
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}

// opd is the delivering OPD in a chunk's source, "/opd/<opd>/<source>".
func opd(source string) string {
	parts := strings.Split(source, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// commit makes the files durable and commits them, the rejected rows first: once the history says
// that the range has landed, nobody looks at it again.
func (o *output) commit(ctx context.Context) error {
	b := o.batch
	rejected, err := o.rejected.Close()
	if err != nil {
		return err
	}
	accepted, err := o.accepted.Close()
	if err != nil {
		return err
	}
	adv := lake.Advance{Batch: b.name(), Partition: b.partition, From: b.from, To: b.to, Streams: b.streams}
	if len(rejected) > 0 && o.beyond < b.to {
		a := adv
		a.From = max(b.from, o.beyond)
		if err := o.w.o.Lake.Commit(ctx, b.dataset, lake.Rejected, rejected, a); err != nil {
			return err
		}
	}
	return o.w.o.Lake.Commit(ctx, b.dataset, lake.History, accepted, adv)
}
