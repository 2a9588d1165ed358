package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/iceberg-go"
	sqlcat "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"

	"satudata/ingest/durable"
)

// Salvage is a dataset on its way back from damage: of each of its tables the newest version without a
// fault, or nothing where there is none. It is a lake of its own over the same folders, in which the
// dataset lands again from where these versions stand; the real one does not notice until Restore.
// Files of old versions are never changed: a file that is written under a name that there is has the
// same bytes, or mends a damaged one.
type Salvage struct {
	Lake *Lake
	At   Positions // of the history that was saved; empty where it begins anew

	real    *Lake
	dataset string
	known   verdicts        // while versions are looked for; then the files may be mended
	was     map[Kind]string // locations in the real catalog
	scratch string
}

// Salvage saves what is good of the tables of a dataset. The caller lands and folds the dataset in
// the lake that it returns, calls Restore, and closes it in any case.
func (l *Lake) Salvage(ctx context.Context, dataset string) (s *Salvage, err error) {
	s = &Salvage{real: l, dataset: dataset, was: map[Kind]string{}, known: verdicts{}}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("salvage %s: %w", dataset, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("salvage %s: %w", dataset, errors.Join(err, s.Close()))
		}
	}()
	rejected, rewound, err := s.save(ctx, Rejected, nil)
	if err != nil {
		return s, err
	}
	var limit map[int]int64
	if rewound {
		// What the rejected table has lost must be judged again, so the history goes back as far.
		limit = map[int]int64{}
		if rejected != nil {
			at, err := positions(rejected.Properties())
			if err != nil {
				return s, err
			}
			limit = at.Offsets
		}
	}
	history, _, err := s.save(ctx, History, limit)
	if err != nil {
		return s, err
	}
	if s.At, err = positions(iceberg.Properties{}); err == nil && history != nil {
		s.At, err = positions(history.Properties())
	}
	if err == nil {
		_, _, err = s.save(ctx, Current, nil)
	}
	return s, err
}

// open makes the lake with a catalog of its own.
func (s *Salvage) open(ctx context.Context) error {
	parent := filepath.Join(s.real.dir, ".spill")
	if err := durable.MkdirAll(parent); err != nil {
		return err
	}
	var err error
	if s.scratch, err = os.MkdirTemp(parent, "salvage-"); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqliteURI(filepath.Join(s.scratch, "catalog.db"), "_pragma=busy_timeout(20000)&_txlock=immediate"))
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.scratch))
	}
	db.SetMaxOpenConns(1)
	s.Lake = &Lake{dir: s.real.dir, opts: s.real.opts, log: s.real.log, packer: s.real.packer, anew: true, tables: map[string]*cached{}, rows: register{db, s.real.opts.Patience}}
	s.Lake.catalog, err = sqlcat.NewCatalog(CatalogName, db, sqlcat.SQLite, iceberg.Properties{"warehouse": uriOf(s.real.dir)})
	if err != nil {
		return errors.Join(err, db.Close(), os.RemoveAll(s.scratch))
	}
	return nil
}

// Close ends the lake. Files that it wrote and that were not taken over are left for the cleaning.
func (s *Salvage) Close() error {
	return errors.Join(s.Lake.Close(), os.RemoveAll(s.scratch))
}

// save puts the newest good version of a table into the lake, and says whether there was a newer one that
// is damaged. limit, when not nil, is how far the offsets of the version may be.
func (s *Salvage) save(ctx context.Context, k Kind, limit map[int]int64) (meta table.Metadata, rewound bool, err error) {
	p, err := s.real.place(s.dataset, k)
	if err != nil {
		return nil, false, err
	}
	now, err := s.real.location(ctx, p.ident)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, false, err
	}
	s.was[k] = now
	versions, err := versionsOf(p.folder, now)
	if err != nil {
		return nil, false, err
	}
	for i, location := range versions {
		faults, err := inspect(ctx, p, location, s.known)
		if err != nil {
			return nil, false, err
		}
		if len(faults) > 0 {
			continue
		}
		meta, within, err := readWithin(p, location, limit)
		if err != nil {
			return nil, false, err
		}
		if within {
			return meta, i > 0, s.Lake.rows.insert(ctx, rowOf(p.ident), location)
		}
	}
	return nil, true, nil
}

// readWithin reads a version and says whether its offsets are not beyond a limit.
func readWithin(p place, location string, limit map[int]int64) (table.Metadata, bool, error) {
	name, err := pathOf(location)
	if err != nil {
		return nil, false, err
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, false, err
	}
	meta, err := decodesTo(content, p.folder)
	if err != nil || limit == nil {
		return meta, err == nil, err
	}
	at, err := positions(meta.Properties())
	if err != nil {
		return nil, false, err
	}
	for partition, offset := range at.Offsets {
		if offset > limit[partition] {
			return meta, false, nil
		}
	}
	return meta, true, nil
}

// versionsOf are the metadata files of a table, newest first: the one that the catalog names and the
// ones before it, or all when the catalog knows none.
func versionsOf(folder, now string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(folder, "metadata", "*"+metadataSuffix))
	if err != nil {
		return nil, err
	}
	newest := -1
	var out []string
	if now != "" {
		out = append(out, now)
		if newest, err = versionOf(now); err != nil {
			newest = -1
		}
	}
	slices.Sort(found)
	slices.Reverse(found)
	for _, name := range found {
		n, err := versionOf(name)
		if err == nil && (newest < 0 || n < newest) {
			out = append(out, uriOf(name))
		}
	}
	return out, nil
}

// Restore makes the tables of the lake those of the real one, all in one commit, unless somebody has
// changed those meanwhile: then it is ErrMoved. It says which tables were replaced.
func (s *Salvage) Restore(ctx context.Context) ([]Kind, error) {
	var kinds []Kind
	var changes []change
	mended := verdicts{}
	for _, k := range Kinds {
		p, err := s.real.place(s.dataset, k)
		if err != nil {
			return nil, err
		}
		location, err := s.Lake.location(ctx, p.ident)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		faults, err := inspect(ctx, p, location, mended)
		if err != nil {
			return nil, err
		}
		if len(faults) > 0 {
			return nil, fmt.Errorf("restore %s: %s: %s (%s)", s.dataset, faults[0].File, faults[0].Problem.ID, faults[0].Problem.EN)
		}
		if location != s.was[k] {
			kinds = append(kinds, k)
			changes = append(changes, change{rowOf(p.ident), s.was[k], location})
		}
		if s.was[k] == "" {
			if err := s.real.namespaces(ctx, p); err != nil {
				return nil, err
			}
		}
	}
	if err := s.real.rows.replace(ctx, changes); err != nil {
		return nil, fmt.Errorf("restore %s: %w", s.dataset, err)
	}
	return kinds, nil
}

// change moves a table to another version; from is "" for one that the catalog does not know.
type change struct {
	row
	from, to string
}

// replace makes changes, all or, with ErrMoved, none.
func (c register) replace(ctx context.Context, changes []change) error {
	return c.ask(ctx, func(ctx context.Context) (err error) {
		tx, err := c.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() {
			if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
				err = errors.Join(err, rerr)
			}
		}()
		for _, ch := range changes {
			// Arguments in the order in which they first appear: SQLite counts them so.
			query, args := `UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2
				WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 AND metadata_location = $2`,
				[]any{ch.to, ch.from, CatalogName, ch.space, ch.name}
			if ch.from == "" {
				query, args = `INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, iceberg_type, metadata_location)
					VALUES ($1, $2, $3, 'TABLE', $4) ON CONFLICT DO NOTHING`, []any{CatalogName, ch.space, ch.name, ch.to}
			}
			done, err := changed(tx.ExecContext(ctx, query, args...))
			if err != nil {
				return err
			}
			if !done {
				return fmt.Errorf("%w: %s was changed meanwhile", ErrMoved, ch.row)
			}
		}
		return tx.Commit()
	})
}

// CheckSQLite looks for damage in a SQLite file and says what it finds, "" for nothing or no file.
func CheckSQLite(ctx context.Context, path string) (problem string, err error) {
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "", nil
		}
		return "", err
	}
	db, err := sql.Open("sqlite", sqliteURI(path, "_pragma=busy_timeout(20000)"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var answer string
	err = db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer)
	switch {
	case Damaged(err):
		return err.Error(), nil
	case err != nil:
		return "", err
	case answer != "ok":
		return answer, nil
	}
	return "", nil
}
