package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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
			if k == History && !p.Force {
				if all.files, err = l.leaveToFold(ctx, dataset, all, 8*p.MinFiles); err != nil {
					return err
				}
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

// leaveToFold are the files of the history without those that came after the last fold, unless they are
// many: the next fold may take them in as they are, which it cannot once rows of theirs are in one file
// with rows that it has.
func (l *Lake) leaveToFold(ctx context.Context, dataset string, all source, most int) ([]iceberg.DataFile, error) {
	t, err := l.load(ctx, dataset, Current)
	if err != nil {
		return nil, err
	}
	folded := foldOf(t.CurrentSnapshot()).last
	var held []iceberg.DataFile
	for _, f := range all.files {
		if _, last := all.bounds(f, colEvent); string(last) <= folded {
			held = append(held, f)
		}
	}
	if len(all.files)-len(held) > most {
		return all.files, nil
	}
	return held, nil
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
	written, err := l.rewrite(ctx, s.rows(), func(conn *sql.Conn) ([]DataFile, error) { return l.compacted(ctx, conn, w, s) })
	if err != nil || len(written) >= len(s.files) {
		return false, err
	}
	if err := l.replace(ctx, dataset, k, replacement{s.files, icebergFiles(written)}, "compact"); err != nil {
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

// compacted writes the rows of s in their order.
func (l *Lake) compacted(ctx context.Context, conn *sql.Conn, w *Writer, s source) ([]DataFile, error) {
	if err := spool(ctx, conn, w, s.sql(), ""); err != nil {
		return nil, err
	}
	return w.Close()
}

// rewrite writes files that hold as many rows as others. write is given a connection to DuckDB.
func (l *Lake) rewrite(ctx context.Context, want int64, write func(*sql.Conn) ([]DataFile, error)) ([]DataFile, error) {
	e, err := l.engine()
	if err != nil {
		return nil, err
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	written, err := write(conn)
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
	written, err := l.rewrite(ctx, s.rows(), func(conn *sql.Conn) ([]DataFile, error) {
		return l.writeSorted(ctx, conn, w, sorting{query: s.sql(w.columns()...), by: sortedBy(w.keys), whole: len(w.keys), from: []source{s}})
	})
	if err != nil {
		return err
	}
	err = l.replace(ctx, dataset, Current, replacement{s.files, icebergFiles(written)}, "sort")
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
