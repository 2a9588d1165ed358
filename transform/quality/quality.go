// Package quality holds verdicts: what is wrong with an observation, in words its OPD can act on,
// and the rules that find it.
//
// An observation is accepted, rejected with every reason that was found, or set aside (a printed
// total). Decoding faults come from package normalize; the rules over decoded columns
// (required, range, length, row expressions, key) are here and run over whole Arrow columns.
// Pattern and allowed values are checked while decoding, once per distinct value.
package quality

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"satudata/ingest/event"
	"satudata/schemas"
)

// Names of the rules as they stand in a rejected row. They never change. A row expression is
// RuleRow followed by its name.
const (
	RuleStructure = "struktur" // the record cannot be taken apart
	RuleRequired  = "wajib"
	RuleType      = "tipe"
	RuleRange     = "rentang"
	RuleLength    = "panjang"
	RulePattern   = "pola"
	RuleAllowed   = "nilai"
	RuleCode      = "kode"
	RuleKey       = "kunci"
	RuleTotal     = "total"      // a printed total
	RuleAside     = "disisihkan" // no fault: a value of a record that is set aside
	RuleRow       = "baris:"
)

// Reason says why an observation is rejected.
type Reason struct {
	Field string // property, several joined by ", ", or "" for the record as a whole
	Rule  string // one of the Rule constants
	Value string // what was delivered, see Shown
	Say   event.Sentence
}

// stored is a Reason in the rejected table; fields may be added, names and types never change.
type stored struct {
	Field string `json:"kolom"`
	Rule  string `json:"aturan"`
	Value string `json:"nilai"`
	ID    string `json:"pesan"`
	EN    string `json:"pesan_en"`
}

// MarshalJSON writes the form of the rejected table.
func (r Reason) MarshalJSON() ([]byte, error) {
	return json.Marshal(stored{r.Field, r.Rule, r.Value, r.Say.ID, r.Say.EN})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Reason) UnmarshalJSON(b []byte) error {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*r = Reason{s.Field, s.Rule, s.Value, event.Sentence{ID: s.ID, EN: s.EN}}
	return nil
}

// Masked stands for what was delivered in a column about persons.
const Masked = "•••"

// Shown is a delivered value as a reason repeats it, class being that of its column. Of a column about
// persons nothing is repeated: reasons go on into governance facts, messages and logs, which never
// forget. The rejected table, which is internal, keeps the record as it was delivered.
func Shown(class string, value []byte) string {
	if class != "umum" {
		return Masked
	}
	return Excerpt(value)
}

// classes are the classes of the properties that fields of plan belong to.
func classes(plan *schemas.Plan, fields []int) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		p, _ := plan.Contract.PropertyOf(plan.Fields[f].Name)
		out[i] = p.Class
	}
	return out
}

// excerptRunes is how much of a delivered value a reason repeats.
const excerptRunes = 80

// Excerpt returns value as a reason shows it: one line of valid UTF-8, at most 80 characters.
func Excerpt(value []byte) string {
	var b strings.Builder
	for n := 0; len(value) > 0; n++ {
		if n == excerptRunes {
			b.WriteString("…")
			break
		}
		r, size := utf8.DecodeRune(value)
		value = value[size:]
		switch {
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
