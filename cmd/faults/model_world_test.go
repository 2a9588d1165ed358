package faults

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/source"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// modelReference is loaded once; the model's contracts have no code lists.
var modelReference = sync.OnceValues(schemas.LoadReference)

// errInjected is what calls answer that are made to fail.
var errInjected = errors.New("injected fault")

// world is everything of a workspace, in one process, with two of what lands: the second is the
// worker that was thought dead, or another machine's.
type world struct {
	ctx      context.Context
	dir      string
	clock    time.Time     // of the sources; each look at it is a millisecond later
	skew     time.Duration // of the source that reads now
	jumping  bool          // the facts have the clock of the sources, too
	log      *unsteadyLog
	cat      *catalog.Catalog
	lakes    [2]*lake.Lake
	workers  [2]*pipeline.Worker
	views    [2]*window // of the log, by the workers
	faults   *sql.DB    // the catalog of tables, for injecting faults
	returned func(subject string) bool
}

// modelRoot is where worlds live: in memory where there is such a folder, since the power stays on.
func modelRoot() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

func newWorld(jumping bool, returned func(string) bool) (*world, error) {
	dir, err := os.MkdirTemp(modelRoot(), "satudata-model-")
	if err != nil {
		return nil, err
	}
	return &world{ctx: context.Background(), dir: dir, clock: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), jumping: jumping, returned: returned}, nil
}

// now is the clock of the sources.
func (w *world) now() time.Time {
	w.clock = w.clock.Add(time.Millisecond)
	return w.clock.Add(w.skew)
}

// open opens everything, as after a crash. Workers take batches of the given bytes.
func (w *world) open(batchBytes [2]int, partitions int) (err error) {
	events, err := embedded.Open(filepath.Join(w.dir, "log"), embedded.Options{Partitions: partitions})
	if err != nil {
		return err
	}
	w.log = &unsteadyLog{Log: events}
	o := catalog.Options{Log: w.log}
	if w.jumping {
		o.Now = w.now
	}
	if w.cat, err = catalog.Open(w.ctx, filepath.Join(w.dir, "catalog.db"), o); err != nil {
		return err
	}
	for i := range w.lakes {
		if w.lakes[i], err = lake.Open(w.ctx, filepath.Join(w.dir, "lake"), lake.Options{Threads: 1, FoldShare: 0.5}); err != nil {
			return err
		}
	}
	if w.faults, err = sql.Open("sqlite", "file:"+filepath.Join(w.dir, "lake", "catalog.db")+"?_pragma=busy_timeout(20000)&_pragma=synchronous(off)"); err != nil {
		return err
	}
	if _, err = w.faults.Exec(commitFaults); err != nil {
		return err
	}
	ref, err := modelReference()
	if err != nil {
		return err
	}
	for i := range w.workers {
		w.views[i] = &window{Log: w.log, lake: w.lakes[i]}
		w.workers[i] = pipeline.New(pipeline.Options{Log: w.views[i], Lake: w.lakes[i], Governance: governance{w.cat, w.views[i]}, Reference: ref,
			BatchBytes: batchBytes[i], Workers: 2, Judge: w.judge, Policy: lake.Policy{KeepSnapshots: 1000, KeepCurrent: 1, MinFiles: 2, Grace: time.Minute}})
	}
	return nil
}

// judge finds fault with the deliveries that are to be returned.
func (w *world) judge(_ context.Context, d pipeline.Delivery, _ *schemas.Contract) ([]event.Finding, error) {
	if !w.returned(d.Subject) {
		return nil, nil
	}
	return []event.Finding{{Rule: "aturan", Severity: string(schemas.Reject), Count: 1, Say: event.Sentence{ID: "tidak wajar", EN: "not plausible"}}}, nil
}

// close lets go of everything.
func (w *world) close() error {
	var errs []error
	for _, l := range w.lakes {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	if w.faults != nil {
		errs = append(errs, w.faults.Close())
	}
	if w.cat != nil {
		errs = append(errs, w.cat.Close())
	}
	if w.log != nil {
		errs = append(errs, w.log.Close())
	}
	return errors.Join(errs...)
}

// commitFaults makes commits of tables fail when so many of them have succeeded as table "left" says.
const commitFaults = `
CREATE TABLE IF NOT EXISTS model_faults (pattern TEXT, remaining INTEGER);
CREATE TRIGGER IF NOT EXISTS model_updates AFTER UPDATE ON iceberg_tables BEGIN
	UPDATE model_faults SET remaining = remaining - 1 WHERE NEW.table_name GLOB pattern;
	SELECT RAISE(ABORT, 'injected fault') WHERE EXISTS (SELECT 1 FROM model_faults WHERE NEW.table_name GLOB pattern AND remaining < 0);
END`

// failCommits makes commits to tables whose names match a pattern fail after the next n, until mend.
func (w *world) failCommits(pattern string, n int) error {
	_, err := w.faults.Exec(`INSERT INTO model_faults VALUES (?, ?)`, pattern, n)
	return err
}

func (w *world) mend() error {
	_, err := w.faults.Exec(`DELETE FROM model_faults`)
	return err
}

// unsteadyLog fails an append when it is told to.
type unsteadyLog struct {
	eventlog.Log
	topic string // whose next append is cut short, "" for none
	after int    // appends to it that succeed before
	keep  int    // messages that are stored all the same
}

func (l *unsteadyLog) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	if l.topic != topic {
		return l.Log.Append(ctx, topic, msgs...)
	}
	if l.after > 0 {
		l.after--
		return l.Log.Append(ctx, topic, msgs...)
	}
	l.topic = ""
	if kept := msgs[:min(l.keep, len(msgs))]; len(kept) > 0 {
		if _, err := l.Log.Append(ctx, topic, kept...); err != nil {
			return nil, err
		}
	}
	return nil, errInjected
}

// window is the log and the facts as a worker sees them: up to an end, and something may happen while he looks.
type window struct {
	eventlog.Log
	lake   *lake.Lake
	ends   map[int]int64 // of partitions; nil shows all
	settle bool          // show the deliveries that have arrived

	mu       sync.Mutex // guards what follows
	calls    int        // until incident
	incident func() error
}

// look counts a call and lets happen what is to happen with it.
func (v *window) look() error {
	v.mu.Lock()
	v.calls--
	happens := v.incident
	if v.calls != 0 {
		happens = nil
	}
	v.mu.Unlock()
	if happens == nil {
		return nil
	}
	return happens()
}

// Ranges shows the end, but never less than what has landed: no log gets shorter.
func (v *window) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	ranges, err := v.Log.Ranges(ctx, topic)
	landed, lerr := v.lake.Positions(ctx, topic, lake.History)
	if errors.Is(lerr, lake.ErrNotFound) {
		lerr = nil
	}
	for i, r := range ranges {
		if end, ok := v.ends[r.Partition]; ok {
			ranges[i].Next = min(r.Next, max(end, landed.Offsets[r.Partition]))
		}
	}
	return ranges, errors.Join(err, lerr, v.look())
}

func (v *window) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if err := v.look(); err != nil {
		return nil, err
	}
	records, err := v.Log.Read(ctx, topic, partition, from, maxBytes)
	if end, ok := v.ends[partition]; ok {
		for i, r := range records {
			if r.Offset >= end {
				return records[:i], err
			}
		}
	}
	return records, err
}

// governance is the catalog behind a window.
type governance struct {
	*catalog.Catalog
	view *window
}

func (g governance) Arrived(ctx context.Context) ([]pipeline.Delivery, error) {
	if !g.view.settle {
		return nil, g.view.look()
	}
	found, err := g.Catalog.Arrived(ctx)
	return found, errors.Join(err, g.view.look())
}

func (g governance) Check(ctx context.Context, d uuid.UUID) (*event.DeliveryChecked, error) {
	if err := g.view.look(); err != nil {
		return nil, err
	}
	return g.Catalog.Check(ctx, d)
}

func (g governance) Publications(ctx context.Context, dataset string) ([]lake.Publication, error) {
	found, err := g.Catalog.Publications(ctx, dataset)
	return found, errors.Join(err, g.view.look())
}

func (g governance) Record(ctx context.Context, facts ...event.Body) error {
	if err := g.view.look(); err != nil {
		return err
	}
	return g.Catalog.Record(ctx, facts...)
}

// oneParcel is a source that offers one parcel.
type oneParcel struct {
	p    *parcel
	v    modelVersion
	done bool
	at   int
}

func (s *oneParcel) Next(context.Context) (source.Delivery, error) {
	if s.done {
		return nil, io.EOF
	}
	s.done = true
	return s, nil
}

func (s *oneParcel) Close() error { return nil }

func (s *oneParcel) Info() source.Info {
	h := sha256.New()
	for _, part := range s.p.portions {
		fmt.Fprintln(h, s.p.subject, part.op, part.data(s.v))
	}
	return source.Info{Subject: s.p.subject, Fingerprint: fmt.Sprintf("sha256:%x", h.Sum(nil)), Bytes: 1, Records: s.p.records(),
		Batches: int64(len(s.p.portions)), ContentType: event.ContentTypeNDJSON}
}

func (s *oneParcel) Read(context.Context) (source.Batch, error) {
	if s.at == len(s.p.portions) {
		return source.Batch{}, io.EOF
	}
	part := s.p.portions[s.at]
	first := int64(1)
	for _, before := range s.p.portions[:s.at] {
		first += int64(len(before.records))
	}
	s.at++
	return source.Batch{ContentType: event.ContentTypeNDJSON, FirstRow: first, Rows: len(part.records), Op: part.op, Data: []byte(part.data(s.v))}, nil
}
