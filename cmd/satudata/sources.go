package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/schemas"
)

// feed is a source that is ready to be read: its binding, its contract, and where its files are.
type feed struct {
	binding  *schemas.Binding
	contract *schemas.Contract
	paths    []string
	chunk    int    // payload bytes of one chunk at most
	again    bool   // read files also when they are unchanged
	early    *early // its source, when that was begun already
}

// name is the feed as the log knows it.
func (f feed) name() string {
	opd, source, _ := strings.Cut(f.binding.ID, ".")
	return "/opd/" + opd + "/" + source
}

// open makes the connector of the feed.
func (f feed) open(watch bool) (*file.Source, error) {
	switch f.binding.Format.Type {
	case "csv", "ndjson", "json", "xlsx":
		src, err := file.Open(f.paths, f.options(watch))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usageError("%s: %s", f.binding.ID, sayFile(err))
		}
		return src, err
	}
	return nil, usageError("%s: jenis sumber %q tidak dikenal (unknown kind of source)", f.binding.File, f.binding.Format.Type)
}

// options are how the feed's files are found and read.
func (f feed) options(watch bool) file.Options {
	return file.Options{Format: f.binding.Format, Watch: watch, MaxChunk: f.chunk}
}

// ignored are the files in the folders of a feed that neither it nor another of the feeds takes.
func (f feed) ignored(feeds []feed, watch bool) []file.Ignored {
	return slices.DeleteFunc(file.FindIgnored(f.paths, f.options(watch)), func(i file.Ignored) bool {
		return slices.ContainsFunc(feeds, func(other feed) bool { return file.Takes(other.paths, other.options(watch), i.Path) })
	})
}

// sayIgnored tells people of files that are not read, but of none that was told before.
func sayIgnored(out io.Writer, told map[string]bool, ignored []file.Ignored) {
	for _, i := range ignored {
		if !told[i.Path] {
			told[i.Path] = true
			fmt.Fprintf(out, "%q: TIDAK DIBACA (not read): %s\n", i.Path, both(i.Reason))
		}
	}
}

// source is the connector of the feed, to be read to its end.
func (f feed) source() (source.Source, error) {
	if f.early != nil {
		return f.early, nil
	}
	return f.open(false)
}

// register makes sure that the feed's contract and binding are in force.
func (w *workspace) register(ctx context.Context, p parts, f feed) error {
	if access := f.contract.Profile.Access; access != "publik" {
		w.log.Warn("kelas akses belum ditegakkan: siapa pun yang dapat membaca ruang kerja ini melihat semua isinya (the access class is not enforced yet: whoever can read this workspace sees all of it)",
			"dataset", f.contract.Dataset, "kelasAkses", access)
	}
	return p.cat.Register(ctx,
		event.ContractRegistered{Dataset: f.contract.Dataset, Version: f.contract.Version, Document: string(f.contract.Document), Actor: w.actor},
		event.BindingRegistered{Binding: f.binding.ID, Version: f.binding.Version, Dataset: f.binding.Dataset, Document: string(f.binding.Document), Actor: w.actor})
}

// read moves what the feed's source offers now into the log.
func (w *workspace) read(ctx context.Context, p parts, f feed, src source.Source, progress source.Progress) ([]source.Outcome, error) {
	return source.Run(ctx, src, source.Options{
		Tracer: w.tracer, Again: f.again, Log: p.log, Ledger: p.cat, Dataset: f.contract.Dataset, Contract: f.contract.Version,
		Binding: f.binding.ID + "@" + f.binding.Version, Source: f.name(), Progress: progress, Logger: w.log,
	})
}

// documents are the contracts and bindings of the workspace's folders, by dataset and by id. Of a
// dataset with several contract versions in the folder, bindings choose theirs.
type documents struct {
	contracts map[string]map[string]*schemas.Contract // dataset, version
	bindings  map[string]*schemas.Binding
}

// documents reads every contract and binding of the workspace, and reports all their faults at once.
func (w *workspace) documents() (documents, error) {
	docs := documents{contracts: map[string]map[string]*schemas.Contract{}, bindings: map[string]*schemas.Binding{}}
	var errs []error
	contracts, err := w.yamlFiles("contracts")
	if err != nil {
		return docs, err
	}
	for _, name := range sortedNames(contracts) {
		c, err := schemas.ParseContract(name, contracts[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if first := docs.contracts[c.Dataset][c.Version]; first != nil && !bytes.Equal(first.Document, c.Document) {
			errs = append(errs, usageError("%s dan %s sama-sama berisi kontrak %s@%s dengan isi yang berbeda; hapus salah satu, atau naikkan versinya (both hold this version with another content; remove one or raise its version)",
				first.File, c.File, c.ID, c.Version))
			delete(docs.contracts[c.Dataset], c.Version) // nobody knows which one is meant
			continue
		}
		if docs.contracts[c.Dataset] == nil {
			docs.contracts[c.Dataset] = map[string]*schemas.Contract{}
		}
		docs.contracts[c.Dataset][c.Version] = c
	}
	bindings, err := w.yamlFiles("bindings")
	if err != nil {
		return docs, err
	}
	for _, name := range sortedNames(bindings) {
		b, err := schemas.ParseBinding(name, bindings[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if first := docs.bindings[b.ID]; first != nil {
			errs = append(errs, usageError("%s dan %s sama-sama berisi binding %s; simpan satu versi saja (both hold this binding; keep one version)", first.File, b.File, b.ID))
			continue
		}
		docs.bindings[b.ID] = b
	}
	return docs, errors.Join(errs...)
}

// yamlFiles returns the YAML files of a folder of the workspace by their names for messages.
func (w *workspace) yamlFiles(folder string) (map[string][]byte, error) {
	var names []string
	for _, form := range []string{"*.yaml", "*.yml"} {
		found, err := filepath.Glob(w.path(folder, form))
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	out := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out[filepath.Join(folder, filepath.Base(name))] = text
	}
	return out, nil
}

// feed prepares the source of a binding.
func (w *workspace) feed(d documents, binding string, paths []string) (feed, error) {
	b := d.bindings[binding]
	if b == nil {
		return feed{}, missing("binding %q tidak ada di folder bindings; yang ada: %s (no such binding; there are these)", binding, known(d.bindings))
	}
	c, err := d.contractOf(b)
	if err != nil {
		return feed{}, err
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		return feed{}, err
	}
	if _, err := schemas.Compile(c, b, ref); err != nil {
		return feed{}, err
	}
	return feed{binding: b, contract: c, paths: paths, chunk: w.cfg.Log.ChunkBytes}, nil
}

// contractOf is the contract version that a binding was written for.
func (d documents) contractOf(b *schemas.Binding) (*schemas.Contract, error) {
	versions := d.contracts[b.Dataset]
	if c := versions[b.Contract]; c != nil {
		return c, nil
	}
	if len(versions) == 0 {
		return nil, missing("%s: dataset %s tidak ada di folder contracts; yang ada: %s (no contract of the dataset; there are these)", b.File, b.Dataset, known(d.contracts))
	}
	return nil, missing("%s: kontrak %s versi %s tidak ada di folder contracts; yang ada: %s. Sesuaikan `contract:` di binding itu (no such version; there are these; write one of them in the binding)",
		b.File, b.Dataset, b.Contract, known(versions))
}

// feeds prepares the sources that satudata.yaml names, or only those of one binding.
func (w *workspace) feeds(docs documents, binding string) ([]feed, error) {
	var out []feed
	for _, s := range w.cfg.Sources {
		if binding != "" && s.Binding != binding {
			continue
		}
		paths := make([]string, len(s.Paths))
		for i, p := range s.Paths {
			paths[i] = w.resolve(p)
		}
		f, err := w.feed(docs, s.Binding, paths)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// known lists names for people.
func known[T any](m map[string]T) string {
	if len(m) == 0 {
		return "belum ada (none yet)"
	}
	return strings.Join(sortedNames(m), ", ")
}

func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// took renders how long something took, for people.
func took(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
