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

// Attributes of a chunk.
const (
	attrType = iota
	attrID
	attrSource
	attrSubject
	attrTime
	attrContentType
	attrDataset
	attrContract
	attrBinding
	attrDelivery
	attrStream
	attrSeq
	attrFirstRow
	attrRows
	attrOp
	attrTrace
	attrs // how many there are
)

// attrNames are the headers of the attributes.
var attrNames = [attrs]string{"ce_type", "ce_id", "ce_source", "ce_subject", "ce_time", "content-type", "ce_dataset",
	"ce_contract", "ce_binding", "ce_delivery", "ce_stream", "ce_seq", "ce_firstrow", "ce_rows", "ce_op", "ce_traceparent"}

// attributes are the values of a message's attributes, and the first fault that was found in them.
type attributes struct {
	values [attrs][]byte
	err    error
}

// newAttributes takes the first header of each name. Most messages have them in the order in which
// [Chunk.Message] writes them, so each name is looked for where the one before it was found.
func newAttributes(m Message) attributes {
	var a attributes
	next := 0
	for i := range m.Headers {
		h := &m.Headers[i]
		for k := range attrs {
			if at := (next + k) % attrs; attrNames[at] == h.Key {
				if a.values[at] == nil {
					a.values[at] = h.Value
				}
				next = at + 1
				break
			}
		}
	}
	return a
}

// Chunk is [ParseChunk].
func (p *Parser) Chunk(m Message) (Chunk, error) {
	a := newAttributes(m)
	if t := a.bytes(attrType); string(t) != RecordsType {
		return Chunk{}, fmt.Errorf("%w: ce_type is %q, want %q", ErrMalformed, t, RecordsType)
	}
	l := &p.last
	c := Chunk{
		ID:          a.id(attrID),
		Source:      a.like(attrSource, l.Source),
		Subject:     again(a.values[attrSubject], l.Subject),
		Time:        l.Time,
		ContentType: a.like(attrContentType, l.ContentType),
		Dataset:     a.like(attrDataset, l.Dataset),
		Contract:    a.like(attrContract, l.Contract),
		Binding:     a.like(attrBinding, l.Binding),
		Delivery:    l.Delivery,
		Stream:      a.like(attrStream, l.Stream),
		Seq:         a.int(attrSeq, 1),
		FirstRow:    a.int(attrFirstRow, 0),
		Rows:        int(a.int(attrRows, 1)), // one that announced none would be counted nowhere
		Op:          Op(a.like(attrOp, string(l.Op))),
		Trace:       again(a.values[attrTrace], l.Trace),
		Data:        m.Value,
	}
	if t := a.bytes(attrTime); string(t) != p.time {
		c.Time, p.time = a.time(attrTime), string(t)
	}
	if id := a.bytes(attrDelivery); string(id) != p.id {
		c.Delivery, p.id = a.id(attrDelivery), string(id)
	}
	if c.Op != Upsert && c.Op != Delete {
		a.fail(attrOp, []byte(c.Op))
	}
	if c.Rows > len(c.Data) { // a record is at least one byte: what counts rows must not believe more
		a.fail(attrRows, a.values[attrRows])
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

func (a *attributes) fail(attr int, value []byte) {
	if a.err == nil {
		a.err = fmt.Errorf("%w: attribute %s has the value %q", ErrMalformed, attrNames[attr], value)
	}
}

func (a *attributes) bytes(attr int) []byte {
	v := a.values[attr]
	if len(v) == 0 {
		a.fail(attr, nil)
	}
	return v
}

// like is a text that was the same in the message before, most likely.
func (a *attributes) like(attr int, was string) string { return again(a.bytes(attr), was) }

func (a *attributes) id(attr int) uuid.UUID {
	v := a.bytes(attr)
	id, err := uuid.ParseBytes(v)
	if err != nil {
		a.fail(attr, v)
	}
	return id
}

func (a *attributes) time(attr int) time.Time {
	v := a.bytes(attr)
	t, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil {
		a.fail(attr, v)
	}
	return t.UTC()
}

func (a *attributes) int(attr int, least int64) int64 {
	v := a.bytes(attr)
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < least {
		a.fail(attr, v)
	}
	return n
}
