package schemas

import (
	"slices"
	"strconv"
	"strings"
)

// inherit gives p what its element says and finds where p contradicts it: a property may be
// narrower than its element, never wider.
func inherit(o, custom object, p *Property) {
	if p.Element == "" {
		if p.Type.Kind == 0 && !o.has("logicalType") {
			o.fault("logicalType", sayf("kolom %q tanpa jenis", "column %q has no type", p.Name), "logicalType, atau/or elemen")
		}
		return
	}
	e, ok := FindElement(p.Element)
	if !ok {
		custom.fault("elemen", sayf("elemen %q tidak dikenal", "unknown element %q", p.Element), DidYouMean(p.Element, elementIDs()))
		return
	}
	inheritText(o, custom, p, e)
	switch {
	case p.Type.Kind == 0 || p.Type.Kind == Double && e.Type.Kind == Decimal:
		p.Type = e.Type
	case !narrows(e.Type, p.Type):
		o.fault("logicalType", sayf("jenis %s bertentangan dengan elemen %s", "type %s contradicts element %s", p.Type, p.Element), e.Type.String())
		p.Type = e.Type // else this would be told again in other words
	}
	if p.Type.Kind != 0 && !e.Reading.Fits(p.Type) {
		o.fault("logicalType", sayf("jenis %s tidak dapat memuat %s", "type %s cannot hold %s", p.Type, e.Reading), e.Type.String())
	}
	if e.Region != "" && (p.Check.MinLength != nil || p.Check.MaxLength != nil || p.Check.Pattern != "" || p.Check.Allowed != nil || p.RenamedFrom != "") {
		o.fault("logicalTypeOptions", Sentence{"kolom wilayah diperiksa dengan daftar kode, bukan pola, panjang, nilai atau nama lama",
			"a region column is checked by its code list, not by pattern, length, values or an old name"}, "hapus/remove it")
	}
	inheritCheck(o, p, e)
}

func inheritText(o, custom object, p *Property, e Element) {
	if p.Title == "" {
		p.Title = e.Name
	}
	if p.Definition == "" {
		p.Definition = e.Definition
	}
	if p.Unit == "" {
		p.Unit = e.Unit
	} else if e.Unit != "" && p.Unit != e.Unit {
		custom.fault("satuan", sayf("satuan %q bertentangan dengan elemen %s", "unit %q contradicts element %s", p.Unit, e.ID), e.Unit)
	}
	if e.Additive != nil && !custom.has("aditif") {
		p.Additive, p.NotAdditive = *e.Additive, !*e.Additive
	} else if e.Additive != nil && p.Additive && !*e.Additive {
		custom.fault("aditif", sayf("elemen %s tidak boleh dijumlahkan", "element %s may not be summed", e.ID), "false")
	}
	if p.Class == "" {
		p.Class = e.Class
	} else if slices.Index(classes(), p.Class) < slices.Index(classes(), e.Class) {
		o.fault("classification", sayf("klasifikasi lebih longgar dari elemen %s", "classification is laxer than element %s", e.ID), e.Class)
	}
}

// narrows reports whether every value of type to is one of type from.
func narrows(from, to Type) bool {
	switch {
	case from.Kind == Double:
		return to.Kind == Double || to.Kind == Integer || to.Kind == Decimal
	case from.Kind == Decimal && to.Kind == Decimal:
		return to.Scale <= from.Scale && to.Precision-to.Scale <= from.Precision-from.Scale
	case from.Kind == Decimal:
		return to.Kind == Integer
	}
	return from.Kind == to.Kind
}

func inheritCheck(o object, p *Property, e Element) {
	contradicts := func(what string, expected string) {
		o.fault("logicalTypeOptions", sayf("%s melonggarkan elemen %s", "%s widens element %s", what, e.ID), expected)
	}
	c := &p.Check
	if c.Min == nil {
		c.Min = e.Check.Min
	} else if e.Check.Min != nil && *c.Min < *e.Check.Min {
		contradicts("minimum", ">= "+strconv.FormatFloat(*e.Check.Min, 'f', -1, 64))
	}
	if c.Max == nil {
		c.Max = e.Check.Max
	} else if e.Check.Max != nil && *c.Max > *e.Check.Max {
		contradicts("maximum", "<= "+strconv.FormatFloat(*e.Check.Max, 'f', -1, 64))
	}
	if c.MinLength == nil {
		c.MinLength = e.Check.MinLength
	} else if e.Check.MinLength != nil && *c.MinLength < *e.Check.MinLength {
		contradicts("minLength", ">= "+strconv.Itoa(*e.Check.MinLength))
	}
	if c.MaxLength == nil {
		c.MaxLength = e.Check.MaxLength
	} else if e.Check.MaxLength != nil && *c.MaxLength > *e.Check.MaxLength {
		contradicts("maxLength", "<= "+strconv.Itoa(*e.Check.MaxLength))
	}
	if c.Pattern == "" {
		c.Pattern = e.Check.Pattern
	} else if e.Check.Pattern != "" && c.Pattern != e.Check.Pattern {
		contradicts("pattern", e.Check.Pattern)
	}
	if c.Allowed == nil {
		c.Allowed = e.Check.Allowed
	} else if e.Check.Allowed != nil {
		for _, v := range c.Allowed {
			if !slices.Contains(e.Check.Allowed, v) {
				contradicts("validValues "+strconv.Quote(v), strings.Join(e.Check.Allowed, ", "))
			}
		}
	}
}

func elementIDs() []string {
	var ids []string
	for _, e := range loadedElements() {
		ids = append(ids, e.ID)
	}
	return ids
}
