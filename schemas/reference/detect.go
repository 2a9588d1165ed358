package reference

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Pair is a code with the name beside it, as a column has them, and in how many rows.
type Pair struct {
	Code, Name string
	Count      int
}

// Vote says how well a system and vintage explains the codes of a column.
type Vote struct {
	System string `json:"sistem"`
	Level  string `json:"tingkat"`
	Known  int    `json:"dikenal"`  // rows whose code the system has at the level
	Named  int    `json:"bernama"`  // of them, rows whose name is that code's
	Spelt  int    `json:"persis"`   // of them, rows whose name is written exactly as the system writes it
	Total  int    `json:"semua"`    // rows with a code
	Names  int    `json:"ada_nama"` // of them, rows with a name
	// Share is Named/Names, or Known/Total where no row has a name.
	Share float64 `json:"bagian"`
	Why   Text    `json:"alasan"`
	// Tied says that another system, not merely another vintage, explains the column as well by codes
	// and names. The order then follows how codes and names are written.
	Tied bool `json:"seri"`
}

// Detect votes which system, vintage and level a column of codes uses, the best first. Systems that
// know none of the codes are left out, so that the result may be empty. Names decide, because digits
// alone fit several systems; where they fit several systems alike (on Java the systems agree), the form
// does, and the vote says so.
func (r *Registry) Detect(pairs []Pair) []Vote {
	rows := make([]sample, 0, len(pairs))
	dots, total := 0, 0
	for _, p := range pairs {
		s := newSample(p)
		if s.code == "" {
			continue
		}
		total += s.count
		if strings.Contains(s.code, ".") {
			dots += s.count
		}
		rows = append(rows, s)
	}
	var votes []Vote
	for _, system := range r.Systems() {
		votes = append(votes, r.vintages[system].votes(rows)...)
	}
	undotted := 2*dots <= total
	slices.SortFunc(votes, func(a, b Vote) int {
		return cmp.Or(b.Named-a.Named, b.Known-a.Known, b.Spelt-a.Spelt,
			formFit(b, undotted)-formFit(a, undotted),
			strings.Compare(vintageOf(b.System), vintageOf(a.System)), // newest first
			strings.Compare(a.System, b.System))
	})
	for i := range votes {
		votes[i].explain(votes[:i], votes[i+1:], undotted)
	}
	return votes
}

// formFit is 1 where codes are written as v's system writes them: Kemendagri with dots, the others without.
func formFit(v Vote, undotted bool) int {
	if strings.HasPrefix(v.System, "kemendagri@") == undotted {
		return 0
	}
	return 1
}

// explain says what speaks for v, and which others fit as well.
func (v *Vote) explain(before, after []Vote, undotted bool) {
	v.Why = textf("%d dari %d kode dikenal", "%d of %d codes are known", v.Known, v.Total)
	if v.Names > 0 {
		v.Why.add(textf("%d dari %d nama cocok dengan kodenya", "%d of %d names are those of their codes", v.Named, v.Names))
	} else {
		v.Why.add(textf("tidak ada nama pembanding", "there are no names to compare"))
	}
	var systems, vintages []string
	for _, o := range slices.Concat(before, after) {
		switch {
		case o.Named != v.Named || o.Known != v.Known:
		case systemOf(o.System) == systemOf(v.System):
			vintages = append(vintages, o.System)
		default:
			systems = append(systems, o.System)
		}
	}
	if v.Tied = len(systems) > 0; v.Tied {
		all := strings.Join(systems, ", ")
		v.Why.add(textf("%s sama cocoknya: untuk tempat-tempat ini kode dan nama tidak membedakannya", "%s fit equally: for these places codes and names do not tell them apart", all))
		v.Why.add(v.form(undotted))
	} else if len(vintages) > 0 {
		v.Why.add(textf("%s sama cocoknya; ejaan nama yang persis, lalu vintage terbaru, didahulukan",
			"%s fit equally; exact spelling of names, then the newest vintage, comes first", strings.Join(vintages, ", ")))
	}
}

// form says what the way of writing tells of v.
func (v *Vote) form(undotted bool) Text {
	fit := formFit(*v, undotted) == 1
	switch {
	case v.Spelt > 0:
		return textf("%d nama tertulis persis seperti di %s", "%d names are written exactly as in %s", v.Spelt, v.System)
	case fit && undotted:
		return textf("kode tanpa titik, seperti ditulis %s", "codes without dots, as %s writes them", v.System)
	case fit:
		return textf("kode bertitik, seperti ditulis %s", "codes with dots, as %s writes them", v.System)
	}
	return textf("tetapi %s menulis kode lain bentuknya", "but %s writes codes in another form", v.System)
}

func systemOf(system string) string {
	s, _, _ := strings.Cut(system, "@")
	return s
}

func vintageOf(system string) string {
	_, v, _ := strings.Cut(system, "@")
	return v
}

// sample is a pair made ready: its code repaired, the keys of its name.
type sample struct {
	code, name string
	key, bare  string
	typed      bool // the name says what the region is
	count      int
}

func newSample(p Pair) sample {
	s := sample{code: repair(p.Code), name: strings.TrimSpace(p.Name), count: max(p.Count, 1)}
	s.key = NameKey(s.name)
	s.bare, s.typed = bareKey(s.name)
	return s
}

// repair undoes what a spreadsheet made of a code where only one code can be meant: spaces, "1101.0",
// "1.101e3".
func repair(code string) string {
	code = strings.Join(strings.Fields(code), "")
	if whole, zeros, ok := strings.Cut(code, "."); ok && zeros == "0" && digits(whole) {
		return whole
	}
	if strings.ContainsAny(code, "eE") && len(code) < 20 {
		if f, _, err := big.ParseFloat(code, 10, 64, big.ToNearestEven); err == nil && f.IsInt() && f.Sign() > 0 && f.MantExp(nil) < 40 {
			return f.Text('f', 0)
		}
	}
	return code
}

// votes counts, per level, what v knows of rows.
func (v vintage) votes(rows []sample) []Vote {
	byLevel := map[string]*Vote{}
	total, names := 0, 0
	for _, s := range rows {
		total += s.count
		if s.key != "" {
			names += s.count
		}
		e, ok := v.entry(s.code)
		if !ok {
			continue
		}
		vote := byLevel[e.Level]
		if vote == nil {
			vote = &Vote{System: v.name(), Level: e.Level}
			byLevel[e.Level] = vote
		}
		vote.Known += s.count
		if s.named(e.Name) {
			vote.Named += s.count
			if s.name == e.Name {
				vote.Spelt += s.count
			}
		}
	}
	var out []Vote
	for _, level := range slices.Sorted(maps.Keys(byLevel)) {
		vote := *byLevel[level]
		vote.Total, vote.Names = total, names
		if names > 0 {
			vote.Share = float64(vote.Named) / float64(names)
		} else {
			vote.Share = float64(vote.Known) / float64(total)
		}
		out = append(out, vote)
	}
	return out
}

// named says whether the sample's name is that of a region called name; a name without the word for
// what the region is matches by the rest.
func (s sample) named(name string) bool {
	if s.key == "" {
		return false
	}
	if s.key == NameKey(name) {
		return true
	}
	bare, typed := bareKey(name)
	return s.typed != typed && s.bare == bare
}

// Named lists the provinces or kabupaten/kota of a system that are called name, however it is spelled,
// by code.
func (r *Registry) Named(system, level, name string) []Entry {
	v, ok := r.vintages[system]
	if !ok {
		return nil
	}
	s := newSample(Pair{Name: name})
	var out []Entry
	for _, row := range v.upper.rows { // names below are too many, and too often the same, to suggest
		if row.in(v.at) && v.level(row.code) == level && s.named(row.called(v.at)) {
			out = append(out, v.describe(row))
		}
	}
	return out
}
