package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
)

// compactRows is how many rows are written together at most: they are held by DuckDB meanwhile.
const compactRows = 4 << 20

// compact writes small files of the history and of the rejected records together, rows and their
// order untouched. Files become part of a larger one only with others of about their size, so that
// each row is written a few times in all, however many files there have been.
func (l *Lake) compact(ctx context.Context, dataset string, p Policy, m *Maintenance) error {
	for _, k := range []Kind{History, Rejected} {
		for {
			t, err := l.load(ctx, dataset, k)
			if err != nil {
				return err
			}
			all, err := l.source(t, t.CurrentSnapshot())
			if err != nil {
				return err
			}
			some := p.together(all.files, l.opts.FileBytes)
			if len(some) == 0 {
				break
			}
			fewer, err := l.compactFiles(ctx, dataset, k, source{schema: all.schema, files: some}, m)
			if errors.Is(err, ErrMoved) {
				m.Conflicts++
				break
			}
			if err != nil {
				return err
			}
			if !fewer {
				break
			}
		}
	}
	return nil
}

// together picks files to write together, in the order in which they were added; none when that is
// not worth it. A file is of the next class when it is eight times as large.
func (p Policy) together(all []iceberg.DataFile, full int64) []iceberg.DataFile {
	least := p.MinFiles
	if p.Force {
		least = 2
	}
	for limit := int64(64 << 10); limit < full; limit *= 8 {
		var some []iceberg.DataFile
		bytes, rows := int64(0), int64(0)
		for _, f := range all {
			size := f.FileSizeBytes()
			if size >= min(limit, full/2) || !p.Force && limit > 64<<10 && size < limit/8 {
				continue
			}
			if bytes+size > full || rows+f.Count() > compactRows {
				break
			}
			some, bytes, rows = append(some, f), bytes+size, rows+f.Count()
		}
		if len(some) >= max(least, 2) {
			return some
		}
	}
	return nil
}

// compactFiles replaces the files of s by fewer, if it can.
func (l *Lake) compactFiles(ctx context.Context, dataset string, k Kind, s source, m *Maintenance) (fewer bool, err error) {
	names := make([]string, len(s.files))
	for i, f := range s.files {
		names[i] = filepath.Base(f.FilePath())
	}
	w, err := l.NewWriter(ctx, dataset, k, "compact|"+strings.Join(names, "|"))
	if err != nil {
		return false, err
	}
	defer w.Abort()
	written, err := l.rewrite(ctx, w, s.sql(), s.rows())
	if err != nil || len(written) >= len(s.files) {
		return false, err
	}
	if err := l.replace(ctx, dataset, k, replacement{s.files, icebergFiles(written)}, iceberg.Properties{propUpkeep: "compact"}); err != nil {
		return false, err
	}
	m.rewritten(s.files, written)
	return true, nil
}

// rewritten counts files that became others.
func (m *Maintenance) rewritten(old []iceberg.DataFile, written []DataFile) {
	m.Compacted, m.Into = m.Compacted+len(old), m.Into+len(written)
	for _, f := range written {
		m.Written += f.Bytes
	}
}

// propUpkeep marks a snapshot in which no row is another than before.
const propUpkeep = "satudata.upkeep"

// rewrite writes the rows of a query, which must be as many as it is said to return.
func (l *Lake) rewrite(ctx context.Context, w *Writer, query string, want int64) ([]DataFile, error) {
	e, err := l.engine()
	if err != nil {
		return nil, err
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	written, err := spool(ctx, conn, w, query)
	if err != nil {
		return nil, err
	}
	rows := int64(0)
	for _, f := range written {
		rows += f.Rows
	}
	if rows != want {
		return nil, fmt.Errorf("files hold %d rows, and the table says %d: run `satudata verify --deep`", rows, want)
	}
	return written, nil
}

// spool writes the rows of a query in its order. They go to a temporary table of DuckDB first, which
// spills to disk, and are fetched from there in parts.
func spool(ctx context.Context, conn *sql.Conn, w *Writer, query string) ([]DataFile, error) {
	if _, err := conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE spooled AS "+query); err != nil {
		return nil, fmt.Errorf("compute: %w", err)
	}
	defer func() { // the connection goes back to the pool; what is left there is replaced by the next one
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS spooled")
	}()
	var rows int64
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM spooled").Scan(&rows); err != nil {
		return nil, err
	}
	columns := w.columns()
	for from := int64(0); from < rows; from += foldPart {
		part := fmt.Sprintf("SELECT %s FROM spooled WHERE rowid >= %d AND rowid < %d", list("", columns), from, from+foldPart)
		if err := arrowRows(ctx, conn, part, func(rec arrow.RecordBatch) error { return w.writeWhole(rec) }); err != nil {
			return nil, err
		}
	}
	return w.Close()
}

// columns are the names of the table's columns.
func (w *Writer) columns() []string {
	var names []string
	for _, f := range w.schema.Fields() {
		names = append(names, f.Name)
	}
	return names
}

// sortCurrent writes the current table sorted by key when it holds files of the history.
func (l *Lake) sortCurrent(ctx context.Context, dataset string, p Policy, m *Maintenance) error {
	if !p.Sort {
		return nil
	}
	t, err := l.load(ctx, dataset, Current)
	if err != nil {
		return err
	}
	s, err := l.source(t, t.CurrentSnapshot())
	if err != nil {
		return err
	}
	home, err := pathOf(t.Location())
	if err != nil {
		return err
	}
	if !s.anyOutside(home) {
		return nil
	}
	w, err := l.NewWriter(ctx, dataset, Current, fmt.Sprint("sort|", t.CurrentSnapshot().SnapshotID))
	if err != nil {
		return err
	}
	defer w.Abort()
	written, err := l.rewrite(ctx, w, s.sql(w.columns()...)+" ORDER BY "+list("", sortedBy(w.keys)), s.rows())
	if err != nil {
		return err
	}
	err = l.replace(ctx, dataset, Current, replacement{s.files, icebergFiles(written)}, carried(t.CurrentSnapshot()))
	if errors.Is(err, ErrMoved) {
		m.Conflicts++
		return nil
	}
	if err == nil {
		m.rewritten(s.files, written)
	}
	return err
}

// anyOutside says whether a file is not in a folder.
func (s source) anyOutside(home string) bool {
	for _, f := range s.files {
		if path, err := pathOf(f.FilePath()); err == nil && !strings.HasPrefix(path, home+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// sortedBy is the order of rows in the current table.
func sortedBy(key []string) []string {
	return append(append([]string(nil), key...), colEvent, colRow)
}
