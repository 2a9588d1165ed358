package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/apache/iceberg-go/table"
)

// Gauge is what the newest metadata of a table says of it, without a look at its manifests: cheap
// enough to ask for every few seconds.
type Gauge struct {
	Kind      Kind
	Rows      int64
	Bytes     int64 // of data files
	Files     int64
	Snapshots int // that can still be asked for
	Folded    int // of a current table: how many publications it holds
	At        time.Time
}

// Gauges returns the gauges of the three tables of a dataset, and what of the log its history holds.
func (l *Lake) Gauges(ctx context.Context, dataset string) ([]Gauge, Positions, error) {
	var gauges []Gauge
	var at Positions
	for _, k := range []Kind{Current, History, Rejected} {
		t, err := l.load(ctx, dataset, k)
		if err != nil {
			return nil, at, err
		}
		gauges = append(gauges, gauge(t, k))
		if k == History {
			if at, err = positions(t.Properties()); err != nil {
				return nil, at, fmt.Errorf("read positions of %s: %w", dataset, err)
			}
		}
	}
	return gauges, at, nil
}

func gauge(t *table.Table, k Kind) Gauge {
	g := Gauge{Kind: k, Snapshots: len(t.Metadata().Snapshots())}
	snap := t.CurrentSnapshot()
	if snap == nil {
		return g
	}
	g.At = time.UnixMilli(snap.TimestampMs).UTC()
	if snap.Summary != nil {
		p := snap.Summary.Properties
		g.Rows, g.Bytes, g.Files = int64(p.GetInt("total-records", 0)), int64(p.GetInt("total-files-size", 0)), int64(p.GetInt("total-data-files", 0))
	}
	if k == Current {
		g.Folded = foldOf(snap).count
	}
	return g
}

// Ping says whether a commit could be written to the catalog of tables now: it takes the lock that a
// commit takes, changes nothing and lets it go. It waits a second for a lock that somebody else has.
func (l *Lake) Ping(ctx context.Context) (err error) {
	if l.opts.Postgres != "" {
		return l.pingPostgres(ctx)
	}
	return PingSQLite(ctx, filepath.Join(l.dir, inSQLite))
}

// PingSQLite says whether a SQLite file could be written to now, as [Lake.Ping] does.
func PingSQLite(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", sqliteURI(path, "mode=rw&_pragma=busy_timeout(1000)&_txlock=immediate"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return tx.Rollback()
}

// pingPostgres begins a commit that finds no row. A server that may only be read refuses it.
func (l *Lake) pingPostgres(ctx context.Context) (err error) {
	tx, err := l.rows.db.BeginTx(ctx, nil)
	if err != nil {
		return unreachable(err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	for _, statement := range []string{"SET LOCAL lock_timeout = '1s'", "UPDATE iceberg_tables SET metadata_location = '' WHERE false"} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return unreachable(err)
		}
	}
	return nil
}
