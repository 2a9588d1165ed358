package lake

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"satudata/schemas"
)

// Publication is a delivery whose rows count in the current state. All of its rows have landed before
// it is published; a row that came later might be missed.
type Publication struct {
	Delivery  uuid.UUID
	FirstID   uuid.UUID // ce_id of its first chunk: none of its rows has a smaller one
	Full      bool      // it replaces a scope: what other deliveries said of it before is gone
	ReplaceBy []string  // columns whose values in the delivery name the scope; none means everything
	At        time.Time // when it was published
	Key       []string  // columns in which no two of its rows are alike, rows that delete aside; none: not known
	Upcasts   []Upcast  // of the contract versions after the one that it was made under, oldest first
}

// AsOf picks the moment that views show. The zero value is now. Snapshot is the id of a snapshot of
// the history table (the state at the time of that snapshot) or of the current table (that
// snapshot, as it is); else Time counts.
type AsOf struct {
	Snapshot int64
	Time     time.Time
}

// View is a DuckDB query that shows a table of a dataset under the name Schema.Name.
type View struct{ Schema, Name, SQL string }

// Views returns the views of a dataset: its current state with the columns of its contract, its
// history (<name>_riwayat) and its rejected records (<name>_ditolak). The caller must have read
// published before he calls, so that the tables hold every row of them. A view names the files of
// the snapshots it was made from, and keeps showing those until they are expired.
//
// It returns ErrNotFound for a dataset without tables and ErrNoSnapshot for a moment of which
// nothing is left.
func (l *Lake) Views(ctx context.Context, dataset string, published []Publication, asOf AsOf) ([]View, error) {
	topic, name, err := split(dataset)
	if err != nil {
		return nil, err
	}
	s, err := l.state(ctx, dataset, published, asOf)
	if err != nil {
		return nil, fmt.Errorf("view %s: %w", dataset, err)
	}
	current, err := s.sql(s.contract)
	if err != nil {
		return nil, fmt.Errorf("view %s: %w", dataset, err)
	}
	rejected, err := l.load(ctx, dataset, Rejected)
	if err != nil {
		return nil, err
	}
	rejectedAt, err := snapshotAt(rejected, s.at)
	if err != nil {
		return nil, fmt.Errorf("view rejected records of %s: %w", dataset, err)
	}
	refused, err := l.source(rejected, rejectedAt)
	if err != nil {
		return nil, err
	}
	return []View{
		{topic, name, current},
		{topic, name + History.suffix(), s.history.sql()},
		{topic, name + Rejected.suffix(), refused.sql()},
	}, nil
}

// EmptyViews returns the views that a dataset with these columns has before anything has landed: enough
// for DuckDB to say whether a query fits them.
func EmptyViews(dataset string, fields []schemas.Field) ([]View, error) {
	topic, name, err := split(dataset)
	if err != nil {
		return nil, err
	}
	if err := checkFields(fields, nil); err != nil {
		return nil, err
	}
	var shown []string
	for _, f := range fields {
		shown = append(shown, f.Name)
	}
	var views []View
	for _, k := range []Kind{Current, History, Rejected} {
		columns := shown
		if k != Current {
			columns = nil // all
		}
		empty := source{schema: icebergSchema(columnsOf(k, fields))}
		views = append(views, View{topic, name + k.suffix(), empty.sql(columns...)})
	}
	return views, nil
}

// Accepted is a DuckDB query for the rows of one delivery that landed in the history: the columns of
// the contract and the row in the source. Rows that delete are not among them. It names the files of
// the newest snapshot.
func (l *Lake) Accepted(ctx context.Context, dataset string, delivery uuid.UUID) (string, error) {
	s, _, err := l.part(ctx, dataset, History, delivery)
	if err != nil {
		return "", fmt.Errorf("view delivery %s of %s: %w", delivery, dataset, err)
	}
	var columns []string
	for _, f := range contractFields(s.schema) {
		columns = append(columns, f.Name)
	}
	columns = append(columns, colSourceRow)
	return fmt.Sprintf("SELECT %s FROM (%s) WHERE %s AND NOT %s", list("", columns), s.sql(), ofDelivery(delivery), quote(colDeleted)), nil
}

// source is the data of one snapshot of a table, seen through the table's newest schema.
type source struct {
	schema *iceberg.Schema
	files  []iceberg.DataFile
}

func (l *Lake) source(t *table.Table, s *table.Snapshot) (source, error) {
	files, err := l.dataFiles(t, s)
	return source{schema: t.Schema(), files: files}, err
}

// sql selects columns, all of them when none are named. DuckDB matches the columns of each file by
// field id, so files from before a column was renamed or added are read right.
func (s source) sql(columns ...string) string {
	fields := s.schema.Fields()
	if len(columns) == 0 {
		for _, f := range fields {
			columns = append(columns, f.Name)
		}
	}
	var b strings.Builder
	if len(s.files) == 0 {
		b.WriteString("SELECT ")
		for i, name := range columns {
			f, _ := s.schema.FindFieldByName(name)
			t, _ := typeOf(f.Type)
			fmt.Fprintf(&b, "%sCAST(NULL AS %s) AS %s", comma(i), DuckType(t), quote(name))
		}
		return b.String() + " WHERE false"
	}
	fmt.Fprintf(&b, "SELECT %s FROM read_parquet([", list("", columns))
	for i, f := range s.files {
		path, err := pathOf(f.FilePath())
		if err != nil {
			path = f.FilePath()
		}
		b.WriteString(comma(i) + literal(path))
	}
	b.WriteString("], schema = MAP {")
	for i, f := range fields {
		t, _ := typeOf(f.Type)
		fmt.Fprintf(&b, "%s%d: {name: %s, type: %s, default_value: NULL}", comma(i), f.ID, literal(f.Name), literal(DuckType(t)))
	}
	return b.String() + "})"
}

// only narrows s to the files that may hold rows of deliveries, by the bounds of the columns that say
// of which delivery and event a row is. Ids of deliveries are in no order, so those of a file with many
// lie around nearly any other; events grow, and tell old files from new deliveries.
func (s source) only(deliveries []Publication) source {
	sorted := slices.Clone(deliveries)
	slices.SortFunc(sorted, func(a, b Publication) int { return bytes.Compare(a.Delivery[:], b.Delivery[:]) })
	out := source{schema: s.schema}
	for _, file := range s.files {
		if s.mayHold(file, sorted) {
			out.files = append(out.files, file)
		}
	}
	return out
}

// mayHold says whether a file may hold rows of one of the deliveries, which are sorted by id.
func (s source) mayHold(file iceberg.DataFile, sorted []Publication) bool {
	low, high := s.bounds(file, colDelivery)
	_, last := s.bounds(file, colEvent)
	if len(high) == 0 {
		return true
	}
	from, _ := slices.BinarySearchFunc(sorted, string(low), func(p Publication, id string) int { return strings.Compare(p.Delivery.String(), id) })
	for _, p := range sorted[from:] {
		if p.Delivery.String() > string(high) {
			return false
		}
		if len(last) == 0 || p.FirstID.String() <= string(last) {
			return true
		}
	}
	return false
}

// rows is how many rows s holds.
func (s source) rows() int64 {
	n := int64(0)
	for _, f := range s.files {
		n += f.Count()
	}
	return n
}

// snapshotAt is the snapshot of a table at a time, its newest for the zero time, nil before its
// first. It is ErrNoSnapshot when the snapshot of that time has been expired.
func snapshotAt(t *table.Table, at time.Time) (*table.Snapshot, error) {
	if at.IsZero() {
		return t.CurrentSnapshot(), nil
	}
	var found *table.Snapshot
	oldest := false // whether the table's first snapshot is still there
	for _, s := range t.Metadata().Snapshots() {
		oldest = oldest || s.ParentSnapshotID == nil
		if s.TimestampMs <= at.UnixMilli() && (found == nil || s.SequenceNumber > found.SequenceNumber) {
			found = &s
		}
	}
	if found == nil && !oldest && t.CurrentSnapshot() != nil {
		return nil, expired(t, at.Location())
	}
	return found, nil
}

// ExpiredError is ErrNoSnapshot with how far back the snapshots of a table reach.
type ExpiredError struct {
	Table string
	Since time.Time // of the oldest one that is left; zero when there never was any
}

// Error implements error.
func (e *ExpiredError) Error() string {
	return fmt.Sprintf("%v: %s reaches back to %s", ErrNoSnapshot, e.Table, e.Since.Format(time.RFC3339))
}

// Unwrap gives the kind.
func (e *ExpiredError) Unwrap() error { return ErrNoSnapshot }

// expired says how far back a table reaches, as a time of zone.
func expired(t *table.Table, zone *time.Location) *ExpiredError {
	e := &ExpiredError{Table: strings.Join(t.Identifier(), ".")}
	for _, s := range t.Metadata().Snapshots() {
		if at := time.UnixMilli(s.TimestampMs).In(zone); e.Since.IsZero() || at.Before(e.Since) {
			e.Since = at
		}
	}
	return e
}

// quote writes an identifier, literal a text constant, for SQL.
func quote(name string) string   { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// list writes quoted column names, each after prefix.
func list(prefix string, columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = prefix + quote(c)
	}
	return strings.Join(out, ", ")
}
