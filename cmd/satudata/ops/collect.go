package ops

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satudata/catalog"
	"satudata/ingest/eventlog"
	"satudata/transform/lake"
)

// Places are what a collector asks. Log may be nil: then there is no lag.
type Places struct {
	Log     eventlog.Log
	Catalog *catalog.Catalog
	Lake    *lake.Lake
	Health  *Health           // nil: nothing is held up
	Logger  *slog.Logger      // of what could not be asked; nil discards
	Folders map[string]string // by name, those whose disks are watched
	LogFile string            // of the embedded log; "" for none
	Keep    time.Duration     // how long an answer is good for; default 5 s
	Now     func() time.Time  // nil is time.Now
}

// Collect adds what the places tell to m.
func (m *Metrics) Collect(p Places) { m.registry.MustRegister(newCollector(p)) }

// collector asks the places when somebody looks.
type collector struct {
	p Places

	mu     sync.Mutex // held while asking; guards what follows
	kept   []prometheus.Metric
	at     time.Time
	oldest map[place]oldest
}

type place struct {
	topic     string
	partition int
}

// oldest is the first record of a partition that has not landed.
type oldest struct {
	offset int64
	time   time.Time
}

// askFor is how long the places are asked at most.
const askFor = 8 * time.Second

func newCollector(p Places) *collector {
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	if p.Keep == 0 {
		p.Keep = 5 * time.Second
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	return &collector{p: p, oldest: map[place]oldest{}}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	lagRecords  = describe("lag_records", "Messages of the log that have not landed.", "dataset", "partition")
	lagSeconds  = describe("lag_seconds", "Age of the oldest message that has not landed; 0 when there is none.", "dataset", "partition")
	logEnd      = describe("log_end_offset", "Next offset of a partition of the log.", "topic", "partition")
	logSize     = describe("log_size_bytes", "Size of the embedded log's file.")
	tableRows   = describe("table_rows", "Rows of a table.", "dataset", "table")
	tableBytes  = describe("table_size_bytes", "Size of the data files of a table.", "dataset", "table")
	tableFiles  = describe("table_files", "Data files of a table.", "dataset", "table")
	snapshots   = describe("table_snapshots", "Snapshots of a table that can be asked for.", "dataset", "table")
	unfolded    = describe("unfolded_rows", "Rows that were published and not yet folded into the current table.", "dataset")
	foldDebt    = describe("fold_debt_ratio", "Rows not yet folded, as a share of the rows of the current table.", "dataset")
	deliveries  = describe("deliveries", "Deliveries, by where they stand.", "dataset", "status")
	heldUp      = describe("held_up", "1 for what cannot go on: a dataset that cannot be landed, a source that cannot be read.", "part")
	diskFree    = describe("disk_free_bytes", "Room on the disk of a folder of the workspace.", "folder")
	diskSize    = describe("disk_size_bytes", "Size of the disk of a folder of the workspace.", "folder")
	askFailed   = describe("collect_errors", "Places that could not be asked for their standing in the last look.")
	descriptors = []*prometheus.Desc{lagRecords, lagSeconds, logEnd, logSize, tableRows, tableBytes, tableFiles, snapshots,
		unfolded, foldDebt, deliveries, heldUp, diskFree, diskSize, askFailed}
)

// english are the words of statuses in metrics, which stay the same whatever people read.
var english = map[catalog.Status]string{
	catalog.Opened: "opened", catalog.Received: "received", catalog.Checked: "checked", catalog.Published: "published",
	catalog.Returned: "returned", catalog.Refused: "refused", catalog.Abandoned: "abandoned",
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range descriptors {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.p.Now(); c.at.IsZero() || now.Sub(c.at) >= c.p.Keep || now.Before(c.at) {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		a := &asking{collector: c, now: now}
		a.all(ctx)
		cancel()
		c.kept, c.at = a.found, now
	}
	for _, m := range c.kept {
		out <- m
	}
}

// asking is one look at the places.
type asking struct {
	*collector
	now    time.Time
	found  []prometheus.Metric
	failed int
}

func (a *asking) gauge(d *prometheus.Desc, v float64, labels ...string) {
	a.found = append(a.found, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
}

// check notes that a place could not be asked, and says whether it could.
func (a *asking) check(what string, err error) bool {
	if err == nil {
		return true
	}
	a.failed++
	a.p.Logger.Warn("standing could not be asked for metrics", "of", what, "error", err)
	return false
}

func (a *asking) all(ctx context.Context) {
	a.disks()
	if a.p.Health != nil {
		for part := range a.p.Health.HeldUp() {
			a.gauge(heldUp, 1, part)
		}
	}
	standings, err := a.p.Catalog.Standings(ctx)
	if a.check("deliveries", err) {
		for _, s := range standings {
			a.gauge(deliveries, float64(s.Count), s.Dataset, english[s.Status])
		}
	}
	published, err := a.p.Catalog.Published(ctx)
	a.check("publications", err)
	datasets, err := a.p.Lake.Datasets(ctx)
	listed := a.check("tables", err)
	landed := map[string]lake.Positions{}
	unknown := map[string]bool{} // how far these have landed
	for _, d := range datasets {
		gauges, at, err := a.p.Lake.Gauges(ctx, d)
		if errors.Is(err, lake.ErrNotFound) { // its tables are being made
			continue
		}
		if unknown[d] = !a.check(d, err); !unknown[d] {
			landed[d] = at
			a.tables(d, gauges, published[d])
		}
	}
	if a.p.Log != nil {
		a.log(ctx, func(dataset string) (lake.Positions, bool) { return landed[dataset], listed && !unknown[dataset] })
	}
	a.gauge(askFailed, float64(a.failed))
}

func (a *asking) disks() {
	for name, dir := range a.p.Folders {
		if d, err := DiskOf(dir); a.check(name, err) {
			a.gauge(diskFree, float64(d.Free), name)
			a.gauge(diskSize, float64(d.Total), name)
		}
	}
	if a.p.LogFile != "" {
		if info, err := os.Stat(a.p.LogFile); a.check("log file", err) {
			a.gauge(logSize, float64(info.Size()))
		}
	}
}

func (a *asking) tables(dataset string, gauges []lake.Gauge, published []int64) {
	for _, g := range gauges {
		a.gauge(tableRows, float64(g.Rows), dataset, g.Kind.String())
		a.gauge(tableBytes, float64(g.Bytes), dataset, g.Kind.String())
		a.gauge(tableFiles, float64(g.Files), dataset, g.Kind.String())
		a.gauge(snapshots, float64(g.Snapshots), dataset, g.Kind.String())
		if g.Kind == lake.Current {
			rest := Unfolded(g, published)
			a.gauge(unfolded, float64(rest), dataset)
			a.gauge(foldDebt, float64(rest)/float64(max(g.Rows, 1)), dataset)
		}
	}
}

// Unfolded is how many rows were published behind those that a current table holds.
func Unfolded(current lake.Gauge, published []int64) (rows int64) {
	for _, n := range published[min(current.Folded, len(published)):] {
		rows += n
	}
	return rows
}

// log asks how far each partition has landed. There is no lag where that is not known.
func (a *asking) log(ctx context.Context, landed func(dataset string) (at lake.Positions, known bool)) {
	topics, err := a.p.Log.Topics(ctx)
	if !a.check("log", err) {
		return
	}
	for _, t := range topics {
		ranges, err := a.p.Log.Ranges(ctx, t)
		if !a.check("topic "+t, err) {
			continue
		}
		positions, known := landed(t)
		for _, r := range ranges {
			a.gauge(logEnd, float64(r.Next), t, partitionLabel(r.Partition))
			if t == eventlog.CatalogTopic || !known {
				continue
			}
			at := max(positions.Offsets[r.Partition], r.First)
			age, err := a.age(ctx, t, r, at)
			if a.check("topic "+t, err) {
				a.gauge(lagRecords, float64(max(r.Next-at, 0)), t, partitionLabel(r.Partition))
				a.gauge(lagSeconds, age.Seconds(), t, partitionLabel(r.Partition))
			}
		}
	}
}

// age is how long the record at an offset has been waiting. A record that is still the oldest is not
// read again.
func (a *asking) age(ctx context.Context, topic string, r eventlog.Range, at int64) (time.Duration, error) {
	where := place{topic, r.Partition}
	if at >= r.Next {
		delete(a.oldest, where)
		return 0, nil
	}
	known, ok := a.oldest[where]
	if !ok || known.offset != at {
		records, err := a.p.Log.Read(ctx, topic, r.Partition, at, 1)
		if err != nil {
			return 0, err
		}
		if len(records) == 0 {
			return 0, nil
		}
		known = oldest{at, records[0].Time}
		a.oldest[where] = known
	}
	return max(a.now.Sub(known.time), 0), nil
}
