package trial

import (
	"cmp"
	"slices"
)

// result completes the report once everything was read.
func (t *trial) result() *Report {
	r := &t.report
	r.Reasons = []Reason{}
	for _, reason := range t.reasons {
		r.Reasons = append(r.Reasons, *reason)
	}
	slices.SortFunc(r.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule))
	})
	for f, n := range t.missing {
		if n > 0 {
			r.Missing = append(r.Missing, Count{t.plan.Fields[f].Name, n})
		}
	}
	r.Unread = t.names.unread()
	for _, region := range t.regions {
		r.Hints = append(r.Hints, region.hints()...)
	}
	for _, p := range t.personal {
		if w, found := p.warning(t.plan); found {
			r.Warnings = append(r.Warnings, w)
		}
	}
	r.Warnings = append(r.Warnings, t.totals.differing(r.Rejected)...)
	for _, rule := range t.plan.Contract.TableRules {
		r.NotRun = append(r.NotRun, rule.Name)
	}
	return r
}
