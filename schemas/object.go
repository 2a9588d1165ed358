package schemas

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// object is a mapping of a document, read key by key. A value of the wrong kind is noted as a
// fault and reads as if it were absent, so that one mistake hides no other.
type object struct {
	r    *reader
	node *yaml.Node // nil where the document does not have it
	path string
	near *yaml.Node // where node would stand, for messages
}

// value is the node of key, or nil when it is absent or null.
func (o object) value(key string) *yaml.Node {
	if o.node == nil {
		return nil
	}
	v := below(o.node, key, "")
	if v == nil || v.Kind == yaml.ScalarNode && v.Tag == "!!null" {
		return nil
	}
	return v
}

func (o object) has(key string) bool { return o.value(key) != nil }

// line is the line of key's value, or of the mapping.
func (o object) line(key string) int {
	if v := o.value(key); v != nil {
		return v.Line
	}
	if o.node == nil {
		return o.near.Line
	}
	return o.node.Line
}

// fault notes that the value of key is wrong, or the mapping when there is none.
func (o object) fault(key string, say Sentence, expected string) {
	n, path := o.near, join(o.path, key)
	if v := o.value(key); v != nil {
		n = v
	} else if o.node != nil {
		n = o.node
	}
	o.r.fault(n, path, say, expected)
}

// scalar is the text of key's value as written.
func (o object) scalar(key, expected string) (string, bool) {
	v := o.value(key)
	if v == nil {
		return "", false
	}
	if v.Kind != yaml.ScalarNode {
		o.fault(key, Sentence{"bukan satu nilai", "not a single value"}, expected)
		return "", false
	}
	return v.Value, true
}

// text reads a string; an unquoted number is its digits.
func (o object) text(key string) string {
	s, _ := o.scalar(key, "teks/text")
	return s
}

// need reads a string that must be there.
func (o object) need(key, expected string) string {
	s, ok := o.scalar(key, expected)
	if ok && strings.TrimSpace(s) == "" || !o.has(key) {
		o.fault(key, sayf("%s wajib diisi", "%s is required", key), expected)
		return ""
	}
	return s
}

// oneOf reads a string out of a few; absent is def.
func (o object) oneOf(key, def string, words ...string) string {
	s, ok := o.scalar(key, strings.Join(words, ", "))
	if !ok {
		return def
	}
	if s == "" {
		o.fault(key, sayf("%s wajib diisi", "%s is required", key), strings.Join(words, ", "))
		return def
	}
	if !slices.Contains(words, s) {
		o.fault(key, sayf("%s %q tidak dikenal", "unknown %s %q", key, s), DidYouMean(s, words))
		return def
	}
	return s
}

// bool reads true or false; absent is false.
func (o object) bool(key string) bool {
	s, ok := o.scalar(key, "true, false")
	if ok && s != "true" && s != "false" {
		o.fault(key, sayf("%q bukan true atau false", "%q is neither true nor false", s), "true, false")
	}
	return s == "true"
}

// int reads a whole number from least upward; absent is def.
func (o object) int(key string, def, least int) int {
	expected := fmt.Sprintf("bilangan bulat/whole number >= %d", least)
	s, ok := o.scalar(key, expected)
	if !ok {
		return def
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || int(n) < least {
		o.fault(key, sayf("%q bukan bilangan bulat yang berlaku", "%q is not a valid whole number", s), expected)
		return def
	}
	return int(n)
}

// number reads a number, nil when absent.
func (o object) number(key string) *float64 {
	s, ok := o.scalar(key, "bilangan/number")
	if !ok {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		o.fault(key, sayf("%q bukan bilangan", "%q is not a number", s), "bilangan/number, 0.5")
		return nil
	}
	return &f
}

// child is the mapping under key; empty when absent.
func (o object) child(key string) object {
	c := object{r: o.r, path: join(o.path, key), near: o.near}
	if o.node != nil {
		c.near = o.node
	}
	if v := o.value(key); v != nil {
		if v.Kind == yaml.MappingNode {
			c.node = v
		} else {
			o.fault(key, Sentence{"bukan pasangan kunci dan nilai", "not keys and values"}, "kunci: nilai")
		}
	}
	return c
}

// items is the mappings of the sequence under key.
func (o object) items(key string) []object {
	var out []object
	for i, n := range o.sequence(key) {
		path := fmt.Sprintf("%s[%d]", join(o.path, key), i)
		if n.Kind != yaml.MappingNode {
			o.r.fault(n, path, Sentence{"bukan pasangan kunci dan nilai", "not keys and values"}, "kunci: nilai")
			continue
		}
		out = append(out, object{r: o.r, node: n, path: path, near: n})
	}
	return out
}

// texts is the strings of the sequence under key.
func (o object) texts(key string) []string {
	var out []string
	for i, n := range o.sequence(key) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			o.r.fault(n, fmt.Sprintf("%s[%d]", join(o.path, key), i),
				Sentence{"bukan teks", "not text"}, `beri tanda kutip/quote it: "null"`)
			continue
		}
		out = append(out, n.Value)
	}
	return out
}

func (o object) sequence(key string) []*yaml.Node {
	v := o.value(key)
	if v == nil {
		return nil
	}
	if v.Kind != yaml.SequenceNode {
		o.fault(key, Sentence{"bukan daftar", "not a list"}, "[a, b]")
		return nil
	}
	return v.Content
}

// pairs is a mapping of text to text under key.
func (o object) pairs(key string) map[string]string {
	c := o.child(key)
	if c.node == nil {
		return nil
	}
	out := make(map[string]string, len(c.node.Content)/2)
	for i := 0; i+1 < len(c.node.Content); i += 2 {
		k, v := c.node.Content[i], c.node.Content[i+1]
		if v.Kind != yaml.ScalarNode || v.Tag == "!!null" {
			o.r.fault(v, join(c.path, k.Value), Sentence{"bukan teks", "not text"}, "teks/text")
			continue
		}
		out[k.Value] = v.Value
	}
	return out
}

// sortedKeys is the keys of m in order, so that faults come in the same order every time.
func sortedKeys(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}
