package normalize

import (
	"unsafe"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// identifier reads a NIK, a telephone number and so on as schemas.CheckIdentifier has it.
func (in *input) identifier(b []byte, _ kind, v *value) (string, *event.Sentence) {
	canonical, why, ok := schemas.CheckIdentifier(in.Reading, view(b))
	if !ok {
		return quality.RulePattern, &event.Sentence{ID: why.ID, EN: why.EN}
	}
	in.scratch = append(in.scratch[:0], canonical...)
	v.s = in.scratch
	return "", nil
}

// elementPattern is the pattern of p's element. For an identifier it is what CheckIdentifier's results
// look like, told to other tools, and a stricter one is the contract's own.
func elementPattern(p schemas.Property) string {
	e, _ := schemas.FindElement(p.Element)
	return e.Check.Pattern
}

// view is b as text, without a copy: b must not change while the result is in use.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
