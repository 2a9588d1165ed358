package schemas

import (
	"errors"

	"satudata/schemas/reference"
)

// Region is a region in both code systems. BPSCode and BPSName are empty where BPS 2023 has no such
// region of its own: the six provinces on Papua, every kecamatan and every village.
type Region struct{ KemendagriCode, KemendagriName, BPSCode, BPSName string }

// CodeTable finds regions of one level by a code of one system and vintage. It is immutable.
type CodeTable struct {
	registry      *reference.Registry
	bps           map[string]reference.Entry // by Kemendagri 2025 code
	level, system string
}

// Level is "provinsi", "kabupaten_kota", "kecamatan" or "desa_kelurahan".
func (t *CodeTable) Level() string { return t.level }

// System is the system and vintage of the codes, "bps@2023" or "kemendagri@2018".
func (t *CodeTable) System() string { return t.system }

// Regions lists the regions that the table's codes are today, by code of its system. Codes that were
// split or ended since have none.
func (t *CodeTable) Regions() []Region {
	entries, err := t.registry.Level(t.system, t.level)
	if err != nil {
		return nil // a table is made of a known system only
	}
	regions := make([]Region, 0, len(entries))
	for _, e := range entries {
		if r, ok := t.Lookup(e.Code); ok {
			regions = append(regions, r)
		}
	}
	return regions
}

// Lookup finds the region of code as Kemendagri 2025 has it. A Kemendagri code may be dotted or not
// ("32.73", "3273"); a BPS code is digits only, so that a dotted code under a wrong declaration is not
// found. Neither is a code of an older vintage that was split since, see [CodeTable.Explain]; one of a
// region that gained from its neighbours, or lies wholly in another now, is.
func (t *CodeTable) Lookup(code string) (Region, bool) {
	if e, ok := t.registry.Lookup(t.system, code); !ok || e.Level != t.level {
		return Region{}, false // the reason costs more than the answer: Explain finds it when it is asked for
	}
	e, err := t.find(code)
	if err != nil {
		return Region{}, false
	}
	other := t.bps[e.Code]
	return Region{e.Code, e.Name, other.Code, other.Name}, true
}

// find translates code to the one region that it is today.
func (t *CodeTable) find(code string) (reference.Entry, error) {
	e, err := t.registry.Find(t.system, code)
	if err != nil {
		return reference.Entry{}, err
	}
	if e.Level != t.level {
		return reference.Entry{}, otherLevel{sayf("kode %s (%s) di %s adalah %s, bukan %s", "code %s (%s) of %s is a %s, not a %s",
			e.Code, e.Name, t.system, e.Level, t.level)}
	}
	if t.system == kemendagri {
		return e, nil
	}
	today, err := t.registry.Translate(code, t.system, kemendagri)
	if err != nil {
		return reference.Entry{}, err
	}
	return today.One()
}

// otherLevel is the error of a code that is there, but not at the level of the table.
type otherLevel struct{ Sentence }

func (o otherLevel) Error() string { return o.ID }

// Explain says why Lookup does not find code: with the regions it was split into, with when it was
// valid, or with what the other system has under it, because mostly it is the declared system that is wrong.
func (t *CodeTable) Explain(code string) Sentence {
	_, err := t.find(code)
	if p := (*reference.Problem)(nil); errors.As(err, &p) {
		return Sentence(p.Text)
	}
	if o := (otherLevel{}); errors.As(err, &o) {
		return o.Sentence
	}
	return sayf("kode %s ada di %s", "code %s is in %s", code, t.system)
}
