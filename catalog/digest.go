package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
)

// Intact says whether the projection is what the log makes of it: it makes another one beside it, which
// takes as long as the facts are many, and compares every row.
func (c *Catalog) Intact(ctx context.Context) (same bool, err error) {
	if c.log == nil {
		return false, ErrReadOnly
	}
	dir, err := os.MkdirTemp("", "satudata-projection-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	again, err := Open(ctx, filepath.Join(dir, "catalog.db"), Options{Log: c.log, Now: c.now, Approval: c.approval, Zone: c.zone})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, again.Close()) }()
	for attempt := 0; ; attempt++ {
		have, err := c.digest(ctx)
		if err != nil {
			return false, err
		}
		want, err := again.digest(ctx)
		if err != nil || have == want || attempt == 3 {
			return have == want, err
		}
		if err := c.Sync(ctx); err != nil { // others may be recording facts
			return false, err
		}
		if err := again.Sync(ctx); err != nil {
			return false, err
		}
	}
}

// digest is one over all rows of all tables.
func (c *Catalog) digest(ctx context.Context) (string, error) {
	names, err := column[string](ctx, c.db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "table %q\n", name)
		if err := c.addRows(ctx, h, name); err != nil {
			return "", fmt.Errorf("digest table %s: %w", name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (c *Catalog) addRows(ctx context.Context, h hash.Hash, name string) error {
	columns, err := column[string](ctx, c.db, `SELECT name FROM pragma_table_info(?)`, name)
	if err != nil {
		return err
	}
	order := `"` + strings.Join(columns, `", "`) + `"`
	rows, err := c.db.QueryContext(ctx, `SELECT `+order+` FROM "`+name+`" ORDER BY `+order)
	if err != nil {
		return err
	}
	defer rows.Close()
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for _, v := range values {
			fmt.Fprintf(h, "%T %q\n", v, fmt.Sprint(v))
		}
	}
	return rows.Err()
}
