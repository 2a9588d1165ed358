package normalize

import (
	"bytes"

	"satudata/transform/quality"
)

const (
	maxDistinct = 1 << 15 // values a memo remembers
	maxRemember = 128     // bytes of a cell worth remembering
)

// memo remembers what the distinct cells of a column were decoded to, so that checks and look-ups
// of a repeating column cost one map access a row. How a cell was written is part of its identity.
type memo struct {
	byKind [kinds]map[string]*verdict
	n      int
	found  int // look-ups that found something, and that did not
	missed int
	front  [256]remembered // the last seen by a cheap hash, before the maps
}

type remembered struct {
	kind kind
	raw  string
	*verdict
}

// verdict is what a cell was decoded to: a value, or why there is none.
type verdict struct {
	value
	fault *quality.Reason
	raw   string
}

// find returns what raw, which is not empty, was decoded to before.
func (m *memo) find(k kind, raw []byte) *verdict {
	n := len(raw)
	f := &m.front[(raw[n-1]*31+raw[n/2])*31+raw[0]+byte(n)]
	if f.raw == string(raw) && f.kind == k {
		m.found++
		return f.verdict
	}
	v := m.byKind[k][string(raw)]
	if v == nil {
		m.missed++
		return nil
	}
	m.found++
	*f = remembered{k, v.raw, v}
	return v
}

// vain reports whether the column turned out not to repeat.
func (m *memo) vain() bool { return m.missed > maxDistinct && m.missed > m.found }

// keep remembers v, whose parts may alias the payload, unless there is no room.
func (m *memo) keep(k kind, raw []byte, v verdict) {
	if m.n >= maxDistinct || len(raw) > maxRemember {
		return
	}
	if m.byKind[k] == nil {
		m.byKind[k] = map[string]*verdict{}
	}
	v.s, v.raw = bytes.Clone(v.s), string(raw)
	m.byKind[k][v.raw] = &v
	m.n++
}
