package lake

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"satudata/ingest/durable"
	"satudata/ingest/event"
)

// Origin is what the rows of one chunk have in common.
type Origin struct {
	Event    uuid.UUID // ce_id
	Delivery uuid.UUID
	OPD      string
	Recorded time.Time // ce_time
	Deleted  bool      // the rows remove their keys
}

// Part is how many of the rows that are written come from one chunk.
type Part struct {
	Origin
	Rows int
}

// Rows says which rows of a record batch are written, and what differs between them. Row and
// SourceRow have one entry per written row.
type Rows struct {
	Select    []int32 // indexes into the batch, nil for all
	Row       []int64 // number of the observation in its chunk
	SourceRow []int64 // row in the source
}

// Reject is a record that did not become a row.
type Reject struct {
	Row, SourceRow int64
	Status         string // StatusRejected or StatusSetAside
	Raw            string
	Reasons        string // JSON array
}

// What may have become of a record in the rejected table.
const (
	StatusRejected = "ditolak"
	StatusSetAside = "disisihkan"
)

// Writer writes the rows of one batch to Parquet files of one table. It is used by one goroutine.
type Writer struct {
	lake     *Lake
	kind     Kind
	dataset  string
	batch    string
	location string
	table    *table.Table
	schema   *iceberg.Schema
	keys     []string

	from      *arrow.Schema // of the last record batch
	take      []int         // for each column of schema, the column of from, or -1
	scattered bool          // the last rows came from chunks of few rows each
	origins   origins       // of the rows that are being written

	file *dataFile
	done []DataFile
}

// NewWriter returns a writer for a batch. Its files are named after dataset, kind, batch and what
// they hold, so that a retry of the batch replaces them; batch must therefore name the rows and not
// the attempt.
func (l *Lake) NewWriter(ctx context.Context, dataset string, k Kind, batch string) (*Writer, error) {
	t, err := l.load(ctx, dataset, k)
	if err != nil {
		return nil, err
	}
	var keys []string // the rejected table has none: its rows are not the contract's
	if k != Rejected {
		if keys, err = keyOf(t); err != nil {
			return nil, err
		}
	}
	location, err := pathOf(t.Location())
	if err != nil {
		return nil, err
	}
	return &Writer{
		lake: l, kind: k, dataset: dataset, batch: batch, location: location,
		table: t, schema: t.Schema(), keys: keys,
	}, nil
}

// Write writes rows of a record batch to the history. Its columns are found by their names; a
// column that the contract version of the batch did not have yet is left empty, and one that has
// been renamed since is found by its old name. The batch may be released afterwards.
func (w *Writer) Write(rec arrow.RecordBatch, o Origin, r Rows) error {
	return w.WriteParts(rec, []Part{{o, len(r.Row)}}, r)
}

// WriteParts is Write for rows of several chunks, those of one after those of another.
func (w *Writer) WriteParts(rec arrow.RecordBatch, parts []Part, r Rows) error {
	n := int(rec.NumRows())
	if r.Select != nil {
		n = len(r.Select)
	}
	of := 0
	for _, p := range parts {
		of += p.Rows
	}
	if len(r.Row) != n || len(r.SourceRow) != n || of != n {
		return fmt.Errorf("write batch %s: %d rows with %d numbers, %d source rows and origins of %d", w.batch, n, len(r.Row), len(r.SourceRow), of)
	}
	if err := w.resolve(rec.Schema()); err != nil {
		return err
	}
	w.scattered = len(parts) > n/8
	w.origins.parts = parts
	for from := 0; from < n; {
		some := w.together(w.origins.parts)
		if err := w.writeSome(rec, r, from, some); err != nil {
			return err
		}
		if from += some; from < n && w.file != nil {
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeSome writes n rows from one on.
func (w *Writer) writeSome(rec arrow.RecordBatch, r Rows, first, n int) error {
	return w.split(rec, n, func(from, n int) error {
		from += first
		parts := w.origins.next(n)
		w.file.turns.note(parts)
		for i, c := range w.file.out.columns {
			var err error
			switch {
			case strings.HasPrefix(c.field.Name, "_"):
				err = c.system(parts, r.Row[from:from+n], r.SourceRow[from:from+n])
			case w.take[i] < 0:
				err = c.absent(n)
			default:
				err = c.write(rec.Column(w.take[i]), span{sel: r.Select, from: from, n: n})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// origins are the parts of rows that are written some at a time.
type origins struct {
	parts []Part // what is left
	cut   []Part // scratch
}

// next are the parts of the next n rows.
func (o *origins) next(n int) []Part {
	o.cut = o.cut[:0]
	for n > 0 {
		p := o.parts[0]
		if p.Rows > n {
			o.parts[0].Rows -= n
			p.Rows = n
		} else {
			o.parts = o.parts[1:]
		}
		o.cut = append(o.cut, p)
		n -= p.Rows
	}
	return o.cut
}

// WriteRejects writes records to the rejected table.
func (w *Writer) WriteRejects(o Origin, rejects []Reject) error {
	rows, sources := make([]int64, len(rejects)), make([]int64, len(rejects))
	for i, r := range rejects {
		rows[i], sources[i] = r.Row, r.SourceRow
	}
	text := map[string]func(Reject) string{
		colStatus:  func(r Reject) string { return r.Status },
		colRaw:     func(r Reject) string { return r.Raw },
		colReasons: func(r Reject) string { return r.Reasons },
	}
	return w.split(nil, len(rejects), func(from, n int) error {
		for _, c := range w.file.out.columns {
			value, own := text[c.field.Name]
			if !own {
				if err := c.system([]Part{{o, n}}, rows[from:from+n], sources[from:from+n]); err != nil {
					return err
				}
				continue
			}
			for _, r := range rejects[from : from+n] {
				if err := c.text(value(r)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// writeWhole writes a record batch that has every column of the table, in order.
func (w *Writer) writeWhole(rec arrow.RecordBatch) error {
	for i := len(w.take); i < w.schema.NumFields(); i++ {
		w.take = append(w.take, i)
	}
	return w.split(rec, int(rec.NumRows()), func(from, n int) error {
		for i, c := range w.file.out.columns {
			if err := c.write(rec.Column(i), span{from: from, n: n}); err != nil {
				return err
			}
		}
		return nil
	})
}

// system writes the part of a system column that some rows fill.
func (c *chunkWriter) system(parts []Part, rows, sources []int64) error {
	switch c.field.Name {
	case colEvent:
		return c.ids(parts, func(o *Origin) uuid.UUID { return o.Event })
	case colRow:
		return c.numbers(rows)
	case colDelivery:
		return c.ids(parts, func(o *Origin) uuid.UUID { return o.Delivery })
	case colSourceRow:
		return c.numbers(sources)
	case colOPD:
		return runs(parts, func(o *Origin) string { return o.OPD }, func(opd string, n int) error {
			return c.repeat(parquet.ByteArrayValue([]byte(opd)), n)
		})
	case colRecorded:
		return runs(parts, func(o *Origin) int64 { return o.Recorded.UnixMicro() }, func(at int64, n int) error {
			return c.repeat(parquet.Int64Value(at), n)
		})
	case colDeleted:
		return runs(parts, func(o *Origin) bool { return o.Deleted }, func(deleted bool, n int) error {
			return c.repeat(parquet.BooleanValue(deleted), n)
		})
	}
	return fmt.Errorf("write column %s: not known", c.field.Name)
}

// ids writes an id of the origins as text.
func (c *chunkWriter) ids(parts []Part, of func(*Origin) uuid.UUID) error {
	return runs(parts, of, func(id uuid.UUID, n int) error {
		c.raw = appendID(c.raw[:0], id)
		return c.repeat(parquet.ByteArrayValue(c.raw), n)
	})
}

// appendID appends the text of an id.
func appendID(dst []byte, id uuid.UUID) []byte {
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// runs calls do with each value that rows one after the other have in common, and how many these are.
func runs[T comparable](parts []Part, of func(*Origin) T, do func(T, int) error) error {
	for i := 0; i < len(parts); {
		v, n := of(&parts[i].Origin), 0
		for ; i < len(parts) && of(&parts[i].Origin) == v; i++ {
			n += parts[i].Rows
		}
		if err := do(v, n); err != nil {
			return err
		}
	}
	return nil
}

// resolve finds the columns of a record batch in the table, by the names they have or once had.
func (w *Writer) resolve(s *arrow.Schema) error {
	if w.from == s || w.from != nil && w.from.Equal(s) {
		return nil
	}
	take := make([]int, w.schema.NumFields())
	for i := range take {
		take[i] = -1
	}
	for i, f := range s.Fields() {
		id, ok := fieldID(w.table, f.Name)
		at := -1
		for k, field := range w.schema.Fields() {
			if ok && field.ID == id {
				at = k
			}
		}
		if at < 0 || take[at] >= 0 {
			return fmt.Errorf("write batch %s: %w: table has no place for column %q", w.batch, ErrIncompatible, f.Name)
		}
		take[at] = i
	}
	w.from, w.take = s, take
	return nil
}

// fieldID is the id of the column that has, or last had, a name.
func fieldID(t *table.Table, name string) (int, bool) {
	if f, ok := t.Schema().FindFieldByName(name); ok {
		return f.ID, true
	}
	best, id := -1, 0
	for version, s := range t.Schemas() {
		if f, ok := s.FindFieldByName(name); ok && version > best {
			best, id = version, f.ID
		}
	}
	return id, best >= 0
}

// part is how many rows are written column after column at a time: they stay in the processor's cache.
const part = 8 << 10

// split calls write for the rows 0 to n, in parts that end where a row group is full, and begins
// and ends files as they come. rec is what the rows come from, for the choice of encodings.
func (w *Writer) split(rec arrow.RecordBatch, n int, write func(from, n int) error) error {
	for from := 0; from < n; {
		if w.file == nil {
			if err := w.begin(rec); err != nil {
				return err
			}
		}
		out := w.file.out
		count := min(n-from, part, w.lake.opts.RowGroupRows-out.rows)
		if err := write(from, count); err != nil {
			return err
		}
		from += count
		out.rows += count
		if out.rows == w.lake.opts.RowGroupRows {
			if err := out.endGroup(); err != nil {
				return fmt.Errorf("write %s: %w", w.file.path, err)
			}
		}
		if out.size() >= w.lake.opts.FileBytes {
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownRows is from how many rows of a delivery on a file of their own is worth having. Such a file tells
// by its statistics what came of the delivery, can become part of the current table as it is, and has
// bounds of its own.
const ownRows = 1000

// together is how many rows of parts belong in the file in work. Rows of another delivery begin a new one
// when they are many, or when the file is of one delivery and holds many. Where few rows of many
// deliveries take turns, all are in one file.
func (w *Writer) together(parts []Part) (n int) {
	in, total := turns{}, 0
	if w.file != nil {
		in, total = w.file.turns, int(w.file.out.total())
	}
	for len(parts) > 0 {
		alike, rows := 0, 0
		for alike < len(parts) && parts[alike].Delivery == parts[0].Delivery {
			rows += parts[alike].Rows
			alike++
		}
		if total > 0 && parts[0].Delivery != in.last && (rows >= ownRows || in.n == 1 && total >= ownRows) {
			return n
		}
		in.note(parts[:1])
		total, n, parts = total+rows, n+rows, parts[alike:]
	}
	return n
}

// Close makes the files durable and returns them for the commit. The writer cannot be used again.
func (w *Writer) Close() ([]DataFile, error) {
	if w.file != nil {
		if err := w.end(); err != nil {
			return nil, err
		}
	}
	return w.done, nil
}

// Abort drops the file in work. It may be called after Close, where it does nothing. Files that
// were closed before stay: another try of the batch may have committed files of these names.
func (w *Writer) Abort() {
	if w.file != nil {
		w.file.to.Abort()
		w.file = nil
	}
}

// dataFile is a data file being written.
type dataFile struct {
	path string
	to   *durable.File
	out  *fileWriter

	turns turns
}

// turns counts how often the delivery of rows changes.
type turns struct {
	last uuid.UUID // delivery
	n    int
}

func (t *turns) note(parts []Part) {
	for i := range parts {
		if d := parts[i].Delivery; d != t.last || t.n == 0 {
			t.last = d
			t.n++
		}
	}
}

// name is the path of file n of the batch whose bytes have a checksum. The checksum is there for a
// worker that slept through its batch and wakes up: what it writes of the same rows is the same and
// may replace what is there, but if it comes out otherwise, the file that was committed stays.
func (w *Writer) name(n int, sum uint32) string {
	id := event.Derive(fmt.Sprintf("file|%s|%s|%s|%d|%08x", w.dataset, w.kind, w.batch, n, sum))
	return filepath.Join(w.location, "data", dataName(id, sum))
}

// begin begins the next file of the batch.
func (w *Writer) begin(rec arrow.RecordBatch) error {
	path := w.name(len(w.done), 0) // until its bytes are known
	to, err := durable.Create(path)
	if err != nil {
		return fmt.Errorf("begin data file: %w", err)
	}
	w.file = &dataFile{path: path, to: to, out: &fileWriter{to: to}}
	return w.layout(rec)
}

// layout adds the columns to the file in work, with Bloom filters on what is looked up by value: the
// key in the current table, the delivery elsewhere.
func (w *Writer) layout(rec arrow.RecordBatch) error {
	filters := []string{colDelivery}
	if w.kind == Current {
		filters = w.keys
	}
	for i, f := range w.schema.Fields() {
		t, err := typeOf(f.Type)
		if err != nil {
			return err
		}
		repeats := strings.HasPrefix(f.Name, "_") || f.Name == colStatus && w.kind == Rejected
		switch {
		case w.kind == History && f.Name == colEvent:
			repeats = !w.scattered
		case w.kind == History && !repeats && w.take[i] >= 0:
			repeats = repetitive(rec.Column(w.take[i]))
		case w.kind == Current:
			repeats = repetitive(rec.Column(i))
		}
		c := w.file.out.addColumn(f, t, w.lake.packer, repeats)
		c.filter = slices.Contains(filters, f.Name)
		// Nobody looks for a range of raw records.
		c.bounded = w.kind != Rejected || f.Name != colRaw && f.Name != colReasons
	}
	if w.kind == Current {
		w.file.out.sortBy(w.keys)
	}
	return nil
}

// repetitive guesses from the first rows whether a dictionary pays for a column of texts.
func repetitive(a arrow.Array) bool {
	s, ok := a.(*array.String)
	if !ok {
		return true
	}
	n := min(s.Len(), 2*step)
	distinct := map[string]struct{}{}
	for i := range n {
		if s.IsValid(i) {
			distinct[s.Value(i)] = struct{}{}
		}
	}
	return len(distinct)*4 <= n
}

// end makes the file in work durable and describes it.
func (w *Writer) end() error {
	f := w.file
	defer w.Abort()
	meta, err := f.out.close()
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	f.path = w.name(len(w.done), f.out.sum)
	described, err := describe(f, meta, w.table.Spec(), w.keys)
	if err != nil {
		return fmt.Errorf("describe %s: %w", f.path, err)
	}
	if err := f.to.CommitAs(f.path); err != nil {
		return err
	}
	w.done = append(w.done, described)
	w.file = nil
	return nil
}
