package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"satudata/catalog/query"
	"satudata/schemas"
	"satudata/transform/lake"
)

// queryFiles are the queries of the workspace's folder queries and of other folders.
func (w *workspace) queryFiles(folders []string) ([]string, error) {
	var files []string
	for _, folder := range append([]string{w.path("queries")}, folders...) {
		found, err := filepath.Glob(filepath.Join(folder, "*.sql"))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// brokenQueries lets the query engine bind each query against empty tables of the old and of the
// next version. A query that names a column whose meaning changed is found by taking the column away.
func (w *workspace) brokenQueries(ctx context.Context, docs documents, old, next *schemas.Contract, changes []schemas.Change, files []string) (_ []brokenThing, err error) {
	out := []brokenThing{}
	if len(files) == 0 {
		return out, nil
	}
	before, err := w.emptyEngine(ctx, docs, old.Dataset, old.Fields())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, before.Close()) }()
	after, err := w.emptyEngine(ctx, docs, old.Dataset, next.Fields())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, after.Close()) }()
	without, err := w.enginesWithout(ctx, docs, old.Dataset, next, changes)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, e := range without {
			err = errors.Join(err, e.Close())
		}
	}()
	for _, file := range files {
		sql, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		thing := brokenThing{Name: file}
		fault := bind(ctx, after, string(sql))
		switch earlier := bind(ctx, before, string(sql)); {
		case earlier != nil:
			if fault != nil {
				thing.Why = []string{"sudah tidak jalan dengan versi lama (did not run with the old version either): " + firstLine(earlier)}
			}
		case fault != nil:
			thing.Breaks, thing.Why = true, []string{firstLine(fault)}
		default:
			for _, column := range sortedNames(without) {
				if bind(ctx, without[column], string(sql)) != nil {
					thing.Why = append(thing.Why, meanings(changes, column)...)
				}
			}
		}
		if len(thing.Why) > 0 {
			out = append(out, thing)
		}
	}
	return out, nil
}

// meanings say how the meaning of a column changed.
func meanings(changes []schemas.Change, column string) []string {
	var out []string
	for _, c := range changes {
		if c.Meaning && c.Column == column {
			out = append(out, fmt.Sprintf("memakai %s: %s (it uses this column: %s)", column, c.Say.ID, c.Say.EN))
		}
	}
	return out
}

// bind says why the engine does not take a query, nil when it does.
func bind(ctx context.Context, engine *query.Engine, sql string) error {
	res, err := engine.Query(ctx, sql)
	if err != nil {
		return err
	}
	res.Close()
	return nil
}

// firstLine is what an error says, without the picture that the engine draws of the query.
func firstLine(err error) string {
	var q *query.Error
	if errors.As(err, &q) {
		line, _, _ := strings.Cut(q.Say.ID, "\n")
		return line
	}
	return err.Error()
}

// enginesWithout are engines over the next version's tables, each without a column whose meaning
// changed.
func (w *workspace) enginesWithout(ctx context.Context, docs documents, dataset string, next *schemas.Contract, changes []schemas.Change) (map[string]*query.Engine, error) {
	engines := map[string]*query.Engine{}
	for _, c := range changes {
		if !c.Meaning || c.Column == "" || engines[c.Column] != nil {
			continue
		}
		fields := slices.DeleteFunc(next.Fields(), func(f schemas.Field) bool { return f.Name == c.Column })
		engine, err := w.emptyEngine(ctx, docs, dataset, fields)
		if err != nil {
			return engines, err
		}
		engines[c.Column] = engine
	}
	return engines, nil
}

// emptyEngine opens the query engine over empty tables of every dataset of the workspace, with one of
// them as fields say.
func (w *workspace) emptyEngine(ctx context.Context, docs documents, dataset string, fields []schemas.Field) (*query.Engine, error) {
	tables := map[string][]schemas.Field{}
	for name, versions := range docs.contracts {
		tables[name] = newest(versions).Fields()
	}
	tables[dataset] = fields
	var views []query.View
	for _, name := range sortedNames(tables) {
		empty, err := lake.EmptyViews(name, tables[name])
		if err != nil {
			return nil, fmt.Errorf("empty tables of %s: %w", name, err)
		}
		for _, v := range empty {
			views = append(views, query.View{Schema: v.Schema, Name: v.Name, SQL: v.SQL})
		}
	}
	return query.Open(ctx, query.Options{Views: views, Zone: w.zone, MemoryLimit: w.cfg.Query.Memory, Threads: 1, Timeout: w.cfg.Query.Timeout})
}
