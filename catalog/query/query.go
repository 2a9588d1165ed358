// Package query answers SQL over the datasets of a workspace with an embedded DuckDB.
//
// # Design
//
// An [Engine] is an in-memory DuckDB that knows the datasets as views over Parquet files and is
// locked before it sees the first statement of a user: it opens no file outside the folders it was
// given and its temporary one, loads no extension, and changes no setting. [Open] reads every
// setting back and fails on a difference. Users' statements run in read-only transactions.
//
// A statement passes a guard before it runs. DuckDB's own parser takes it apart (json_serialize_sql),
// and only what is known to be harmless goes through: one statement that reads, over the views and
// its own WITH queries, calling functions from a reviewed list (functions.txt). A view is created
// when a statement first names it.
//
// The lock and the guard are two walls of three, and neither is enough: the lock does not keep
// COPY from writing into the folders, nor CALL enable_logging from crashing the process; the guard
// refuses both. The third wall, a process of its own that the kernel keeps away from other files and
// that can be killed, is outside this package; it also bounds what DuckDB does not count in
// memory_limit, such as a single enormous text.
//
// A [Result] is streamed: memory does not grow with its number of rows, in any [Format].
package query

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say what an engine may read and use.
type Options struct {
	Views       []View         // the datasets
	Folders     []string       // the only folders whose files the views may read
	TempDir     string         // for what does not fit in memory; default a new folder, removed by Close
	TempLimit   string         // most of TempDir in use, "4GiB" (the default)
	MemoryLimit string         // of all queries together, "1GiB" (the default)
	Threads     int            // of all queries together; default one per processor
	Timeout     time.Duration  // of one query, until its last row is read; 0 means none
	MaxRows     int64          // a result ends after this many rows, see [Result.Truncated]; 0 means none
	Zone        *time.Location // in which times are shown and cut into days; default UTC
}

func (o Options) withDefaults() Options {
	if o.TempLimit == "" {
		o.TempLimit = "4GiB"
	}
	if o.MemoryLimit == "" {
		o.MemoryLimit = "1GiB"
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return o
}

// Engine answers queries. Its methods may be called concurrently.
type Engine struct {
	options  Options
	views    *views
	instance *instance
	admin    *session // the views are created in it
	scratch  string   // a temporary folder of its own, or ""

	mu      sync.Mutex         // guards what follows
	closed  bool               // no result is added any more
	running map[*Result]func() // results that are not closed, and what cancels each
	idle    sync.WaitGroup     // of running

	close func() error
}

// Open starts an engine and locks it. It fails when DuckDB does not show every setting as asked.
func Open(ctx context.Context, options Options) (_ *Engine, err error) {
	e := &Engine{options: options.withDefaults(), running: map[*Result]func(){}}
	e.close = sync.OnceValue(e.shutdown)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open query engine: %w", err), e.Close())
		}
	}()
	if err := e.makeFolders(); err != nil {
		return nil, err
	}
	if e.instance, err = newInstance(startOptions); err != nil {
		return nil, err
	}
	if e.admin, err = e.instance.connect(); err != nil {
		return nil, err
	}
	if e.views, err = newViews(e.options.Views, e.admin); err != nil {
		return nil, err
	}
	if err := lock(ctx, e.admin, e.options); err != nil {
		return nil, err
	}
	return e, nil
}

// makeFolders finds out where the folders really are, and makes the temporary one.
func (e *Engine) makeFolders() (err error) {
	folders := make([]string, len(e.options.Folders))
	for i, f := range e.options.Folders {
		if folders[i], err = realPath(f); err != nil {
			return err
		}
	}
	e.options.Folders = folders
	if e.options.TempDir == "" {
		if e.scratch, err = os.MkdirTemp("", "satudata-query-"); err != nil {
			return err
		}
		e.options.TempDir = e.scratch
	}
	if err := os.MkdirAll(e.options.TempDir, 0o700); err != nil {
		return err
	}
	e.options.TempDir, err = realPath(e.options.TempDir)
	return err
}

// realPath is the absolute path without symbolic links, which DuckDB follows before it compares a
// file with the folders. The end of the path need not exist yet.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, os.ErrNotExist) || filepath.Dir(path) == path {
		return resolved, err
	}
	parent, err := realPath(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// Close ends every running query and waits until their results are closed.
func (e *Engine) Close() error { return e.close() }

func (e *Engine) shutdown() error {
	e.mu.Lock()
	e.closed = true
	for _, cancel := range e.running {
		cancel()
	}
	e.mu.Unlock()
	e.idle.Wait()
	if e.admin != nil {
		e.admin.close()
	}
	if e.instance != nil {
		e.instance.close()
	}
	if e.scratch == "" {
		return nil
	}
	return os.RemoveAll(e.scratch)
}

// begin counts a result as running until it is closed, and makes the context of its query.
func (e *Engine) begin(ctx context.Context) (context.Context, *Result, error) {
	r := &Result{zone: e.options.Zone, max: e.options.MaxRows}
	ctx, cancel := context.WithCancel(ctx)
	r.cancel = cancel
	if e.options.Timeout > 0 {
		var expire context.CancelFunc
		ctx, expire = context.WithTimeout(ctx, e.options.Timeout)
		r.cancel = func() { expire(); cancel() }
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		r.cancel()
		return nil, nil, context.Canceled
	}
	e.idle.Add(1)
	e.running[r] = cancel
	r.end = func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.running, r)
		e.idle.Done()
	}
	return ctx, r, nil
}

// Query runs one statement and returns its result, which the caller closes. Ending ctx interrupts
// the statement, also while its rows are read. Every fault is an [*Error], but for those of
// [View.Define].
func (e *Engine) Query(ctx context.Context, sql string) (*Result, error) {
	ctx, r, err := e.begin(ctx)
	if err != nil {
		return nil, translate(err)
	}
	if err := e.start(ctx, r, sql); err != nil {
		r.Close()
		return nil, translate(err)
	}
	return r, nil
}

// start lets the statement through the guard and runs it in a session of its own.
func (e *Engine) start(ctx context.Context, r *Result, sql string) (err error) {
	if r.session, err = e.instance.connect(); err != nil {
		return err
	}
	st, err := inspect(ctx, r.session, e.views, sql)
	if err != nil {
		return err
	}
	if err := e.views.define(ctx, st.tables); err != nil {
		return ours(err)
	}
	if err := checkRows(ctx, r.session, st.rows, st.tables); err != nil {
		return err
	}
	// Another wall against what the guard may have missed. It must not be put up earlier, because
	// what it encloses would not see the views that were just made.
	if err := r.session.exec(ctx, "BEGIN TRANSACTION READ ONLY"); err != nil {
		return ours(err)
	}
	types := typeSelect
	switch {
	case st.explain:
		types, r.explain = typeExplain, true
	case st.list:
		st.sql = e.views.listing()
	}
	r.stream, err = r.session.query(ctx, types, st.sql)
	return err
}
