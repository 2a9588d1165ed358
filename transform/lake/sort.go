package lake

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// sorting is what is to be written in an order. It is done range after range of that order, each of
// about so many rows as fit the memory of a fold, so that a table of any size is sorted within it and
// without touching the disk but to read and write files: sorted at once, the rows would be spilled,
// and the more they are the more memory it takes to merge what was spilled.
type sorting struct {
	query  string   // the rows
	by     []string // columns
	whole  int      // rows that are alike in that many of the columns are of one range
	from   []source // files that the query reads, from which the ranges are estimated
	latest bool     // write only the last of the rows of a range that are alike in those columns, unless it is gone
}

// valueBytes is how much memory a value is thought to take up while its row is sorted, which holds it
// twice for a while. Where values are longer DuckDB spills some of the range.
const valueBytes = 64

// perRange is how many values of a sample a range spans: enough for ranges of about one size.
const perRange = 64

// writeSorted writes rows in their order. It calls for a look at the rows' columns to sort by, and
// then for the rows of each range.
func (l *Lake) writeSorted(ctx context.Context, conn *sql.Conn, w *Writer, s sorting) ([]DataFile, error) {
	ranges, err := s.ranges(ctx, conn, max(l.opts.Memory/int64(valueBytes*len(w.columns())), foldPart))
	if err != nil {
		return nil, fmt.Errorf("estimate ranges: %w", err)
	}
	for _, within := range ranges {
		query := "SELECT * FROM (" + s.query + ")" + within + " ORDER BY " + list("", s.by)
		if err := spool(ctx, conn, w, query, s.condition()); err != nil {
			return nil, err
		}
	}
	return w.Close()
}

// condition is that of the rows that are written, each of which can be compared with the next one.
func (s sorting) condition() string {
	if !s.latest {
		return ""
	}
	last := []string{"lead(_at) OVER next IS NULL"}
	for _, c := range s.by[:s.whole] {
		last = append(last, fmt.Sprintf("%[1]s IS DISTINCT FROM lead(%[1]s) OVER next", quote(c)))
	}
	if s.whole == 0 {
		last = []string{"true"}
	}
	return "NOT " + quote(colGone) + " AND (" + strings.Join(last, " OR ") + ")"
}

// ranges are WHERE clauses that part the rows, in order.
func (s sorting) ranges(ctx context.Context, conn *sql.Conn, most int64) ([]string, error) {
	rows := int64(0)
	for _, f := range s.from {
		rows += f.rows()
	}
	by := s.by[:max(s.whole, 1)]
	cuts, err := s.cuts(ctx, conn, by, (rows+most-1)/most)
	if err != nil || len(cuts) == 0 {
		return []string{""}, err
	}
	var out []string
	from := ""
	for _, cut := range cuts {
		below, above := beyond(by, cut)
		out = append(out, " WHERE "+from+below)
		from = above + " AND "
	}
	return append(out, " WHERE ("+quote(by[0])+" IS NULL OR "+strings.TrimSuffix(from, " AND ")+")"), nil
}

// cuts are the values, as SQL, with which n ranges of the columns begin, the first one aside. They come
// from a sample of the files.
func (s sorting) cuts(ctx context.Context, conn *sql.Conn, by []string, n int64) (cuts [][]string, err error) {
	if n < 2 {
		return nil, nil
	}
	var all, texts, types, known []string
	for _, f := range s.from {
		all = append(all, f.sql(by...))
	}
	for _, c := range by {
		f, _ := s.from[0].schema.FindFieldByName(c)
		t, err := typeOf(f.Type)
		if err != nil {
			return nil, err
		}
		texts, types, known = append(texts, "CAST("+quote(c)+" AS VARCHAR)"), append(types, DuckType(t)), append(known, quote(c)+" IS NOT NULL")
	}
	rows, err := conn.QueryContext(ctx, fmt.Sprintf(`WITH sampled AS (SELECT * FROM (%s) USING SAMPLE reservoir(%d ROWS)),
		known AS (SELECT *, row_number() OVER (ORDER BY %[3]s) AS _n FROM sampled WHERE %[4]s)
		SELECT %[5]s FROM (SELECT DISTINCT %[3]s FROM known WHERE _n %% %[6]d = 0) ORDER BY %[3]s`,
		strings.Join(all, " UNION ALL "), n*perRange, list("", by), strings.Join(known, " AND "), strings.Join(texts, ", "), perRange))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	values, into := make([]string, len(by)), make([]any, len(by))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		cut := make([]string, len(by))
		for i, v := range values {
			cut[i] = "CAST(" + literal(v) + " AS " + types[i] + ")"
		}
		cuts = append(cuts, cut)
	}
	return cuts, rows.Err()
}

// beyond are the conditions that a row comes before values of columns in their order, in which NULL is
// the last, and that it does not. The bounds of the first column, by which files leave out what is not
// looked for, stand by themselves; NULL in that column is in neither.
func beyond(columns, values []string) (below, above string) {
	last := len(columns) - 1
	below = quote(columns[last]) + " < " + values[last]
	above = quote(columns[last]) + " >= " + values[last]
	if last > 0 {
		above = "(" + above + " OR " + quote(columns[last]) + " IS NULL)"
	}
	for i := last - 1; i >= 0; i-- {
		c, v := quote(columns[i]), values[i]
		null := ""
		if i > 0 {
			null = " OR " + c + " IS NULL"
		}
		below = fmt.Sprintf("(%[1]s <= %[2]s AND (%[1]s < %[2]s OR %[3]s))", c, v, below)
		above = fmt.Sprintf("(%[1]s >= %[2]s AND (%[1]s > %[2]s OR %[3]s)%[4]s)", c, v, above, null)
	}
	return below, above
}

// spool writes the rows of a query in its order, only those of which a condition holds if there is one.
// That may look at the next row: lead(c) OVER next. The rows go to a temporary table of DuckDB first,
// which spills to disk, and are fetched from there in parts.
func spool(ctx context.Context, conn *sql.Conn, w *Writer, query, condition string) error {
	if _, err := conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE spooled AS "+query); err != nil {
		return fmt.Errorf("compute: %w", err)
	}
	defer func() { // the connection goes back to the pool; what is left there is replaced by the next one
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS spooled")
	}()
	var rows int64
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM spooled").Scan(&rows); err != nil {
		return err
	}
	columns := list("", w.columns())
	for from := int64(0); from < rows; from += foldPart {
		part := fmt.Sprintf("SELECT %s FROM spooled WHERE rowid >= %d AND rowid < %d", columns, from, from+foldPart)
		if condition != "" { // of one row more than are written
			part = fmt.Sprintf(`SELECT %s FROM (SELECT *, %s AS _counts FROM (SELECT *, rowid AS _at FROM spooled WHERE rowid >= %d AND rowid <= %d)
				WINDOW next AS (ORDER BY _at)) WHERE _counts AND _at < %[4]d ORDER BY _at`, columns, condition, from, from+foldPart)
		}
		if err := arrowRows(ctx, conn, part, w.writeWhole); err != nil {
			return err
		}
	}
	return nil
}
