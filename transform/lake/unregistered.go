package lake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// ErrUnregistered is returned where a table would be made in the folder of one that was committed to
// and that the catalog does not know: the catalog was lost, or put back from an old copy. A new table
// would take the files of the old one for leftovers, and they may hold what the log does not any more.
var ErrUnregistered = errors.New("table is not in the table catalog")

// unregistered is ErrUnregistered when a folder that the catalog knows no table of holds versions that
// only a table of the catalog gets. The first version says nothing: it is written before the row.
func unregistered(p place) error {
	had, err := committed(p.folder)
	if err == nil && had {
		err = fmt.Errorf("%w: %s memuat tabel %s yang tidak dikenal katalog; hentikan semua proses dan jalankan `satudata repair` (that folder holds a table that the catalog does not know: stop all processes and run `satudata repair`)",
			ErrUnregistered, p.folder, strings.Join(p.ident, "."))
	}
	return err
}

// Registered returns ErrUnregistered for a dataset whose folders hold tables that were committed to and
// that the catalog does not know.
func (l *Lake) Registered(ctx context.Context, dataset string) error {
	for _, k := range Kinds {
		p, err := l.place(dataset, k)
		if err != nil {
			return err
		}
		if _, err = l.location(ctx, p.ident); errors.Is(err, ErrNotFound) {
			err = unregistered(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// committed says whether a table in a folder was ever committed to.
func committed(folder string) (bool, error) {
	versions, err := versionsOf(folder, "")
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(versions, func(location string) bool {
		n, err := versionOf(location)
		return err == nil && n > 0
	}), nil
}

// lost is the fault that a table is which the catalog does not know, unless it is merely about to be
// made: it was committed to, or the history was, which is made with it.
func (l *Lake) lost(ctx context.Context, dataset string, p place) ([]Fault, error) {
	had, err := committed(p.folder)
	if err != nil {
		return nil, err
	}
	if !had {
		at, err := l.Positions(ctx, dataset, History)
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil || len(at.Offsets) == 0 { // a history that cannot be read is a fault of its own
			return nil, nil
		}
	}
	return []Fault{{Table: strings.Join(p.ident, "."), File: p.folder, Problem: *say("tidak ada di katalog tabel", "is not in the table catalog")}}, nil
}

// Unregistered are the tables in the folders of the lake that were committed to, and that the catalog
// does not know.
func (l *Lake) Unregistered(ctx context.Context) ([]string, error) {
	folders, err := filepath.Glob(filepath.Join(l.dir, "*", "*", "*", "metadata"))
	if err != nil {
		return nil, err
	}
	all, err := l.rows.list(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, e := range all {
		known[e.row.String()] = true
	}
	var names []string
	for _, metadata := range folders {
		folder := filepath.Dir(metadata)
		below, err := filepath.Rel(l.dir, folder)
		if err != nil {
			return nil, err
		}
		name := strings.ReplaceAll(below, string(filepath.Separator), ".")
		if known[name] {
			continue
		}
		if had, err := committed(folder); err != nil {
			return nil, err
		} else if had {
			names = append(names, name)
		}
	}
	return names, nil
}
