package schemas

// CheckSuccessor finds what keeps the tables of a dataset from following its contract from version
// old to version next: within a major version columns may be added, renamed (namaLama), reordered
// and widened, and nothing else. The faults are in next.
func CheckSuccessor(old, next *Contract) error {
	var faults Faults
	fault := func(say Sentence, expected string) {
		faults = append(faults, Fault{File: next.File, Line: 1, Path: "schema", Say: say, Expected: expected})
	}
	major := func(c *Contract) int {
		v, _ := parseVersion(c.Version) // parsed with the contract
		return v.major
	}
	if major(old) != major(next) {
		fault(sayf("kontrak %s versi %s: versi mayor lain dari %s belum dapat hidup di dataset yang sama", "contract %s version %s: another major version than %s cannot live in the same dataset yet",
			next.Dataset, next.Version, old.Version), "dataset baru/a new dataset")
		return faults
	}
	now, renamed := map[string]Field{}, map[string]Field{}
	for _, f := range next.Fields() {
		now[f.Name] = f
		if f.RenamedFrom != "" {
			renamed[f.RenamedFrom] = f
		}
	}
	names := map[string]string{} // old name → next name
	for _, f := range old.Fields() {
		g, ok := now[f.Name]
		if !ok {
			g, ok = renamed[f.Name]
		}
		names[f.Name] = g.Name
		switch {
		case !ok:
			fault(sayf("kolom %q dari versi %s hilang", "column %q of version %s is gone", f.Name, old.Version), "kolom itu, boleh kosong, atau namaLama/that column, which may be empty, or namaLama")
		case !widens(f.Type, g.Type):
			fault(sayf("kolom %q berubah dari %s menjadi %s sejak versi %s", "column %q changed from %s to %s since version %s", g.Name, f.Type.String(), g.Type.String(), old.Version), f.Type.String())
		}
	}
	if len(faults) == 0 && keyText(old, names) != keyText(next, nil) {
		fault(sayf("kunci berubah dari (%s) menjadi (%s) sejak versi %s", "the key changed from (%s) to (%s) since version %s",
			keyText(old, nil), keyText(next, nil), old.Version), keyText(old, nil))
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
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
