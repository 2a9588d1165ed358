package lake

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/google/uuid"

	"satudata/ingest/event"
)

// Examination is what the tables hold of one delivery, in observations.
type Examination struct {
	Count
	Reasons []event.ReasonCount // why observations were rejected, most frequent first
	Missing map[string]int64    // empty values among the accepted, for each contract column that has any
}

// Examine counts what landed of a delivery and why the rest of it was rejected.
func (l *Lake) Examine(ctx context.Context, dataset string, delivery uuid.UUID) (Examination, error) {
	x := Examination{Missing: map[string]int64{}}
	err := l.examineAccepted(ctx, dataset, delivery, &x)
	if err == nil {
		err = l.examineRejected(ctx, dataset, delivery, &x)
	}
	if err != nil {
		return x, fmt.Errorf("examine delivery %s of %s: %w", delivery, dataset, err)
	}
	return x, nil
}

// part is the data of one delivery in a table of a dataset; ok is false when there is none.
func (l *Lake) part(ctx context.Context, dataset string, k Kind, delivery uuid.UUID) (s source, ok bool, err error) {
	t, err := l.load(ctx, dataset, k)
	if err != nil {
		return s, false, err
	}
	s, err = l.source(t, t.CurrentSnapshot())
	if err != nil {
		return s, false, err
	}
	s = s.only([]Publication{{Delivery: delivery}})
	return s, len(s.files) > 0, nil
}

// ofDelivery is the SQL condition for the rows of one delivery.
func ofDelivery(delivery uuid.UUID) string {
	return quote(colDelivery) + " = " + literal(delivery.String())
}

// examineAccepted counts rows and values. A file that holds rows of this delivery alone says itself how
// many there are; of the others the rows are counted.
func (l *Lake) examineAccepted(ctx context.Context, dataset string, delivery uuid.UUID, x *Examination) error {
	s, ok, err := l.part(ctx, dataset, History, delivery)
	if err != nil || !ok {
		return err
	}
	fields := contractFields(s.schema)
	counts := make([]int64, len(fields))
	mixed := source{schema: s.schema}
	for _, f := range s.files {
		if d, ok := s.delivered(f); !ok || d != delivery {
			mixed.files = append(mixed.files, f)
			continue
		}
		x.Accepted += f.Count()
		for i, c := range fields {
			counts[i] += f.ValueCounts()[c.ID] - f.NullValueCounts()[c.ID]
		}
	}
	if len(mixed.files) > 0 {
		if err := l.countValues(ctx, mixed, delivery, fields, x, counts); err != nil {
			return err
		}
	}
	for i, f := range fields {
		if n := x.Accepted - counts[i]; n > 0 {
			x.Missing[f.Name] = n
		}
	}
	return nil
}

// countValues counts the rows of a delivery in s, and adds to counts the values of each column.
func (l *Lake) countValues(ctx context.Context, s source, delivery uuid.UUID, fields []iceberg.NestedField, x *Examination, counts []int64) error {
	e, err := l.engine()
	if err != nil {
		return err
	}
	found := make([]int64, len(fields)+1)
	into := []any{&found[0]}
	q := "SELECT count(*)"
	for i, f := range fields {
		q += ", count(" + quote(f.Name) + ")"
		into = append(into, &found[i+1])
	}
	q += " FROM (" + s.sql() + ") WHERE " + ofDelivery(delivery)
	if err := e.db.QueryRowContext(ctx, q).Scan(into...); err != nil {
		return err
	}
	x.Accepted += found[0]
	for i := range counts {
		counts[i] += found[i+1]
	}
	return nil
}

func (l *Lake) examineRejected(ctx context.Context, dataset string, delivery uuid.UUID, x *Examination) error {
	s, ok, err := l.part(ctx, dataset, Rejected, delivery)
	if err != nil || !ok {
		return err
	}
	e, err := l.engine()
	if err != nil {
		return err
	}
	from := "(" + s.sql() + ") WHERE " + ofDelivery(delivery)
	err = e.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FILTER (%[1]s = %[2]s), count(*) FILTER (%[1]s = %[3]s) FROM %[4]s",
		quote(colStatus), literal(StatusRejected), literal(StatusSetAside), from)).Scan(&x.Rejected, &x.SetAside)
	if err != nil {
		return err
	}
	rows, err := e.db.QueryContext(ctx, fmt.Sprintf(`
		SELECT r.kolom, r.aturan, count(*) AS n, first(r.pesan ORDER BY e, b), first(r.pesan_en ORDER BY e, b)
		FROM (SELECT %s AS e, %s AS b, unnest(from_json(%s, '[{"kolom":"VARCHAR","aturan":"VARCHAR","pesan":"VARCHAR","pesan_en":"VARCHAR"}]')) AS r
			FROM %s AND %s = %s)
		GROUP BY ALL ORDER BY n DESC, r.kolom, r.aturan`, quote(colEvent), quote(colRow), quote(colReasons), from, quote(colStatus), literal(StatusRejected)))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r event.ReasonCount
		if err := rows.Scan(&r.Field, &r.Rule, &r.Count, &r.Say.ID, &r.Say.EN); err != nil {
			return err
		}
		x.Reasons = append(x.Reasons, r)
	}
	return rows.Err()
}

// Keys calls use with the key columns, in key order, and the source rows of what landed of a
// delivery, file by file. Rows that remove their key are not among them: a delivery may take a key
// away and then bring it again. It calls nothing for a table without a key.
func (l *Lake) Keys(ctx context.Context, dataset string, delivery uuid.UUID, use func(key []arrow.Array, sourceRow *array.Int64) error) error {
	t, err := l.load(ctx, dataset, History)
	if err != nil {
		return err
	}
	key, err := keyOf(t)
	if err != nil || len(key) == 0 {
		return err
	}
	s, ok, err := l.part(ctx, dataset, History, delivery)
	if err != nil || !ok {
		return err
	}
	e, err := l.engine()
	if err != nil {
		return err
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, f := range s.files {
		one := source{schema: s.schema, files: []iceberg.DataFile{f}}
		q := "SELECT " + list("", append(key, colSourceRow)) + " FROM (" + one.sql() + ") WHERE " + ofDelivery(delivery) + " AND NOT " + quote(colDeleted)
		err := arrowRows(ctx, conn, q, func(rec arrow.RecordBatch) error {
			cols := rec.Columns()
			return use(cols[:len(key)], cols[len(key)].(*array.Int64))
		})
		if err != nil {
			return fmt.Errorf("read keys of delivery %s of %s: %w", delivery, dataset, err)
		}
	}
	return nil
}

// CheckCurrent says whether the current state, as queries see it, is the same as one computed from
// the whole history: as many rows, and the same sum of their hashes.
func (l *Lake) CheckCurrent(ctx context.Context, dataset string, published []Publication) (bool, error) {
	s, err := l.state(ctx, dataset, published, AsOf{})
	if err != nil {
		return false, fmt.Errorf("check current state of %s: %w", dataset, err)
	}
	e, err := l.engine()
	if err != nil {
		return false, err
	}
	seen, err := s.sql(s.contract)
	if err != nil {
		return false, err
	}
	recomputed := *s
	recomputed.folded, recomputed.recompute = 0, true
	full, err := recomputed.sql(s.contract)
	if err != nil {
		return false, err
	}
	a, err := fingerprint(ctx, e.db, seen, s.contract)
	if err != nil {
		return false, fmt.Errorf("check current state of %s: %w", dataset, err)
	}
	b, err := fingerprint(ctx, e.db, full, s.contract)
	if err != nil {
		return false, fmt.Errorf("recompute current state of %s: %w", dataset, err)
	}
	return a == b, nil
}

// fingerprint is the number of rows of a query and the sum of their hashes.
func fingerprint(ctx context.Context, db *sql.DB, query string, columns []string) (string, error) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quote(c)
	}
	var out string
	err := db.QueryRowContext(ctx, "SELECT count(*) || ' ' || coalesce(sum(hash("+strings.Join(names, ", ")+")::HUGEINT), 0) FROM ("+query+")").Scan(&out)
	return out, err
}

// ViewSuffixes are what the names of a dataset's views end with, in the order in which Views returns them.
var ViewSuffixes = [...]string{Current.suffix(), History.suffix(), Rejected.suffix()}
