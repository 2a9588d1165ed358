package schemas

import (
	"maps"
	"slices"
	"strings"
)

// Upcast says how rows that were delivered under an older version of the contract get the value of a
// column, in the current state; the history keeps them as they were recorded. In a property of a
// contract it is the customProperty nilaiLama, in one of these forms:
//
//	{nilai: TIDAK DIKETAHUI}                    what is empty becomes this value
//	{dari: status}                              what is empty becomes the value of another column
//	{dari: status, petakan: {LAMA: BARU}}       the same, with values renamed on the way
//	{petakan: {L: LAKI-LAKI, P: PEREMPUAN}}     values of the column itself are renamed
//
// What petakan does not name stays as it is. The versions after it may go on saying it; only a version
// that says something else does it again. With nilaiLama a column that is added within a major
// version may be required.
type Upcast struct {
	Column   string            // physical
	Type     Type              // of Column
	Constant *string           // nilai, written plainly
	From     string            // dari: physical column, or ""
	Map      map[string]string // petakan
}

// readUpcast reads nilaiLama; checkUpcasts resolves it when all columns are known.
func readUpcast(custom object) *Upcast {
	if !custom.has("nilaiLama") {
		return nil
	}
	o := custom.child("nilaiLama")
	o.only("nilai", "dari", "petakan")
	u := &Upcast{From: o.text("dari"), Map: o.pairs("petakan")}
	if o.has("nilai") {
		text, ok := o.scalar("nilai", "nilai/value")
		if ok {
			u.Constant = &text
		}
	}
	switch {
	case u.Constant != nil && (u.From != "" || u.Map != nil), u.Constant == nil && u.From == "" && len(u.Map) == 0:
		custom.fault("nilaiLama", Sentence{"nilaiLama tidak jelas", "nilaiLama is not clear"}, upcastSay)
		return nil
	}
	return u
}

const upcastSay = "{nilai: …}, {dari: kolom}, {dari: kolom, petakan: {LAMA: BARU}}, atau/or {petakan: {LAMA: BARU}}"

// checkUpcast finds what keeps the column of p from getting its value, and completes p.Upcast.
func checkUpcast(o object, c *Contract, p *Property) {
	u := p.Upcast
	if u == nil {
		return
	}
	fault := func(say Sentence, expected string) { o.fault("customProperties", say, expected) }
	if p.Region() != "" {
		fault(sayf("nilaiLama di kolom wilayah %q", "nilaiLama in region column %q", p.Name), "kirim ulang/deliver again")
		return
	}
	u.Column, u.Type = p.Name, p.Type
	if u.Constant != nil {
		if expected, ok := holds(*p, *u.Constant); !ok {
			fault(sayf("nilaiLama %q bukan nilai kolom %q", "nilaiLama %q is not a value of column %q", *u.Constant, p.Name), expected)
		}
		return
	}
	from := *p
	if u.From != "" {
		i := slices.IndexFunc(c.Properties, func(q Property) bool { return q.Name == u.From })
		switch {
		case i < 0:
			fault(sayf("nilaiLama dari kolom %q, yang tidak ada", "nilaiLama from column %q, which does not exist", u.From), DidYouMean(u.From, propertyNames(c)))
			return
		case c.Properties[i].Name == p.Name || c.Properties[i].Region() != "":
			fault(sayf("nilaiLama kolom %q dari kolom %q", "nilaiLama of column %q from column %q", p.Name, u.From), "kolom lain yang bukan wilayah/another column that is no region")
			return
		}
		from = c.Properties[i]
	}
	if !widens(from.Type, p.Type) {
		fault(sayf("nilaiLama: kolom %q berjenis %s, kolom %q berjenis %s", "nilaiLama: column %q is of type %s, column %q of type %s", from.Name, from.Type.String(), p.Name, p.Type.String()), from.Type.String())
		return
	}
	checkMap(fault, *p)
}

// checkMap finds renamed values that the column cannot hold.
func checkMap(fault func(Sentence, string), p Property) {
	if p.Type.Kind != String && p.Type.Kind != Integer && len(p.Upcast.Map) > 0 {
		fault(sayf("petakan di kolom %q berjenis %s", "petakan in column %q of type %s", p.Name, p.Type.String()), "string, integer")
		return
	}
	for _, old := range sortedKeys(p.Upcast.Map) {
		if expected, ok := holds(p, p.Upcast.Map[old]); !ok {
			fault(sayf("petakan: %q bukan nilai kolom %q", "petakan: %q is not a value of column %q", p.Upcast.Map[old], p.Name), expected)
		}
		if _, ok := holds(Property{Type: p.Type}, old); !ok {
			fault(sayf("petakan: %q bukan %s", "petakan: %q is no %s", old, p.Type.String()), p.Type.String())
		}
	}
}

// holds reports whether text, written plainly, is a value that p's column can hold and its checks let
// through.
func holds(p Property, text string) (expected string, ok bool) {
	if expected, ok = accepts(p, text); !ok || p.Type.Kind != Decimal {
		return expected, ok
	}
	whole, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	digits := strings.Trim(whole+fraction, "0123456789") == ""
	return p.Type.String(), digits && len(whole) <= p.Type.Precision-p.Type.Scale && len(fraction) <= p.Type.Scale
}

// Upcasts are what c says of rows that were delivered under older versions, in the order of its columns.
// What the version before it says alike is not among them: rows of that version have their values, and
// older ones get them by it. before is nil for the first version.
func (c *Contract) Upcasts(before *Contract) []Upcast {
	said := map[string]Upcast{} // by names of c
	if before != nil {
		now := map[string]string{"": ""}
		for _, p := range before.Properties {
			now[p.Name] = p.Name
		}
		for _, p := range c.Properties {
			if p.RenamedFrom != "" {
				now[p.RenamedFrom] = p.Name
			}
		}
		for _, u := range before.Upcasts(nil) {
			u.Column, u.From = now[u.Column], now[u.From]
			said[u.Column] = u
		}
	}
	var out []Upcast
	for _, p := range c.Properties {
		if u := p.Upcast; u != nil && !u.same(said[p.Name]) {
			out = append(out, *u)
		}
	}
	return out
}

// same says whether u and v give a column the same value.
func (u Upcast) same(v Upcast) bool {
	constant := func(s *string) string {
		if s == nil {
			return "-"
		}
		return "=" + *s
	}
	return u.Column == v.Column && u.From == v.From && constant(u.Constant) == constant(v.Constant) && maps.Equal(u.Map, v.Map)
}
