package schemas

import (
	"embed"
	"fmt"
	"math/big"
	"slices"
	"sync"
)

// Unit is a yardstick (satuan). Units of one dimension convert into each other.
type Unit struct {
	Symbol    string // how contracts write it: "ha"
	Name      string // "hektare"
	Dimension string // "luas"; of counted things, the thing: "ekor"
	Also      []string
	factor    *big.Rat // how many of the dimension's base unit one is
}

//go:embed units.yaml
var unitFile embed.FS

// Units returns the known units, by dimension and in the order of their list.
func Units() []Unit { return slices.Clone(loadedUnits().list) }

// FindUnit returns the unit that text names by symbol, by name or otherwise; capitals and spacing do
// not matter. Texts that may mean two units, and yardsticks that are not on the list, are not found.
func FindUnit(text string) (Unit, bool) {
	all := loadedUnits()
	i, ok := all.byText[Fold(text)]
	if !ok {
		return Unit{}, false
	}
	return all.list[i], true
}

// To is how many v one u is, exactly; false when they measure different things. The caller owns the
// result.
func (u Unit) To(v Unit) (*big.Rat, bool) {
	if u.Dimension != v.Dimension || u.factor == nil || v.factor == nil {
		return nil, false
	}
	return new(big.Rat).Quo(u.factor, v.factor), true
}

// unitList is the units and where the folded texts of each lead.
type unitList struct {
	list   []Unit
	byText map[string]int
}

// loadedUnits reads the embedded list once. It is part of the program, so a fault in it is the
// programmer's.
var loadedUnits = sync.OnceValue(func() unitList {
	doc, err := unitFile.ReadFile("units.yaml")
	if err != nil {
		panic(err)
	}
	units, err := parseUnits("units.yaml", doc)
	if err != nil {
		panic(fmt.Sprintf("embedded units:\n%v", err))
	}
	return units
})

func parseUnits(file string, doc []byte) (unitList, error) {
	r := &reader{file: file}
	unit := shape{"symbol": nil, "name": nil, "factor": nil, "also": nil}
	top := r.document(doc, shape{"dimensions": {"name": nil, "units": unit}})
	out := unitList{byText: map[string]int{}}
	if top != nil {
		for _, d := range (object{r: r, node: top, near: top}).items("dimensions") {
			for _, o := range d.items("units") {
				out.add(o, d.need("name", "luas"))
			}
		}
	}
	return out, r.sorted().err()
}

// add reads a unit and notes a text that another unit has already.
func (l *unitList) add(o object, dimension string) {
	u := Unit{Symbol: o.need("symbol", "ha"), Name: o.need("name", "hektare"), Dimension: dimension, Also: o.texts("also")}
	factor, ok := new(big.Rat).SetString(o.need("factor", "10000"))
	if !ok || factor.Sign() <= 0 {
		o.fault("factor", Sentence{"faktor bukan bilangan positif", "the factor is no positive number"}, "0.001, 10000")
		return
	}
	u.factor = factor
	at := len(l.list)
	for _, text := range append([]string{u.Symbol, u.Name}, u.Also...) {
		if other, taken := l.byText[Fold(text)]; taken && other != at {
			o.fault("also", sayf("%q sudah berarti %s", "%q means %s already", text, l.list[other].Symbol), "")
		}
		l.byText[Fold(text)] = at
	}
	l.list = append(l.list, u)
}
