package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"satudata/catalog"
	"satudata/cmd/satudata/ops"
	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/ingest/trace"
	"satudata/transform/pipeline"
)

// OpsConfig says how a running process is watched.
type OpsConfig struct {
	Listen     string        `yaml:"listen" env:"LISTEN"`          // address of /metrics, /healthz and /readyz, "127.0.0.1:9464"; "" is off
	StuckAfter time.Duration `yaml:"stuckAfter" env:"STUCK_AFTER"` // a step of a loop that takes longer is stuck
	MinFree    string        `yaml:"minFree" env:"MIN_FREE"`       // not ready when a disk has less room
}

// LoggingConfig says what the program tells about itself on standard error.
type LoggingConfig struct {
	Level  string `yaml:"level" env:"LEVEL"`   // debug | info | warn | error
	Format string `yaml:"format" env:"FORMAT"` // text | json
}

// logger makes the logger that flags, else the configuration, ask for.
func (a *app) logger(c LoggingConfig) (*slog.Logger, error) {
	if a.logLevel != "" {
		c.Level = a.logLevel
	}
	if a.logFormat != "" {
		c.Format = a.logFormat
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, usageError("--log-level %q: pilih debug, info, warn atau error (choose one of these)", c.Level)
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: a.sayAttr}
	switch c.Format {
	case "text":
		return slog.New(slog.NewTextHandler(a.stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, o)), nil
	}
	return nil, usageError("--log-format %q: pilih text atau json (choose one of these)", c.Format)
}

// tracing begins to trace when the environment asks for it.
func (a *app) tracing(ctx context.Context, log *slog.Logger) (*trace.Tracer, error) {
	if a.endTracing != nil {
		return a.tracer, nil
	}
	tracer, end, err := ops.Tracing(ctx, version, log)
	if err != nil {
		return nil, err
	}
	a.tracer, a.endTracing = tracer, end
	return tracer, nil
}

// stopTracing sends the spans that are left. Traces that cannot be sent are no reason to fail.
func (a *app) stopTracing(ctx context.Context) {
	if a.endTracing == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := a.endTracing(ctx); err != nil {
		fmt.Fprintf(a.stderr, "satudata: jejak tidak terkirim semuanya (not all traces were sent): %v\n", err)
	}
}

// opsFlag adds the flag of the operations listener to a command that keeps running.
func (a *app) opsFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.opsListen, "ops-listen", "", "alamat /metrics, /healthz, /readyz, misalnya 127.0.0.1:9464 (address of the operations listener; default ops.listen, off)")
}

// observer is how a long-running process of a workspace is watched.
type observer struct {
	metrics *ops.Metrics
	health  *ops.Health
}

// observed runs f while the operations listener answers, when one is configured.
func (w *workspace) observed(ctx context.Context, p parts, f func(context.Context) error) (err error) {
	if w.cfg.Ops.Listen == "" {
		return f(ctx)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.cfg.Ops.Listen)
	if err != nil {
		return usageError("ops.listen %s: %v; pilih alamat lain, atau kosongkan (choose another address, or none)", w.cfg.Ops.Listen, err)
	}
	if err := w.watch(p); err != nil {
		return errors.Join(err, l.Close())
	}
	w.log.Info("operations listener opened", "address", l.Addr().String())
	if w.opened != nil {
		w.opened(l.Addr().String())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // it answers until the commit in flight has ended
	var g errgroup.Group
	g.Go(func() error { return ops.Serve(serving, l, ops.Handler(w.observer.metrics, w.observer.health)) })
	err = f(ctx)
	stop()
	return errors.Join(err, g.Wait())
}

// watch prepares the metrics and the health of this process.
func (w *workspace) watch(p parts) error {
	least, err := humanize.ParseBytes(w.cfg.Ops.MinFree)
	if err != nil {
		return usageError("ops.minFree %q: tulis misalnya 100MB (write for example 100MB)", w.cfg.Ops.MinFree)
	}
	folders := map[string]string{"lake": w.path("lake"), "state": w.path("state")}
	checks := []ops.Check{
		{Name: "log", Run: func(ctx context.Context) (event.Sentence, error) {
			topics, err := p.log.Topics(ctx)
			return event.Sentence{ID: fmt.Sprintf("menjawab, %d topik", len(topics)), EN: fmt.Sprintf("answers, %d topics", len(topics))}, err
		}},
		pingCheck("catalog", p.cat.Ping),
		pingCheck("lake", p.lake.Ping),
		ops.CheckFolder("lake_disk", w.path("lake"), least),
		ops.CheckFolder("state_disk", w.path("state"), least),
	}
	places := ops.Places{Log: p.log, Catalog: p.cat, Lake: p.lake, Logger: w.log, Folders: folders}
	if w.cfg.Log.Kind == "embedded" {
		folders["log"] = w.path("log")
		places.LogFile = w.path("log", "log.db")
		checks = append(checks, ops.CheckFolder("log_disk", w.path("log"), least))
	}
	w.observer = &observer{ops.NewMetrics(version), ops.NewHealth(ops.HealthOptions{Checks: checks, StuckAfter: w.cfg.Ops.StuckAfter})}
	places.Health = w.observer.health
	w.observer.metrics.Collect(places)
	return nil
}

func pingCheck(name string, ping func(context.Context) error) ops.Check {
	return ops.Check{Name: name, Run: func(ctx context.Context) (event.Sentence, error) {
		return event.Sentence{ID: "dapat dibaca dan ditulis", EN: "can be read and written"}, ping(ctx)
	}}
}

// worker makes a worker tell what it does.
func (x *observer) worker(o *pipeline.Options) {
	if x == nil {
		return
	}
	landed, decided := o.OnLanded, o.OnDecided
	o.OnLanded = func(l pipeline.Landed) {
		x.metrics.Landed(l)
		landed(l)
	}
	o.OnDecided = func(d pipeline.Delivery, c event.DeliveryChecked, decision event.Body) {
		x.metrics.Decided(d, c, decision)
		decided(d, c, decision)
	}
	o.Watch = pipeline.Watch{
		Folded: x.metrics.Folded,
		Step:   x.step,
		Held:   x.health.Held,
	}
}

// step notes that a loop begins a step.
func (x *observer) step(loop, step, about string, since time.Time) {
	if x != nil {
		x.health.Step(loop, step, about, since)
		x.metrics.Step(loop, since)
	}
}

// watching notes that the watcher of sources begins a step.
func (x *observer) watching(step, about string) { x.step("watch", step, about, time.Now()) }

// source makes the reading of a source tell how it goes.
func (x *observer) source(name string, progress source.Progress) source.Progress {
	if x == nil {
		return progress
	}
	return x.metrics.Source(name, progress, func() { x.watching("read", name) })
}

// unread notes that a source could not be read, or with a nil error that it could. That its documents
// are not approved is for the walidata to mend, and no fault of this process.
func (x *observer) unread(ctx context.Context, held map[string]error, name string, err error) {
	if x == nil || ctx.Err() != nil {
		return
	}
	if err != nil {
		x.metrics.SourceError(name)
	}
	if errors.Is(err, catalog.ErrInvalid) || errors.Is(err, catalog.ErrConflict) {
		err = nil
	}
	held[name] = err
	x.health.Held(ops.Sources, held)
}

// inodesLow is below how many free inodes a disk is nearly full of files.
const inodesLow = 10_000

// folderExists says whether path is a folder.
func folderExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
