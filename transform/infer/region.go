package infer

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/schemas/reference"
)

// regionColumn is a column of region codes.
type regionColumn struct {
	column *column
	votes  []reference.Vote // of the systems that know its level, the best first
	name   *column          // the column of the names, or nil
	system string           // where it differs from the file's
}

// vote is what system says of the column.
func (r regionColumn) vote(system string) reference.Vote {
	at := slices.IndexFunc(r.votes, func(v reference.Vote) bool { return v.System == system && v.Level == r.votes[0].Level })
	if at < 0 {
		return reference.Vote{System: system, Level: r.votes[0].Level, Total: r.votes[0].Total}
	}
	return r.votes[at]
}

func (r regionColumn) level() string { return r.votes[0].Level }

// isRegion says whether c holds region codes.
func (d *draft) isRegion(c *column) bool {
	return slices.ContainsFunc(d.regions, func(r regionColumn) bool { return r.column == c })
}

// regionWords are words of column names that hold region codes.
var regionWords = []string{"kode", "kd", "wilayah", "kabupaten", "kabkota", "kabkot", "kota", "provinsi", "daerah", "bps", "kemendagri", "kecamatan", "desa", "kelurahan"}

// findRegions finds the columns of region codes and of their names by the vote of the registry, and
// the code system of the file: the one that names and knows most of all columns.
func (d *draft) findRegions() (found []regionColumn) {
	for _, c := range d.table.columns {
		r := regionColumn{column: c, votes: d.votes(c, nil)}
		if len(r.votes) == 0 || r.votes[0].Known*2 < r.votes[0].Total {
			continue
		}
		for _, n := range d.table.columns {
			if n == c || n.mostlyFigures(d.missingSet()) {
				continue
			}
			if v := d.votes(c, n); len(v) > 0 && v[0].Named*2 > v[0].Known && (r.name == nil || v[0].Named > r.votes[0].Named) {
				r.votes, r.name = v, n
			}
		}
		list, _ := words(c.title)
		if v := r.votes[0]; v.Known*10 < v.Total*8 || !has(slug(list), regionWords...) && v.Named*2 < v.Total {
			continue
		}
		found = append(found, r)
	}
	d.chooseSystem(found)
	return found
}

// maxPairs is how many different codes with names the registry is asked about.
const maxPairs = 5000

// votes asks the registry which system, vintage and level explain column c with the names of column n.
// Nothing is asked of a column that does not look like codes.
func (d *draft) votes(c, n *column) []reference.Vote {
	missing := d.missingSet()
	codes, all := 0, 0
	for i, k := range c.counts(nil) {
		if s := c.texts[i]; k > 0 && !missing[schemas.Fold(s)] {
			all += k
			if codeForm(s) {
				codes += k
			}
		}
	}
	if all == 0 || codes*2 < all {
		return nil
	}
	times := map[[2]int32]int{}
	var order [][2]int32
	for row, code := range c.codes {
		if !codeForm(c.texts[code]) {
			continue
		}
		pair := [2]int32{code, 0}
		if n != nil {
			pair[1] = n.codes[row]
		}
		if times[pair]++; times[pair] == 1 {
			order = append(order, pair)
		}
	}
	pairs := make([]reference.Pair, 0, min(len(order), maxPairs))
	for _, pair := range order[:min(len(order), maxPairs)] {
		p := reference.Pair{Code: strings.TrimSuffix(c.texts[pair[0]], ".0"), Count: times[pair]}
		if n != nil {
			p.Name = n.texts[pair[1]]
		}
		pairs = append(pairs, p)
	}
	votes := d.registry.Detect(pairs)
	bindable := d.ref.Systems()
	return slices.DeleteFunc(votes, func(v reference.Vote) bool { return !slices.Contains(bindable, v.System) })
}

// codeForm says whether s could be a region code: digits, dots between them at most.
func codeForm(s string) bool {
	digits := strings.ReplaceAll(strings.TrimSuffix(s, ".0"), ".", "")
	return len(digits) >= 2 && len(digits) <= 10 && formDigits.MatchString(digits)
}

// chooseSystem settles the code system of the file.
func (d *draft) chooseSystem(found []regionColumn) {
	if len(found) == 0 {
		return
	}
	finest := slices.MaxFunc(found, func(a, b regionColumn) int {
		return cmp.Compare(slices.Index(reference.Levels(), a.level()), slices.Index(reference.Levels(), b.level()))
	})
	best, tied := reference.Vote{}, false
	var all []reference.Vote
	for _, v := range finest.votes { // in the registry's order, so that what is alike goes by its reasons
		if v.Level != finest.level() {
			continue
		}
		sum := reference.Vote{System: v.System, Why: v.Why, Tied: v.Tied}
		for _, r := range found {
			o := r.vote(v.System)
			sum.Known, sum.Named, sum.Total = sum.Known+o.Known, sum.Named+o.Named, sum.Total+o.Total
		}
		all = append(all, sum)
		if best.System == "" || sum.Named > best.Named || sum.Named == best.Named && sum.Known > best.Known {
			best, tied = sum, false
		} else if sum.Named == best.Named && sum.Known == best.Known {
			tied = tied || kindOf(sum.System) != kindOf(best.System)
		}
	}
	d.system = best.System
	why, rivals := event.Sentence{ID: best.Why.ID, EN: best.Why.EN}, rivalsOf(best, all)
	if rivals != "" {
		more := sayf("tanpa nama di sebelahnya, kode yang sama dapat berarti tempat lain menurut %s; tanyakan sistemnya kepada OPD",
			"without names beside them, the same codes may be other places by %s; ask the OPD which system it uses", rivals)
		why.ID, why.EN = why.ID+"; "+more.ID, why.EN+"; "+more.EN
	}
	confidence := Confidence{best.Known, best.Total}
	if tied {
		confidence = Confidence{0, 0} // every code speaks for the other system too
	}
	d.note("codeSystem", d.system, confidence, tied || rivals != "" || best.Known*10 < best.Total*9, why)
	for i := range found {
		r := &found[i]
		v := r.vote(d.system)
		if top := r.votes[0]; v.Known*2 < top.Known {
			r.system, v = top.System, top
			d.note("kolom "+r.column.label(), "codeSystem: "+r.system, Confidence{v.Known, v.Total}, true, event.Sentence{ID: v.Why.ID, EN: v.Why.EN})
		}
	}
}

// rivalsOf names the other systems, by their newest vintage, that know half as many of the codes as best
// or more, where names do not prove which one it is; "" where there is none.
func rivalsOf(best reference.Vote, all []reference.Vote) string {
	if best.Named*2 > best.Known {
		return ""
	}
	newest := map[string]string{}
	for _, v := range all {
		system := kindOf(v.System)
		if v.Known*2 >= best.Known && system != kindOf(best.System) {
			newest[system] = max(newest[system], v.System)
		}
	}
	return strings.Join(slices.Sorted(maps.Values(newest)), ", ")
}

// kindOf is a system without its vintage.
func kindOf(system string) string {
	kind, _, _ := strings.Cut(system, "@")
	return kind
}

// table is the code list of a region column.
func (d *draft) codeTable(r regionColumn) (*schemas.CodeTable, error) {
	return d.ref.Table(r.level(), cmp.Or(r.system, d.system))
}
