package trial

import (
	"math/big"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// maxPrinted is how many rows with printed totals are compared, and maxGroups how many groups of rows
// are summed for them; with more than that nothing is compared.
const (
	maxPrinted = 1000
	maxGroups  = 100_000
)

// totals compares the totals that a delivery prints in rows that were set aside with the sums of its
// accepted rows, by the same rule as landing: a total is of the rows that have the same values as its
// own row in the key's columns; a text that no row has, as the word TOTAL, is no condition.
//
// The rows are summed for each combination of the key's columns that are not texts, and for each
// value of the texts alone, which covers totals of a year and of a region.
type totals struct {
	plan    *schemas.Plan
	by      []int // fields of the key
	sums    []int // fields that may be summed
	printed []printed
	groups  map[string][]*big.Rat
	many    bool
}

// printed is a row that was set aside.
type printed struct {
	row    int64
	by     []string // values of the key's columns, "" for none
	totals []*big.Rat
}

func newTotals(plan *schemas.Plan) *totals {
	t := &totals{plan: plan, by: plan.Key, groups: map[string][]*big.Rat{}}
	if len(plan.SetAside) == 0 || len(plan.Key) > 8 {
		return t
	}
	for i := range plan.Inputs {
		in := &plan.Inputs[i]
		if k := in.Property.Type.Kind; in.Property.Additive && (k == schemas.Integer || k == schemas.Decimal) {
			t.sums = append(t.sums, in.Fields[0])
		}
	}
	return t
}

// add takes a decoded chunk in.
func (t *totals) add(res *normalize.Result, row func(int) int64) {
	if len(t.sums) == 0 || t.many {
		return
	}
	v, rec := res.Verdicts, res.Record
	for obs := range v.Len() {
		switch {
		case v.IsAside(obs) && len(t.printed) < maxPrinted:
			t.printed = append(t.printed, printed{row(obs), t.values(rec, obs, t.by), t.numbers(rec, obs)})
		case v.IsAccepted(obs):
			t.sum(t.values(rec, obs, t.by), t.numbers(rec, obs))
		}
	}
}

func (t *totals) values(rec arrow.RecordBatch, obs int, fields []int) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		if col := rec.Column(f); !col.IsNull(obs) {
			out[i] = col.ValueStr(obs)
		}
	}
	return out
}

func (t *totals) numbers(rec arrow.RecordBatch, obs int) []*big.Rat {
	out := make([]*big.Rat, len(t.sums))
	for i, f := range t.sums {
		if col := rec.Column(f); !col.IsNull(obs) {
			out[i], _ = new(big.Rat).SetString(col.ValueStr(obs))
		}
	}
	return out
}

// sum adds one accepted row to every group that it may be in.
func (t *totals) sum(by []string, numbers []*big.Rat) {
	for set := range 1 << len(by) {
		key := groupKey(by, set)
		g := t.groups[key]
		if g == nil {
			if len(t.groups) == maxGroups {
				t.many = true
				return
			}
			g = make([]*big.Rat, len(t.sums))
			t.groups[key] = g
		}
		for i, n := range numbers {
			if n == nil {
				continue
			}
			if g[i] == nil {
				g[i] = new(big.Rat)
			}
			g[i].Add(g[i], n)
		}
	}
}

// groupKey names the rows that have these values in the columns of set.
func groupKey(by []string, set int) string {
	var b strings.Builder
	for i, v := range by {
		if set>>i&1 == 1 {
			b.WriteString(v)
			b.WriteByte(0)
		} else {
			b.WriteByte(1)
		}
	}
	return b.String()
}

// differing says which printed totals are not the sums of their rows.
func (t *totals) differing(rejected int64) (out []event.Sentence) {
	if t.many {
		return []event.Sentence{{ID: "total tercetak tidak dibandingkan: terlalu banyak kelompok", EN: "printed totals were not compared: too many groups"}}
	}
	but, butEN := "", ""
	if rejected > 0 {
		but, butEN = " (baris yang ditolak tidak terhitung)", " (rejected rows do not count)"
	}
	for _, p := range t.printed {
		set, ok := t.conditions(p)
		if !ok {
			continue
		}
		sums := t.groups[groupKey(p.by, set)]
		for i, n := range p.totals {
			sum := new(big.Rat)
			if sums != nil && sums[i] != nil {
				sum = sums[i]
			}
			if n == nil || n.Cmp(sum) == 0 {
				continue
			}
			f := t.plan.Fields[t.sums[i]]
			out = append(out, sayf("baris %d mencetak total %s %s, sedangkan baris yang diterima berjumlah %s"+but,
				"row %d prints a total %s of %s, while the accepted rows add up to %s"+butEN, p.row, f.Name, n.FloatString(f.Type.Scale), sum.FloatString(f.Type.Scale)))
		}
	}
	return out
}

// conditions is the set of columns that tell which rows p is a total of; ok is false when a value that
// is no text is in no row.
func (t *totals) conditions(p printed) (set int, ok bool) {
	for i, v := range p.by {
		if v == "" {
			continue
		}
		one := slices.Repeat([]string{""}, len(p.by))
		one[i] = v
		if _, there := t.groups[groupKey(one, 1<<i)]; there {
			set |= 1 << i
		} else if t.plan.Fields[t.by[i]].Type.Kind != schemas.String {
			return 0, false
		}
	}
	return set, true
}
