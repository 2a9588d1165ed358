package file

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/zeebo/blake3"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// ErrChanged says that a file was written to between its inspection and its reading.
var ErrChanged = errors.New("file changed while it was read")

// opener begins cutting from the start. It may be called again after the closer was closed.
type opener func() (cutter, io.Closer, error)

// delivery is a file that was inspected.
type delivery struct {
	origin *origin
	open   opener
	set    *charset // how the text is encoded, known once it was opened; nil for a workbook
	info   source.Info
	total  int64  // bytes of records
	again  *again // where the batches are, when that is known
	sum    uint64 // over what inspection cut, to know it again
	closed func() error

	reading cutter // nil before the first Read
	closer  io.Closer
	batches int64
	taken   int64 // bytes of records handed out
	seen    check
}

// check sums up batches, in order, within one process.
type check struct {
	seed maphash.Seed
	sum  uint64
}

func (c *check) add(b batch) {
	c.sum = (c.sum<<7|c.sum>>57)*0x9e3779b97f4a7c15 ^ maphash.Bytes(c.seed, b.data) ^ uint64(b.first)
}

// inspect reads the file to its end, completing info. Nothing is handed out.
func (d *delivery) inspect(ctx context.Context) (err error) {
	d.seen.seed = maphash.MakeSeed()
	c, closer, err := d.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	places := newPlaces(d, c)
	h := newHasher()
	defer h.sum()
	var heads int64
	h.add([]byte(c.format().String() + "\n"))
	for ctx.Err() == nil {
		b, err := c.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := d.legible(c, b); err != nil {
			return err
		}
		if d.info.Batches == 0 {
			h.add(b.data[:b.head])
			d.info.ContentType, d.info.Header = c.format().String(), string(b.data[:b.head])
		}
		h.add(b.data[b.head:])
		d.seen.add(b)
		places.add(b)
		d.info.Batches++
		d.info.Records += int64(b.rows)
		d.total += int64(len(b.data) - b.head)
		heads += int64(b.head) + envelope
		if err := d.swollen(heads); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	d.info.Fingerprint = "blake3:" + hex.EncodeToString(h.sum())
	d.sum, d.seen.sum = d.seen.sum, 0
	d.again = places.done()
	return d.complete(c)
}

// What the log may take for a file beyond the file's own bytes: each batch has header lines and an
// envelope, and where records stand alone between empty lines, each has a batch.
const (
	envelope  = 1 << 10 // about what the headers of a chunk take
	maxHeads  = 20      // as many bytes for a byte of the records
	headsFrom = 256 << 20
)

// swollen refuses a file that would take beyond measure in the log; heads is what is not records.
func (d *delivery) swollen(heads int64) error {
	if heads > headsFrom && heads/maxHeads > d.total {
		return refuse("terlalu banyak baris kosong di antara data: kepala tabel akan terulang %d kali; hapus baris kosong itu",
			"too many empty lines between the records: the header would be repeated %d times; remove the empty lines", d.info.Batches)
	}
	if d.total > ratioFrom && d.total/maxRatio > d.info.Bytes {
		return refuseBomb(d.total, d.info.Bytes)
	}
	return nil
}

// hasher sums up a file while the next batch is cut. Nothing of the file is in the log before it was
// read to its end, so that is when the other processors have nothing to do.
type hasher struct {
	in  chan []byte
	out chan []byte
	got []byte
}

func newHasher() *hasher {
	h := &hasher{in: make(chan []byte), out: make(chan []byte, 1)}
	go func() {
		sum := blake3.New()
		for b := range h.in {
			_, _ = sum.Write(b) // it never fails
		}
		h.out <- sum.Sum(nil)
	}()
	return h
}

// add sums up b. It may be used for something else after the next call.
func (h *hasher) add(b []byte) { h.in <- b }

// sum ends the sum and returns it. It may be called twice.
func (h *hasher) sum() []byte {
	if h.got == nil {
		close(h.in)
		h.got = <-h.out
	}
	return h.got
}

// complete says whether what was inspected can be offered.
func (d *delivery) complete(c cutter) error {
	changed, err := d.origin.changed()
	switch {
	case err != nil:
		return err
	case changed:
		return refuse("berkas masih ditulis ketika dibaca; ulangi setelah selesai", "the file was still being written while it was read; try again when it is complete")
	case d.info.Records > 0:
		return nil
	case c.format().Type == event.ContentTypeNDJSON:
		return refuse("berkas tidak berisi satu data pun", "the file holds not one record")
	}
	return refuse("berkas hanya berisi kepala tabel, tanpa satu baris data pun", "the file holds only the header and not one row of data")
}

// legible refuses text that did not come out of decoding well. Header lines are looked at once.
func (d *delivery) legible(c cutter, b batch) error {
	if d.set == nil {
		return nil
	}
	from := b.head
	if d.info.Batches == 0 {
		from = 0
	}
	n := d.set.fault(b.data[from:])
	if n < 0 {
		return nil
	}
	row, line, at := locate(c, b, from+n)
	return d.set.refuse(line, at, row)
}

// locate returns the row of a byte of b, its record, and the byte's place in it.
func locate(c cutter, b batch, at int) (row int64, record []byte, place int) {
	t, row := b.data[b.head:], b.first
	var csv *dialect
	if text, ok := c.(*textCutter); ok {
		csv = text.csv
	}
	if at < b.head { // the header rows end where the records begin
		t, row, csv = b.data[:b.head], max(b.first-int64(c.format().Headers), 1), &dialect{delim: csv.delim}
	} else {
		at -= b.head
	}
	for {
		n := bytes.IndexByte(t, '\n') + 1
		if csv != nil {
			n = csv.measure(t, true).n
		}
		if n == 0 || at < n {
			return row, t, at
		}
		t, at, row = t[n:], at-n, row+1
	}
}

func (d *delivery) Info() source.Info { return d.info }

// Read implements [source.Delivery]. The last batch is handed out only when the file was read as
// it was inspected, so a changed file is never complete.
func (d *delivery) Read(ctx context.Context) (source.Batch, error) {
	return d.read(ctx, func() (batch, error) { return d.reading.next() })
}

// AppendBatch implements [source.Appender].
func (d *delivery) AppendBatch(ctx context.Context, to []byte) ([]byte, source.Batch, error) {
	b, err := d.read(ctx, func() (b batch, err error) {
		n := len(to)
		if d.again != nil {
			to, b, err = d.again.append(to)
		} else if b, err = d.reading.next(); err == nil {
			to = append(to, b.data...)
		}
		b.data = to[n:]
		return b, err
	})
	return to, b, err
}

// begin opens the file for reading.
func (d *delivery) begin() (err error) {
	if d.again != nil {
		d.reading = d.again
		return nil
	}
	d.reading, d.closer, err = d.open()
	return err
}

// read hands out what next cuts.
func (d *delivery) read(ctx context.Context, next func() (batch, error)) (source.Batch, error) {
	if err := ctx.Err(); err != nil {
		return source.Batch{}, err
	}
	if d.reading == nil {
		if err := d.begin(); err != nil {
			return source.Batch{}, d.changedOr(err)
		}
	}
	b, err := next()
	if errors.Is(err, io.EOF) && d.batches == d.info.Batches {
		return source.Batch{}, io.EOF
	}
	if err != nil {
		return source.Batch{}, d.changedOr(err)
	}
	d.batches++
	d.seen.add(b)
	changed, err := d.origin.changed()
	if err != nil {
		return source.Batch{}, err
	}
	if changed || d.batches > d.info.Batches || d.batches == d.info.Batches && d.seen.sum != d.sum {
		return source.Batch{}, fmt.Errorf("read %s: %w", d.info.Subject, ErrChanged)
	}
	before := d.share()
	d.taken += int64(len(b.data) - b.head)
	return source.Batch{
		ContentType: d.reading.format().String(), FirstRow: b.first, Rows: b.rows, Op: event.Upsert,
		Data: b.data, Bytes: d.share() - before,
	}, nil
}

// share is how many of the stored bytes the records handed out stand for. Packing and transcoding
// read ahead, so it goes by the share of the text.
func (d *delivery) share() int64 {
	if d.taken == d.total {
		return d.info.Bytes
	}
	return int64(float64(d.info.Bytes) * (float64(d.taken) / float64(d.total)))
}

// changedOr is err, or ErrChanged when a file that was sound is no longer.
func (d *delivery) changedOr(err error) error {
	var refusal *source.Refusal
	if changed, serr := d.origin.changed(); errors.Is(err, io.EOF) || errors.As(err, &refusal) || serr == nil && changed {
		err = ErrChanged
	}
	return fmt.Errorf("read %s: %w", d.info.Subject, err)
}

// Close implements [source.Delivery]. It may be called twice.
func (d *delivery) Close() error {
	var errs error
	if d.closer != nil {
		errs = d.closer.Close()
		d.closer = nil
	}
	if d.closed != nil {
		errs = errors.Join(errs, d.closed())
		d.closed = nil
	}
	return errs
}
