package normalize

import (
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// normaliser reads b, a cell's text without white space around it, as a value, or says which rule it
// breaks and why. The value may alias b. A cell written as a JSON number is unambiguous; the same
// characters as text are read by the column's locale.
type normaliser func(in *input, b []byte, k kind, v *value) (rule string, why *event.Sentence)

// normaliserOf is what reads the cells of in: by code list, by the reading of its element, else by
// its type. This is the only place where a reading gets its normaliser.
func normaliserOf(in *schemas.Input) normaliser {
	switch {
	case in.Codes != nil:
		return (*input).region
	case in.Reading.Identifies():
		return (*input).identifier
	}
	switch in.Reading {
	case schemas.ReadRupiah:
		return (*input).rupiah
	case schemas.ReadPercent, schemas.ReadQuantity:
		return (*input).quantity
	case schemas.ReadBoolean:
		return (*input).boolean
	case schemas.ReadOrdinal:
		return (*input).ordinal
	case schemas.ReadLatitude:
		return (*input).latitude
	case schemas.ReadLongitude:
		return (*input).longitude
	case schemas.ReadName:
		return (*input).name
	case schemas.ReadCode:
		return (*input).code
	}
	switch in.Property.Type.Kind {
	case schemas.Boolean:
		return (*input).boolean
	case schemas.Date:
		return (*input).date
	case schemas.Timestamp:
		return (*input).timestamp
	case schemas.String:
		return (*input).text
	}
	return (*input).number
}

// prose reports whether the characters of in's texts matter as they are; all others are narrowed.
func prose(in *schemas.Input) bool {
	return in.Codes == nil && in.Property.Type.Kind == schemas.String && (in.Reading == "" || in.Reading == schemas.ReadName)
}

// bare reports whether a plain value of in's type, where it has the short form that the fast ways of
// decoding know, means to in's reading what it means to its type.
func bare(in *schemas.Input) bool {
	switch in.Reading {
	case "", schemas.ReadOrdinal:
		return true
	case schemas.ReadRupiah: // three decimals may be thousands
		return in.Unit == in.Property.Unit && in.Property.Type.Scale < 3
	case schemas.ReadPercent, schemas.ReadQuantity:
		return in.Unit == in.Property.Unit
	}
	return false
}

func (in *input) number(b []byte, k kind, v *value) (string, *event.Sentence) {
	return quality.RuleType, in.locale.number(in.digits, b, k, in.Property.Type, v)
}

func (in *input) date(b []byte, k kind, v *value) (string, *event.Sentence) {
	days, why := in.dates.date(b, k)
	v.i = int64(days)
	return quality.RuleType, why
}

func (in *input) timestamp(b []byte, k kind, v *value) (rule string, why *event.Sentence) {
	v.i, why = in.dates.timestamp(b, k)
	return quality.RuleType, why
}

func (in *input) text(b []byte, _ kind, v *value) (string, *event.Sentence) {
	v.s = b
	return quality.RuleType, readable(b)
}
