package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"satudata/schemas/reference"
)

// relation says what the codes of one vintage became in the next, as far as the two lists prove it.
//
// A code that is in both lists is the same region. The rules of Kemendagri (Permendagri 58/2021,
// article 8) keep the code through a rename of a province, kabupaten/kota or kecamatan, and through a
// split for the part that keeps the name. A village should get a new code with a new name, yet the
// lists keep it for hundreds, mostly with another spelling; there, too, the code decides, unless the
// name went to another code (see below).
//
// A code that vanished became a new code when one of these holds:
//
//  1. Name under the corresponding parent. It is the only region of that name (as
//     [reference.NameKey] compares) beneath its parent before, and the new one is the only one of
//     that name beneath what the parent became. For a kabupaten/kota the parent is the country: their
//     names with their kind are unique. This finds whole kabupaten that moved to new provinces, and a
//     desa that became a kelurahan or back.
//  2. Name in the kabupaten. The only village of that name in the whole kabupaten before and after:
//     it moved to another kecamatan.
//  3. Children. A kecamatan of a kabupaten that was recoded, under another name than before (Kobagma,
//     Kobakma): more than half of its villages are found by name in one new kecamatan, and more than
//     half of that one's are its.
//  4. Digits. A village of a kecamatan that was recoded, with the same four digits behind it, when the
//     names are at most two letters apart (Kireli, Kir-ely).
//
// From the villages that moved follows which kecamatan were split, and from the kabupaten which
// provinces. A village whose code stayed while its name went to another code beneath the same parent
// is unclear: it may be either. A code that vanished without any of this has an end and no successor.
//
// What lists of names cannot show: a new village that was cut from one that kept its code and name,
// where a border runs, a rename together with a new code, and a code given to another place without
// any trace in the names.
type relation struct {
	before, after          list
	childrenOf, childrenIn map[string][]string // parent → codes, before and after
	became                 map[string][]string // where it is not simply the same code
	unclear                map[string]bool
	taken                  map[string]bool   // new codes that a vanished one became
	keys                   map[string]string // name → its key
}

func compare(before, after list) *relation {
	r := &relation{before: before, after: after, childrenOf: children(before), childrenIn: children(after),
		became: map[string][]string{}, unclear: map[string]bool{}, taken: map[string]bool{}, keys: map[string]string{}}
	r.byName(5)
	r.byName(8)
	r.byChildren()
	r.byName(13)
	r.inRegency()
	r.byDigits()
	r.conflicts()
	r.split(8)
	r.split(2)
	return r
}

// parent is the code of the region that code lies in, "" for a province.
func parent(code string) string { return code[:max(0, strings.LastIndexByte(code, '.'))] }

// children lists the codes beneath each code, and all kabupaten/kota beneath "".
func children(l list) map[string][]string {
	m := map[string][]string{}
	for _, code := range slices.Sorted(maps.Keys(l)) {
		m[parent(code)] = append(m[parent(code)], code)
		if len(code) == 5 {
			m[""] = append(m[""], code)
		}
	}
	return m
}

// key is the name key of name, found once.
func (r *relation) key(name string) string {
	key, ok := r.keys[name]
	if !ok {
		key = reference.NameKey(name)
		r.keys[name] = key
	}
	return key
}

// unique maps the name keys that exactly one of codes has to that code.
func (r *relation) unique(l list, codes []string) map[string]string {
	m := map[string]string{}
	for _, c := range codes {
		key := r.key(l[c])
		if _, twice := m[key]; twice {
			m[key] = ""
		} else {
			m[key] = c
		}
	}
	maps.DeleteFunc(m, func(_, c string) bool { return c == "" })
	return m
}

// successor is the one code that code became so far, "" when that is not known.
func (r *relation) successor(code string) string {
	if _, stays := r.after[code]; stays || code == "" {
		return code
	}
	if to := r.became[code]; len(to) == 1 {
		return to[0]
	}
	return ""
}

// open lists the vanished codes of a length of which nothing is known yet.
func (r *relation) open(length int) []string {
	var codes []string
	for code := range r.before {
		_, stays := r.after[code]
		if _, known := r.became[code]; len(code) == length && !stays && !known {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// fresh says whether code is new in the later list and nothing became it yet.
func (r *relation) fresh(code string) bool {
	_, was := r.before[code]
	_, is := r.after[code]
	return is && !was && !r.taken[code]
}

func (r *relation) link(from, to string) {
	r.became[from] = []string{to}
	r.taken[to] = true
}

// byName applies rule 1 to the codes of a length.
func (r *relation) byName(length int) {
	for _, code := range r.open(length) {
		p := parent(code)
		if length == 5 {
			p = ""
		}
		q := r.successor(p)
		if q == "" && p != "" {
			continue
		}
		r.linkNames(code, r.childrenOf[p], r.childrenIn[q])
	}
}

// linkNames links code when its name is unique among the old codes around it and among the new ones.
func (r *relation) linkNames(code string, old, now []string) {
	key := r.key(r.before[code])
	if r.unique(r.before, old)[key] != code {
		return
	}
	if to := r.unique(r.after, now)[key]; to != "" && r.fresh(to) {
		r.link(code, to)
	}
}

// byChildren applies rule 3.
func (r *relation) byChildren() {
	for _, code := range r.open(8) {
		mine := r.unique(r.before, r.childrenOf[code])
		for _, to := range r.childrenIn[r.successor(parent(code))] {
			theirs := r.unique(r.after, r.childrenIn[to])
			both := 0
			for key := range mine {
				if theirs[key] != "" {
					both++
				}
			}
			if r.fresh(to) && 2*both > len(r.childrenOf[code]) && 2*both > len(r.childrenIn[to]) {
				r.link(code, to)
				break
			}
		}
	}
}

// villages lists the villages of a kabupaten/kota.
func villages(regency string, childrenOf map[string][]string) []string {
	var all []string
	for _, district := range childrenOf[regency] {
		all = append(all, childrenOf[district]...)
	}
	return all
}

// inRegency applies rule 2.
func (r *relation) inRegency() {
	for _, code := range r.open(13) {
		k := parent(parent(code))
		if q := r.successor(k); q != "" {
			r.linkNames(code, villages(k, r.childrenOf), villages(q, r.childrenIn))
		}
	}
}

// byDigits applies rule 4.
func (r *relation) byDigits() {
	const apart = 2
	for _, code := range r.open(13) {
		p := parent(code)
		q := r.successor(p)
		to := q + code[len(p):]
		if q == "" || q == p || !r.fresh(to) {
			continue
		}
		if levenshtein.ComputeDistance(r.key(r.before[code]), r.key(r.after[to])) <= apart {
			r.link(code, to)
		}
	}
}

// conflicts finds the villages whose code went one way and whose name another.
func (r *relation) conflicts() {
	for code, name := range r.before {
		now, stays := r.after[code]
		key := r.key(name)
		if len(code) != 13 || !stays || r.key(now) == key {
			continue
		}
		for _, other := range r.childrenIn[parent(code)] {
			if other != code && r.key(r.after[other]) == key && r.key(r.before[other]) != key && !r.taken[other] {
				r.became[code] = append(r.became[code], other)
				r.unclear[code] = true
			}
		}
		if r.unclear[code] {
			r.became[code] = append(r.became[code], code)
			slices.Sort(r.became[code])
		}
	}
}

// split finds the codes of a length whose children now lie beneath several.
func (r *relation) split(length int) {
	for code := range r.before {
		if len(code) != length {
			continue
		}
		var to []string
		if s := r.successor(code); s != "" {
			to = append(to, s)
		}
		for _, child := range r.childrenOf[code] {
			for _, moved := range r.became[child] {
				to = append(to, parent(moved))
			}
		}
		slices.Sort(to)
		if to = slices.Compact(to); len(to) > 0 && !slices.Equal(to, []string{code}) {
			r.became[code] = to
		}
	}
}
