package normalize

import (
	"bytes"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
)

// maxKeys bounds how many different member names are remembered at one place of the records.
const maxKeys = 4096

// objects splits NDJSON: one object per line; empty lines are not records. A member is found by
// guessing that it follows the same member as in the record before, so that records of one program
// cost a comparison per name. Members that no input wants are skipped, but must be JSON.
type objects struct{ root *node }

// node is one level of wanted names: the record itself, or an object within it for names like "a.b".
type node struct {
	head  member             // before the first member
	seen  map[string]*member // by the name as written between its quotes
	exact map[string]wanted
	fold  map[string]wanted
}

// wanted is what a name leads to.
type wanted struct {
	slot  int // or -1
	child *node
}

// member is a name as records write it.
type member struct {
	raw []byte // with its quotes and the colon
	wanted
	loose bool    // found by schemas.Fold only
	next  *member // that followed it last
}

// newObjects returns a splitter that puts the value of names[i] into slot i. Names like "a.b" are
// looked for as they are, and as member b of an object a.
func newObjects(names []string) *objects {
	o := &objects{root: newNode()}
	for slot, name := range names {
		o.root.want(name, slot)
		at := o.root
		parts := strings.Split(name, ".")
		for _, p := range parts[:len(parts)-1] {
			at = at.descend(p)
		}
		if at != o.root {
			at.want(parts[len(parts)-1], slot)
		}
	}
	return o
}

func newNode() *node {
	return &node{seen: map[string]*member{}, exact: map[string]wanted{}, fold: map[string]wanted{}}
}

// want leads name to slot. Of two names that fold alike neither is found by folding.
func (n *node) want(name string, slot int) {
	n.exact[name] = wanted{slot, n.exact[name].child}
	f := schemas.Fold(name)
	w, ok := n.fold[f]
	if ok && w.slot >= 0 && w.slot != slot {
		slot = -1
	}
	n.fold[f] = wanted{slot, w.child}
}

// descend returns the node of the objects called name.
func (n *node) descend(name string) *node {
	f := schemas.Fold(name)
	w, ok := n.fold[f]
	if w.child == nil {
		w.child = newNode()
	}
	if !ok {
		w.slot = -1
	}
	n.fold[f] = w
	e, ok := n.exact[name]
	if !ok {
		e.slot = -1
	}
	n.exact[name] = wanted{e.slot, w.child}
	return w.child
}

// split fills g from its payload.
func (o *objects) split(g *grid) {
	s := scanner{grid: g}
	for i := len(bom(g.data)); ; {
		if i = filledLine(g.data, i); i == len(g.data) {
			return
		}
		row, ok := g.begin(i)
		if !ok {
			return
		}
		end := o.record(&s, i, row)
		if end < 0 {
			end = lineEnd(g.data, i)
			g.spoil(row, o.failure(&s, i, end, row))
		}
		g.end(row, end)
		i = end
	}
}

// failure says why the line from i to end is no record, as if nothing came after it: of a record that
// is cut off the same is said wherever it stands.
func (o *objects) failure(s *scanner, i, end, row int) event.Sentence {
	whole := s.data
	s.data = whole[:end]
	for at := row; at < len(s.cells); at += s.rows {
		s.cells[at] = 0
	}
	o.record(s, i, row)
	s.data = whole
	return s.failure(i)
}

// filledLine returns the position of the next line, at or after the line end or line at i, that holds
// anything, or of the end of d.
func filledLine(d []byte, i int) int {
	for i < len(d) && (d[i] == '\n' || d[i] == '\r' && (i+1 == len(d) || d[i+1] == '\n')) {
		i++
	}
	return i
}

// lineEnd returns the position of the line feed at or after i, or of the end of d.
func lineEnd(d []byte, i int) int {
	if j := bytes.IndexByte(d[i:], '\n'); j >= 0 {
		return i + j
	}
	return len(d)
}

// record reads the line at i and returns the position of its end.
func (o *objects) record(s *scanner, i, row int) int {
	if i = s.space(i); i >= len(s.data) || s.data[i] != '{' {
		return s.fail(i, "setiap baris harus satu objek {…}", "each line must be one object {…}")
	}
	if i = o.object(s, o.root, i, row); i < 0 {
		return i
	}
	if i = s.space(i); i < len(s.data) && s.data[i] != '\n' {
		return s.fail(i, "ada teks sesudah akhir objek", "there is text after the end of the object")
	}
	return i
}

// object reads the object at i, whose names n knows.
func (o *objects) object(s *scanner, n *node, i, row int) int {
	if i = s.space(i + 1); i < len(s.data) && s.data[i] == '}' {
		return i + 1
	}
	d := s.data
	for m, more := &n.head, true; more; {
		next := m.next
		if next != nil && bytes.HasPrefix(d[i:], next.raw) {
			i += len(next.raw)
		} else if next, i = n.find(s, m, i); i < 0 {
			return i
		}
		m = next
		if i < len(d) && d[i] <= ' ' {
			i = s.space(i)
		}
		if i = o.member(s, m, i, row); i < 0 {
			return i
		}
		if i+1 < len(d) && d[i] == ',' && d[i+1] == '"' {
			i++
		} else if i, more = s.comma(i, '}'); i < 0 {
			return i
		}
	}
	return i
}

// find reads the name at i, which is not the one that followed prev before, and the colon.
func (n *node) find(s *scanner, prev *member, i int) (*member, int) {
	if i >= len(s.data) || s.data[i] != '"' {
		return nil, s.fail(i, "nama kolom berkutip diharapkan", "a quoted name is expected")
	}
	if m := prev.next; m != nil && m.next != nil && bytes.HasPrefix(s.data[i:], m.next.raw) {
		return m.next, i + len(m.next.raw) // one was left out
	}
	side := len(s.side)
	c, end := s.str(i)
	if end < 0 {
		return nil, end
	}
	raw := s.data[i:end]
	m := n.seen[string(raw)]
	if m == nil {
		m = n.resolve(string(s.bytes(c)))
		m.raw = append(bytes.Clone(raw), ':')
		if len(n.seen) < maxKeys {
			n.seen[string(raw)] = m
		}
	}
	s.side = s.side[:side]
	if prev.next != m {
		prev.next = m
	}
	return m, s.colon(end)
}

// resolve says what the member called name is wanted for.
func (n *node) resolve(name string) *member {
	if w, ok := n.exact[name]; ok {
		return &member{wanted: w}
	}
	if w, ok := n.fold[schemas.Fold(name)]; ok {
		return &member{wanted: w, loose: true}
	}
	return &member{wanted: wanted{slot: -1}}
}

// member reads the value at i of m. A name that is written exactly as wanted goes before one that
// only folds to it; the same name twice is a fault, because which value counts would be a guess.
func (o *objects) member(s *scanner, m *member, i, row int) int {
	start, side := i, len(s.side)
	var c cell
	switch {
	case i < len(s.data) && s.data[i] == '"':
		c, i = s.str(i)
	case i < len(s.data) && s.data[i] == '{' && m.child != nil:
		i = o.object(s, m.child, i, row)
		c = newCell(nested, start, max(start, i))
	default:
		c, i = s.value(i, 1)
	}
	if i < 0 {
		return i
	}
	if m.slot < 0 {
		if m.child == nil {
			s.side = s.side[:side]
		}
		return i
	}
	at := &s.cells[m.slot*s.rows+row]
	if at.kind() != absent {
		if at.is(loose) == m.loose {
			name := string(m.raw[:len(m.raw)-1])
			return s.fail(start, "nama kolom "+name+" muncul dua kali", "the name "+name+" occurs twice")
		}
		if m.loose {
			return i
		}
	}
	if m.loose {
		c |= loose
	}
	*at = c
	return i
}

// Joins says whether c may be decoded together with chunks before and after it, one payload put
// behind the other, and every record come out as it does alone: its records are lines, and as many
// as its envelope announces.
func Joins(c event.Chunk) bool {
	d := c.Data
	if c.ContentType != event.ContentTypeNDJSON || len(bom(d)) > 0 {
		return false
	}
	n := 0
	for i := filledLine(d, 0); i < len(d) && n <= c.Rows; n++ {
		i = filledLine(d, lineEnd(d, i))
	}
	return n == c.Rows
}
