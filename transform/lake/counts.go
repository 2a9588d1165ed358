package lake

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
)

// Count is how many observations of a delivery are in the tables.
type Count struct{ Accepted, Rejected, SetAside int64 }

// Counts counts the observations of every delivery of a dataset, reading nothing but the tables'
// own columns: what it says does not rest on any counter kept along the way.
func (l *Lake) Counts(ctx context.Context, dataset string) (map[uuid.UUID]Count, error) {
	counts := map[uuid.UUID]Count{}
	accepted := "SELECT " + quote(colDelivery) + ", count(*), 0, 0 FROM (%s) GROUP BY 1"
	rejected := fmt.Sprintf("SELECT %s, 0, count(*) FILTER (%s = %s), count(*) FILTER (%s = %s) FROM (%%s) GROUP BY 1",
		quote(colDelivery), quote(colStatus), literal(StatusRejected), quote(colStatus), literal(StatusSetAside))
	for k, query := range map[Kind]string{History: accepted, Rejected: rejected} {
		if err := l.count(ctx, dataset, k, query, counts); err != nil {
			return nil, fmt.Errorf("count %s of %s: %w", k, dataset, err)
		}
	}
	return counts, nil
}

func (l *Lake) count(ctx context.Context, dataset string, k Kind, query string, into map[uuid.UUID]Count) error {
	t, err := l.load(ctx, dataset, k)
	if err != nil {
		return err
	}
	s, err := l.source(t, t.CurrentSnapshot())
	if err != nil || len(s.files) == 0 {
		return err
	}
	e, err := l.engine()
	if err != nil {
		return err
	}
	rows, err := e.db.QueryContext(ctx, fmt.Sprintf(query, s.sql()))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n Count
		if err := rows.Scan(&id, &n.Accepted, &n.Rejected, &n.SetAside); err != nil {
			return err
		}
		delivery, err := uuid.Parse(id)
		if err != nil {
			return fmt.Errorf("%s holds %q: %w", colDelivery, id, err)
		}
		c := into[delivery]
		c.Accepted, c.Rejected, c.SetAside = c.Accepted+n.Accepted, c.Rejected+n.Rejected, c.SetAside+n.SetAside
		into[delivery] = c
	}
	return rows.Err()
}

// Fault is a data file that is not what its table says.
type Fault struct {
	Table, File string
	Problem     string // "is missing", "has 10 bytes, not 20", …
}

// Check looks at every data file of a dataset's tables: is it there, as long as it should be, and
// does its footer promise the rows that the table counts? An error means that it could not look.
func (l *Lake) Check(ctx context.Context, dataset string) ([]Fault, error) {
	var faults []Fault
	for _, k := range []Kind{History, Rejected, Current} {
		t, err := l.load(ctx, dataset, k)
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
			if problem := check(f); problem != "" {
				faults = append(faults, Fault{strings.Join(t.Identifier(), "."), f.FilePath(), problem})
			}
		}
	}
	return faults, nil
}

// check says what is wrong with a file, "" for nothing.
func check(f iceberg.DataFile) string {
	path, err := pathOf(f.FilePath())
	if err != nil {
		return err.Error()
	}
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return "is missing"
	}
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err.Error()
	}
	if info.Size() != f.FileSizeBytes() {
		return fmt.Sprintf("has %d bytes, not %d", info.Size(), f.FileSizeBytes())
	}
	p, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return "is not a Parquet file: " + err.Error()
	}
	if p.NumRows() != f.Count() {
		return fmt.Sprintf("has %d rows, not %d", p.NumRows(), f.Count())
	}
	return ""
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
