package schemas

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxDocument is the most bytes a contract or binding may have: far more than people write.
const maxDocument = 1 << 20

// shape is the keys that a mapping may have, and theirs. A nil shape is anything. A sequence has
// the shape of its items.
type shape map[string]shape

// reader takes a YAML document apart and collects what is wrong with it.
type reader struct {
	file   string
	faults Faults
}

// fault notes that something is wrong at node n.
func (r *reader) fault(n *yaml.Node, path string, say Sentence, expected string) {
	f := Fault{File: r.file, Path: path, Say: say, Expected: expected}
	if n != nil {
		f.Line, f.Column = n.Line, n.Column
	}
	r.faults = append(r.faults, f)
}

// sorted returns the faults in document order, each once: a value that is read twice is blamed twice.
func (r *reader) sorted() Faults {
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
	return slices.Compact(r.faults)
}

var syntaxLine = regexp.MustCompile(`^yaml: line (\d+): `)

// document parses doc and checks its keys against s. It returns nil, having noted why, when there
// is no mapping to read.
func (r *reader) document(doc []byte, s shape) *yaml.Node {
	if len(doc) > maxDocument {
		r.fault(nil, "", sayf("dokumen %d byte terlalu besar", "document of %d bytes is too large", len(doc)), "<= 1 MiB")
		return nil
	}
	var root, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(doc))
	if err := dec.Decode(&root); err != nil {
		r.syntax(err)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		r.fault(&more, "", Sentence{"lebih dari satu dokumen YAML dalam satu berkas", "more than one YAML document in a file"}, "satu berkas tiap dokumen; hapus ---/a file for each document; remove ---")
		return nil
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		r.fault(&root, "", Sentence{"isi berkas bukan pasangan kunci dan nilai", "the file does not hold keys and values"}, "kunci: nilai")
		return nil
	}
	top := root.Content[0]
	if r.misplaced(top, s) {
		return nil
	}
	r.shape(top, "", s)
	return top
}

// misplaced notes that a contract stands where a binding should, or the reverse, once and for all of
// its keys.
func (r *reader) misplaced(top *yaml.Node, s shape) bool {
	kind := below(top, "kind", "")
	_, wantContract := s["schema"]
	_, wantBinding := s["format"]
	switch {
	case kind == nil:
		return false
	case wantBinding && kind.Value == "DataContract":
		r.fault(kind, "kind", Sentence{"ini kontrak, bukan binding", "this is a contract, not a binding"}, "pindahkan ke folder contracts/move it to the folder contracts")
	case wantContract && kind.Value == "Binding":
		r.fault(kind, "kind", Sentence{"ini binding, bukan kontrak", "this is a binding, not a contract"}, "pindahkan ke folder bindings/move it to the folder bindings")
	default:
		return false
	}
	return true
}

func (r *reader) syntax(err error) {
	if errors.Is(err, io.EOF) {
		r.fault(nil, "", Sentence{"berkas kosong", "the file is empty"}, "satudata contract new")
		return
	}
	text, f := err.Error(), Fault{File: r.file}
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	text = strings.TrimPrefix(text, "yaml: ")
	f.Expected = "periksa indentasi (spasi, bukan tab), tanda kurung dan tanda kutip/check indentation (spaces, not tabs), brackets and quotes"
	f.Say = sayf("YAML tidak dapat dibaca: %s", "not readable as YAML: %s", text)
	r.faults = append(r.faults, f)
}

// shape checks the keys of n and below: known, and each once. Anchors are refused because they
// let a small document be a huge one.
func (r *reader) shape(n *yaml.Node, path string, s shape) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.fault(n, path, Sentence{"jangkar YAML (& dan *) tidak didukung", "YAML anchors (& and *) are not supported"}, "tulis nilainya/write the value")
		return
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			r.shape(item, fmt.Sprintf("%s[%d]", path, i), s)
		}
	case yaml.MappingNode:
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			r.pair(n.Content[i], n.Content[i+1], path, s, seen)
		}
	case yaml.ScalarNode:
		if s != nil && n.Tag != "!!null" {
			r.fault(n, path, sayf("%q di tempat yang memerlukan kunci dan nilai", "%q where keys and values are needed", n.Value),
				strings.Join(s.keys(), ", "))
		}
	}
}

func (r *reader) pair(key, value *yaml.Node, path string, s shape, seen map[string]bool) {
	name := key.Value
	at := join(path, name)
	if key.Kind != yaml.ScalarNode {
		r.fault(key, path, Sentence{"kunci bukan teks", "a key is not text"}, "kunci: nilai")
		return
	}
	if seen[name] {
		r.fault(key, at, sayf("kunci %q ditulis dua kali", "key %q is written twice", name), twiceSay)
		return
	}
	seen[name] = true
	below, known := s[name]
	if s != nil && !known {
		remedy := DidYouMean(name, s.keys())
		if _, ofRule := s["implementation"]; ofRule && !strings.HasPrefix(remedy, nearSay) {
			remedy = ownSay // which helps more than all keys of ODCS
		}
		r.fault(key, at, sayf("kunci %q tidak dikenal", "unknown key %q", name), remedy)
		return
	}
	r.shape(value, at, below)
}

func (s shape) keys() []string {
	return slices.Sorted(maps.Keys(s))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// rootOf is the top mapping of doc, or nil for a document that is not YAML.
func rootOf(doc []byte) *yaml.Node {
	var root yaml.Node
	if yaml.Unmarshal(doc, &root) != nil || len(root.Content) == 0 {
		return nil
	}
	return root.Content[0]
}

// Places knows where in a YAML document things stand.
type Places struct{ root *yaml.Node }

// NewPlaces reads a document, such as [Contract.Document], for its places.
func NewPlaces(doc []byte) Places { return Places{rootOf(doc)} }

// Line is the line, from 1, of what stands at a path as faults write it, or of the nearest thing above
// it; 0 for what was never text. A customProperty is found by its name: "customProperties.konsep".
func (p Places) Line(path string) int {
	if p.root == nil {
		return 0
	}
	return locate(p.root, path).Line
}

// locate finds the node at a path as faults write it, or the nearest one above it.
func locate(root *yaml.Node, path string) *yaml.Node {
	n := root
	for _, step := range pathStep.FindAllStringSubmatch(path, -1) {
		next := below(n, step[1], step[2])
		if next == nil {
			break
		}
		n = next
	}
	return n
}

var pathStep = regexp.MustCompile(`([^.\[\]]+)|\[(\d+)\]`)

// below is the value of a key or the item of an index under n, or nil. A list of customProperties is
// read as if their names were keys.
func below(n *yaml.Node, key, index string) *yaml.Node {
	if key == "" {
		i, _ := strconv.Atoi(index)
		if n.Kind == yaml.SequenceNode && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			if name := below(item, "property", ""); item.Kind == yaml.MappingNode && name != nil && name.Value == key {
				return below(item, "value", "")
			}
		}
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
