package trial

import (
	"fmt"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// personalTally counts the values of a column of class umum that look like identifiers of persons.
type personalTally struct {
	field, all, alike int // field of the plan
	what              string
}

// newPersonalTallies counts in columns that can hold such identifiers: they are no counts and have no list of values.
func newPersonalTallies(plan *schemas.Plan) (out []*personalTally) {
	for _, in := range plan.Inputs {
		if e := in.Property.Element; e == "umum.telepon" || e == "umum.surel" {
			continue // of an office, says who chose the element
		}
		if in.Property.Class != "umum" || in.Property.Region() != "" || in.Property.Additive || len(in.Property.Check.Allowed) > 0 {
			continue
		}
		for _, f := range in.Fields {
			if kind := plan.Fields[f].Type.Kind; kind == schemas.String || kind == schemas.Integer {
				out = append(out, &personalTally{field: f})
			}
		}
	}
	return out
}

func (p *personalTally) note(res *normalize.Result) {
	col := res.Record.Column(p.field)
	for obs := range res.Verdicts.Len() {
		if col.IsNull(obs) || !res.Verdicts.IsAccepted(obs) {
			continue
		}
		p.all++
		if what := identifies(col.ValueStr(obs)); what != "" {
			p.alike++
			p.what = what
		}
	}
}

// identifies is what identifier of a person a value looks like, or "".
func identifies(value string) string {
	if strings.ContainsRune(value, '@') {
		if schemas.LooksPersonal(schemas.ReadEmail, value) {
			return "surel"
		}
		return ""
	}
	const shortest = 10 // of a mobile number
	if len(value) < shortest || value[0] != '+' && (value[0] < '0' || value[0] > '9') {
		return ""
	}
	switch {
	case schemas.LooksPersonal(schemas.ReadNIK, value):
		return "NIK"
	case schemas.LooksPersonal(schemas.ReadNIP, value):
		return "NIP"
	case schemas.LooksPersonal(schemas.ReadPhone, value):
		return "telepon"
	}
	return ""
}

// warning says that a column seems to hold personal data unmarked.
func (p *personalTally) warning(plan *schemas.Plan) (event.Sentence, bool) {
	name := plan.Fields[p.field].Name
	return event.Sentence{
		ID: fmt.Sprintf("kolom %q berkelas umum, tetapi %d dari %d nilainya berbentuk data pribadi (%s); nyatakan classification: pribadi_umum di kontrak, atau jangan dikirim", name, p.alike, p.all, p.what),
		EN: fmt.Sprintf("column %q is of class umum, but %d of %d values have the form of personal data (%s); declare classification: pribadi_umum in the contract, or do not deliver it", name, p.alike, p.all, p.what),
	}, p.alike > 0
}
