package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// ErrNotResumable says that an interrupted delivery, though of the same records, was cut otherwise
// than it is now, by another version of the program perhaps. It was abandoned; the next run
// delivers it as a whole.
var ErrNotResumable = errors.New("interrupted delivery cannot be resumed")

// scanBytes is how much of the log is read at a time when an interrupted delivery is looked up.
const scanBytes = 4 << 20

// stored is what the log holds of a delivery.
type stored struct {
	chunks  int64
	records int64
	lastSeq int64     // also when there are no chunks: the number before its first
	firstID uuid.UUID // ce_id of its first chunk
	lastID  uuid.UUID // the greatest ce_id of the stream
	digest  digest
}

// digest sums up chunks, to compare what the log holds with what a source reads.
type digest struct{ h hash.Hash }

func (d *digest) add(contentType string, firstRow int64, rows int, data []byte) {
	if d.h == nil {
		d.h = sha256.New()
	}
	fmt.Fprintf(d.h, "%s\n%d %d %d\n", contentType, firstRow, rows, len(data))
	d.h.Write(data)
}

func (d digest) equal(o digest) bool {
	return d.h != nil && o.h != nil && string(d.h.Sum(nil)) == string(o.h.Sum(nil))
}

// stored reads what the log holds of an open delivery. All partitions are looked at, so that it is
// found also when the topic has got more of them.
func (r *runner) stored(ctx context.Context, open event.DeliveryOpened, lastID uuid.UUID) (stored, error) {
	s := stored{lastSeq: open.FirstSeq - 1, lastID: lastID}
	ranges, err := r.o.Log.Ranges(ctx, r.o.Dataset)
	if errors.Is(err, eventlog.ErrNoTopic) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("look up offsets of %s: %w", r.o.Dataset, err)
	}
	for _, p := range ranges {
		from := max(open.Offsets[p.Partition], p.First)
		for from < p.Next {
			records, err := r.o.Log.Read(ctx, r.o.Dataset, p.Partition, from, scanBytes)
			if err != nil {
				return s, fmt.Errorf("look up delivery %s in the log: %w", open.Delivery, err)
			}
			if len(records) == 0 {
				break
			}
			for _, rec := range records {
				if err := s.add(open, rec.Message); err != nil {
					return s, err
				}
			}
			from = records[len(records)-1].Offset + 1
		}
	}
	return s, nil
}

// add counts a message of the log, when it is a chunk of the delivery that was not seen before.
func (s *stored) add(open event.DeliveryOpened, m event.Message) error {
	if m.Key != open.Stream || m.Header("ce_delivery") != open.Delivery.String() {
		return nil
	}
	c, err := event.ParseChunk(m)
	if err != nil {
		return fmt.Errorf("look up delivery %s in the log: %w", open.Delivery, err)
	}
	switch {
	case c.Seq <= s.lastSeq:
		return nil // the copy of one that was sent again
	case c.Seq != s.lastSeq+1:
		return fmt.Errorf("look up delivery %s in the log: %w: chunk %d follows chunk %d", open.Delivery, eventlog.ErrCorrupt, c.Seq, s.lastSeq)
	}
	if s.chunks == 0 {
		s.firstID = c.ID
	}
	s.chunks++
	s.records += int64(c.Rows)
	s.lastSeq, s.lastID = c.Seq, c.ID
	s.digest.add(c.ContentType, c.FirstRow, c.Rows, c.Data)
	return nil
}

// resume reads over what the log holds of a delivery, and moves the rest.
func (r *runner) resume(ctx context.Context, d Delivery, open event.DeliveryOpened, s stored) (Outcome, error) {
	var read digest
	var bytes int64
	for i := range s.chunks {
		b, err := d.Read(ctx)
		if errors.Is(err, io.EOF) {
			break // fewer batches than the log holds: the digests differ
		}
		if err != nil {
			return Outcome{}, fmt.Errorf("read batch %d of %s: %w", i, open.Subject, err)
		}
		bytes += b.Bytes
		read.add(b.ContentType, b.FirstRow, b.Rows, b.Data)
	}
	if s.chunks > 0 && !read.equal(s.digest) {
		if err := r.abandon(ctx, open, s); err != nil {
			return Outcome{}, err
		}
		return Outcome{}, fmt.Errorf("deliver %s: %w; run again", open.Subject, ErrNotResumable)
	}
	r.o.Progress.Begin(d.Info(), s.records, bytes)
	return r.move(ctx, d, open, s, Resumed)
}

// abandon records that a delivery will not be resumed.
func (r *runner) abandon(ctx context.Context, open event.DeliveryOpened, s stored) error {
	r.o.Logger.Info("delivery abandoned", "stream", open.Stream, "delivery", open.Delivery, "records", s.records)
	return r.record(ctx, event.DeliveryAbandoned{
		Delivery: open.Delivery, Records: s.records, LastSeq: s.lastSeq, LastID: s.lastID,
	})
}
