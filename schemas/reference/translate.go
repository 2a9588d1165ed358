package reference

import (
	"fmt"
	"slices"
)

// Translation is what a code of one system and vintage is in another.
type Translation struct {
	From    Entry   `json:"dari"`
	To      string  `json:"ke"`     // the system and vintage asked for
	Targets []Entry `json:"tujuan"` // by code; several when the region was split, and then none is the right one
	// Part says that a target holds more than From: other codes of From's system became it, too.
	Part bool `json:"bagian"`
	// Unclear says that the lists contradict one another on the way: a name went to another code while
	// the code went on under a new name. The targets are what it may be.
	Unclear bool   `json:"tidak_jelas"`
	Steps   []Step `json:"langkah,omitempty"`
}

// Step is a change on the way of a translation.
type Step struct {
	From    string   `json:"dari"` // system and vintage
	To      string   `json:"ke"`
	Code    string   `json:"kode"`
	Became  []string `json:"menjadi"` // empty: nothing that can be proven
	Unclear bool     `json:"tidak_jelas,omitempty"`
}

// OneToOne says that From and its only target are the same region, so that the way back leads to From.
func (t Translation) OneToOne() bool { return len(t.Targets) == 1 && !t.Part && !t.Unclear }

// One returns the only target. Of a code that was split, or for which the lists contradict one another,
// the error names all targets: which one is meant cannot be known from the code.
func (t Translation) One() (Entry, error) {
	switch {
	case t.Unclear:
		return Entry{}, problem(ErrSplit, "kode %s (%s) di %s: daftarnya sendiri tidak konsisten, di %s dapat berarti %s",
			"code %s (%s) of %s: the lists contradict one another, in %s it may be %s", t.From.Code, t.From.Name, t.From.System, t.To, Listing(t.Targets))
	case len(t.Targets) > 1:
		return Entry{}, problem(ErrSplit, "kode %s (%s) di %s mencakup beberapa wilayah di %s: %s",
			"code %s (%s) of %s covers several regions of %s: %s", t.From.Code, t.From.Name, t.From.System, t.To, Listing(t.Targets))
	}
	return t.Targets[0], nil
}

// Translate finds what code of system from is in system to, both with their vintages. It follows the
// vintages one by one, so the steps say when a code changed. Regions that were split have several
// targets. The error of a code that ended without provable successor ([ErrEnded]) says which vintage
// was its last.
func (r *Registry) Translate(code, from, to string) (Translation, error) {
	source, err := r.Find(from, code)
	if err != nil {
		return Translation{}, err
	}
	if _, ok := r.vintages[to]; !ok {
		return Translation{}, r.noSystem(to, "")
	}
	path := r.paths[fromTo{from, to}]
	if path == nil {
		return Translation{}, problem(ErrSystem, "tidak ada padanan antara %s dan %s", "there is no bridge between %s and %s", from, to)
	}
	t := Translation{From: source, To: to}
	codes := r.follow(&t, source.Code, path)
	if len(codes) == 0 {
		return Translation{}, r.ended(t)
	}
	for _, c := range codes {
		e, ok := r.Lookup(to, c)
		if !ok {
			return Translation{}, fmt.Errorf("code list %s has no %s, which %s %s became", to, c, from, source.Code)
		}
		t.Targets = append(t.Targets, e)
	}
	t.Part = r.part(t, path)
	return t, nil
}

// findPaths finds how to get from each vintage to each that can be reached, both included.
func (r *Registry) findPaths() {
	r.paths = map[fromTo][]string{}
	for _, from := range r.Systems() {
		r.paths[fromTo{from, from}] = []string{from}
		for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
			at := queue[0]
			for _, l := range r.links[at] {
				if r.paths[fromTo{from, l.to}] == nil {
					r.paths[fromTo{from, l.to}] = append(slices.Clone(r.paths[fromTo{from, at}]), l.to)
					queue = append(queue, l.to)
				}
			}
		}
	}
}

// follow goes along path and returns the codes at its end, sorted; t takes note of what changed.
func (r *Registry) follow(t *Translation, code string, path []string) []string {
	codes := []string{code}
	for i, to := range path[1:] {
		from := path[i]
		var next []string
		for _, c := range codes {
			became, unclear := r.step(from, to, c)
			if len(became) != 1 || became[0] != c {
				t.Steps = append(t.Steps, Step{from, to, c, became, unclear})
			}
			t.Unclear = t.Unclear || unclear
			next = append(next, became...)
		}
		slices.Sort(next)
		codes = slices.Compact(next)
	}
	return codes
}

// step translates a code between neighbouring vintages.
func (r *Registry) step(from, to, code string) ([]string, bool) {
	for _, l := range r.links[from] {
		if l.to == to {
			return l.step(code)
		}
	}
	return nil, false
}

// part says whether other codes than t.From lead to a target of t.
func (r *Registry) part(t Translation, path []string) bool {
	back := slices.Clone(path)
	slices.Reverse(back)
	for _, target := range t.Targets {
		var way Translation
		if was := r.follow(&way, target.Code, back); !slices.Equal(was, []string{t.From.Code}) {
			return true
		}
	}
	return false
}

// ended says where the way of a code stopped.
func (r *Registry) ended(t Translation) error {
	last := t.Steps[slices.IndexFunc(t.Steps, func(s Step) bool { return len(s.Became) == 0 })]
	return problem(ErrEnded, "kode %s (%s) di %s tidak memiliki padanan yang terbukti di %s; terakhir diketahui sebagai %s di %s",
		"code %s (%s) of %s has no provable counterpart in %s; last known as %s in %s", t.From.Code, t.From.Name, t.From.System, t.To, last.Code, last.From)
}
