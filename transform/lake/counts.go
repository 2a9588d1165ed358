package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"satudata/ingest/event"
)

// Count is how many observations of a delivery are in the tables.
type Count struct{ Accepted, Rejected, SetAside int64 }

// Tally is what the history and the rejected table of a dataset hold at one moment, and what of the
// log that is. It stays so while others land.
type Tally struct {
	// History says what has landed. Rejected is ahead of it by a range of which the rejected rows are
	// there and the accepted ones are not: it is landing, or was interrupted.
	History, Rejected Positions

	lake              *Lake
	accepted, refused source
}

// Tally opens a tally of a dataset as it is now. It returns ErrNotFound for one without tables.
func (l *Lake) Tally(ctx context.Context, dataset string) (*Tally, error) {
	// The history first: the rejected rows of a range are committed before it, so whatever the history
	// says has landed has its rejected rows in the table that is looked at afterwards.
	y := &Tally{lake: l}
	for _, part := range []struct {
		kind Kind
		at   *Positions
		data *source
	}{{History, &y.History, &y.accepted}, {Rejected, &y.Rejected, &y.refused}} {
		t, err := l.load(ctx, dataset, part.kind)
		if err != nil {
			return nil, err
		}
		if *part.at, err = positions(t.Properties()); err != nil {
			return nil, fmt.Errorf("%s table of %s: %w", part.kind, dataset, err)
		}
		if *part.data, err = l.source(t, t.CurrentSnapshot()); err != nil {
			return nil, err
		}
	}
	return y, nil
}

// Counts counts the observations of every delivery of a dataset, reading nothing but the tables'
// own columns: what it says does not rest on any counter kept along the way.
func (l *Lake) Counts(ctx context.Context, dataset string) (map[uuid.UUID]Count, error) {
	y, err := l.Tally(ctx, dataset)
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", dataset, err)
	}
	return y.Counts(ctx, nil)
}

// Counts counts the observations of every delivery. Rejected rows of the chunks in except, given by
// their event ids, do not count.
func (y *Tally) Counts(ctx context.Context, except []uuid.UUID) (map[uuid.UUID]Count, error) {
	counts := map[uuid.UUID]Count{}
	q := fmt.Sprintf(`SELECT %[1]s, count(*), 0, 0 FROM (%[2]s) GROUP BY 1
		UNION ALL SELECT %[1]s, 0, count(*) FILTER (%[3]s = %[4]s), count(*) FILTER (%[3]s = %[5]s) FROM (%[6]s) GROUP BY 1`,
		quote(colDelivery), y.accepted.sql(), quote(colStatus), literal(StatusRejected), literal(StatusSetAside), y.rejects(except))
	err := y.each(ctx, q, 3, func(delivery uuid.UUID, n []int64) {
		c := counts[delivery]
		counts[delivery] = Count{c.Accepted + n[0], c.Rejected + n[1], c.SetAside + n[2]}
	})
	return counts, err
}

// Doubles counts, for each delivery that has any, the rows that are there once too often: an
// observation is at most once in the history and the rejected table together. A message that is no
// chunk has no event id, and is left out.
func (y *Tally) Doubles(ctx context.Context, except []uuid.UUID) (map[uuid.UUID]int64, error) {
	doubles := map[uuid.UUID]int64{}
	columns := []string{colEvent, colRow, colDelivery}
	// As UUIDs, ids take less than half of the memory that their texts do.
	q := fmt.Sprintf(`SELECT CAST(d AS VARCHAR), CAST(sum(n - 1) AS BIGINT) FROM (
		SELECT CAST(%[1]s AS UUID) AS e, %[2]s AS b, any_value(CAST(%[3]s AS UUID)) AS d, count(*) AS n
		FROM (%[4]s UNION ALL SELECT %[5]s FROM (%[6]s)) WHERE %[1]s <> %[7]s GROUP BY ALL HAVING n > 1) GROUP BY d`,
		quote(colEvent), quote(colRow), quote(colDelivery), y.accepted.sql(columns...), list("", columns), y.rejects(except), literal(uuid.Nil.String()))
	err := y.each(ctx, q, 1, func(delivery uuid.UUID, n []int64) { doubles[delivery] = n[0] })
	return doubles, err
}

// rejects selects the rejected rows, but not those of the chunks in except.
func (y *Tally) rejects(except []uuid.UUID) string {
	q := "SELECT * FROM (" + y.refused.sql() + ")"
	for i, id := range except {
		if i == 0 {
			q += " WHERE " + quote(colEvent) + " NOT IN ("
		}
		q += comma(i) + literal(id.String())
	}
	if len(except) > 0 {
		q += ")"
	}
	return q
}

// each runs a query that returns a delivery and numbers, and calls use with each row.
func (y *Tally) each(ctx context.Context, query string, numbers int, use func(delivery uuid.UUID, n []int64)) error {
	e, err := y.lake.engine()
	if err != nil {
		return err
	}
	rows, err := e.db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	defer rows.Close()
	var id string
	n := make([]int64, numbers)
	into := []any{&id}
	for i := range n {
		into = append(into, &n[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("count rows: %w", err)
		}
		delivery, err := uuid.Parse(id)
		if err != nil {
			return fmt.Errorf("%s holds %q: %w", colDelivery, id, err)
		}
		use(delivery, n)
	}
	return rows.Err()
}

// Fault is a data file that is not what its table says.
type Fault struct {
	Table, File string
	Problem     event.Sentence // about the file: "tidak ada" and "is missing", …
}

// Check looks at every data file of a dataset's tables: is it there, as long as it should be, and
// does its footer promise the rows that the table counts? That the catalog does not know a table which
// was committed to is a fault too. An error means that it could not look; ErrNotFound that there is no
// table of the dataset.
func (l *Lake) Check(ctx context.Context, dataset string) ([]Fault, error) {
	return l.checkEach(ctx, dataset, check)
}

// CheckFiles is Check without a look into the data files: are they there, as long as they should be, and
// may they be read?
func (l *Lake) CheckFiles(ctx context.Context, dataset string) ([]Fault, error) {
	return l.checkEach(ctx, dataset, func(f iceberg.DataFile) *event.Sentence {
		file, problem := openChecked(f)
		if problem == nil {
			_ = file.Close()
		}
		return problem
	})
}

// checkEach looks at every data file of a dataset's tables.
func (l *Lake) checkEach(ctx context.Context, dataset string, check func(iceberg.DataFile) *event.Sentence) ([]Fault, error) {
	var faults []Fault
	missing := 0
	for _, k := range Kinds {
		t, err := l.load(ctx, dataset, k)
		if errors.Is(err, ErrNotFound) {
			p, err := l.place(dataset, k)
			if err != nil {
				return nil, err
			}
			lost, err := l.lost(ctx, dataset, p)
			if err != nil {
				return nil, err
			}
			missing++
			faults = append(faults, lost...)
			continue
		}
		if err != nil {
			return nil, err
		}
		files, err := l.dataFiles(t, t.CurrentSnapshot())
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if problem := check(f); problem != nil {
				faults = append(faults, Fault{strings.Join(t.Identifier(), "."), f.FilePath(), *problem})
			}
		}
	}
	if missing == len(Kinds) && len(faults) == 0 {
		return nil, fmt.Errorf("check %s: %w", dataset, ErrNotFound)
	}
	return faults, nil
}

// say says what is the matter with a file. Both texts take the arguments.
func say(id, en string, args ...any) *event.Sentence {
	return &event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}

// unreadable says why a file cannot be looked at.
func unreadable(err error) *event.Sentence {
	if errors.Is(err, fs.ErrNotExist) {
		return say("tidak ada", "is missing")
	}
	return say("tidak dapat dibaca: %v", "cannot be read: %v", err)
}

// openChecked opens a data file that is as long as its table says, or says what is wrong with it.
func openChecked(f iceberg.DataFile) (*os.File, *event.Sentence) {
	path, err := pathOf(f.FilePath())
	if err != nil {
		return nil, unreadable(err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		_ = file.Close()
		return nil, unreadable(err)
	case info.Size() != f.FileSizeBytes():
		_ = file.Close()
		return nil, say("berisi %d byte, seharusnya %d", "has %d bytes, not %d", info.Size(), f.FileSizeBytes())
	}
	return file, nil
}

// check says what is wrong with a file, nil for nothing.
func check(f iceberg.DataFile) *event.Sentence {
	file, problem := openChecked(f)
	if problem != nil {
		return problem
	}
	defer file.Close()
	p, err := parquet.OpenFile(file, f.FileSizeBytes(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return say("bukan berkas Parquet: %v", "is not a Parquet file: %v", err)
	}
	if p.NumRows() != f.Count() {
		return say("berisi %d baris, seharusnya %d", "has %d rows, not %d", p.NumRows(), f.Count())
	}
	return nil
}

// TableInfo describes a table as it is now.
type TableInfo struct {
	Kind      Kind
	Name      string // in the catalog, "publik.bencana.kejadian_banjir"
	Rows      int64
	Bytes     int64 // of data files
	Files     int
	Snapshot  int64 // 0 for a table without rows yet
	At        time.Time
	Snapshots int // that can still be asked for
}

// Describe describes the three tables of a dataset.
func (l *Lake) Describe(ctx context.Context, dataset string) ([]TableInfo, error) {
	var infos []TableInfo
	for _, k := range []Kind{Current, History, Rejected} {
		t, err := l.load(ctx, dataset, k)
		if err != nil {
			return nil, err
		}
		info, err := l.describe(t, k)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (l *Lake) describe(t *table.Table, k Kind) (TableInfo, error) {
	info := TableInfo{Kind: k, Name: strings.Join(t.Identifier(), "."), Snapshots: len(t.Metadata().Snapshots())}
	snap := t.CurrentSnapshot()
	if snap == nil {
		return info, nil
	}
	info.Snapshot, info.At = snap.SnapshotID, time.UnixMilli(snap.TimestampMs).UTC()
	files, err := l.dataFiles(t, snap)
	for _, f := range files {
		info.Rows += f.Count()
		info.Bytes += f.FileSizeBytes()
	}
	info.Files = len(files)
	return info, err
}
