package faults

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"satudata/ingest/event"
)

// The model says what the tables must hold, from what was offered and from the order of the log alone:
// it replays the published deliveries event by event.

// parcel is a delivery that a source offers.
type parcel struct {
	subject  string
	stream   int
	version  int
	portions []portion // each becomes a chunk
	returned bool      // it breaks a rule of severity error
	taken    bool      // the runner said that the log has it
}

type portion struct {
	op      event.Op
	records []modelRecord
}

// modelRecord is a record: the values by the ids of their columns, none where there is no value.
type modelRecord struct {
	values map[string]string
	faulty bool // its nilai is no number, and maybe it lacks what is required
}

func (p *parcel) records() (n int64) {
	for _, part := range p.portions {
		n += int64(len(part.records))
	}
	return n
}

// drawParcel draws a delivery under a contract version.
func drawParcel(t *rapid.T, v modelVersion) *parcel {
	p := &parcel{version: v.n, returned: rapid.IntRange(0, 9).Draw(t, "returned") == 9}
	for range rapid.IntRange(1, 4).Draw(t, "portions") {
		part := portion{op: event.Upsert}
		if rapid.IntRange(0, 4).Draw(t, "op") == 4 {
			part.op = event.Delete
		}
		for range rapid.IntRange(1, 4).Draw(t, "records") {
			part.records = append(part.records, drawRecord(t, v))
		}
		p.portions = append(p.portions, part)
	}
	return p
}

func drawRecord(t *rapid.T, v modelVersion) modelRecord {
	r := modelRecord{values: map[string]string{}, faulty: rapid.IntRange(0, 14).Draw(t, "faulty") == 14}
	for _, c := range v.columns {
		of := modelValues[c.kind]
		if i := rapid.IntRange(0, len(of)).Draw(t, c.id); i < len(of) {
			r.values[c.id] = of[i]
		} else if c.required && !r.faulty {
			r.values[c.id] = of[0]
		}
	}
	return r
}

// line is the record as it is delivered.
func (r modelRecord) line(v modelVersion) string {
	var parts []string
	for _, c := range v.columns {
		text, ok := r.values[c.id]
		switch {
		case r.faulty && c.id == "nilai":
			text = `"banyak"`
		case !ok:
			continue
		case c.kind == "string" || c.kind == "date":
			text = strconv.Quote(text)
		}
		parts = append(parts, strconv.Quote(c.id)+":"+text)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// data is the portion as it is delivered.
func (p portion) data(v modelVersion) string {
	var b strings.Builder
	for _, r := range p.records {
		b.WriteString(r.line(v) + "\n")
	}
	return b.String()
}

// logged is a record of the log: a chunk of a parcel, or a foreign message, which has no parcel.
type logged struct {
	partition int
	offset    int64
	chunk     event.Chunk
	parcel    *parcel
	part      portion
	copied    bool   // the log holds the same chunk before it
	accepted  []bool // by record
	raw       string // of a foreign message
}

// key is the key of a record, "" when the contract has none.
func (r modelRecord) key(v modelVersion) string {
	var parts []string
	for _, id := range v.key() {
		parts = append(parts, r.values[id])
	}
	return strings.Join(parts, "\x00")
}

// judge says which records of a chunk are accepted; seen are the keys that its delivery had before.
func (l *logged) judge(v modelVersion, seen map[string]bool) {
	for _, r := range l.part.records {
		ok := true
		for _, c := range v.columns {
			if _, has := r.values[c.id]; c.key || c.required && l.part.op != event.Delete {
				ok = ok && has
			}
		}
		if l.part.op != event.Delete {
			key := r.key(v)
			ok = ok && !r.faulty && (len(v.key()) == 0 || !seen[key])
			if ok {
				seen[key] = true
			}
		}
		l.accepted = append(l.accepted, ok)
	}
}

// show writes a row as one text: what it is, and its values by the ids of their columns.
func show(values map[string]string, system ...string) string {
	var b strings.Builder
	for _, s := range system {
		b.WriteString(s + " ")
	}
	for _, id := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&b, "%s=%q ", id, values[id])
	}
	return b.String()
}

// histories are the rows of the history that holds the log up to at.
func (m *model) histories(at map[int]int64) map[string]int {
	rows := map[string]int{}
	for _, l := range m.log {
		if l.parcel == nil || l.copied || l.offset >= at[l.partition] {
			continue
		}
		for i, r := range l.part.records {
			if !l.accepted[i] {
				continue
			}
			values := r.values
			if l.part.op == event.Delete {
				values = map[string]string{}
				for _, id := range m.versions[l.parcel.version].key() {
					values[id] = r.values[id]
				}
			}
			rows[show(values, l.chunk.ID.String(), strconv.Itoa(i), l.chunk.Delivery.String(), strconv.FormatBool(l.part.op == event.Delete))]++
		}
	}
	return rows
}

// refusals are the rows of the rejected table that holds the log up to at.
func (m *model) refusals(at map[int]int64) map[string]int {
	rows := map[string]int{}
	for _, l := range m.log {
		if l.copied || l.offset >= at[l.partition] {
			continue
		}
		if l.parcel == nil {
			rows[show(nil, uuid.Nil.String(), "0", "ditolak", l.raw)]++
			continue
		}
		for i, r := range l.part.records {
			if !l.accepted[i] {
				rows[show(nil, l.chunk.ID.String(), strconv.Itoa(i), "ditolak", r.line(m.versions[l.parcel.version]))]++
			}
		}
	}
	return rows
}

// states are the rows of the current state of published deliveries, under contract version now.
func (m *model) states(published []uuid.UUID, now int) map[string]int {
	var events []*logged
	firsts := map[uuid.UUID]*logged{}
	for _, l := range m.log {
		if l.parcel == nil || l.copied || !slices.Contains(published, l.chunk.Delivery) {
			continue
		}
		events = append(events, l)
		if firsts[l.chunk.Delivery] == nil {
			firsts[l.chunk.Delivery] = l
		}
	}
	slices.SortStableFunc(events, func(a, b *logged) int { return cmp.Compare(a.chunk.ID.String(), b.chunk.ID.String()) })
	state := map[string]map[string]string{} // by key
	for _, l := range events {
		v := m.versions[l.parcel.version]
		if v.full && firsts[l.chunk.Delivery] == l {
			m.wipe(state, l.chunk.Delivery, v, now)
		}
		for i, r := range l.part.records {
			if !l.accepted[i] {
				continue
			}
			values := m.upcast(r.values, l.parcel.version, now)
			key := modelRecord{values: values}.key(v)
			switch {
			case len(v.key()) == 0 && l.part.op != event.Delete:
				state[fmt.Sprintf("%s %d", l.chunk.ID, i)] = values
			case len(v.key()) > 0 && l.part.op == event.Delete:
				delete(state, key)
			case l.part.op != event.Delete:
				state[key] = values
			}
		}
	}
	rows := map[string]int{}
	for _, values := range state {
		rows[show(values)]++
	}
	return rows
}

// wipe removes the scope of a full delivery.
func (m *model) wipe(state map[string]map[string]string, delivery uuid.UUID, v modelVersion, now int) {
	if len(v.by) == 0 {
		clear(state)
		return
	}
	scope := func(values map[string]string) string {
		var parts []string
		for _, id := range v.by {
			text, ok := values[id]
			parts = append(parts, fmt.Sprint(ok, text))
		}
		return strings.Join(parts, "\x00")
	}
	scopes := map[string]bool{}
	for _, l := range m.log {
		if l.parcel == nil || l.copied || l.chunk.Delivery != delivery || l.part.op == event.Delete {
			continue
		}
		for i, r := range l.part.records {
			if l.accepted[i] {
				scopes[scope(m.upcast(r.values, l.parcel.version, now))] = true
			}
		}
	}
	maps.DeleteFunc(state, func(_ string, values map[string]string) bool { return scopes[scope(values)] })
}

// upcast gives the values of a row that was delivered under a version those that later ones say.
func (m *model) upcast(values map[string]string, version, now int) map[string]string {
	values = maps.Clone(values)
	for _, later := range m.versions[version+1:] {
		if !m.followed(later, now) {
			continue
		}
		for _, c := range later.columns {
			u := c.upcast
			if u == nil || u.version != later.n {
				continue
			}
			before, has := values[c.id]
			switch {
			case u.constant != "" && !has:
				values[c.id] = u.constant
			case u.from != "" && !has:
				if text, ok := values[u.from]; ok {
					values[c.id] = text
				}
			case has && u.values[before] != "":
				values[c.id] = u.values[before]
			}
		}
	}
	return values
}

// followed says whether tables that are as version now has them have had the columns of version v.
func (m *model) followed(v modelVersion, now int) bool {
	return slices.ContainsFunc(m.versions[:now+1], func(w modelVersion) bool {
		return slices.EqualFunc(v.columns, w.columns, func(a, b modelColumn) bool { return a.name == b.name })
	})
}
