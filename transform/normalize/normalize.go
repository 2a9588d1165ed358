// Package normalize turns a chunk of delivered bytes into an Arrow record batch by a compiled
// plan, with a verdict where a value cannot be understood. Nothing is guessed: what can be read in
// two ways is rejected with a reason that says how to write it.
//
// # Design
//
// Work goes column by column. First the payload is split: for every wanted source column a list of
// cells, each an offset and a length, so no value is copied and no map is made per record. Then each
// property decodes its list straight from the payload into a typed buffer; columns that repeat
// (codes, categories, synonyms, declared date layouts) decode every distinct text once. Buffers are
// reused from chunk to chunk, so rows that are in order allocate nothing.
//
// What an element calls its reading (rupiah, a coordinate, a NIK) decides how its texts are understood;
// reading.go is where each gets its normaliser, and testdata/messy.txt lists what becomes of what.
//
// A record makes as many observations as the plan has wide columns (one without unpivot), always:
// also when it cannot be taken apart, then each of them is rejected. A chunk whose records do not
// add up to what its envelope announces is rejected as a whole, so nothing is lost or counted twice.
package normalize

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// maxObservations bounds what one chunk may unfold to. A record in order has a byte for each of its
// observations, so only junk comes near.
const maxObservations = 1 << 20

// Normalizer decodes chunks by one plan. It is not safe for concurrent use; workers have one each.
type Normalizer struct {
	plan     *schemas.Plan
	mem      memory.Allocator
	schema   *arrow.Schema
	inputs   []*input
	aside    []*texts[bool] // per Plan.SetAside
	objects  *objects
	byName   *layout
	tables   tables
	grid     grid
	verdicts quality.Verdicts
	result   Result
}

// New returns a normalizer for plan whose record batches are allocated from mem.
func New(plan *schemas.Plan, mem memory.Allocator) *Normalizer {
	l, names := newObjectLayout(plan)
	n := &Normalizer{
		plan:    plan,
		mem:     mem,
		schema:  Schema(plan),
		objects: newObjects(names),
		byName:  l,
		tables:  tables{plan: plan, layouts: map[string]*layout{}},
	}
	for i := range plan.Inputs {
		n.inputs = append(n.inputs, newInput(plan, &plan.Inputs[i]))
	}
	for _, f := range plan.SetAside {
		n.aside = append(n.aside, newTexts(f.Equals))
	}
	return n
}

// Result is a decoded chunk. Record lives until it is released; everything else is valid until the
// next call of [Normalizer.Chunk].
type Result struct {
	// Record has the plan's fields and one row per observation, those set aside included. A faulty
	// value is null. The caller releases it.
	Record arrow.RecordBatch
	// Verdicts holds what decoding found, and which observations are set aside.
	Verdicts *quality.Verdicts
	// Rows is the number of records, Across the number of observations that each makes.
	Rows, Across int

	grid *grid
}

// Row is the record that observation obs comes from, counted from 0.
func (r *Result) Row(obs int) int { return obs / r.Across }

// Cell is which of its record's observations obs is, counted from 0.
func (r *Result) Cell(obs int) int { return obs % r.Across }

// Raw is the text of a record as received, without its line end; bytes that are not UTF-8 are
// replaced by U+FFFD. It is empty for a record that the payload turned out not to have.
func (r *Result) Raw(row int) []byte {
	s := r.grid.spans[row]
	return bytes.ToValidUTF8(r.grid.data[s.start:s.end], []byte("\uFFFD"))
}

// Chunk decodes c. It returns event.ErrMalformed when c breaks its own envelope; a record that
// cannot be read is not an error but a verdict. Of a deletion only the key is read.
func (n *Normalizer) Chunk(c event.Chunk) (*Result, error) {
	f, err := event.ParseFormat(c.ContentType)
	if err != nil {
		return nil, err
	}
	across := n.plan.Observations()
	if c.Rows < 0 || c.Rows > len(c.Data) || len(c.Data) > maxData || c.Rows > max(maxObservations, len(c.Data))/across {
		return nil, fmt.Errorf("%w: %d records of %d observations in %d bytes", event.ErrMalformed, c.Rows, across, len(c.Data))
	}
	l, err := n.split(f, c)
	if err != nil {
		return nil, err
	}
	n.verdicts.Reset(c.Rows * across)
	n.judgeRecords(l, c.Rows, across)
	record := n.decode(l, c, across)
	n.result = Result{Record: record, Verdicts: &n.verdicts, Rows: c.Rows, Across: across, grid: &n.grid}
	return &n.result, nil
}

func (n *Normalizer) split(f event.Format, c event.Chunk) (*layout, error) {
	if f.Type != event.ContentTypeNDJSON {
		return n.tables.split(&n.grid, f, c.Data, c.Rows)
	}
	n.grid.reset(c.Data, c.Rows, n.byName.count)
	n.objects.split(&n.grid)
	return n.byName, nil
}

// judgeRecords gives the verdicts that concern whole records.
func (n *Normalizer) judgeRecords(l *layout, rows, across int) {
	g, whole := &n.grid, spread{perRecord, rows, across}
	if g.found != rows {
		clear(g.cells)
		g.faults = g.faults[:0]
		if rows > 0 {
			g.spans[rows-1].end = len(g.data) // with all that follows: nothing is lost
		}
		counted := *say("potongan data tercatat berisi %d catatan, tetapi terbaca lain; kirim ulang berkasnya", "the chunk announces %d records but holds another number; deliver the file again", rows)
		for row := range rows {
			g.faults = append(g.faults, fault{row, counted})
		}
	}
	for _, f := range g.faults {
		r := quality.Reason{Rule: quality.RuleStructure, Say: f.say}
		whole.observations(f.row, func(obs int) { n.verdicts.Add(obs, r) })
	}
	for i, set := range n.aside {
		if l.aside[i] < 0 {
			continue
		}
		for row, c := range g.slot(l.aside[i]) {
			if b := g.bytes(c); c.is(plain) && len(b) > 0 && set.none(b) {
				continue
			} else if set.has(trim(b)) {
				whole.observations(row, n.verdicts.PutAside)
			}
		}
	}
	for _, r := range l.lacking {
		for obs := range rows * across {
			n.verdicts.Add(obs, r)
		}
	}
}

// decode decodes every property and puts the columns together.
func (n *Normalizer) decode(l *layout, c event.Chunk, across int) arrow.RecordBatch {
	columns := make([]arrow.Array, len(n.plan.Fields))
	for i, in := range n.inputs {
		cells, shape := n.cells(l, i, c, across)
		s := spread{shape, c.Rows, across}
		in.decode(&n.grid, cells, s.copies(), func(i int, r quality.Reason) {
			s.observations(i, func(obs int) { n.verdicts.Add(obs, r) })
		})
		if in.Cell && c.Op != event.Delete {
			n.checkTotals(l, in, c.Rows, across)
		}
		for part, f := range in.Fields {
			columns[f] = in.columns[part].array(n.mem, s)
		}
	}
	record := array.NewRecordBatch(n.schema, columns, int64(c.Rows*across))
	for _, a := range columns {
		a.Release()
	}
	return record
}

// cells returns the cells of input number i and which observations each is for.
func (n *Normalizer) cells(l *layout, i int, c event.Chunk, across int) ([]cell, shape) {
	in, g := n.inputs[i], &n.grid
	in.cells = in.cells[:0]
	switch slots := l.inputs[i]; {
	case c.Op == event.Delete && in.Property.Key == 0:
	case in.Constant != nil:
		in.cells = append(in.cells, g.text(*in.Constant))
		return in.cells, constant
	case in.Header != nil:
		for _, t := range l.headers[i] {
			in.cells = append(in.cells, g.text(t))
		}
		return in.cells, perTitle
	case in.Cell:
		in.cells = resize(in.cells, c.Rows*across)
		for at, slot := range l.wide {
			for row := range c.Rows {
				if slot < 0 {
					in.cells[row*across+at] = 0
				} else {
					in.cells[row*across+at] = g.slot(slot)[row]
				}
			}
		}
		return in.cells, perCell
	case len(slots) == 1:
		return g.slot(slots[0]), perRecord
	case len(slots) > 1:
		in.cells = append(in.cells, g.slot(slots[0])...)
		for _, s := range slots[1:] {
			for row, alternative := range g.slot(s) {
				if in.cells[row].kind() == absent {
					in.cells[row] = alternative
				}
			}
		}
		return in.cells, perRecord
	}
	in.cells = append(in.cells, 0)
	return in.cells, constant
}
