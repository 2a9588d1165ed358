package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"satudata/ingest/event"
	"satudata/transform/lake"
	"satudata/transform/quality"
)

// output writes one batch to the history and the rejected table.
type output struct {
	land      *land
	batch     *batch
	before    *output // the batch that is in flight, nil for none
	committed chan struct{}
	accepted  *lake.Writer
	rejected  *lake.Writer
	beyond    int64 // the rejected table has what is before this offset
	landed    Landed
	rows      lake.Rows   // reused
	origins   []lake.Part // reused
	opd       string      // of source
	source    string
}

// open begins the files of a batch.
func (l *land) open(ctx context.Context, b *batch, before *output) (*output, error) {
	o := &output{land: l, batch: b, before: before, committed: make(chan struct{}),
		landed: Landed{Dataset: l.dataset, Partition: b.partition, From: b.from}}
	at, err := l.w.o.Lake.Positions(ctx, l.dataset, lake.Rejected)
	if err != nil {
		return nil, err
	}
	o.beyond = max(b.from, at.Offsets[b.partition])
	if o.accepted, err = l.w.o.Lake.NewWriter(ctx, l.dataset, lake.History, b.start()); err != nil {
		return nil, err
	}
	o.rejected, err = l.w.o.Lake.NewWriter(ctx, l.dataset, lake.Rejected, fmt.Sprintf("%s+%d", b.start(), o.beyond))
	return o, err
}

// landedWhole waits until the batch is committed; nil is no batch.
func (o *output) landedWhole(ctx context.Context) error {
	if o == nil {
		return nil
	}
	select {
	case <-o.committed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *output) abort() {
	o.before = nil
	if o.accepted != nil {
		o.accepted.Abort()
	}
	if o.rejected != nil {
		o.rejected.Abort()
	}
}

// take writes what became of a run.
func (o *output) take(d *decoded) error {
	if d.Result == nil {
		return o.rejectWhole(d)
	}
	v := d.Verdicts
	o.landed.Accepted += int64(v.Accepted())
	if v.Rejected()+v.SetAside() > 0 {
		if err := d.parts(func(p part) error { return o.refuse(d, p) }); err != nil {
			return err
		}
	}
	if v.Accepted() == 0 {
		return nil
	}
	return o.accept(d)
}

// origin is what the rows of a piece have in common.
func (o *output) origin(p *piece) lake.Origin {
	if p.chunk.Source != o.source {
		o.source, o.opd = p.chunk.Source, opd(p.chunk.Source)
	}
	return lake.Origin{Event: p.chunk.ID, Delivery: p.chunk.Delivery, OPD: o.opd, Recorded: p.chunk.Time, Deleted: p.chunk.Op == event.Delete}
}

// accept writes the accepted observations of a run.
func (o *output) accept(d *decoded) error {
	v, r := d.Verdicts, &o.rows
	r.Select, r.Row, r.SourceRow, o.origins = r.Select[:0], r.Row[:0], r.SourceRow[:0], o.origins[:0]
	err := d.parts(func(p part) error {
		n := len(r.Row)
		for obs := p.from; obs < p.to; obs++ {
			if v.IsAccepted(obs) {
				r.Select = append(r.Select, int32(obs))
				r.Row = append(r.Row, int64(obs-p.from))
				r.SourceRow = append(r.SourceRow, p.sourceRow(obs))
			}
		}
		if n = len(r.Row) - n; n > 0 {
			o.origins = append(o.origins, lake.Part{Origin: o.origin(p.piece), Rows: n})
		}
		return nil
	})
	if err != nil {
		return err
	}
	rows := *r
	if v.Accepted() == v.Len() {
		rows.Select = nil
	}
	return o.accepted.WriteParts(d.Record, o.origins, rows)
}

// refuse writes the rejected observations of a piece, and those set aside.
func (o *output) refuse(d *decoded, p part) error {
	var rejects []lake.Reject
	for obs := p.from; obs < p.to; obs++ {
		if !d.Verdicts.IsAccepted(obs) {
			r, err := refused(d, p, obs)
			if err != nil {
				return err
			}
			rejects = append(rejects, r)
		}
	}
	return o.reject(p.piece, rejects)
}

// reject writes rejects, unless the rejected table has them from an attempt that got half-way.
func (o *output) reject(p *piece, rejects []lake.Reject) error {
	for _, r := range rejects {
		if r.Status == lake.StatusSetAside {
			o.landed.SetAside++
		} else {
			o.landed.Rejected++
		}
	}
	if len(rejects) == 0 || p.offset < o.beyond {
		return nil
	}
	return o.rejected.WriteRejects(o.origin(p), rejects)
}

// refused is the row of the rejected table for an observation.
func refused(d *decoded, p part, obs int) (lake.Reject, error) {
	r := lake.Reject{Row: int64(obs - p.from), SourceRow: p.sourceRow(obs), Status: lake.StatusRejected, Raw: string(d.Raw(obs / d.across))}
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
func readings(d *decoded, obs int) []quality.Reason {
	out := []quality.Reason{}
	for i, f := range d.pieces[0].plan.Fields {
		if col := d.Record.Column(i); !col.IsNull(obs) {
			out = append(out, quality.Reason{Field: f.Name, Rule: quality.RuleAside, Value: col.ValueStr(obs)})
		}
	}
	return out
}

// rejectWhole rejects every observation that a chunk announces, so that the counts add up; the first
// shows what it holds.
func (o *output) rejectWhole(d *decoded) error {
	for i := range d.pieces {
		if err := o.rejectPiece(&d.pieces[i], max(1, d.across), d.refuse); err != nil {
			return err
		}
	}
	return nil
}

func (o *output) rejectPiece(p *piece, across int, why *event.Sentence) error {
	const at = 4096 // rejects in memory at once, for a chunk may announce very many
	n := p.chunk.Rows * across
	reasons, err := json.Marshal([]quality.Reason{{Rule: quality.RuleStructure, Say: *why}})
	if err != nil {
		return err
	}
	for from := 0; from < n; from += at {
		rejects := make([]lake.Reject, min(at, n-from))
		for i := range rejects {
			rejects[i] = lake.Reject{Row: int64(from + i), SourceRow: p.chunk.FirstRow, Status: lake.StatusRejected, Reasons: string(reasons)}
		}
		if from == 0 {
			rejects[0].Raw = text(p.chunk.Data[:min(len(p.chunk.Data), maxRaw)])
		}
		if err := o.reject(p, rejects); err != nil {
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
	b, tables := o.batch, o.land.w.o.Lake
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
		a.From = o.beyond
		if err := tables.Commit(ctx, b.dataset, lake.Rejected, rejected, a); err != nil {
			return err
		}
	}
	return tables.Commit(ctx, b.dataset, lake.History, accepted, adv)
}
