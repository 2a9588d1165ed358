package schemas

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// Element is a definition that many contracts share: the same concept has the same type, checks
// and, for a region, the same column names in every dataset.
type Element struct {
	ID         string // "wilayah.kabupaten_kota"
	Name       string
	Definition string
	Type       Type
	Check      Check
	Unit       string
	Additive   *bool  // nil: the contract says
	Class      string // "umum" | "pribadi_umum" | "pribadi_spesifik"
	Reading    Reading
	Region     string            // level of a region, which becomes its code and name in both systems: "provinsi", "kabupaten_kota"; else ""
	Synonyms   map[string]string // delivered text → value, for texts that can only mean that
	Examples   []string
}

//go:embed elements/*.yaml
var elementFiles embed.FS

// Elements returns the shared elements, sorted by id. Callers must not change what they hold.
func Elements() []Element { return slices.Clone(loadedElements()) }

// FindElement returns the element of id.
func FindElement(id string) (Element, bool) {
	all := loadedElements()
	i, ok := slices.BinarySearchFunc(all, id, func(e Element, id string) int { return strings.Compare(e.ID, id) })
	if !ok {
		return Element{}, false
	}
	return all[i], true
}

// loadedElements reads the embedded files once. They are part of the program, so a fault in them is
// the programmer's.
var loadedElements = sync.OnceValue(func() []Element {
	files, err := elementFiles.ReadDir("elements")
	if err != nil {
		panic(err)
	}
	var all []Element
	for _, f := range files {
		name := path.Join("elements", f.Name())
		doc, err := elementFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		read, err := parseElements(name, doc)
		if err != nil {
			panic(fmt.Sprintf("embedded elements:\n%v", err))
		}
		all = append(all, read...)
	}
	slices.SortFunc(all, func(a, b Element) int { return strings.Compare(a.ID, b.ID) })
	return all
})

// parseElements reads one file of elements.
func parseElements(file string, doc []byte) ([]Element, error) {
	r := &reader{file: file}
	top := r.document(doc, shape{"elements": {
		"id": nil, "name": nil, "definition": nil, "type": nil, "expands": nil, "classification": nil, "examples": nil,
		"minimum": nil, "maximum": nil, "minLength": nil, "maxLength": nil, "pattern": nil, "allowed": nil,
		"unit": nil, "additive": nil, "synonyms": nil, "reading": nil,
	}})
	var out []Element
	if top != nil {
		for _, o := range (object{r: r, node: top, near: top}).items("elements") {
			out = append(out, readElement(o))
		}
	}
	return out, r.sorted().err()
}

func readElement(o object) Element {
	e := Element{
		ID:         o.need("id", "topik.nama"),
		Name:       o.need("name", "teks/text"),
		Definition: o.need("definition", "teks/text"),
		Region:     o.oneOf("expands", "", levelProvince, levelRegency),
		Reading:    Reading(o.oneOf("reading", "", readings()...)),
		Unit:       o.text("unit"),
		Class:      o.oneOf("classification", "umum", classes()...),
		Synonyms:   o.pairs("synonyms"),
		Examples:   o.texts("examples"),
		Check:      readBounds(o),
	}
	e.Check.Allowed = o.texts("allowed")
	if o.has("additive") {
		additive := o.bool("additive")
		e.Additive = &additive
	}
	text := o.need("type", "string, integer, number, decimal(18,2), boolean, date, timestamp")
	if decimal, ok := parseDecimal(text); ok {
		e.Type = decimal
	} else {
		e.Type = Type{Kind: logicalKinds()[text]}
	}
	if e.Type.Kind == 0 {
		o.fault("type", sayf("jenis %q tidak dikenal", "unknown type %q", text), "string, integer, …")
	}
	checkBounds(o, e.Type, e.Check)
	return e
}

// classes are the personal-data classes of a column, from least to most sensitive.
func classes() []string { return []string{"umum", "pribadi_umum", "pribadi_spesifik"} }
