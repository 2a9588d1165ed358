package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	sqlcat "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"satudata/ingest/durable"
)

// openCatalog opens the SQL catalog. Two processes that open a new folder at once both switch it to
// WAL, which SQLite does not queue: the loser tries again.
func (l *Lake) openCatalog(ctx context.Context) error {
	dsn := "file:" + filepath.Join(l.dir, "catalog.db") +
		"?_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(4)
	err = retryBusy(ctx, func() error {
		l.catalog, err = sqlcat.NewCatalog(CatalogName, db, sqlcat.SQLite, iceberg.Properties{
			"warehouse": uriOf(l.dir),
		})
		return err
	})
	if err == nil {
		err = durable.SyncDir(l.dir)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	l.db = db
	return nil
}

// busy says whether another connection held SQLite's lock for longer than the busy timeout.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// retryBusy runs f until it ends in anything but a busy catalog, at most five times.
func retryBusy(ctx context.Context, f func() error) error {
	err := f()
	for i := 0; i < 4 && busy(err); i++ {
		if werr := pause(ctx, i); werr != nil {
			return errors.Join(err, werr)
		}
		err = f()
	}
	return err
}

// row is a table's row in the catalog.
type row struct{ space, name string }

func rowOf(id table.Identifier) row {
	return row{strings.Join(id[:len(id)-1], "."), id[len(id)-1]}
}

// location is where the newest metadata of a table is.
func (l *Lake) location(ctx context.Context, id table.Identifier) (string, error) {
	r := rowOf(id)
	var location string
	err := l.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`, CatalogName, r.space, r.name).Scan(&location)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: %s", ErrNotFound, strings.Join(id, "."))
	}
	return location, err
}

// createTable makes an empty table, its metadata durable before its row.
func (l *Lake) createTable(ctx context.Context, p place, make func(location string) (table.Metadata, error)) error {
	for n := 1; n < len(p.ident); n++ {
		err := l.catalog.CreateNamespace(ctx, p.ident[:n], nil)
		if err != nil && !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
			return err
		}
	}
	meta, err := make(uriOf(p.folder))
	if err != nil {
		return err
	}
	location, err := writeMetadata(meta, 0)
	if err != nil {
		return err
	}
	r := rowOf(p.ident)
	res, err := l.db.ExecContext(ctx, `INSERT INTO iceberg_tables
		(catalog_name, table_namespace, table_name, iceberg_type, metadata_location) VALUES (?, ?, ?, 'TABLE', ?)
		ON CONFLICT DO NOTHING`, CatalogName, r.space, r.name, location)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, catalog.ErrTableAlreadyExists)
	}
	return nil
}

// writeMetadata writes a version of a table's metadata and returns where it is.
func writeMetadata(meta table.Metadata, version int) (string, error) {
	locations, err := table.LoadLocationProvider(meta.Location(), meta.Properties())
	if err != nil {
		return "", err
	}
	location, err := locations.NewTableMetadataFileLocation(version)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return "", fmt.Errorf("encode metadata: %w", err)
	}
	name, err := pathOf(location)
	if err != nil {
		return "", err
	}
	return location, durable.WriteFile(name, text)
}

// versionOf reads the number that the name of a metadata file begins with.
func versionOf(location string) (int, error) {
	digits, _, _ := strings.Cut(path.Base(location), "-")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("read version of metadata file %s: %w", location, err)
	}
	return n, nil
}

// base is the version of a table that a transaction starts from, and the catalog through which it
// commits. The commit of iceberg-go's SQL catalog would read the newest metadata again (twice the
// work, growing with every snapshot), apply the change to whatever it finds there, and not sync
// what it writes. This one replaces exactly the version it started from, or fails with
// table.ErrCommitFailed: what a transaction read, properties included, is still so when it commits.
type base struct {
	table.CatalogIO // for LoadTable
	db              *sql.DB
	meta            table.Metadata
	location        string
}

// CommitTable implements [table.CatalogIO].
func (b base) CommitTable(ctx context.Context, id table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	for _, r := range reqs {
		if err := r.Validate(b.meta); err != nil {
			return nil, "", err
		}
	}
	meta, err := table.UpdateTableMetadata(b.meta, updates, b.location)
	if err != nil {
		return nil, "", err
	}
	version, err := versionOf(b.location)
	if err != nil {
		return nil, "", err
	}
	location, err := writeMetadata(meta, version+1)
	if err != nil {
		return nil, "", err
	}
	r := rowOf(id)
	res, err := b.db.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
		location, b.location, CatalogName, r.space, r.name, b.location)
	if err != nil {
		return nil, "", fmt.Errorf("update catalog row: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return nil, "", errors.Join(err, fmt.Errorf("%w: %s was changed meanwhile", table.ErrCommitFailed, strings.Join(id, ".")))
	}
	return meta, location, nil
}
