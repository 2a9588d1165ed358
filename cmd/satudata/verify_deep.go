package main

import (
	"context"
	"errors"
	"fmt"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// verifyDeep is verify that also reads every byte. Damage that keeps the workspace from being opened
// is a finding, not an error.
func (w *workspace) verifyDeep(ctx context.Context) (r pipeline.Report, err error) {
	for _, file := range w.databases() {
		problem, err := lake.CheckSQLite(ctx, file)
		if err != nil {
			return r, err
		}
		if problem != "" {
			found(&r, "berkas %s rusak: %s; pulihkan dengan `satudata repair`", "file %s is damaged: %s; mend it with `satudata repair`", file, problem)
		}
	}
	if len(r.Findings) > 0 {
		return r, nil
	}
	log, err := w.openLog(ctx)
	if errors.Is(err, eventlog.ErrCorrupt) {
		found(&r, "log peristiwa rusak: %v; ambil kembali dari cadangan dengan `satudata restore`", "the event log is damaged: %v; get it back from a backup with `satudata restore`", err)
		return r, nil
	}
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	cat, err := w.inspectProjection(ctx, log, &r)
	if err != nil || cat == nil {
		return r, err
	}
	defer func() { err = errors.Join(err, cat.Close()) }()
	lk, err := w.openLake(ctx)
	if errors.Is(err, lake.ErrElsewhere) || lake.Damaged(err) {
		found(&r, "katalog tabel %s tidak dapat dipakai: %v", "the table catalog %s cannot be used: %v", w.path("lake", "catalog.db"), err)
		return r, nil
	}
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lk.Close()) }()
	v, err := verifier(parts{log: log, cat: cat, lake: lk})
	if err != nil {
		return r, err
	}
	v.Deep = true
	seen, err := v.Verify(ctx)
	seen.Findings = append(r.Findings, seen.Findings...)
	return seen, err
}

// databases are the SQLite files of the workspace.
func (w *workspace) databases() []string {
	return []string{w.path("state", "catalog.db"), w.path("lake", "catalog.db")}
}

// inspectProjection opens the projection and compares it with what the log makes of it. It returns nil
// where nothing can be made of either; that is a finding.
func (w *workspace) inspectProjection(ctx context.Context, log eventlog.Log, r *pipeline.Report) (*catalog.Catalog, error) {
	cat, err := w.openCatalog(ctx, log)
	switch {
	case errors.Is(err, eventlog.ErrCorrupt):
		found(r, "fakta di log rusak: %v; ambil kembali dari cadangan dengan `satudata restore`", "facts in the log are damaged: %v; get them back from a backup with `satudata restore`", err)
		return nil, nil
	case errors.Is(err, eventlog.ErrExpired), lake.Damaged(err):
		found(r, "proyeksi fakta rusak: %v; pulihkan dengan `satudata repair`", "the projection of the facts is damaged: %v; mend it with `satudata repair`", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	same, err := cat.Intact(ctx)
	if errors.Is(err, eventlog.ErrCorrupt) {
		return cat, nil // the log's damage is reported with the log
	}
	if err == nil && !same {
		found(r, "proyeksi fakta %s tidak sama dengan isi log; pulihkan dengan `satudata repair`", "the projection of the facts %s is not what the log says; mend it with `satudata repair`", w.path("state", "catalog.db"))
	}
	if err != nil {
		err = errors.Join(err, cat.Close())
		cat = nil
	}
	return cat, err
}

func found(r *pipeline.Report, id, en string, args ...any) {
	r.Findings = append(r.Findings, pipeline.Finding{Say: event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}})
}
