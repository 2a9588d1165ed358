package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
)

// row is a table's row in the catalog.
type row struct{ space, name string }

func rowOf(id table.Identifier) row {
	return row{strings.Join(id[:len(id)-1], "."), id[len(id)-1]}
}

func (r row) String() string { return r.space + "." + r.name }

// register is the table iceberg_tables of the SQL catalog. Its methods wait out trouble that passes, such
// as a server that is restarted or a lock that somebody holds, and end in ErrUnreachable when it
// does not pass in time. An answer that got lost is no reason to fail: they look what became of it.
type register struct {
	db       *sql.DB
	patience time.Duration // with trouble, before it is an error
}

// persist runs f until it ends in anything but trouble that passes.
func (c register) persist(ctx context.Context, f func(context.Context) error) error {
	begun := time.Now()
	for attempt := 0; ; attempt++ {
		err := c.ask(ctx, f)
		if err == nil || !passing(err) {
			return err
		}
		if time.Since(begun) > c.patience || pause(ctx, attempt) != nil {
			return unreachable(err)
		}
	}
}

// ask runs f with the time that one question may take. SQLite itself waits out a lock for as long.
func (c register) ask(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience+time.Second)
	defer cancel()
	return f(ctx)
}

func unreachable(err error) error {
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// location is where the newest metadata of a table is.
func (c register) location(ctx context.Context, r row) (location string, err error) {
	err = c.persist(ctx, func(ctx context.Context) (err error) {
		location, err = c.look(ctx, r)
		return err
	})
	return location, err
}

// look asks for the location once.
func (c register) look(ctx context.Context, r row) (location string, err error) {
	err = c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables
		WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3`, CatalogName, r.space, r.name).Scan(&location)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%w: %s", ErrNotFound, r)
	}
	return location, err
}

// insert adds a table, or fails with catalog.ErrTableAlreadyExists.
func (c register) insert(ctx context.Context, r row, location string) error {
	return c.persist(ctx, func(ctx context.Context) error {
		res, err := c.db.ExecContext(ctx, `INSERT INTO iceberg_tables
			(catalog_name, table_namespace, table_name, iceberg_type, metadata_location) VALUES ($1, $2, $3, 'TABLE', $4)
			ON CONFLICT DO NOTHING`, CatalogName, r.space, r.name, location)
		if done, err := changed(res, err); err != nil || done {
			return err
		}
		if now, err := c.look(ctx, r); err != nil || now == location { // an attempt before this one was done after all
			return err
		}
		return catalog.ErrTableAlreadyExists
	})
}

// swap moves a table from one version of its metadata to the next, or fails with
// table.ErrCommitFailed when it is not at the first. The name of the next is of one attempt alone.
// So whoever lost an answer may ask again: if the row is at the next version, the attempt was done;
// if it is still at the first, another attempt moves it at most once, even when the server gets to
// the one before later. Only when somebody has moved it on since, the caller must look himself
// whether his change is in what there is now.
func (c register) swap(ctx context.Context, r row, from, to string) error {
	return c.persist(ctx, func(ctx context.Context) error {
		res, err := c.db.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2
			WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 AND metadata_location = $2`,
			to, from, CatalogName, r.space, r.name)
		if done, err := changed(res, err); err != nil || done {
			return err
		}
		if now, err := c.look(ctx, r); err != nil || now == to {
			return err
		}
		return fmt.Errorf("%w: %s was changed meanwhile", table.ErrCommitFailed, r)
	})
}

// changed says whether a statement changed a row.
func changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// entry is a table of the catalog and where it is.
type entry struct {
	row
	location string
}

// list returns all tables, in order of their names.
func (c register) list(ctx context.Context) (all []entry, err error) {
	err = c.persist(ctx, func(ctx context.Context) (err error) {
		all, err = c.read(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return all, nil
}

// read asks for all tables once.
func (c register) read(ctx context.Context) ([]entry, error) {
	found, err := c.db.QueryContext(ctx, `SELECT table_namespace, table_name, metadata_location FROM iceberg_tables
		WHERE catalog_name = $1`, CatalogName)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []entry
	for found.Next() {
		var e entry
		if err := found.Scan(&e.space, &e.name, &e.location); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, found.Err()
}
