// Package lake keeps every dataset in three Iceberg tables of Parquet files: the history (each
// accepted row, append-only), the rejected records, and the current state, which is a fold of the
// history.
//
// # Design
//
// A commit of the landing is one Iceberg commit of data files and log positions together: the next
// offset of a partition and the last number of each stream live in table properties, which survive
// the expiry of snapshots. Whoever lands a range of offsets says where he believes the table is;
// the commit fails with [ErrMoved] when it is elsewhere. So a range lands once, whoever tries it,
// however often. Data files are durable before the catalog knows of them; they are named after
// their batch and their bytes, so a retry replaces its own leftovers and nothing else; and no file of
// an attempt whose outcome is unknown is ever deleted.
//
// The current state of a key is its row with the largest (event id, row number) among the published
// deliveries; a delete row removes it. A full delivery removes the rows of other deliveries in its
// scope that are older than its first event. Both are defined by event ids, never by arrival, so
// the state does not depend on how the log was read. The current table holds the state of a set of
// deliveries, named by a digest in its snapshot; a query sees it merged with the published
// deliveries that are not in that set, or computed from the history where merging would be wrong. A
// contract version that says how older rows get their values (Upcast) is part of the digest, so the
// state is the same whether it was folded before or after that version.
//
// A fold writes the current table sorted by key. Where the files of the history already hold what it
// would write, in another order, it commits those files instead (see reference.go): a data file
// belongs to a dataset, and may be referenced by its history and its current table at once.
//
// The catalog is an Iceberg SQL catalog (catalog name "satudata") on SQLite or on PostgreSQL, which
// other engines can open. A commit is one UPDATE of one row, from the version of the metadata that it
// was computed from to a version that no other attempt has made. So an answer that was lost is no
// doubt for long: the row tells whether the UPDATE was done, and doing it again does it at most once.
// A database, or a schema of one, is for the tables of one folder. Locations are absolute file URIs, one folder per access class. SQLite runs in WAL mode:
// to copy a lake that is in use, copy catalog.db by SQLite's backup and not by its file.
package lake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	sqlcat "github.com/apache/iceberg-go/catalog/sql"
	"github.com/klauspost/compress/zstd"

	"satudata/ingest/durable"
)

// CatalogName is the name under which the SQL catalog files its tables.
const CatalogName = "satudata"

// Errors that callers act on.
var (
	ErrNotFound     = errors.New("no such table")                // the dataset was never ensured
	ErrMoved        = errors.New("table has moved on")           // its position is not where the commit starts
	ErrIncompatible = errors.New("incompatible schema")          // a contract changed in a way its tables cannot follow
	ErrNoSnapshot   = errors.New("no snapshot that old")         // expired, or of another table
	ErrDataset      = errors.New("not a valid dataset name")     // want <topik>.<nama>
	ErrElsewhere    = errors.New("tables of another folder")     // the lake folder was copied or moved
	ErrUnreachable  = errors.New("table catalog is unreachable") // or locked for long; whether a commit that ends so was done is found out by the next one
	errBadPath      = errors.New("unusable characters in path")  // DuckDB or file URIs would misread it
)

// Options are the settings of a lake. The zero value works.
type Options struct {
	Logger       *slog.Logger // nil discards
	RowGroupRows int          // rows per Parquet row group; default 262,144
	FileBytes    int64        // a data file is closed when it has grown to this; default 256 MiB
	FoldShare    float64      // fold when the unfolded rest outgrows this share of the base; default 0.2
	Memory       int64        // bytes that a fold or a count may hold before it spills to disk; default 256 MiB
	Threads      int          // of a fold or a count, fewer where memory is small; default one per CPU

	Patience         time.Duration // with a table catalog that does not answer or is locked; default 20 s
	Postgres         string        // URL of the PostgreSQL database that holds the table catalog; "" keeps it in the folder, in SQLite
	PostgresPassword string        // over the one in the URL and in the environment
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RowGroupRows == 0 {
		o.RowGroupRows = 256 << 10
	}
	if o.FileBytes == 0 {
		o.FileBytes = 256 << 20
	}
	if o.FoldShare == 0 {
		o.FoldShare = 0.2
	}
	if o.Memory == 0 {
		o.Memory = 256 << 20
	}
	if o.Patience == 0 {
		o.Patience = 20 * time.Second
	}
	if o.Threads == 0 {
		o.Threads = runtime.NumCPU()
	}
	return o
}

// Lake is an open warehouse folder. Its methods may be called concurrently, also by several
// processes on one folder.
type Lake struct {
	dir     string
	opts    Options
	log     *slog.Logger
	catalog *sqlcat.Catalog
	rows    register // of the catalog
	anew    bool     // tables are made anew in the folders of those that there were
	packer  *zstd.Encoder

	upkeep sync.Mutex // held while the list of dropped files is read and written
	mu     sync.Mutex // guards tables and duck
	tables map[string]*cached
	duck   *engine

	beforeFold func() // set by tests, to hold up a commit
}

// Open opens the warehouse in dir, making it when it is missing. It returns ErrElsewhere for a folder
// that was copied or moved: its tables name their files by absolute paths, so it would read, write
// and check those of the folder that it came from.
func Open(ctx context.Context, dir string, o Options) (*Lake, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(dir, "*?[]{}%#'\"") {
		return nil, fmt.Errorf("open lake %s: %w: * ? [ ] { } %% # ' \"", dir, errBadPath)
	}
	if err := durable.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	o = o.withDefaults()
	packer, err := newPacker()
	if err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	l := &Lake{dir: dir, opts: o, log: o.Logger, packer: packer, tables: map[string]*cached{}}
	if err := l.openCatalog(ctx); err != nil {
		return nil, fmt.Errorf("open lake catalog %s: %w", dir, err)
	}
	if err := l.checkHome(ctx); err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, errors.Join(err, l.Close()))
	}
	return l, nil
}

// checkHome makes sure that every table of the catalog is in the folder of the lake.
func (l *Lake) checkHome(ctx context.Context) error {
	all, err := l.rows.list(ctx)
	if err != nil {
		return err
	}
	homes := map[string]bool{l.dir: true} // folders that were looked at
	for _, e := range all {
		home, err := homeOf(e.row, e.location)
		if err != nil {
			return err
		}
		if !homes[home] && !sameFolder(home, l.dir) {
			return fmt.Errorf("%w: tabelnya milik %s; salin log dengan `satudata log copy` lalu olah di sana (the tables belong to %s; copy the log with `satudata log copy` and land it there)",
				ErrElsewhere, home, home)
		}
		homes[home] = true
	}
	return nil
}

// homeOf is the folder of the lake that a table belongs to, by where its metadata is. For a table
// that some other program has put somewhere it is the folder of the table.
func homeOf(r row, location string) (string, error) {
	path, err := pathOf(location)
	if err != nil {
		return "", err
	}
	folder := filepath.Dir(filepath.Dir(path)) // above <table>/metadata
	below := filepath.Join(append(strings.Split(r.space, "."), r.name)...)
	if home, ok := strings.CutSuffix(folder, string(filepath.Separator)+below); ok {
		return home, nil
	}
	return folder, nil
}

// sameFolder says whether two paths lead to one folder, as by a symbolic link.
func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// Close releases the catalog and waits for queries in flight. It may be called twice.
func (l *Lake) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var duckErr error
	if l.duck != nil {
		duckErr = l.duck.close()
		l.duck = nil
	}
	return errors.Join(duckErr, l.catalog.Close(), l.rows.db.Close())
}

// Dir is the folder of the lake.
func (l *Lake) Dir() string { return l.dir }

// pause waits before another attempt, longer each time and never in step with other waiters.
func pause(ctx context.Context, attempt int) error {
	t := time.NewTimer(backoff(attempt))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
