package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satudata/catalog"
	"satudata/ingest/durable"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/eventlog/kafka"
	"satudata/ingest/trace"
	"satudata/transform/lake"
)

// workspace is a folder with a satudata.yaml and all that belongs to it. Its layout:
//
//	satudata.yaml          configuration
//	contracts/ bindings/   what data means, and how each source maps to it
//	log/                   the embedded event log: the truth
//	lake/                  Iceberg tables, one folder per access class
//	state/catalog.db       projection of the governance facts, can be rebuilt
type workspace struct {
	dir  string
	cfg  Config
	zone *time.Location
	log  *slog.Logger

	actor    event.Actor // who gives the command
	tracer   *trace.Tracer
	observer *observer         // nil: nobody watches
	opened   func(addr string) // told where the operations listener is; nil is fine
	tail     int               // bytes that the embedded log holds in memory of what was appended and not read yet
}

func openWorkspace(dir string, environ map[string]string) (*workspace, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	cfg, err := loadConfig(abs, environ)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(cfg.Zone)
	if err != nil {
		return nil, err
	}
	return &workspace{dir: abs, cfg: cfg, zone: zone, log: slog.New(slog.DiscardHandler)}, nil
}

func (w *workspace) path(elem ...string) string {
	return filepath.Join(append([]string{w.dir}, elem...)...)
}

// openLog opens the event log that the configuration names.
func (w *workspace) openLog(ctx context.Context) (eventlog.Log, error) {
	if w.cfg.Log.Kind == "kafka" {
		return w.openKafka(ctx)
	}
	if err := w.notLost(ctx); err != nil {
		return nil, err
	}
	log, err := embedded.Open(w.path("log"), embedded.Options{Partitions: w.cfg.Log.Partitions, TailBytes: w.tail, Logger: w.log})
	if err != nil {
		return nil, err
	}
	return w.share(log), nil
}

// notLost refuses to begin a new embedded log where there was one: what is known of it would be of another.
func (w *workspace) notLost(ctx context.Context) error {
	if _, err := os.Stat(w.path("log", "log.db")); !errors.Is(err, fs.ErrNotExist) {
		return nil // what is wrong with it is found when it is opened
	}
	if n := w.projected(ctx); n > 0 {
		return lostLog(w.path("log", "log.db"), 0, n)
	}
	if w.hasTables() {
		return fmt.Errorf("%w: %s tidak ada, padahal lake memuat tabel; kembalikan log yang utuh, atau cadangan dengan `satudata restore` "+
			"(it is not there, and there are tables: bring the whole log back, or a backup by `satudata restore`)", eventlog.ErrLost, w.path("log", "log.db"))
	}
	return nil
}

// whole refuses a log that does not hold all facts of the projection, of which there were so many.
func whole(ctx context.Context, log eventlog.Log, where string, projected int64) error {
	held, err := holdings(ctx, log)
	if err != nil {
		return err
	}
	facts := int64(0)
	for _, h := range held {
		if h.Topic == eventlog.CatalogTopic {
			facts = h.Next
		}
	}
	if facts < projected {
		return lostLog(where, facts, projected)
	}
	return nil
}

func lostLog(where string, holds, projected int64) error {
	return fmt.Errorf("%w: %s memuat %d fakta, padahal state/catalog.db memuat %d: log hilang, atau diganti salinan lama; kembalikan log yang utuh, atau cadangan dengan `satudata restore` "+
		"(the projection holds more facts than the log: it was lost, or replaced by an old copy; bring the whole log back, or a backup by `satudata restore`)", eventlog.ErrLost, where, holds, projected)
}

// projected is how many facts of the log the projection holds, 0 where that cannot be told.
func (w *workspace) projected(ctx context.Context) int64 {
	path := w.path("state", "catalog.db")
	if _, err := os.Stat(path); err != nil {
		return 0
	}
	c, err := catalog.Open(ctx, path, catalog.Options{})
	if err != nil {
		return 0 // which shows when it is opened in earnest
	}
	defer func() { _ = c.Close() }()
	n, err := c.Position(ctx)
	if err != nil {
		return 0
	}
	return n
}

// hasTables says whether there are tables in the folder of the lake.
func (w *workspace) hasTables() bool {
	found, err := filepath.Glob(w.path("lake", "*", "*", "*", "metadata"))
	return err == nil && len(found) > 0
}

func (w *workspace) openKafka(ctx context.Context) (*kafka.Log, error) {
	return kafka.Open(ctx, w.kafkaOptions())
}

func (w *workspace) kafkaOptions() kafka.Options {
	k := w.cfg.Log.Kafka
	return kafka.Options{
		Brokers: k.Brokers, Prefix: k.Prefix, SessionTimeout: k.SessionTimeout, RetryFor: k.WaitFor,
		Partitions: w.cfg.Log.Partitions, ReplicationFactor: k.Replication, Retention: k.Retention,
		TLS: kafka.TLS{Enabled: k.TLS.Enabled, CAFile: w.resolve(k.TLS.CA), CertFile: w.resolve(k.TLS.Cert),
			KeyFile: w.resolve(k.TLS.Key), ServerName: k.TLS.ServerName},
		SASL:   kafka.SASL{Mechanism: strings.ToUpper(k.SASL.Mechanism), Username: k.SASL.User, Password: string(k.SASL.Password)},
		Logger: w.log,
	}
}

// resolve makes a configured path absolute: relative ones are relative to the workspace. None stays none.
func (w *workspace) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return w.path(path)
}

func (w *workspace) openLake(ctx context.Context) (*lake.Lake, error) {
	memory, err := humanize.ParseBytes(w.cfg.Lake.FoldMemory)
	if err != nil {
		return nil, usageError("lake.foldMemory %q: tulis misalnya 512MB (write for example 512MB)", w.cfg.Lake.FoldMemory)
	}
	o := lake.Options{Logger: w.log, FoldShare: w.cfg.Lake.FoldShare, Threads: w.cfg.Lake.FoldThreads, Memory: int64(memory)}
	if c := w.cfg.Lake.Catalog; c.Kind == "postgres" {
		o.Postgres, o.PostgresPassword = c.URL, string(c.Password)
	}
	return lake.Open(ctx, w.path("lake"), o)
}

func (w *workspace) openCatalog(ctx context.Context, log eventlog.Log) (*catalog.Catalog, error) {
	if err := durable.MkdirAll(w.path("state")); err != nil {
		return nil, err
	}
	return catalog.Open(ctx, w.path("state", "catalog.db"), catalog.Options{
		Log: log, Logger: w.log, Approval: catalog.Approval(w.cfg.Governance.Approval), Zone: w.zone,
	})
}

// parts is what most commands work with. The log is nil where a command only reads.
type parts struct {
	log  eventlog.Log
	cat  *catalog.Catalog
	lake *lake.Lake
}

// withParts opens the log, the catalog and the lake for f, and closes them after it.
func (w *workspace) withParts(ctx context.Context, f func(parts) error) (err error) {
	log, err := w.openLog(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return w.withTables(ctx, log, f)
}

// withReader is withParts for commands that only read. With the embedded log they answer from the
// projection, so they work while another process (up, land) holds the log; only when there is no
// projection yet, or one of another version of the program, is the log opened to make it.
func (w *workspace) withReader(ctx context.Context, f func(parts) error) error {
	if w.cfg.Log.Kind != "embedded" {
		return w.withParts(ctx, f)
	}
	if _, err := os.Stat(w.path("state", "catalog.db")); err != nil {
		return w.withParts(ctx, f)
	}
	err := w.withTables(ctx, nil, f)
	if errors.Is(err, catalog.ErrOutdated) {
		return w.withParts(ctx, f)
	}
	return err
}

func (w *workspace) withTables(ctx context.Context, log eventlog.Log, f func(parts) error) (err error) {
	cat, err := w.openCatalog(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cat.Close()) }()
	lk, err := w.openLake(ctx)
	if err != nil {
		return fmt.Errorf("open lake: %w", err)
	}
	defer func() { err = errors.Join(err, lk.Close()) }()
	return f(parts{log: log, cat: cat, lake: lk})
}
