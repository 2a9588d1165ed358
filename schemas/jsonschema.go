package schemas

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"gopkg.in/yaml.v3"
)

// Files of the JSON Schemas. Those of satudata refer to the other two by these names, so that they work
// in whichever folder they lie together.
const (
	ODCSSchema     = "odcs-json-schema-v3.1.0.json" // of bitol.io, Apache-2.0, as published
	ContractSchema = "satudata-kontrak.schema.json" // ODCS with the SDI profile
	BindingSchema  = "satudata-binding.schema.json"
	ListsSchema    = "satudata-daftar.schema.json" // the ids of elements, the code systems
)

//go:embed jsonschema/*.json
var jsonSchemaFiles embed.FS

// JSONSchemas returns the text of every JSON Schema by its file name. Editors complete and check
// contracts and bindings with them; what they cannot express, such as names that must agree, only
// [ParseContract], [ParseBinding] and [Compile] find.
func JSONSchemas() map[string][]byte {
	all := map[string][]byte{}
	for _, name := range []string{ODCSSchema, ContractSchema, BindingSchema, ListsSchema} {
		text, err := jsonSchemaFiles.ReadFile(path.Join("jsonschema", name))
		if err != nil {
			panic(err) // embedded
		}
		all[name] = text
	}
	return all
}

// odcs compiles the schema of ODCS once. It is part of the program, so a fault in it is the
// programmer's.
var odcs = sync.OnceValue(func() *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchemas()[ODCSSchema]))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(ODCSSchema, doc); err != nil {
		panic(err)
	}
	return c.MustCompile(ODCSSchema)
})

// checkODCS notes what the JSON Schema of ODCS has against the document under top. The reader reads
// only part of the standard; this looks at the rest of it (servers, team, roles, …), and at types:
// a title of digits is a number to other tools unless it is quoted.
func (r *reader) checkODCS(top *yaml.Node) {
	err := odcs().Validate(plain(top))
	if err == nil {
		return
	}
	invalid, ok := err.(*jsonschema.ValidationError) //nolint:errorlint // Validate documents this type
	if !ok {
		r.fault(top, "", sayf("tidak dapat diperiksa: %v", "cannot be checked: %v", err), "ODCS v3.1.0")
		return
	}
	r.blame(top, invalid)
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
}

// blame notes the innermost causes of a validation error.
func (r *reader) blame(top *yaml.Node, e *jsonschema.ValidationError) {
	causes := e.Causes
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf: // alternatives: only the one that came furthest is of use
		if len(causes) > 0 {
			causes = []*jsonschema.ValidationError{slices.MaxFunc(causes, func(a, b *jsonschema.ValidationError) int { return depth(a) - depth(b) })}
		}
	}
	// Where a part is wrong the schema also says that it knows none of the part's keys: a consequence.
	if real := slices.DeleteFunc(slices.Clone(causes), onlyUnknown); len(real) > 0 {
		causes = real
	}
	for _, cause := range causes {
		r.blame(top, cause)
	}
	if len(causes) > 0 {
		return
	}
	at := pathOf(e.InstanceLocation)
	n := locate(top, at)
	say, expected := odcsFault(e.ErrorKind)
	r.fault(n, at, say, expected)
}

// onlyUnknown says whether e says nothing but that ODCS does not know a key.
func onlyUnknown(e *jsonschema.ValidationError) bool {
	if _, unknown := e.ErrorKind.(*kind.FalseSchema); unknown {
		return true
	}
	return len(e.Causes) > 0 && !slices.ContainsFunc(e.Causes, func(c *jsonschema.ValidationError) bool { return !onlyUnknown(c) })
}

func depth(e *jsonschema.ValidationError) int {
	deepest := len(e.InstanceLocation)
	for _, c := range e.Causes {
		deepest = max(deepest, depth(c))
	}
	return deepest
}

// pathOf writes a JSON pointer's steps as faults write paths: schema[0].name.
func pathOf(steps []string) string {
	at := ""
	for _, s := range steps {
		if _, err := strconv.Atoi(s); err == nil {
			at += "[" + s + "]"
		} else {
			at = join(at, s)
		}
	}
	return at
}

// odcsFault words the kinds of faults that the schema of ODCS can find.
func odcsFault(k jsonschema.ErrorKind) (say Sentence, expected string) {
	switch k := k.(type) {
	case *kind.Type:
		var id, en []string
		for _, w := range k.Want {
			id, en = append(id, typeWords[w].ID), append(en, typeWords[w].EN)
		}
		return Sentence{
			fmt.Sprintf("berisi %s, ODCS meminta %s", typeWords[k.Got].ID, strings.Join(id, " atau ")),
			fmt.Sprintf("holds %s where ODCS wants %s", typeWords[k.Got].EN, strings.Join(en, " or ")),
		}, examples[k.Want[0]]
	case *kind.Enum:
		words := make([]string, len(k.Want))
		for i, w := range k.Want {
			words[i] = fmt.Sprint(w)
		}
		return sayf("nilai %q tidak dikenal ODCS", "ODCS does not know the value %q", fmt.Sprint(k.Got)), DidYouMean(fmt.Sprint(k.Got), words)
	case *kind.Const:
		return sayf("nilai %q tidak dikenal ODCS", "ODCS does not know the value %q", fmt.Sprint(k.Got)), fmt.Sprint(k.Want)
	case *kind.Required:
		missing := strings.Join(k.Missing, ", ")
		return sayf("kunci %s wajib menurut ODCS", "ODCS requires the key %s", missing), k.Missing[0] + ": …"
	case *kind.AdditionalProperties:
		return unknownODCS(k.Properties)
	case *kind.FalseSchema:
		return Sentence{"tidak dikenal ODCS di sini", "ODCS does not know this here"}, "hapus, atau pindahkan ke customProperties/remove it, or move it to customProperties"
	case *kind.Pattern:
		return sayf("%q tidak sesuai pola ODCS", "%q does not match ODCS's pattern", k.Got), k.Want
	}
	text := k.LocalizedString(message.NewPrinter(language.English))
	return sayf("tidak sesuai ODCS v3.1.0: %s", "does not conform to ODCS v3.1.0: %s", text), "https://bitol-io.github.io/open-data-contract-standard/v3.1.0/"
}

// typeWords are the types of JSON.
var typeWords = map[string]Sentence{
	"string": {"teks", "a string"}, "number": {"bilangan", "a number"}, "integer": {"bilangan bulat", "an integer"},
	"boolean": {"true/false", "a boolean"}, "array": {"daftar", "a list"}, "object": {"kunci dan nilai", "keys and values"},
	"null": {"kosong", "nothing"},
}

// examples are how a value of a type is written.
var examples = map[string]string{
	"string": `"2024" (angka diberi tanda kutip/quote numbers)`, "number": "0.5", "integer": "1", "boolean": "true, false",
	"array": "[a, b]", "object": "kunci: nilai", "null": "null",
}

func unknownODCS(keys []string) (Sentence, string) {
	slices.Sort(keys)
	return sayf("kunci %s tidak dikenal ODCS di sini", "ODCS does not know the key %s here", strings.Join(keys, ", ")),
		"hapus, atau pindahkan ke customProperties/remove it, or move it to customProperties"
}

// plain turns a YAML node into the values that JSON has. Dates stay the text they are written as,
// as every reader of JSON sees them.
func plain(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = plain(item)
		}
		return list
	}
	return plainScalar(n)
}

func plainScalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		var number float64
		if err := n.Decode(&number); err == nil && !math.IsNaN(number) && !math.IsInf(number, 0) {
			return number
		}
	}
	return n.Value
}
