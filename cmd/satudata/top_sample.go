package main

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"satudata/catalog"
	"satudata/cmd/satudata/ops"
	"satudata/ingest/event"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// moment is where a workspace stands at one moment.
type moment struct {
	at       time.Time
	datasets []standing // by name
	free     uint64     // bytes of the disk of the lake
	logSize  int64      // of the embedded log; 0 for none
	ready    *ops.Report
	asked    bool // the operations listener was asked; without ready it did not answer
	empty    string
}

// standing is where a dataset stands.
type standing struct {
	name                         string
	history, rejected, current   int64 // rows; rejected has those that were set aside as well
	aside                        int64 // rows of checked deliveries
	unfolded                     int64
	files                        int64
	lag                          int64         // chunks
	age                          time.Duration // of the oldest delivery that has not landed
	published, waiting, returned int64         // deliveries
	unread                       bool          // its tables cannot be read
}

// look sees a workspace without its log, which another process may hold.
func (w *workspace) look(ctx context.Context) (s moment, err error) {
	s.at = time.Now()
	w.lookAround(ctx, &s)
	if _, err := os.Stat(w.path("state", "catalog.db")); err != nil {
		s.empty = "Belum ada apa-apa; jalankan satudata ingest atau up (nothing here yet)"
		return s, nil
	}
	err = w.withStanding(ctx, func(p parts) error { return s.read(ctx, p) })
	if errors.Is(err, catalog.ErrOutdated) {
		s.empty, err = "Katalog dibuat versi lain; jalankan satudata land (the catalog is another version's)", nil
	}
	return s, err
}

// withStanding opens what can be read while others work: with Kafka also the log, whose facts may
// have been written on another machine.
func (w *workspace) withStanding(ctx context.Context, f func(parts) error) error {
	if w.cfg.Log.Kind == "kafka" {
		return w.withParts(ctx, f)
	}
	return w.withTables(ctx, nil, f)
}

func (w *workspace) lookAround(ctx context.Context, s *moment) {
	dir := w.path("lake")
	if !folderExists(dir) {
		dir = w.dir
	}
	if d, err := ops.DiskOf(dir); err == nil {
		s.free = d.Free
	}
	if info, err := os.Stat(w.path("log", "log.db")); err == nil && w.cfg.Log.Kind == "embedded" {
		s.logSize = info.Size()
	}
	if w.cfg.Ops.Listen == "" {
		return
	}
	s.asked = true
	if _, port, err := net.SplitHostPort(w.cfg.Ops.Listen); err == nil && port != "0" {
		if r, err := askReady(ctx, w.cfg.Ops.Listen); err == nil {
			s.ready = &r
		}
	}
}

func (s *moment) read(ctx context.Context, p parts) error {
	datasets, err := p.cat.Datasets(ctx)
	if err != nil {
		return err
	}
	counts, err := p.cat.Standings(ctx)
	if err != nil {
		return err
	}
	published, err := p.cat.Published(ctx)
	if err != nil {
		return err
	}
	arrived, err := p.cat.Arrived(ctx)
	if err != nil {
		return err
	}
	for _, name := range datasets {
		d := standing{name: name}
		d.count(counts)
		gauges, at, err := p.lake.Gauges(ctx, name)
		switch {
		case err == nil || errors.Is(err, lake.ErrNotFound):
			d.tables(gauges, published[name])
			d.behind(arrived, at, s.at)
		case ctx.Err() != nil || errors.Is(err, lake.ErrUnreachable):
			return err
		default:
			d.unread = true // the others are to be seen nevertheless
		}
		s.datasets = append(s.datasets, d)
	}
	return nil
}

func (d *standing) count(counts []catalog.Standing) {
	for _, c := range counts {
		if c.Dataset != d.name {
			continue
		}
		d.aside += c.Aside
		switch c.Status {
		case catalog.Published:
			d.published += c.Count
		case catalog.Opened, catalog.Received, catalog.Checked:
			d.waiting += c.Count
		case catalog.Returned, catalog.Refused:
			d.returned += c.Count
		}
	}
}

func (d *standing) tables(gauges []lake.Gauge, published []int64) {
	for _, g := range gauges {
		d.files += g.Files
		switch g.Kind {
		case lake.History:
			d.history = g.Rows
		case lake.Rejected:
			d.rejected = g.Rows
		case lake.Current:
			d.current, d.unfolded = g.Rows, ops.Unfolded(g, published)
		}
	}
}

// behind counts the chunks that were received and have not landed.
func (d *standing) behind(arrived []pipeline.Delivery, at lake.Positions, now time.Time) {
	last := map[string]int64{}
	for _, a := range arrived {
		if landed := at.Streams[a.Stream]; a.Dataset == d.name && a.LastSeq > landed {
			last[a.Stream] = max(last[a.Stream], a.LastSeq)
			d.age = max(d.age, now.Sub(a.Opened))
		}
	}
	for stream, seq := range last {
		d.lag += seq - at.Streams[stream]
	}
}

// unready are the checks that a running process does not pass.
func (s moment) unready() (names []string, say []event.Sentence) {
	if s.ready != nil {
		for _, c := range s.ready.Checks {
			if !c.OK {
				names, say = append(names, c.Name), append(say, c.Say)
			}
		}
	}
	return names, say
}
