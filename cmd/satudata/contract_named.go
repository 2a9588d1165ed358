package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satudata/catalog"
	"satudata/schemas"
)

// shelf is where a command finds the contracts that its arguments name. Outside of a workspace, and
// where a document of the workspace has faults, err says so: files can be named all the same.
type shelf struct {
	a    *app
	w    *workspace // nil outside of a workspace
	docs documents
	err  error
}

func (a *app) shelf() shelf {
	s := shelf{a: a}
	if s.w, s.err = a.workspace(); s.err == nil {
		s.docs, s.err = s.w.documents()
	}
	return s
}

// contract finds a contract by its file, by its dataset (the newest version in the folder contracts), or
// by dataset@version, in that folder or the catalog.
func (s shelf) contract(ctx context.Context, arg string) (*schemas.Contract, error) {
	file := s.a.file(arg)
	doc, err := os.ReadFile(file)
	if err == nil {
		return schemas.ParseContract(arg, doc)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	dataset, version, exact := strings.Cut(arg, "@")
	if exact {
		dataset = schemas.DatasetName(dataset, version)
	}
	versions := s.docs.contracts[dataset]
	switch c := versions[version]; {
	case c != nil:
		return c, nil
	case !exact && len(versions) > 0:
		return newest(versions), nil
	case s.err != nil:
		return nil, s.err // the one that is meant may be the faulty one
	case !exact:
		return nil, missing("%s: bukan berkas dan bukan dataset ruang kerja ini; yang ada: %s (neither a file nor a dataset of this workspace; there are these)", arg, known(s.docs.contracts))
	}
	var found *schemas.Contract
	err = s.w.withReader(ctx, func(p parts) (err error) {
		found, err = p.cat.ParsedContract(ctx, dataset, version)
		return err
	})
	if name, _, _ := strings.Cut(arg, "@"); errors.Is(err, catalog.ErrNotFound) {
		return nil, missing("%s: versi itu tidak ada; yang ada di folder contracts: %s (no such version; there are these)", arg, known(s.docs.contracts[name]))
	}
	return found, err
}

// file is where a file is that the command line names: as it stands, or in the workspace, whose files are
// named from there in what satudata says.
func (a *app) file(name string) string {
	if _, err := os.Stat(name); err == nil || filepath.IsAbs(name) {
		return name
	}
	inside := filepath.Join(a.dir, name)
	if _, err := os.Stat(inside); err == nil {
		return inside
	}
	return name
}
