package schemas

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"satudata/schemas/reference"
)

// Element is a definition that many contracts share: the same concept has the same type, checks
// and, for a region, the same column names in every dataset.
type Element struct {
	ID         string // "wilayah.kabupaten_kota"
	Name       string
	Definition string
	Source     string // the law or specification it comes from, or ""
	Type       Type
	Check      Check
	Unit       string
	Additive   *bool  // nil: the contract says
	Class      string // "umum" | "pribadi_umum" | "pribadi_spesifik"
	Reading    Reading
	Region     string            // level of a region, which becomes its code and name, see [Contract.Fields]: "provinsi", "kabupaten_kota", "kecamatan", "desa_kelurahan"; else ""
	Synonyms   map[string]string // delivered text → value, for texts that can only mean that
	Codes      []Code            // the allowed values with their names; empty where the values are names themselves

	Examples        []string // texts that are accepted
	Counterexamples []string // texts that are rejected, mostly because they could mean two things
}

// Code is a value of a code list and what it stands for.
type Code struct{ Code, Name string }

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
		"id": nil, "name": nil, "definition": nil, "source": nil, "type": nil, "like": nil, "expands": nil, "classification": nil,
		"minimum": nil, "maximum": nil, "minLength": nil, "maxLength": nil, "pattern": nil, "allowed": nil,
		"codes": {"code": nil, "name": nil, "also": nil}, "units": nil,
		"unit": nil, "additive": nil, "synonyms": nil, "reading": nil, "examples": nil, "counterexamples": nil,
	}})
	var out []Element
	if top != nil {
		for _, o := range (object{r: r, node: top, near: top}).items("elements") {
			out = append(out, readElement(o, out))
		}
	}
	return out, r.sorted().err()
}

// readElement reads an element; before are those that stand above it in its file.
func readElement(o object, before []Element) Element {
	e := Element{Region: o.oneOf("expands", "", reference.Levels()...)}
	if o.has("like") {
		e = readLike(o, before)
	} else {
		readValues(o, &e)
	}
	e.ID = o.need("id", "topik.nama")
	e.Name = o.need("name", "teks/text")
	e.Definition = o.need("definition", "teks/text")
	e.Class = o.oneOf("classification", "umum", classes()...)
	if o.has("source") {
		e.Source = o.text("source")
	}
	return e
}

// readLike takes the values of an element above: the same list is a person's own trait in one table
// and a harmless heading of counts in another, and differs only in its personal-data class.
func readLike(o object, before []Element) Element {
	for _, key := range o.keys() {
		if !slices.Contains([]string{"id", "like", "name", "definition", "source", "classification"}, key) {
			o.fault(key, sayf("%s diambil dari elemen di like", "%s is taken from the element under like", key), "")
		}
	}
	id := o.text("like")
	i := slices.IndexFunc(before, func(e Element) bool { return e.ID == id })
	if i < 0 {
		o.fault("like", sayf("elemen %q tidak ada di atasnya", "there is no element %q above", id), "")
		return Element{}
	}
	return before[i]
}

// readValues reads which values an element has and how they are read.
func readValues(o object, e *Element) {
	e.Reading = Reading(o.oneOf("reading", "", readings()...))
	e.Unit = o.text("unit")
	e.Synonyms = o.pairs("synonyms")
	e.Examples = o.texts("examples")
	e.Counterexamples = o.texts("counterexamples")
	e.Check = readBounds(o)
	e.Check.Allowed = o.texts("allowed")
	readCodeList(o, e)
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
}

// readCodeList reads the code list of an element: the codes are its allowed values, their names and
// what else they are called lead to them. Under units every known yardstick leads to its symbol.
func readCodeList(o object, e *Element) {
	means := map[string]string{} // folded text → code
	add := func(at object, text, code string) {
		if other, taken := means[Fold(text)]; taken && other != code {
			at.fault("also", sayf("%q sudah berarti %s", "%q means %s already", text, other), "")
		}
		means[Fold(text)] = code
	}
	for text, code := range e.Synonyms {
		means[Fold(text)] = code
	}
	for _, c := range o.items("codes") {
		code := Code{c.need("code", "kode/code"), c.need("name", "nama/name")}
		e.Codes = append(e.Codes, code)
		e.Check.Allowed = append(e.Check.Allowed, code.Code)
		for _, text := range append([]string{code.Code, code.Name}, c.texts("also")...) {
			add(c, text, code.Code)
		}
	}
	if o.bool("units") {
		for _, u := range Units() {
			for _, text := range append([]string{u.Symbol, u.Name}, u.Also...) {
				add(o, text, u.Symbol)
			}
		}
	}
	if len(means) > 0 {
		e.Synonyms = means
	}
}

// classes are the personal-data classes of a column, from least to most sensitive.
func classes() []string { return []string{"umum", "pribadi_umum", "pribadi_spesifik"} }
