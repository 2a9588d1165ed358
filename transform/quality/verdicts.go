package quality

// Verdicts holds what was found about each observation of a batch. Accepted observations cost
// nothing. It is not safe for concurrent use.
type Verdicts struct {
	heads    []int32 // per observation: accepted, aside, or 1 + index of its first reason in items
	items    []item
	rejected int
	aside    int
}

// item is one reason in its observation's chain.
type item struct {
	Reason
	next int32 // 1 + index of the next, or 0
}

const (
	accepted = 0
	aside    = -1
)

// NewVerdicts returns verdicts over n observations, all accepted.
func NewVerdicts(n int) *Verdicts {
	v := new(Verdicts)
	v.Reset(n)
	return v
}

// Reset makes v n accepted observations, keeping its memory.
func (v *Verdicts) Reset(n int) {
	if cap(v.heads) < n {
		v.heads = make([]int32, n)
	} else {
		v.heads = v.heads[:n]
		clear(v.heads)
	}
	clear(v.items)
	v.items, v.rejected, v.aside = v.items[:0], 0, 0
}

// Len is the number of observations.
func (v *Verdicts) Len() int { return len(v.heads) }

// Accepted is the number of observations without a reason that are not set aside.
func (v *Verdicts) Accepted() int { return len(v.heads) - v.rejected - v.aside }

// Rejected is the number of observations with at least one reason.
func (v *Verdicts) Rejected() int { return v.rejected }

// SetAside is the number of observations set aside.
func (v *Verdicts) SetAside() int { return v.aside }

// Add rejects obs for one more reason. Of an observation that is set aside nothing is said.
func (v *Verdicts) Add(obs int, r Reason) {
	if v.heads[obs] == aside {
		return
	}
	v.items = append(v.items, item{Reason: r})
	last := int32(len(v.items))
	if v.heads[obs] == accepted {
		v.heads[obs] = last
		v.rejected++
		return
	}
	at := v.heads[obs]
	for v.items[at-1].next != 0 {
		at = v.items[at-1].next
	}
	v.items[at-1].next = last
}

// PutAside sets obs aside, unless it has already been rejected.
func (v *Verdicts) PutAside(obs int) {
	if v.heads[obs] == accepted {
		v.heads[obs] = aside
		v.aside++
	}
}

// IsAccepted reports whether obs is neither rejected nor set aside.
func (v *Verdicts) IsAccepted(obs int) bool { return v.heads[obs] == accepted }

// IsRejected reports whether obs has a reason.
func (v *Verdicts) IsRejected(obs int) bool { return v.heads[obs] > 0 }

// IsAside reports whether obs is set aside.
func (v *Verdicts) IsAside(obs int) bool { return v.heads[obs] == aside }

// Reasons returns the reasons of obs in the order in which they were found, nil when there are none.
func (v *Verdicts) Reasons(obs int) []Reason {
	var out []Reason
	for at := v.heads[obs]; at > 0; at = v.items[at-1].next {
		out = append(out, v.items[at-1].Reason)
	}
	return out
}

// explained reports whether it was already said why field has no value in obs.
func (v *Verdicts) explained(obs int, field string) bool {
	for at := v.heads[obs]; at > 0; at = v.items[at-1].next {
		if r := &v.items[at-1]; r.Field == field || r.Field == "" && r.Rule == RuleStructure {
			return true
		}
	}
	return false
}
