package exchange

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// tree is a node of an ODCS document: what the YAML says, without its comments, styles and positions.
type tree struct {
	kind kind
	tag  string   // of a scalar: "!!str", "!!int", …
	text string   // of a scalar: as written
	keys []string // of a mapping, beside kids
	kids []*tree

	name string // in its list, while a workbook is read
	cell string // where a workbook says it, "Kolom!E5", or ""
}

type kind int

// unset is a place that a workbook names before it says what is there.
const (
	unset kind = iota
	scalar
	list
	mapping
)

func text(s string) *tree { return &tree{kind: scalar, tag: "!!str", text: s} }

// parseTree reads the canonical tree of a document that is a valid contract.
func parseTree(doc []byte) (*tree, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(doc, &root); err != nil {
		return nil, err
	}
	if len(root.Content) != 1 {
		return nil, errors.New("read contract: no document")
	}
	t := fromNode(root.Content[0])
	t.canonise("")
	return t, nil
}

func fromNode(n *yaml.Node) *tree {
	t := &tree{}
	switch n.Kind {
	case yaml.MappingNode:
		t.kind = mapping
		for i := 0; i+1 < len(n.Content); i += 2 {
			t.keys = append(t.keys, n.Content[i].Value)
			t.kids = append(t.kids, fromNode(n.Content[i+1]))
		}
	case yaml.SequenceNode:
		t.kind = list
		for _, item := range n.Content {
			t.kids = append(t.kids, fromNode(item))
		}
	case yaml.ScalarNode:
		t.kind, t.tag, t.text = scalar, n.ShortTag(), n.Value
	}
	return t
}

// get is the value of a key of a mapping, or nil.
func (t *tree) get(key string) *tree {
	if t == nil || t.kind != mapping {
		return nil
	}
	if i := slices.Index(t.keys, key); i >= 0 {
		return t.kids[i]
	}
	return nil
}

// put sets a key of a mapping that does not have it.
func (t *tree) put(key string, v *tree) {
	t.keys, t.kids = append(t.keys, key), append(t.kids, v)
}

// equal says whether two trees say the same, whatever the order of keys.
func (t *tree) equal(u *tree) bool {
	if t.kind != u.kind || t.tag != u.tag || t.text != u.text || len(t.kids) != len(u.kids) {
		return false
	}
	for i, kid := range t.kids {
		other := u.kids[i]
		if t.kind == mapping {
			other = u.get(t.keys[i])
		}
		if other == nil || !kid.equal(other) {
			return false
		}
	}
	return true
}

// keyOrder is the order of keys in a canonical document: who and what first, then the table, then its
// rules, then those of petak and of INDAH. Keys that are not here follow by alphabet.
var keyOrder = sync.OnceValue(func() []string {
	order := []string{"apiVersion", "kind", "property", "value", "id", "name", "version", "status", "domain", "tenant", "dataProduct",
		"type", "metric", "engine", "query", "implementation", "rule", "mustBe", "arguments",
		"businessName", "physicalName", "description", "purpose", "limitations", "usage", "tags", "logicalType", "physicalType",
		"required", "primaryKey", "primaryKeyPosition", "unique", "logicalTypeOptions", "minimum", "maximum", "minLength", "maxLength",
		"pattern", "classification", "examples", "customProperties", "servers", "schema", "properties", "quality",
		"aturan", "kolom", "nilai", "dalam", "dari", "sampai"}
	for _, key := range activityOrder() {
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
	}
	return order
})

// profileOrder is the order of the SDI profile's customProperties in a canonical document; others
// follow by alphabet.
func profileOrder() []string {
	return []string{"elemen", "produsenData", "kelasAkses", "dasarHukum", "lisensi", "jadwalPemutakhiran", "dataPrioritas", "bidangUrusan",
		"konsep", "definisi", "klasifikasi", "ukuran", "satuan", "kodeSDS", "kodeDSSD", "aditif", "namaLama", "nilaiLama",
		"kolomPeriode", "petak", "modePengiriman", "gantiBerdasarkan", "msKeg", "msInd", "msVar"}
}

// canonise brings t, the value of key, to the one form that all documents saying the same have: keys
// in [keyOrder], customProperties by name, and dates as text, which they are to ODCS. The value of a
// customProperty is anything: there dates stay what they are.
func (t *tree) canonise(key string) {
	if t.tag == "!!timestamp" && key != "value" {
		t.tag = "!!str"
	}
	if t.tag == "!!null" {
		t.text = "null"
	}
	for i, kid := range t.kids {
		switch {
		case key == "value":
			kid.canonise(key)
		case t.kind == list:
			kid.canonise("")
		default:
			kid.canonise(t.keys[i])
		}
	}
	if key == "customProperties" && t.kind == list {
		slices.SortStableFunc(t.kids, func(a, b *tree) int { return byRank(profileOrder(), a.itemKey("property"), b.itemKey("property")) })
	}
	if t.kind == mapping {
		t.sortKeys(keyOrder())
	}
}

// itemKey is the text under key of a mapping, or "".
func (t *tree) itemKey(key string) string {
	if v := t.get(key); v != nil && v.kind == scalar {
		return v.text
	}
	return ""
}

// sortBy brings the keys of t and below to an order.
func (t *tree) sortBy(order []string) {
	t.sortKeys(order)
	for _, kid := range t.kids {
		kid.sortBy(order)
	}
}

// sortKeys brings the keys of a mapping to an order.
func (t *tree) sortKeys(order []string) {
	if t.kind != mapping {
		return
	}
	index := make([]int, len(t.keys))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int { return byRank(order, t.keys[a], t.keys[b]) })
	keys, kids := make([]string, len(index)), make([]*tree, len(index))
	for to, from := range index {
		keys[to], kids[to] = t.keys[from], t.kids[from]
	}
	t.keys, t.kids = keys, kids
}

// byRank orders words that are in order by their place there, before all others by alphabet.
func byRank(order []string, a, b string) int {
	rank := func(s string) int {
		if i := slices.Index(order, s); i >= 0 {
			return i
		}
		return len(order)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

// encode writes t as a YAML document.
func (t *tree) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(t.node("")); err != nil {
		return nil, fmt.Errorf("write contract: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write contract: %w", err)
	}
	return b.Bytes(), nil
}

// flowWidth is the most characters of a list or mapping that is written on one line.
const flowWidth = 90

// node is t as the value of key. Short lists of values, options and customProperties stand on one line.
func (t *tree) node(key string) *yaml.Node {
	n := &yaml.Node{}
	switch t.kind {
	case scalar:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, t.tag, t.text
		if strings.ContainsAny(t.text, "\n\t") && !wellBroken(t.text) {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n
	case list:
		n.Kind = yaml.SequenceNode
		for _, kid := range t.kids {
			n.Content = append(n.Content, kid.node(strings.TrimSuffix(key, "s")))
		}
	default:
		n.Kind = yaml.MappingNode
		for i, kid := range t.kids {
			n.Content = append(n.Content, text(t.keys[i]).node(""), kid.node(t.keys[i]))
		}
	}
	oneLine := t.kind == list || slices.Contains([]string{"customProperties", "customPropertie", "logicalTypeOptions", "arguments"}, key)
	if len(t.kids) == 0 || oneLine && t.width() <= flowWidth {
		n.Style = yaml.FlowStyle
	}
	return n
}

// width is how many characters t takes on one line, or more than fit when it should have several: a
// mapping in a list that is not a value, and text of several lines.
func (t *tree) width() int {
	if t.kind == scalar {
		if strings.Contains(t.text, "\n") {
			return flowWidth + 1
		}
		return len(t.text) + 2
	}
	w := 2
	for i, kid := range t.kids {
		if t.kind == list && kid.kind != scalar {
			return flowWidth + 1
		}
		if t.kind == mapping {
			w += len(t.keys[i]) + 2
		}
		w += kid.width()
	}
	return w
}

// wellBroken says whether s keeps its form as a literal block: lines that neither begin nor end with
// white space.
func wellBroken(s string) bool {
	body := strings.TrimSuffix(s, "\n")
	for line := range strings.SplitSeq(body, "\n") {
		if line == "" || line != strings.TrimSpace(line) || strings.ContainsRune(line, '\t') {
			return false
		}
	}
	return true
}

// at is the node at a path as faults write it, "schema[0].properties[2].customProperties.elemen", or
// the nearest one above it that a workbook says in a cell.
func (t *tree) at(path string) *tree {
	here, best := t, t
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		var next *tree
		switch i, err := strconv.Atoi(step); {
		case here.kind == list && err == nil && i >= 0 && i < len(here.kids):
			next = here.kids[i]
		case here.kind == list: // of customProperties, which are read as if their names were keys
			next = here.item("property", step).get("value")
		default:
			next = here.get(step)
		}
		if next == nil {
			break
		}
		here = next
		if here.cell != "" {
			best = here
		}
	}
	return best
}

// item is the mapping of a list whose key has the value name, or nil.
func (t *tree) item(key, name string) *tree {
	for _, kid := range t.kids {
		if kid.itemKey(key) == name {
			return kid
		}
	}
	return nil
}
