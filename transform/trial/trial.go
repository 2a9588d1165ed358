// Package trial runs deliveries through a contract and a binding without storing anything: the same
// reading, normalising and checking as landing, so the verdicts are the same, and what a steward wants
// to know before a binding is put in force: why rows would be rejected, what the first rows look like,
// which columns of the file nobody reads.
package trial

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// Options say how much is kept for the eye.
type Options struct {
	Examples int // of each reason; default 3
	Rows     int // accepted rows that are shown; default 5
	MaxChunk int // as landing cuts; default event.MaxChunk
}

// Report is what would become of one delivery. Counts are of observations, so that
// Read = Accepted + Rejected + SetAside.
type Report struct {
	Subject  string           `json:"berkas"`
	Refused  *event.Sentence  `json:"ditolak_seluruhnya,omitempty"` // why it would not be taken at all; then nothing else is set
	Read     int64            `json:"dibaca"`
	Accepted int64            `json:"diterima"`
	Rejected int64            `json:"ditolak"`
	SetAside int64            `json:"disisihkan"`
	Reasons  []Reason         `json:"alasan"`      // the most frequent first
	Missing  []Count          `json:"kosong"`      // accepted rows without a value, by column of the table
	Columns  []string         `json:"kolom"`       // of Rows
	Rows     [][]string       `json:"contoh"`      // the first that were accepted
	Unread   []string         `json:"tak_dipakai"` // columns of the file that nothing reads
	Warnings []event.Sentence `json:"peringatan"`  // printed totals that are not the sums of their rows
	Hints    []event.Sentence `json:"saran"`
	NotRun   []string         `json:"aturan_tidak_dijalankan,omitempty"` // rules over the whole table, and row rules that only warn: they need what has landed
}

// Reason is one kind of fault. Field, Rule and Count are those of the check of a landed delivery.
type Reason struct {
	Field    string         `json:"kolom"`               // property, or several
	Source   string         `json:"di_berkas,omitempty"` // what the file calls it
	Rule     string         `json:"aturan"`
	Count    int64          `json:"banyak"`
	Say      event.Sentence `json:"pesan"` // of the first: what is wrong and how to mend it
	Examples []Example      `json:"contoh"`
}

// Example is one faulty value. A value of a personal column is masked.
type Example struct {
	Row   int64  `json:"baris"` // as a spreadsheet counts
	Value string `json:"nilai"`
}

// Count is how often a column is empty.
type Count struct {
	Column string `json:"kolom"`
	Count  int64  `json:"banyak"`
}

// Landable says whether the delivery would be published.
func (r *Report) Landable() bool { return r.Refused == nil && r.Accepted > 0 }

// Run tries the files that paths name and calls each with the report of every one, in order. It
// holds a chunk at a time and, for a contract with a key, 16 bytes for each key, as landing does.
func Run(ctx context.Context, plan *schemas.Plan, paths []string, o Options, each func(*Report) error) (err error) {
	if o.Examples == 0 {
		o.Examples = 3
	}
	if o.Rows == 0 {
		o.Rows = 5
	}
	src, err := file.Open(paths, file.Options{Format: plan.Binding.Format, MaxChunk: o.MaxChunk})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	for {
		d, err := src.Next(ctx)
		var refusal *source.Refusal
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &refusal):
			if err := each(&Report{Subject: refusal.Subject, Refused: &refusal.Reason}); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		t := newTrial(plan, o, d.Info())
		err = errors.Join(t.delivery(ctx, d), d.Close())
		if err != nil {
			return err
		}
		if err := each(t.result()); err != nil {
			return err
		}
	}
}

// trial is one delivery on its way.
type trial struct {
	plan       *schemas.Plan
	o          Options
	normalizer *normalize.Normalizer
	checker    *quality.Checker
	keys       *quality.Keys
	report     Report
	reasons    map[fault]*Reason
	missing    []int64 // per field of the plan
	names      names
	regions    []*regionTally
	personal   []*personalTally
	totals     *totals
}

// fault is what reasons are counted by.
type fault struct{ field, rule string }

func newTrial(plan *schemas.Plan, o Options, info source.Info) *trial {
	t := &trial{
		plan: plan, o: o,
		normalizer: normalize.New(plan, memory.DefaultAllocator),
		checker:    quality.NewChecker(plan),
		keys:       quality.NewKeys(plan),
		reasons:    map[fault]*Reason{},
		missing:    make([]int64, len(plan.Fields)),
		names:      newNames(plan),
		regions:    newRegionTallies(plan),
		personal:   newPersonalTallies(plan),
		totals:     newTotals(plan),
	}
	t.report.Subject = info.Subject
	for _, f := range plan.Fields {
		t.report.Columns = append(t.report.Columns, f.Name)
	}
	return t
}

// delivery reads d to its end.
func (t *trial) delivery(ctx context.Context, d source.Delivery) error {
	for {
		b, err := d.Read(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.batch(b); err != nil {
			return err
		}
	}
}

// batch does with a batch what landing does with its chunk.
func (t *trial) batch(b source.Batch) error {
	if err := t.names.see(b); err != nil {
		return err
	}
	chunk := event.Chunk{ContentType: b.ContentType, FirstRow: b.FirstRow, Rows: b.Rows, Op: b.Op, Data: b.Data}
	res, err := t.normalizer.Chunk(chunk)
	if errors.Is(err, event.ErrMalformed) {
		t.rejectWhole(chunk, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer res.Record.Release()
	t.checker.Check(res.Record, res.Verdicts)
	row := func(obs int) int64 { return b.FirstRow + int64(res.Row(obs)) }
	if err := t.keys.Check(res.Record, row, res.Verdicts); err != nil {
		return err
	}
	v := res.Verdicts
	t.report.Read += int64(v.Len())
	t.report.Accepted += int64(v.Accepted())
	t.report.Rejected += int64(v.Rejected())
	t.report.SetAside += int64(v.SetAside())
	for obs := range v.Len() {
		if v.IsRejected(obs) {
			for _, r := range v.Reasons(obs) {
				t.count(r, row(obs))
			}
		}
	}
	t.look(res)
	t.totals.add(res, row)
	return nil
}

// rejectWhole counts a chunk that cannot be taken apart as landing does.
func (t *trial) rejectWhole(c event.Chunk, why error) {
	n := int64(c.Rows * t.plan.Observations())
	t.report.Read += n
	t.report.Rejected += n
	r := quality.Reason{Rule: quality.RuleStructure, Say: event.Sentence{
		ID: "isi potongan data tidak sesuai dengan sampulnya: " + why.Error(),
		EN: "the chunk does not hold what its envelope says: " + why.Error(),
	}}
	for range n {
		t.count(r, c.FirstRow)
	}
}

// count notes one reason of one observation.
func (t *trial) count(r quality.Reason, row int64) {
	key := fault{r.Field, r.Rule}
	known := t.reasons[key]
	if known == nil {
		known = &Reason{Field: r.Field, Source: t.names.of(r.Field), Rule: r.Rule, Say: r.Say}
		t.reasons[key] = known
	}
	known.Count++
	e := Example{Row: row, Value: r.Value}
	if len(known.Examples) < t.o.Examples && !slices.Contains(known.Examples, e) { // the observations of a wide row share its cells
		known.Examples = append(known.Examples, e)
	}
}

// look notes what is empty in the accepted observations, the first of them, and the codes of regions
// that were not found.
func (t *trial) look(res *normalize.Result) {
	v, rec := res.Verdicts, res.Record
	for f := range t.plan.Fields {
		col := rec.Column(f)
		if col.NullN() == 0 {
			continue
		}
		for obs := range v.Len() {
			if col.IsNull(obs) && v.IsAccepted(obs) {
				t.missing[f]++
			}
		}
	}
	for obs := 0; obs < v.Len() && len(t.report.Rows) < t.o.Rows; obs++ {
		if v.IsAccepted(obs) {
			cells := make([]string, len(t.plan.Fields))
			for f, field := range t.plan.Fields {
				if col := rec.Column(f); !col.IsNull(obs) {
					cells[f] = t.names.shown(field.Name, col.ValueStr(obs))
				}
			}
			t.report.Rows = append(t.report.Rows, cells)
		}
	}
	for _, p := range t.personal {
		p.note(res)
	}
	for _, r := range t.regions {
		for obs := range v.Len() {
			if v.IsRejected(obs) {
				r.note(v.Reasons(obs))
			}
		}
	}
}
