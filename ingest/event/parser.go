package event

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Parser decodes chunks of one log, one after the other. What a chunk has in common with the one
// before it is not made anew, so that messages of one record cost little. The zero value works; it is
// not safe for concurrent use.
type Parser struct {
	last Chunk // without Data
	time string
	id   string // of the delivery
}

// Chunk is [ParseChunk].
func (p *Parser) Chunk(m Message) (Chunk, error) {
	a := attributes{m: m}
	if t := a.bytes("ce_type"); string(t) != RecordsType {
		return Chunk{}, fmt.Errorf("%w: ce_type is %q, want %q", ErrMalformed, t, RecordsType)
	}
	l := &p.last
	c := Chunk{
		ID:          a.id("ce_id"),
		Source:      a.like("ce_source", l.Source),
		Time:        l.Time,
		ContentType: a.like("content-type", l.ContentType),
		Dataset:     a.like("ce_dataset", l.Dataset),
		Contract:    a.like("ce_contract", l.Contract),
		Binding:     a.like("ce_binding", l.Binding),
		Delivery:    l.Delivery,
		Stream:      a.like("ce_stream", l.Stream),
		Seq:         a.int("ce_seq", 1),
		FirstRow:    a.int("ce_firstrow", 0),
		Rows:        int(a.int("ce_rows", 0)),
		Op:          Op(a.like("ce_op", string(l.Op))),
		Data:        m.Value,
	}
	c.Subject = again(a.optional("ce_subject"), l.Subject)
	if t := a.bytes("ce_time"); string(t) != p.time {
		c.Time, p.time = a.time("ce_time"), string(t)
	}
	if id := a.bytes("ce_delivery"); string(id) != p.id {
		c.Delivery, p.id = a.id("ce_delivery"), string(id)
	}
	if c.Op != Upsert && c.Op != Delete {
		a.fail("ce_op", string(c.Op))
	}
	if c.Rows > len(c.Data) { // a record is at least one byte: what counts rows must not believe more
		a.fail("ce_rows", strconv.Itoa(c.Rows))
	}
	if a.err != nil {
		*p = Parser{} // what could not be read must not count as known
		return c, a.err
	}
	p.last = c
	p.last.Data = nil
	return c, nil
}

// again is the text of b, that of was when it is the same.
func again(b []byte, was string) string {
	if string(b) == was {
		return was
	}
	return string(b)
}

// attributes reads headers and keeps the first fault.
type attributes struct {
	m   Message
	err error
}

func (a *attributes) fail(key, value string) {
	if a.err == nil {
		a.err = fmt.Errorf("%w: attribute %s has the value %q", ErrMalformed, key, value)
	}
}

// optional is the value of the first header named key, nil when there is none.
func (a *attributes) optional(key string) []byte {
	h := a.m.Headers
	for i := range h {
		if h[i].Key == key {
			return h[i].Value
		}
	}
	return nil
}

func (a *attributes) bytes(key string) []byte {
	v := a.optional(key)
	if len(v) == 0 {
		a.fail(key, "")
	}
	return v
}

// like is a text that was the same in the message before, most likely.
func (a *attributes) like(key, was string) string { return again(a.bytes(key), was) }

func (a *attributes) id(key string) uuid.UUID {
	v := a.bytes(key)
	id, err := uuid.ParseBytes(v)
	if err != nil {
		a.fail(key, string(v))
	}
	return id
}

func (a *attributes) time(key string) time.Time {
	v := string(a.bytes(key))
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		a.fail(key, v)
	}
	return t.UTC()
}

func (a *attributes) int(key string, least int64) int64 {
	v := a.bytes(key)
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < least {
		a.fail(key, string(v))
	}
	return n
}
