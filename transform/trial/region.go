package trial

import (
	"fmt"
	"slices"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/schemas/reference"
	"satudata/transform/quality"
)

// maxUnknown is how many different codes that were not found are kept of a column.
const maxUnknown = 1000

// regionTally gathers what a region column held that its code system does not know.
type regionTally struct {
	property string
	codes    *schemas.CodeTable
	unknown  map[string]int64
}

func newRegionTallies(plan *schemas.Plan) (out []*regionTally) {
	for i := range plan.Inputs {
		if in := &plan.Inputs[i]; in.Codes != nil {
			out = append(out, &regionTally{in.Property.Name, in.Codes, map[string]int64{}})
		}
	}
	return out
}

func (t *regionTally) note(reasons []quality.Reason) {
	for _, r := range reasons {
		if r.Field != t.property || r.Rule != quality.RuleCode {
			continue
		}
		if _, seen := t.unknown[r.Value]; seen || len(t.unknown) < maxUnknown {
			t.unknown[r.Value]++
		}
	}
}

// hints says when another code system knows what this one does not, and which code a name stands for.
// They are suggestions: identity comes from codes.
func (t *regionTally) hints() (out []event.Sentence) {
	if len(t.unknown) == 0 {
		return nil
	}
	registry, err := reference.Load()
	if err != nil {
		return nil // the plan was compiled with it
	}
	ref, most, other := schemas.NewReference(registry), 0, ""
	for _, system := range ref.Systems() {
		table, err := ref.Table(t.codes.Level(), system)
		if err != nil || system == t.codes.System() {
			continue
		}
		known := 0
		for code := range t.unknown {
			if _, ok := table.Lookup(strings.TrimSpace(code)); ok {
				known++
			}
		}
		if known >= most && known > 0 { // the newest vintage comes last
			most, other = known, system
		}
	}
	if most > 0 {
		out = append(out, sayf("kolom %[1]s: %[2]d dari %[3]d kode yang tidak dikenal ada di %[4]s; periksa codeSystem di binding, atau campuran sistem di berkas",
			"column %[1]s: %[2]d of %[3]d unknown codes are in %[4]s; check codeSystem of the binding, or a mixture of systems in the file", t.property, most, len(t.unknown), other))
	}
	return append(out, t.named(registry)...)
}

// maxNamed is how many names are answered with their code.
const maxNamed = 5

// named looks for names of regions among what should be codes.
func (t *regionTally) named(r *reference.Registry) (out []event.Sentence) {
	texts := make([]string, 0, len(t.unknown))
	for text := range t.unknown {
		if strings.Trim(text, "0123456789. ") != "" {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	for _, text := range texts {
		if len(out) == maxNamed {
			break
		}
		found, err := r.Search(t.codes.System(), text)
		found = slices.DeleteFunc(found, func(e reference.Entry) bool { return e.Level != t.codes.Level() })
		if err == nil && len(found) == 1 {
			out = append(out, sayf("kolom %s berisi nama %q, bukan kode; barangkali %s %s di %s. Minta OPD mengirim kodenya",
				"column %s holds the name %q, not a code; perhaps %s %s in %s. Ask the OPD to deliver the code", t.property, text, found[0].Code, found[0].Name, t.codes.System()))
		}
	}
	return out
}

func sayf(id, en string, args ...any) event.Sentence {
	return event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}
