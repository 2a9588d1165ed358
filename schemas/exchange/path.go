package exchange

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// step is one step of a path: a key of a mapping, or an item of a list.
type step struct {
	item bool
	name string // of an item: its name, see [itemKey], or its number from 1
}

// path is a place in a tree, as workbooks write it: schema[1].properties[jumlah].examples[2]. Items of
// a list that has a key are called by it, so that a path holds when rows move.
type path []step

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_-]+`)

func (p path) String() string {
	var b strings.Builder
	for i, s := range p {
		name := s.name
		if bareWord.FindString(name) != name || name == "" || cellEscape.MatchString(name) {
			name = asciiJSON(name)
		}
		switch {
		case s.item:
			b.WriteString("[" + name + "]")
		case i > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}

// parsePath reads what [path.String] writes.
func parsePath(s string) (path, error) {
	var p path
	for rest := s; rest != ""; {
		st := step{item: rest[0] == '['}
		if st.item || rest[0] == '.' {
			rest = rest[1:]
		}
		word, after, err := pathWord(rest)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", s, err)
		}
		st.name, rest = word, after
		if st.item {
			var closed bool
			if rest, closed = strings.CutPrefix(rest, "]"); !closed {
				return nil, fmt.Errorf("path %q: no ] after %q", s, word)
			}
		}
		if rest != "" && rest[0] != '.' && rest[0] != '[' || rest == "." {
			return nil, fmt.Errorf("path %q: %q after %q", s, rest, word)
		}
		p = append(p, st)
	}
	return p, nil
}

// pathWord cuts a bare or quoted word off s.
func pathWord(s string) (word, rest string, err error) {
	if bare := bareWord.FindString(s); bare != "" {
		return bare, s[len(bare):], nil
	}
	dec := json.NewDecoder(strings.NewReader(s))
	token, err := dec.Token()
	word, quoted := token.(string)
	if err != nil || !quoted {
		return "", "", fmt.Errorf("no name at %q", s)
	}
	return word, s[dec.InputOffset():], nil
}

// mustPath reads a path of the program's own.
func mustPath(s string) path {
	p, err := parsePath(s)
	if err != nil {
		panic(err)
	}
	return p
}

// itemKey is the key by whose value the items of the list at p are called, or "" when by number:
// columns by name, and customProperties of the contract, its table and columns by property.
func (p path) itemKey() string {
	if len(p) == 0 {
		return ""
	}
	switch last := p[len(p)-1]; {
	case last.item:
		return ""
	case last.name == "customProperties" && (len(p) == 1 || p[0].name == "schema" && (len(p) == 3 || len(p) == 5 && p[2].name == "properties")):
		return "property"
	case last.name == "properties" && len(p) == 3 && p[0].name == "schema":
		return "name"
	}
	return ""
}

// below is p with more steps.
func (p path) below(more ...step) path {
	return append(p[:len(p):len(p)], more...)
}

// find is the node at p, or nil.
func (t *tree) find(p path) *tree {
	here := t
	for i, s := range p {
		switch {
		case here == nil:
			return nil
		case !s.item:
			here = here.get(s.name)
		case here.kind != list:
			return nil
		default:
			here = here.called(p[:i].itemKey(), s.name)
		}
	}
	return here
}

// called is the item of a list by its name, see [path.itemKey], or nil.
func (t *tree) called(key, name string) *tree {
	if key != "" {
		return t.item(key, name)
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(t.kids) {
		return t.kids[n-1]
	}
	return nil
}

// leaf is a place of a tree that has nothing below: a value, or an empty list or mapping.
type leaf struct {
	path path
	node *tree
}

// leaves are t's, in document order. The keys that call an item are not among them when it has others.
func (t *tree) leaves(p path, out []leaf) []leaf {
	if t.kind == scalar || len(t.kids) == 0 {
		return append(out, leaf{p, t})
	}
	key, called := p.itemKey(), ""
	if len(p) > 0 && p[len(p)-1].item && len(t.kids) > 1 {
		called = p[:len(p)-1].itemKey()
	}
	for i, kid := range t.kids {
		if called != "" && t.keys[i] == called {
			continue
		}
		next := step{name: strconv.Itoa(i + 1), item: true}
		if t.kind == mapping {
			next = step{name: t.keys[i]}
		} else if name := kid.itemKey(key); key != "" && name != "" {
			next.name = name
		}
		out = kid.leaves(p.below(next), out)
	}
	return out
}
