package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/transform/pipeline"
)

// TestCancelledLanding: a landing that is cancelled at random moments, over and over, loses nothing.
func TestCancelledLanding(t *testing.T) {
	const rows = 4000
	path := filepath.Join(t.TempDir(), "izin.ndjson")
	writePermits(t, path, "ndjson", rows)
	for range 10 {
		r := openRoad(t, t.TempDir())
		r.ingest(t, path, "ndjson")
		for range 8 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Duration(rand.IntN(25_000))*time.Microsecond, cancel)
			if err := r.worker(0).Drain(ctx); err == nil && r.proof(t).InFlight > 0 {
				t.Fatal("a drain that was cancelled half-way says that it is done")
			}
			cancel()
		}
		if err := r.worker(0).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.proof(t); got.Accepted != rows {
			t.Fatalf("%d of %d rows landed", got.Accepted, rows)
		}
	}
}

// TestPartitionComesBack: a worker whose partition went to another one and came back does not judge by
// what it knew before.
func TestPartitionComesBack(t *testing.T) {
	r := prepare(t, 100)
	first, second := r.worker(0), r.worker(0)
	if err := first.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lagi.ndjson")
	writePermits(t, path, "ndjson", 200)
	r.ingest(t, path, "ndjson")
	if err := second.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 300 || got.Rejected != 0 {
		t.Errorf("accepted %d and rejected %d, want 300 and 0", got.Accepted, got.Rejected)
	}
}

// TestMisroutedChunk: a chunk of another dataset is rejected, and its topic goes on.
func TestMisroutedChunk(t *testing.T) {
	r := prepare(t, 10)
	stray := chunk(1, permit(900), 1)
	stray.Dataset = "perizinan.lain"
	r.append(t, stray.Message(), chunk(2, permit(901), 1).Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 11 || got.Rejected != 1 {
		t.Errorf("accepted %d and rejected %d, want 11 and 1", got.Accepted, got.Rejected)
	}
}

// TestContractThatTablesCannotFollow: chunks of a version that changes a column's type are rejected
// and counted, and those of the version before still land.
func TestContractThatTablesCannotFollow(t *testing.T) {
	r := prepare(t, 10)
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	contract := strings.Replace(permitContract, "version: 1.0.0", "version: 1.9.0", 1)
	contract = strings.Replace(contract, "{name: pemohon_id, logicalType: integer", "{name: pemohon_id, logicalType: string", 1)
	binding := strings.NewReplacer("version: 1.0.0", "version: 1.9.0", "contract: 1.0.0", "contract: 1.9.0").Replace(fmt.Sprintf(permitBinding, "ndjson"))
	if err := r.cat.Record(t.Context(), event.ContractRegistered{Dataset: topic, Version: "1.9.0", Document: contract},
		event.BindingRegistered{Binding: "dpmptsp.izin", Version: "1.9.0", Dataset: topic, Document: binding}); err != nil {
		t.Fatal(err)
	}
	odd := chunk(1, permit(900), 1)
	odd.Contract, odd.Binding = "1.9.0", "dpmptsp.izin@1.9.0"
	r.append(t, odd.Message(), chunk(2, permit(901), 1).Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 11 || got.Rejected != 1 {
		t.Errorf("accepted %d and rejected %d, want 11 and 1", got.Accepted, got.Rejected)
	}
}

// TestForeignMessagesFirst: a topic that begins with more foreign messages than a batch holds lands
// once the first chunk is there.
func TestForeignMessagesFirst(t *testing.T) {
	r := openRoad(t, t.TempDir())
	for range 20 {
		r.append(t, event.Message{Key: "x", Value: []byte(strings.Repeat("sampah ", 200))})
	}
	path := filepath.Join(t.TempDir(), "izin.ndjson")
	writePermits(t, path, "ndjson", 10)
	r.ingest(t, path, "ndjson")
	if err := r.worker(10_000).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 10 || got.Rejected != 20 {
		t.Errorf("accepted %d and rejected %d, want 10 and 20", got.Accepted, got.Rejected)
	}
}

// TestForeignMessagesOnly: foreign messages land by themselves once there is a contract, for the chunks
// may be in the partitions of another worker. A dataset without one cannot have tables.
func TestForeignMessagesOnly(t *testing.T) {
	r := openRoad(t, t.TempDir())
	r.append(t, event.Message{Key: "x", Value: []byte("sampah")})
	if err := r.worker(0).Drain(t.Context()); err == nil || !strings.Contains(err.Error(), "no contract is registered") {
		t.Errorf("Drain without a contract = %v", err)
	}
	r.registerVersions(t)
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := chunk(1, permit(900), 1)
	c.Contract, c.Binding = "1.1.0", "dpmptsp.izin@1.1.0"
	r.append(t, c.Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 1 || got.Rejected != 1 {
		t.Errorf("accepted %d and rejected %d, want 1 and 1", got.Accepted, got.Rejected)
	}
}

// countingLog counts how often it is asked for changes and for ranges.
type countingLog struct {
	*embedded.Log
	changes, ranges atomic.Int64
}

func (l *countingLog) Changes(ctx context.Context) (int64, error) {
	l.changes.Add(1)
	return l.Log.Changes(ctx)
}

func (l *countingLog) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	l.ranges.Add(1)
	return l.Log.Ranges(ctx, topic)
}

// countingFacts counts how often they are asked which deliveries have arrived.
type countingFacts struct {
	pipeline.Governance
	arrived atomic.Int64
}

func (f *countingFacts) Arrived(ctx context.Context) ([]pipeline.Delivery, error) {
	f.arrived.Add(1)
	return f.Governance.Arrived(ctx)
}

// TestIdle: a worker that finds nothing new looks neither at the topics nor at the facts, until something comes.
func TestIdle(t *testing.T) {
	r := prepare(t, 10)
	facts := &countingFacts{Governance: r.cat}
	log, landed := &countingLog{Log: r.log}, make(chan pipeline.Landed, 10)
	decided := make(chan struct{}, 10)
	w := pipeline.New(pipeline.Options{Log: log, Lake: r.lake, Governance: facts, Reference: r.ref, PollEvery: time.Millisecond,
		OnLanded:  func(l pipeline.Landed) { landed <- l },
		OnDecided: func(pipeline.Delivery, event.DeliveryChecked, event.Body) { decided <- struct{}{} }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	<-landed
	<-decided // its facts are the last changes
	polls := func(n int64) {
		for until := log.changes.Load() + n; log.changes.Load() < until; {
			time.Sleep(time.Millisecond)
		}
	}
	polls(5)
	asked, looked := log.ranges.Load(), facts.arrived.Load()
	polls(50)
	if n := log.ranges.Load() - asked; n > 0 {
		t.Errorf("an idle worker asked for ranges %d times", n)
	}
	if n := facts.arrived.Load() - looked; n > 2 { // one after the last changes, and one to be safe
		t.Errorf("an idle worker asked for deliveries %d times", n)
	}
	r.append(t, chunk(1, permit(900), 1).Message())
	if l := <-landed; l.Accepted != 1 {
		t.Errorf("landed %+v", l)
	}
	path := filepath.Join(t.TempDir(), "lagi.ndjson")
	writePermits(t, path, "ndjson", 20)
	r.ingest(t, path, "ndjson")
	<-landed
	<-decided
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestFirstTopicOfIdleWorker: the first records of a dataset make its topic, which an idle worker sees at once.
func TestFirstTopicOfIdleWorker(t *testing.T) {
	r := prepare(t, 0)
	log, landed := &countingLog{Log: r.log}, make(chan pipeline.Landed, 1)
	w := pipeline.New(pipeline.Options{Log: log, Lake: r.lake, Governance: r.cat, Reference: r.ref, PollEvery: time.Millisecond,
		OnLanded: func(l pipeline.Landed) { landed <- l }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	for log.changes.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	r.append(t, chunk(1, permit(900), 1).Message())
	if l := <-landed; l.Accepted != 1 {
		t.Errorf("landed %+v", l)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestForeignPartitionFirst: a partition that holds nothing but foreign messages does not hold up the others.
func TestForeignPartitionFirst(t *testing.T) {
	events, err := embedded.Open(filepath.Join(t.TempDir(), "log"), embedded.Options{Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	r := openRoad(t, t.TempDir())
	r.log = events
	if r.cat, err = catalog.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"), catalog.Options{Log: events}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.cat.Close(); events.Close() })
	if err := r.cat.Register(t.Context(), event.ContractRegistered{Dataset: topic, Version: "1.0.0", Document: permitContract},
		event.BindingRegistered{Binding: "dpmptsp.izin", Version: "1.0.0", Dataset: topic, Document: fmt.Sprintf(permitBinding, "ndjson")}); err != nil {
		t.Fatal(err)
	}
	named := func(name string, partition int) string {
		for n := 0; ; n++ {
			if key := fmt.Sprintf("%s#%d", name, n); eventlog.PartitionOf(key, 2) == partition {
				return key
			}
		}
	}
	c := chunk(1, permit(900), 1)
	c.Stream = named("/opd/dpmptsp/lain", 1)
	r.append(t, event.Message{Key: named("asing", 0), Value: []byte("sampah")}, c.Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 1 || got.Rejected != 1 {
		t.Errorf("accepted %d and rejected %d, want 1 and 1", got.Accepted, got.Rejected)
	}
}

// TestForeignMessageAmongFacts does not keep the catalog from opening.
func TestForeignMessageAmongFacts(t *testing.T) {
	r := prepare(t, 1)
	if _, err := r.log.Append(t.Context(), eventlog.CatalogTopic, event.Message{Key: "x", Value: []byte("bukan fakta")}); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"), catalog.Options{Log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if found, err := c.Deliveries(t.Context(), ""); err != nil || len(found) != 1 {
		t.Errorf("%d deliveries, %v, want 1", len(found), err)
	}
}
