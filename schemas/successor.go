package schemas

import "fmt"

// CheckSuccessor finds what keeps the tables of a dataset from following its contract from version
// old to version next: within a major version columns may be added, renamed (namaLama), reordered
// and widened, and keep their unit, measure and element. The faults are in next.
func CheckSuccessor(old, next *Contract) error {
	var faults Faults
	fault := func(say Sentence, expected string) {
		faults = append(faults, Fault{File: next.File, Line: 1, Path: "schema", Say: say, Expected: expected})
	}
	if old.Dataset != next.Dataset { // another contract, or another major version: it has tables of its own
		fault(sayf("kontrak %s versi %s: versi mayor lain atau dataset lain dari %s, yang punya tabel sendiri", "contract %s version %s: another major version or dataset than %s, with tables of its own",
			next.Dataset, next.Version, old.Version), old.Dataset)
		return faults
	}
	for _, c := range Diff(old, next) {
		if c.Harm != Tables {
			continue
		}
		say := Sentence{fmt.Sprintf("%s sejak versi %s: %s", c.Say.ID, old.Version, c.Why.ID), fmt.Sprintf("%s since version %s: %s", c.Say.EN, old.Version, c.Why.EN)}
		if c.Column != "" {
			say = Sentence{fmt.Sprintf("kolom %q: %s", c.Column, say.ID), fmt.Sprintf("column %q: %s", c.Column, say.EN)}
		}
		faults = append(faults, Fault{File: next.File, Line: c.Line, Path: c.Path, Say: say,
			Expected: "seperti sebelumnya, atau versi mayor baru/as before, or a new major version"})
	}
	return faults.err()
}

// widens says whether every value of type old is a value of type next.
func widens(old, next Type) bool {
	if old.Kind == Decimal && next.Kind == Decimal {
		return next.Scale == old.Scale && next.Precision >= old.Precision
	}
	return old == next
}

// keyText lists the key columns of c, under their names in names where they have one there.
func keyText(c *Contract, names map[string]string) string {
	text, fields := "", c.Fields()
	for i, k := range c.Key() {
		name := fields[k].Name
		if next := names[name]; next != "" {
			name = next
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}
