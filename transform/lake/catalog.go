package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	sqlcat "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"satudata/ingest/durable"
)

// inSQLite and inPostgres are files of the lake folder: the catalog itself, or a note of where it is.
// They keep a configuration that lost its catalog from beginning another one beside it, which would
// take the files of the first for leftovers.
const (
	inSQLite   = "catalog.db"
	inPostgres = "catalog.postgres"
)

// openCatalog opens the SQL catalog. Two processes that make its tables at once get in each other's
// way: the loser tries again. A server that cannot be reached is an error at once, for whoever has
// just configured it.
func (l *Lake) openCatalog(ctx context.Context) error {
	db, dialect, err := l.openDB()
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		l.catalog, err = sqlcat.NewCatalog(CatalogName, db, dialect, iceberg.Properties{"warehouse": uriOf(l.dir)})
		if !busy(err) || attempt == 8 || pause(ctx, attempt+2) != nil {
			break
		}
	}
	if err != nil && (dialect == sqlcat.Postgres || passing(err)) {
		err = unreachable(err)
	}
	if err == nil {
		err = durable.SyncDir(l.dir)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	l.rows = register{db, l.opts.Patience}
	return nil
}

// sqliteURI names a file for SQLite, in whose URIs some characters of a path mean something else.
func sqliteURI(path, query string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query
}

// openDB opens the database of the catalog.
func (l *Lake) openDB() (db *sql.DB, dialect sqlcat.SupportedDialect, err error) {
	if l.opts.Postgres == "" {
		if err := l.refuseOther(inPostgres); err != nil {
			return nil, "", err
		}
		path := filepath.Join(l.dir, inSQLite)
		if err := durable.Writable(path); err != nil {
			return nil, "", err
		}
		db, err = sql.Open("sqlite", sqliteURI(path, fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate",
			l.opts.Patience.Milliseconds())))
		dialect = sqlcat.SQLite
	} else {
		if err := l.refuseOther(inSQLite); err != nil {
			return nil, "", err
		}
		db, err = l.openPostgres()
		dialect = sqlcat.Postgres
	}
	if err == nil {
		db.SetMaxOpenConns(4)
	}
	return db, dialect, err
}

// refuseOther makes sure that the tables of the folder are not in a catalog of the other kind.
func (l *Lake) refuseOther(name string) error {
	path := filepath.Join(l.dir, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if name == inSQLite {
		return fmt.Errorf("%w: tabelnya tercatat di %s; kembalikan lake.catalog.kind ke sqlite, atau olah log di ruang kerja baru (its tables are registered in that SQLite file; set lake.catalog.kind back to sqlite, or land the log in a new workspace)",
			ErrElsewhere, path)
	}
	where, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: tabelnya tercatat di PostgreSQL %s; isi lake.catalog.kind dan lake.catalog.url (its tables are registered in PostgreSQL; set lake.catalog.kind and lake.catalog.url)",
		ErrElsewhere, strings.TrimSpace(string(where)))
}

// openPostgres opens a catalog in PostgreSQL. A commit that was acknowledged must be on its disk,
// whatever the default of the server is.
func (l *Lake) openPostgres() (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(l.opts.Postgres)
	if err != nil {
		return nil, err
	}
	if l.opts.PostgresPassword != "" {
		cfg.Password = l.opts.PostgresPassword
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	note := filepath.Join(l.dir, inPostgres)
	if _, err := os.Stat(note); errors.Is(err, fs.ErrNotExist) {
		err = durable.WriteFile(note, fmt.Appendf(nil, "%s:%d/%s\n", cfg.Host, cfg.Port, cfg.Database))
		if err != nil {
			return nil, err
		}
	}
	return stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
		return err
	})), nil
}

// location is where the newest metadata of a table is.
func (l *Lake) location(ctx context.Context, id table.Identifier) (string, error) {
	return l.rows.location(ctx, rowOf(id))
}

// createTable makes an empty table, its metadata durable before its row. It returns ErrUnregistered
// where the folder holds a table already.
func (l *Lake) createTable(ctx context.Context, p place, make func(location string) (table.Metadata, error)) error {
	if err := unregistered(p); err != nil && !l.anew {
		if _, now := l.location(ctx, p.ident); now == nil { // somebody made it, and committed to it, since we looked
			return catalog.ErrTableAlreadyExists
		}
		return err
	}
	if err := l.namespaces(ctx, p); err != nil {
		return err
	}
	meta, err := make(uriOf(p.folder))
	if err != nil {
		return err
	}
	location, err := writeMetadata(meta, 0)
	if err != nil {
		return err
	}
	return l.rows.insert(ctx, rowOf(p.ident), location)
}

// namespaces makes the namespaces of a table.
func (l *Lake) namespaces(ctx context.Context, p place) error {
	for n := 1; n < len(p.ident); n++ {
		err := l.rows.persist(ctx, func(ctx context.Context) error {
			err := l.catalog.CreateNamespace(ctx, p.ident[:n], nil)
			if errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
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
	if location, err = sealedName(location, text); err != nil {
		return "", err
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
	rows            register
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
	updates, err := sealed(b.meta, updates)
	if err != nil {
		return nil, "", err
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
	if err := b.rows.swap(ctx, rowOf(id), b.location, location); err != nil {
		return nil, "", fmt.Errorf("update catalog row: %w", err)
	}
	return meta, location, nil
}
