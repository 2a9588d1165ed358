package schemas

import (
	"slices"
)

// Region is a province or a kabupaten/kota in both code systems. BPSCode and BPSName are empty
// where BPS has no such region of its own: the six provinces on Papua, see [LoadReference].
type Region struct{ KemendagriCode, KemendagriName, BPSCode, BPSName string }

// CodeTable finds regions of one level by a code of one system and vintage. It is immutable.
type CodeTable struct {
	level, system string
	list          []Region
	regions       map[string]Region
	unclear       map[string]Sentence // codes of the system that name no single region, with why
	other         *CodeTable          // the same level in the other system
}

// Level is "provinsi" or "kabupaten_kota".
func (t *CodeTable) Level() string { return t.level }

// System is the system and vintage of the codes, "bps@2023" or "kemendagri@2025".
func (t *CodeTable) System() string { return t.system }

// Regions returns all regions that have a code of the system, by code.
func (t *CodeTable) Regions() []Region { return slices.Clone(t.list) }

// Lookup finds the region of code. A Kemendagri code may be dotted or not ("32.73", "3273"); a
// BPS code is digits only, so that a dotted code under a wrong declaration is not found.
func (t *CodeTable) Lookup(code string) (Region, bool) {
	r, ok := t.regions[code]
	return r, ok
}

// Explain says why Lookup does not find code, with what the other system has under it: mostly it
// is the declared system that is wrong.
func (t *CodeTable) Explain(code string) Sentence {
	if s, ok := t.unclear[code]; ok {
		return s
	}
	if r, ok := t.other.regions[code]; ok {
		return sayf("kode %s tidak ada di %s; di %s kode itu %s",
			"code %s is not in %s; in %s it is %s", code, t.system, t.other.system, r.name(t.other.system))
	}
	return sayf("kode %s tidak ada di daftar %s %s", "code %s is not in the list of %s %s", code, t.level, t.system)
}

// name is what the system calls r.
func (r Region) name(system string) string {
	if system == bps {
		return r.BPSName
	}
	return r.KemendagriName
}
