// Package event is the vocabulary of satudata: the chunk of records that an OPD delivers and
// every governance fact, as they travel in the event log. Read this package first.
//
// Both are messages with CloudEvents 1.0 attributes in the Kafka protocol binding's binary mode
// (headers ce_*, https://github.com/cloudevents/spec, kafka-protocol-binding.md). Stored forms
// only grow: attributes and JSON fields may be added; names and types never change.
package event

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// RecordsType is the ce_type of a chunk of records.
const RecordsType = "id.satudata.records.v1"

// MaxChunk is the most payload bytes a source puts into one chunk, unless a single record is longer.
const MaxChunk = 512 << 10

// ErrMalformed says that a message does not hold what its attributes promise.
var ErrMalformed = errors.New("malformed event")

// Op says what the records of a chunk do to the current state of their keys.
type Op string

// The operations a chunk may carry.
const (
	Upsert Op = "upsert"
	Delete Op = "delete"
)

// Header is one message header.
type Header struct {
	Key   string
	Value []byte
}

// Message is what the event log stores: an opaque value with headers. Key decides the partition,
// so messages of one key keep their order.
type Message struct {
	Key     string
	Headers []Header
	Value   []byte
}

// Header returns the value of the first header named key, or "".
func (m Message) Header(key string) string {
	for _, h := range m.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// Chunk is consecutive records of one source for one dataset, cut on record boundaries, with the
// bytes as received. It is the unit of the event log: one message is one chunk.
type Chunk struct {
	ID          uuid.UUID // UUIDv7, made once when the chunk is read; orders the values of a key
	Source      string    // "/opd/<opd>/<source>"
	Subject     string    // what was read, for people: the file name
	Time        time.Time // when it was read
	ContentType string    // encoding of Data, see ContentType* in this package
	Dataset     string    // "bencana.kejadian_banjir"
	Contract    string    // contract version in force, "1.0.0"
	Binding     string    // binding in force, "bpbd.banjir@1.0.0"
	Delivery    uuid.UUID // the pengiriman it belongs to
	Stream      string    // de-duplication: "<source>#<shard>"
	Seq         int64     // gapless number within Stream, from 1
	FirstRow    int64     // row in the source of the first record, counted from 1 as a spreadsheet shows it, header rows included
	Rows        int       // records in Data, header lines not counted
	Op          Op
	Trace       string // W3C traceparent of the delivery's span; empty when it is not traced
	Data        []byte
}

// Message encodes c for the log. Its key is the stream, so a re-sent chunk goes to the same partition.
func (c Chunk) Message() Message {
	h := make([]Header, 0, 17)
	add := func(k, v string) { h = append(h, Header{k, []byte(v)}) }
	add("ce_specversion", "1.0")
	add("ce_id", c.ID.String())
	add("ce_type", RecordsType)
	add("ce_source", c.Source)
	add("ce_subject", c.Subject)
	add("ce_time", c.Time.UTC().Format(time.RFC3339Nano))
	add("content-type", c.ContentType)
	add("ce_dataset", c.Dataset)
	add("ce_contract", c.Contract)
	add("ce_binding", c.Binding)
	add("ce_delivery", c.Delivery.String())
	add("ce_stream", c.Stream)
	add("ce_seq", strconv.FormatInt(c.Seq, 10))
	add("ce_firstrow", strconv.FormatInt(c.FirstRow, 10))
	add("ce_rows", strconv.Itoa(c.Rows))
	add("ce_op", string(c.Op))
	if c.Trace != "" {
		add("ce_traceparent", c.Trace)
	}
	return Message{Key: c.Stream, Headers: h, Value: c.Data}
}

// ParseChunk decodes a message written by [Chunk.Message]. It returns ErrMalformed, naming the
// attribute, when one is missing or unreadable. Data aliases m.Value.
func ParseChunk(m Message) (Chunk, error) {
	return new(Parser).Chunk(m)
}

// Encodings of a chunk's records. All text is UTF-8 with LF or CRLF line ends; a source transcodes
// what it receives in another encoding.
const (
	// ContentTypeCSV is delimiter-separated text that starts with the source's header lines.
	// Parameters: delimiter (one character), headers (how many records at the start are header). A
	// record whose quote never closes is alone in its chunk.
	ContentTypeCSV = "text/csv"
	// ContentTypeNDJSON is one JSON object per line.
	ContentTypeNDJSON = "application/x-ndjson"
	// ContentTypeRows is one JSON array of cells per line, header lines first: a spreadsheet, where
	// a number and a text are told apart. Parameter: headers, as for CSV.
	ContentTypeRows = "application/x-ndjson-rows"
)

// Format is a parsed content type of a chunk.
type Format struct {
	Type      string // one of the ContentType constants
	Delimiter byte   // CSV only
	Headers   int    // header records at the start of the data
}

// String renders f as a content type.
func (f Format) String() string {
	switch f.Type {
	case ContentTypeCSV:
		return fmt.Sprintf("%s; charset=utf-8; delimiter=%d; headers=%d", f.Type, f.Delimiter, f.Headers)
	case ContentTypeRows:
		return fmt.Sprintf("%s; headers=%d", f.Type, f.Headers)
	}
	return f.Type
}

// ParseFormat reads a content type written by [Format.String]. The delimiter is a decimal byte
// value, because the characters in question are the ones that content types reserve.
func ParseFormat(contentType string) (Format, error) {
	parts := strings.Split(contentType, ";")
	f := Format{Type: strings.TrimSpace(parts[0]), Delimiter: ','}
	switch f.Type {
	case ContentTypeCSV, ContentTypeNDJSON, ContentTypeRows:
	default:
		return f, fmt.Errorf("%w: content-type is %q", ErrMalformed, contentType)
	}
	for _, p := range parts[1:] {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		n, err := strconv.ParseUint(v, 10, 8)
		switch {
		case k == "charset":
		case k == "delimiter" && err == nil:
			f.Delimiter = byte(n)
		case k == "headers" && err == nil:
			f.Headers = int(n)
		default:
			return f, fmt.Errorf("%w: content-type is %q", ErrMalformed, contentType)
		}
	}
	return f, nil
}
