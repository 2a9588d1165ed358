package reference

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What a question can fail for; use errors.Is.
var (
	ErrSystem  = errors.New("unknown code system")
	ErrCode    = errors.New("unknown code")
	ErrEnded   = errors.New("code without successor")
	ErrSplit   = errors.New("code with several successors")
	ErrInvalid = errors.New("invalid code list")
)

// Text is something said to a user, in Bahasa Indonesia and in English.
type Text struct {
	ID string `json:"id"`
	EN string `json:"en"`
}

// String is both languages.
func (t Text) String() string { return t.ID + " (" + t.EN + ")" }

// add says one more thing in the same sentence.
func (t *Text) add(more Text) { t.ID, t.EN = t.ID+"; "+more.ID, t.EN+"; "+more.EN }

func textf(id, en string, args ...any) Text {
	return Text{fmt.Sprintf(id, args...), fmt.Sprintf(en, args...)}
}

// Problem is the error of every question that has no answer.
type Problem struct {
	Text
	kind error
}

// Error is what is wrong in both languages.
func (p *Problem) Error() string { return p.String() }

// Unwrap is the kind of the problem: [ErrSystem], [ErrCode], [ErrEnded], [ErrSplit] or [ErrInvalid].
func (p *Problem) Unwrap() error { return p.kind }

func problem(kind error, id, en string, args ...any) *Problem {
	return &Problem{textf(id, en, args...), kind}
}

// Find finds a code of a system and vintage. Its error says why there is none: what else the code
// could mean, when it was valid, what it became.
func (r *Registry) Find(system, code string) (Entry, error) {
	v, ok := r.vintages[system]
	if !ok {
		return Entry{}, r.noSystem(system, code)
	}
	if e, ok := v.entry(code); ok {
		return e, nil
	}
	return Entry{}, r.noCode(v, code)
}

// noSystem refuses a question without a known system, and says what the code means in those that are known.
func (r *Registry) noSystem(system, code string) error {
	id, en := "sistem kode tidak disebut", "no code system is named"
	if system != "" {
		p := r.unknownSystem(system)
		id, en = p.ID, p.EN
	}
	if meanings := r.Meanings(code); len(meanings) > 0 {
		id += fmt.Sprintf("; %s dapat berarti: %s", code, strings.Join(meanings, "; "))
		en += fmt.Sprintf("; %s may mean one of these", code)
	}
	if system == "" {
		id += "; sebutkan sistemnya: " + strings.Join(r.Systems(), ", ")
		en += "; name the system"
	}
	return &Problem{Text{id, en}, ErrSystem}
}

func (r *Registry) unknownSystem(system string) *Problem {
	return problem(ErrSystem, "sistem kode %q tidak dikenal; yang dikenal: %[2]s", "unknown code system %q; known: %s", system, strings.Join(r.Systems(), ", "))
}

// Meanings says what a code by itself is in each system that has it, in whichever of its vintages, as
// "kemendagri@2018–2025: 31.71 Kota Administrasi Jakarta Pusat".
func (r *Registry) Meanings(code string) []string {
	var out []string
	for _, s := range r.stores() {
		canonical, ok := s.form(code)
		if !ok {
			continue
		}
		found, ok := s.find(canonical)
		if !ok {
			continue
		}
		span := s.vintages[found.first]
		if found.last != found.first {
			span += "–" + s.vintages[found.last]
		}
		out = append(out, fmt.Sprintf("%s@%s: %s %s", s.system, span, found.code, found.called(found.last)))
	}
	return out
}

// stores lists the stores behind the vintages, by the first of their names.
func (r *Registry) stores() []*store {
	var all []*store
	for _, name := range r.Systems() {
		if s := r.vintages[name].store; !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// noCode says why v has no such code.
func (r *Registry) noCode(v vintage, code string) error {
	canonical, ok := v.form(code)
	if !ok {
		return problem(ErrCode, "%q bukan bentuk kode %s%s", "%q is not the form of a %s code%s", code, v.name(), r.elsewhere(v, code))
	}
	if v.own != nil {
		if p := v.own.explain(canonical); p != nil {
			return p
		}
	}
	if l := v.level(canonical); l != "" && !r.Has(v.name(), l) {
		return problem(ErrCode, "kode %s: daftar %s di sini tidak memuat tingkat %s%s",
			"code %s: the list of %s here has no level %s%s", code, v.name(), l, r.elsewhere(v, code))
	}
	found, ok := v.find(canonical)
	switch {
	case !ok:
		return problem(ErrCode, "kode %s tidak ada di %s%s", "code %s is not in %s%s", code, v.name(), r.elsewhere(v, code))
	case v.at < found.first:
		return problem(ErrCode, "kode %s (%s) baru ada sejak %s, belum di %s%s", "code %s (%s) is there since %s, not yet in %s%s",
			found.code, found.name, v.store.vintages[found.first], v.name(), r.elsewhere(v, code))
	}
	last := v.system + "@" + v.store.vintages[found.last]
	t, err := r.Translate(found.code, last, v.name())
	if err != nil {
		return problem(ErrCode, "kode %s (%s) terakhir ada di %s, tanpa pengganti yang terbukti%s",
			"code %s (%s) was last in %s, without provable successor%s", found.code, found.called(found.last), last, r.elsewhere(v, code))
	}
	return problem(ErrCode, "kode %s (%s) terakhir ada di %s, lalu menjadi %s%s", "code %s (%s) was last in %s, then it became %s%s",
		found.code, found.called(found.last), last, Listing(t.Targets), r.elsewhere(v, code))
}

// elsewhere says what other systems have under the code: mostly it is the system named that is wrong.
func (r *Registry) elsewhere(v vintage, code string) string {
	var other []string
	for _, m := range r.Meanings(code) {
		if !strings.HasPrefix(m, v.system+"@") {
			other = append(other, m)
		}
	}
	if len(other) == 0 {
		return ""
	}
	return "; " + strings.Join(other, "; ")
}

// Listing names entries: "93 Papua Selatan, 94 Papua Tengah".
func Listing(entries []Entry) string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Code + " " + e.Name
	}
	return strings.Join(all, ", ")
}
