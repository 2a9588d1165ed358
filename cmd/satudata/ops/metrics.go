package ops

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// Metrics counts what this process does. Its methods may be called concurrently.
type Metrics struct {
	registry *prometheus.Registry

	rows     *prometheus.CounterVec // dataset, verdict
	bytes    *prometheus.CounterVec // dataset
	stage    *prometheus.CounterVec // dataset, stage
	commit   *prometheus.HistogramVec
	fold     *prometheus.HistogramVec
	folded   *prometheus.CounterVec // dataset
	rejects  *prometheus.CounterVec // dataset, rule
	decided  *prometheus.CounterVec // dataset, decision
	read     *prometheus.CounterVec // source
	readSize *prometheus.CounterVec // source
	taken    *prometheus.CounterVec // source, status
	trouble  *prometheus.CounterVec // source
	step     *prometheus.GaugeVec   // loop
}

// NewMetrics returns metrics of a registry of their own, with those of the process and of Go.
func NewMetrics(version string) *Metrics {
	r := prometheus.NewRegistry()
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, []string{"dataset"})
		r.MustRegister(h)
		return h
	}
	m := &Metrics{
		registry: r,
		rows:     counter("rows_total", "Observations landed, by verdict: accepted, rejected, or set aside (printed totals).", "dataset", "verdict"),
		bytes:    counter("landed_bytes_total", "Payload of the log that was landed.", "dataset"),
		stage:    counter("stage_seconds_total", "Time spent landing, by stage. Stages overlap; decode is work over all threads, the others are elapsed.", "dataset", "stage"),
		commit:   histogram("commit_duration_seconds", "How long it took to make a batch durable and commit it.", prometheus.ExponentialBuckets(0.002, 2, 14)),
		fold:     histogram("fold_duration_seconds", "How long it took to fold a dataset.", prometheus.ExponentialBuckets(0.01, 3, 11)),
		folded:   counter("folded_rows_total", "Rows written to current tables by folds.", "dataset"),
		rejects:  counter("reject_reasons_total", "Reasons for which observations were rejected, by rule, counted when their delivery is checked. An observation may have several.", "dataset", "rule"),
		decided:  counter("deliveries_decided_total", "Deliveries that were decided here.", "dataset", "decision"),
		read:     counter("source_records_total", "Records read from sources and durable in the log.", "source"),
		readSize: counter("source_read_bytes_total", "Bytes of sources that were read and are durable in the log.", "source"),
		taken:    counter("source_deliveries_total", "Deliveries that sources handed over, by what became of them.", "source", "status"),
		trouble:  counter("source_errors_total", "Times that a source could not be read.", "source"),
	}
	m.step = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "loop_step_timestamp_seconds",
		Help: "When a loop of this process began its present step."}, []string{"loop"})
	build := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "1, with the version of the program.",
		ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	r.MustRegister(m.step, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const namespace = "satudata"

// Landed counts a batch.
func (m *Metrics) Landed(l pipeline.Landed) {
	m.rows.WithLabelValues(l.Dataset, "accepted").Add(float64(l.Accepted))
	m.rows.WithLabelValues(l.Dataset, "rejected").Add(float64(l.Rejected))
	m.rows.WithLabelValues(l.Dataset, "set_aside").Add(float64(l.SetAside))
	m.bytes.WithLabelValues(l.Dataset).Add(float64(l.Bytes))
	for stage, took := range map[string]time.Duration{"read": l.Read, "decode": l.Decode, "check": l.Check, "write": l.Write, "commit": l.Commit} {
		m.stage.WithLabelValues(l.Dataset, stage).Add(took.Seconds())
	}
	m.commit.WithLabelValues(l.Dataset).Observe(l.Commit.Seconds())
}

// Decided counts a delivery that was checked and decided.
func (m *Metrics) Decided(d pipeline.Delivery, c event.DeliveryChecked, decision event.Body) {
	word := "published"
	if _, returned := decision.(event.DeliveryReturned); returned {
		word = "returned"
	}
	m.decided.WithLabelValues(d.Dataset, word).Inc()
	for _, r := range c.Reasons {
		m.rejects.WithLabelValues(d.Dataset, r.Rule).Add(float64(r.Count))
	}
}

// Folded counts a fold.
func (m *Metrics) Folded(dataset string, did lake.FoldResult, took time.Duration) {
	m.fold.WithLabelValues(dataset).Observe(took.Seconds())
	m.folded.WithLabelValues(dataset).Add(float64(did.Rows))
}

// Step notes since when a loop has been at its present step.
func (m *Metrics) Step(loop string, since time.Time) {
	m.step.WithLabelValues(loop).Set(float64(since.UnixMilli()) / 1e3)
}

// SourceError counts that a source could not be read.
func (m *Metrics) SourceError(name string) { m.trouble.WithLabelValues(name).Inc() }

// Source counts what is read from a source, and tells next of it too; beat is called as it goes on.
func (m *Metrics) Source(name string, next source.Progress, beat func()) source.Progress {
	return counted{m: m, name: name, next: next, beat: beat}
}

type counted struct {
	m    *Metrics
	name string
	next source.Progress
	beat func()
}

func (c counted) Begin(info source.Info, records, bytes int64) {
	c.beat()
	c.next.Begin(info, records, bytes)
}

func (c counted) Advance(records, bytes int64) {
	c.beat()
	c.m.read.WithLabelValues(c.name).Add(float64(records))
	c.m.readSize.WithLabelValues(c.name).Add(float64(bytes))
	c.next.Advance(records, bytes)
}

func (c counted) End(o source.Outcome) {
	c.beat()
	if o.Status != source.Unchanged { // a watched file is offered again and again
		c.m.taken.WithLabelValues(c.name, string(o.Status)).Inc()
	}
	c.next.End(o)
}

func partitionLabel(p int) string { return strconv.Itoa(p) }
