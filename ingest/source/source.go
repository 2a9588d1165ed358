// Package source is the contract of connectors and the one runner that moves what they read into
// the event log. A connector has no loop, no retry and no goroutine of its own; package file is the
// first, package sourcetest the conformance suite.
package source

import (
	"context"

	"satudata/ingest/event"
)

// Source hands over deliveries, one after the other. It is used by one goroutine.
type Source interface {
	// Next returns the next delivery that is there now, or io.EOF when there is none (a watched
	// folder may have one later). A *Refusal means that this delivery cannot be taken as a whole;
	// the source goes on with the one after it. The delivery before must have been closed.
	Next(ctx context.Context) (Delivery, error)
	Close() error
}

// Retrier is a Source that offers what it offered last once more, some time later. Run asks for it
// when it could neither take nor refuse that, as on a full disk.
type Retrier interface{ Retry() }

// Delivery is one hand-over (pengiriman), inspected to its end before it is offered: it is known to
// be readable, and Info is complete. Reading it again gives the same batches.
type Delivery interface {
	Info() Info
	// Read returns the next batch, or io.EOF. The batch's Data is valid until the next call.
	Read(ctx context.Context) (Batch, error)
	Close() error
}

// Appender is a Delivery that can put a batch where its reader wants it, which saves copying it.
type Appender interface {
	// AppendBatch is Read, but that the batch's Data is appended to to, and valid as long as that.
	AppendBatch(ctx context.Context, to []byte) ([]byte, Batch, error)
}

// Info describes a delivery.
type Info struct {
	Subject     string // what people call it: the file name
	Fingerprint string // "<hash>:<hex>" over the records, the same for other newlines, a BOM or another packing
	Bytes       int64  // size as stored at the source; what Batch.Bytes adds up to
	Records     int64
	Batches     int64
	ContentType string // of its batches, see event.Format
	Header      string // the header lines that every batch begins with, "" where the format has none
}

// Batch is consecutive records, header lines first where the format has them. It becomes one chunk.
type Batch struct {
	ContentType string // see event.Format
	FirstRow    int64
	Rows        int
	Op          event.Op
	Data        []byte
	Bytes       int64 // of the source consumed up to and with this batch, since the one before
}

// Refusal is the error for a delivery that cannot be taken as a whole: an empty file, an HTML page
// named .csv, a truncated archive. Nothing of it was read into the log.
type Refusal struct {
	Subject     string
	Reason      event.Sentence
	Fingerprint string // of what was offered, as it is stored: the same refused again is no other fact; "" where that is not known
}

func (r *Refusal) Error() string { return r.Subject + ": " + r.Reason.ID + " (" + r.Reason.EN + ")" }
