package schemas

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"satudata/schemas/reference"
)

// kemendagri are the codes that tables carry, whatever was delivered.
const kemendagri = reference.Kemendagri

// Levels of a region, as elements and code tables name them.
const (
	levelProvince = reference.Province
	levelRegency  = reference.Regency
)

// Reference is the code lists of regions that plans are compiled with. It is immutable.
//
// Whatever system and vintage a source delivers, tables carry the codes of Kemendagri 2025 and, for
// provinces and kabupaten/kota, those of BPS 2023 beside them.
type Reference struct {
	registry *reference.Registry
	bps      func() map[string]reference.Entry // by Kemendagri 2025 code, where BPS 2023 has the same region
}

// LoadReference returns the code lists that the program carries, see package reference.
func LoadReference() (*Reference, error) {
	r, err := reference.Load()
	if err != nil {
		return nil, err
	}
	return NewReference(r), nil
}

// NewReference returns the code lists of a registry.
func NewReference(r *reference.Registry) *Reference {
	return &Reference{r, sync.OnceValue(func() map[string]reference.Entry { return bpsCodes(r) })}
}

func bpsCodes(r *reference.Registry) map[string]reference.Entry {
	codes := map[string]reference.Entry{}
	for _, level := range []string{levelProvince, levelRegency} {
		entries, err := r.Level(kemendagri, level)
		if err != nil {
			panic(err) // both systems are part of the program
		}
		for _, e := range entries {
			if t, err := r.Translate(e.Code, kemendagri, reference.BPS); err == nil && t.OneToOne() {
				codes[e.Code] = t.Targets[0]
			}
		}
	}
	return codes
}

// Systems lists the code systems that a binding may declare, sorted.
func (r *Reference) Systems() []string {
	var systems []string
	for _, s := range r.registry.Systems() {
		if r.registry.Bridged(s, kemendagri) {
			systems = append(systems, s)
		}
	}
	return systems
}

// Table returns the code list of a level of regions in a system ("bps@2023", "kemendagri@2025"). The
// error of an unknown one lists those that are known.
func (r *Reference) Table(level, system string) (*CodeTable, error) {
	if !slices.Contains(reference.Levels(), level) {
		return nil, fmt.Errorf("unknown level of region %q: want %s", level, strings.Join(reference.Levels(), ", "))
	}
	if known := r.systemsOf(level); !slices.Contains(known, system) {
		return nil, fmt.Errorf("code system %q has no list of %s: want %s", system, level, strings.Join(known, " or "))
	}
	return &CodeTable{registry: r.registry, bps: r.bps(), level: level, system: system}, nil
}

// systemsOf lists the code systems that a binding may declare for a column of a level.
func (r *Reference) systemsOf(level string) []string {
	return slices.DeleteFunc(r.Systems(), func(system string) bool { return !r.registry.Has(system, level) })
}
