package faults

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // registers the database/sql driver
	"github.com/google/uuid"
	_ "modernc.org/sqlite" // registers the database/sql driver
	"pgregory.net/rapid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/source"
	"satudata/transform/lake"
)

// modelStreams is how many sources there are; their streams share the partitions.
const modelStreams = 3

var modelSteps atomic.Int64

// TestModel drives the road through random interleavings of deliveries, landings, folds, upkeep,
// crashes and changes of the contract, and compares what the tables hold with a model. A failure is
// shrunk to few steps; its file under testdata/rapid repeats it:
//
//	go test -run TestModel ./cmd/faults -rapid.failfile=…
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(strconv.Itoa(times(12, 1500))); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Value.Set(f.DefValue) }()
	}
	if _, err := modelReference(); err != nil {
		t.Fatal(err)
	}
	duck, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer duck.Close()
	duck.SetMaxOpenConns(1)
	if _, err := duck.Exec("SET TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt, duck)
		defer m.close()
		rt.Repeat(map[string]func(*rapid.T){
			"deliver": m.deliver, "deliver more": m.deliver, "offer again": m.offerAgain, "send again": m.sendAgain, "foreign message": m.foreign,
			"contract": m.contract, "land": m.land, "land with trouble": m.landInTrouble, "land all": m.landAll, "land all again": m.landAll,
			"fold": m.fold, "maintain": m.maintain, "maintain in trouble": m.maintainInTrouble, "crash": m.crash, "clock": m.setClock,
			"look": m.look, "look again": m.look, "remember": m.remember, "travel": m.travel,
			"": func(*rapid.T) { modelSteps.Add(1) },
		})
		m.finish(rt)
	})
	t.Logf("%d steps", modelSteps.Load())
}

// model is the machine: the world, and what must be true of it.
type model struct {
	*world
	duck     *sql.DB
	versions []modelVersion
	parcels  map[string]*parcel // by subject
	last     [modelStreams]*parcel
	skews    [modelStreams]time.Duration
	log      []*logged // the log in the order of its partitions
	read     map[int]int64
	seqs     map[string]int64              // of streams, as far as the log was read
	keys     map[uuid.UUID]map[string]bool // of deliveries
	parts    map[uuid.UUID]int             // chunks of deliveries
	moments  []moment
	expired  bool // snapshots were
	halfway  bool // a landing broke off, maybe between the tables
}

// moment is what was true at a time.
type moment struct {
	at                time.Time
	history, rejected map[int]int64
	published         []uuid.UUID
}

func newModel(t *rapid.T, duck *sql.DB) *model {
	m := &model{duck: duck, versions: []modelVersion{firstVersion(t)}, parcels: map[string]*parcel{},
		read: map[int]int64{}, seqs: map[string]int64{}, keys: map[uuid.UUID]map[string]bool{}, parts: map[uuid.UUID]int{}}
	var err error
	m.world, err = newWorld(rapid.Bool().Draw(t, "jumping"), func(subject string) bool { return m.parcels[subject].returned })
	m.must(t, err)
	m.must(t, m.open(drawBatches(t), rapid.IntRange(1, 2).Draw(t, "partitions")))
	m.must(t, m.cat.Record(m.ctx, m.versions[0].facts()...))
	return m
}

// drawBatches draws how much the two workers land at a time.
func drawBatches(t *rapid.T) [2]int {
	size := rapid.SampledFrom([]int{1, 2500, 5000, 1 << 20})
	return [2]int{size.Draw(t, "batch bytes"), size.Draw(t, "batch bytes of the other")}
}

func (m *model) must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func (m *model) close() {
	if m.world != nil {
		_ = m.world.close()
		_ = os.RemoveAll(m.dir)
	}
}

// deliver offers something new, and the log may fail on the way.
func (m *model) deliver(t *rapid.T) {
	newest := len(m.versions) - 1
	v := m.versions[max(0, newest-rapid.IntRange(0, 2).Draw(t, "versions behind"))]
	p := drawParcel(t, v)
	p.stream = rapid.IntRange(0, modelStreams-1).Draw(t, "stream")
	p.subject = fmt.Sprintf("%d.ndjson", len(m.parcels))
	m.parcels[p.subject] = p
	m.offer(t, p)
}

// offerAgain offers what a source offered last: a delivery that was cut short goes on.
func (m *model) offerAgain(t *rapid.T) {
	p := m.last[rapid.IntRange(0, modelStreams-1).Draw(t, "stream")]
	if p == nil {
		t.Skip("nothing was offered")
	}
	m.offer(t, p)
}

func (m *model) offer(t *rapid.T, p *parcel) {
	if rapid.IntRange(0, 3).Draw(t, "cut") == 3 {
		m.world.log.topic = rapid.SampledFrom([]string{dataset, eventlog.CatalogTopic}).Draw(t, "topic")
		m.world.log.after, m.world.log.keep = rapid.IntRange(0, 1).Draw(t, "after"), rapid.IntRange(0, 4).Draw(t, "keep")
	}
	v := m.versions[p.version]
	m.skew = m.skews[p.stream]
	out, err := source.Run(m.ctx, &oneParcel{p: p, v: v}, source.Options{Log: m.world.log, Ledger: m.cat, Dataset: dataset, Contract: v.version(),
		Binding: "dpmptsp." + modelSource(p.stream) + "@" + v.version(), Source: "/opd/dpmptsp/" + modelSource(p.stream), Now: m.now})
	m.last[p.stream] = p
	m.world.log.topic = ""
	switch {
	case err != nil && !errors.Is(err, errInjected):
		t.Fatalf("deliver: %v", err)
	case err == nil && p.taken && out[0].Status != source.Unchanged:
		t.Fatalf("%s was taken before, and is %s now", p.subject, out[0].Status)
	case err == nil:
		p.taken = true
	}
	m.readLog(t)
}

// readLog takes in what the log holds beyond what was read, and makes sure that it is what was offered.
func (m *model) readLog(t *rapid.T) {
	ranges, err := m.world.log.Ranges(m.ctx, dataset)
	if errors.Is(err, eventlog.ErrNoTopic) {
		return
	}
	m.must(t, err)
	for _, r := range ranges {
		for m.read[r.Partition] < r.Next {
			records, err := m.world.log.Read(m.ctx, dataset, r.Partition, m.read[r.Partition], 1<<20)
			m.must(t, err)
			for _, rec := range records {
				m.take(t, r.Partition, rec)
			}
		}
	}
}

func (m *model) take(t *rapid.T, partition int, rec eventlog.Record) {
	m.read[partition] = rec.Offset + 1
	l := &logged{partition: partition, offset: rec.Offset}
	m.log = append(m.log, l)
	c, err := event.ParseChunk(rec.Message)
	if err != nil {
		l.raw = string(rec.Message.Value)
		return
	}
	l.chunk, l.parcel = c, m.parcels[c.Subject]
	if l.copied = c.Seq <= m.seqs[c.Stream]; l.copied {
		return
	}
	if c.Seq != m.seqs[c.Stream]+1 {
		t.Fatalf("chunk %d of %s comes after chunk %d", c.Seq, c.Stream, m.seqs[c.Stream])
	}
	m.seqs[c.Stream] = c.Seq
	n := m.parts[c.Delivery]
	if n >= len(l.parcel.portions) {
		t.Fatalf("delivery %s of %s has more chunks than were offered", c.Delivery, c.Subject)
	}
	m.parts[c.Delivery]++
	l.part = l.parcel.portions[n]
	v := m.versions[l.parcel.version]
	if string(c.Data) != l.part.data(v) || c.Op != l.part.op {
		t.Fatalf("chunk %d of %s holds %q, and %q was offered", n, c.Subject, c.Data, l.part.data(v))
	}
	if m.keys[c.Delivery] == nil {
		m.keys[c.Delivery] = map[string]bool{}
	}
	l.judge(v, m.keys[c.Delivery])
}

// sendAgain appends a chunk once more, as Kafka may.
func (m *model) sendAgain(t *rapid.T) {
	var chunks []*logged
	for _, l := range m.log {
		if l.parcel != nil {
			chunks = append(chunks, l)
		}
	}
	if len(chunks) == 0 {
		t.Skip("the log is empty")
	}
	l := chunks[rapid.IntRange(0, len(chunks)-1).Draw(t, "chunk")]
	_, err := m.world.log.Append(m.ctx, dataset, l.chunk.Message())
	m.must(t, err)
	m.readLog(t)
}

// foreign appends what is no chunk.
func (m *model) foreign(t *rapid.T) {
	_, err := m.world.log.Append(m.ctx, dataset, event.Message{Key: "asing", Value: []byte("bukan potongan")})
	m.must(t, err)
	m.readLog(t)
}

// contract puts the next version in force.
func (m *model) contract(t *rapid.T) {
	if len(m.versions) == 6 {
		t.Skip("there are versions enough")
	}
	v := m.versions[len(m.versions)-1].next(t)
	m.versions = append(m.versions, v)
	m.must(t, m.cat.Record(m.ctx, v.facts()...))
}

// setClock sets the clock of a source.
func (m *model) setClock(t *rapid.T) {
	m.skews[rapid.IntRange(0, modelStreams-1).Draw(t, "stream")] = time.Duration(rapid.IntRange(-2, 2).Draw(t, "seconds")) * time.Second
}

// land lands some of the log, and settles or not.
func (m *model) land(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "worker")
	m.aim(t, i)
	m.must(t, m.workers[i].Drain(m.ctx))
}

// landAll lands what there is, settles and folds.
func (m *model) landAll(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "worker")
	m.views[i].ends, m.views[i].settle = nil, true
	m.must(t, m.workers[i].Drain(m.ctx))
	m.halfway = false
}

// aim draws how much of the log a worker sees.
func (m *model) aim(t *rapid.T, i int) {
	v := m.views[i]
	v.ends, v.settle = map[int]int64{}, rapid.Bool().Draw(t, "settle")
	for _, p := range slices.Sorted(maps.Keys(m.read)) {
		if next := m.read[p]; next > 0 {
			v.ends[p] = rapid.Int64Range(0, next).Draw(t, fmt.Sprint("end of ", p))
		}
	}
}

// landInTrouble lands while commits fail, calls fail, the worker is stopped, or the other one is faster.
func (m *model) landInTrouble(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "worker")
	m.aim(t, i)
	ctx, stop := context.WithCancel(m.ctx)
	defer stop()
	trouble := rapid.SampledFrom([]string{"commit", "call", "stop", "other"}).Draw(t, "trouble")
	v, other := m.views[i], m.views[1-i]
	v.calls = rapid.IntRange(1, 12).Draw(t, "calls")
	var met error
	switch trouble {
	case "commit":
		m.drawCommitFault(t)
	case "call":
		v.incident = func() error { return errInjected }
	case "stop":
		v.incident = func() error { stop(); return nil }
	case "other":
		other.ends, other.settle = nil, true
		p := lake.Policy{KeepSnapshots: 1, KeepCurrent: 1, MinFiles: 2, Force: true, Grace: time.Minute, Sort: rapid.Bool().Draw(t, "sort")}
		force := rapid.Bool().Draw(t, "force")
		v.incident = func() error {
			met = errors.Join(m.workers[1-i].Drain(m.ctx), m.tend(1-i, force, p))
			return nil
		}
	}
	err := m.workers[i].Drain(ctx)
	v.incident = nil
	m.halfway = m.halfway || err != nil
	m.must(t, m.mend())
	m.must(t, met)
	if trouble == "other" {
		m.must(t, err)
		m.expired = true
	}
}

// tend folds and maintains by lake number i.
func (m *model) tend(i int, force bool, p lake.Policy) error {
	published, err := m.cat.Publications(m.ctx, dataset)
	if err != nil {
		return err
	}
	if _, err := m.lakes[i].Fold(m.ctx, dataset, published, force); errors.Is(err, lake.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	_, err = m.lakes[i].Maintain(m.ctx, dataset, p)
	return err
}

func (m *model) drawCommitFault(t *rapid.T) {
	pattern := rapid.SampledFrom([]string{"*", "izin", "*_riwayat", "*_ditolak"}).Draw(t, "table")
	m.must(t, m.failCommits(pattern, rapid.IntRange(0, 3).Draw(t, "commits before")))
}

// fold folds what is published, or what was when somebody last looked. It does not while a landing that
// broke off has given one table the columns of a contract and not the other.
func (m *model) fold(t *rapid.T) {
	published, err := m.cat.Publications(m.ctx, dataset)
	m.must(t, err)
	known := len(published) - min(len(published), rapid.IntRange(0, 2).Draw(t, "not known yet"))
	_, err = m.lakes[rapid.IntRange(0, 1).Draw(t, "lake")].Fold(m.ctx, dataset, published[:known], rapid.Bool().Draw(t, "force"))
	if !errors.Is(err, lake.ErrNotFound) && !(m.halfway && errors.Is(err, lake.ErrMoved)) {
		m.must(t, err)
	}
}

// drawPolicy draws upkeep while nobody else works: nothing needs grace.
func drawPolicy(t *rapid.T) lake.Policy {
	return lake.Policy{
		KeepSnapshots: rapid.IntRange(1, 4).Draw(t, "keep"), KeepCurrent: rapid.IntRange(1, 3).Draw(t, "keep current"),
		MinFiles: rapid.IntRange(2, 4).Draw(t, "files"), Force: rapid.Bool().Draw(t, "force"), Sort: rapid.Bool().Draw(t, "sort"),
		Grace: -1, Sweep: rapid.Bool().Draw(t, "sweep"), OrphanAge: 1,
	}
}

func (m *model) maintain(t *rapid.T) {
	done, err := m.lakes[rapid.IntRange(0, 1).Draw(t, "lake")].Maintain(m.ctx, dataset, drawPolicy(t))
	if !errors.Is(err, lake.ErrNotFound) {
		m.must(t, err)
	}
	m.expired = m.expired || done.Expired > 0
}

// maintainInTrouble maintains and folds while commits fail.
func (m *model) maintainInTrouble(t *rapid.T) {
	m.drawCommitFault(t)
	_ = m.tend(rapid.IntRange(0, 1).Draw(t, "lake"), true, drawPolicy(t))
	m.must(t, m.mend())
	m.expired = true
}

// crash forgets everything that is not on disk, and maybe what can be made again from the log.
func (m *model) crash(t *rapid.T) {
	m.must(t, m.world.close())
	if rapid.Bool().Draw(t, "lose the projection") {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(m.dir, "catalog.db"+end)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	m.must(t, m.open(drawBatches(t), 1))
}

// positions are what the tables hold of the log. The rejected table moves only when it gets rows.
func (m *model) positions(t *rapid.T, l *lake.Lake) (history, rejected map[int]int64) {
	h, err := l.Positions(m.ctx, dataset, lake.History)
	if errors.Is(err, lake.ErrNotFound) {
		return nil, nil
	}
	m.must(t, err)
	r, err := l.Positions(m.ctx, dataset, lake.Rejected)
	m.must(t, err)
	rejected = maps.Clone(h.Offsets)
	for p, at := range r.Offsets {
		rejected[p] = max(rejected[p], at)
	}
	return h.Offsets, rejected
}

// look compares what queries see with what must be.
func (m *model) look(t *rapid.T) {
	l := m.lakes[rapid.IntRange(0, 1).Draw(t, "lake")]
	published, err := m.cat.Publications(m.ctx, dataset)
	m.must(t, err)
	m.compare(t, l, published, lake.AsOf{}, m.moment(t, l, published))
}

// moment is what is true now.
func (m *model) moment(t *rapid.T, l *lake.Lake, published []lake.Publication) moment {
	history, rejected := m.positions(t, l)
	return moment{history: history, rejected: rejected, published: deliveriesOf(published)}
}

func deliveriesOf(published []lake.Publication) []uuid.UUID {
	ids := make([]uuid.UUID, len(published))
	for i, p := range published {
		ids[i] = p.Delivery
	}
	return ids
}

// compare compares the views of a lake with the model at a moment. It is false when there is nothing to see.
func (m *model) compare(t *rapid.T, l *lake.Lake, published []lake.Publication, asOf lake.AsOf, at moment) bool {
	t.Helper()
	views, err := l.Views(m.ctx, dataset, published, asOf)
	if errors.Is(err, lake.ErrNotFound) || errors.Is(err, lake.ErrNoSnapshot) && m.expired {
		return false
	}
	m.must(t, err)
	current, now := m.current(t, views[0].SQL)
	history, _ := m.rows(t, "SELECT * EXCLUDE (_baris_sumber, _opd, _dicatat) FROM ("+views[1].SQL+")", "_peristiwa", "_baris", "_pengiriman", "_hapus")
	rejected, _ := m.rows(t, "SELECT _peristiwa, _baris, status, mentah FROM ("+views[2].SQL+")", "_peristiwa", "_baris", "status", "mentah")
	differ(t, "history", m.histories(at.history), history)
	differ(t, "rejected records", m.refusals(at.rejected), rejected)
	differ(t, "current state", m.states(at.published, now), current)
	return true
}

// current returns the rows of the current state, and the newest contract version that has its columns.
func (m *model) current(t *rapid.T, query string) (map[string]int, int) {
	rows, names := m.rows(t, query)
	for n := len(m.versions) - 1; n >= 0; n-- {
		var want []string
		for _, c := range m.versions[n].columns {
			want = append(want, c.name)
		}
		if slices.Equal(want, names) {
			return rows, n
		}
	}
	t.Fatalf("the columns %v are of no contract version", names)
	return nil, 0
}

// rows returns what a query gives, each row as show writes it: the system columns that are named, and the
// others by the ids of their columns.
func (m *model) rows(t *rapid.T, query string, system ...string) (map[string]int, []string) {
	rs, err := m.duck.QueryContext(m.ctx, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ("+query+")")
	m.must(t, err)
	defer rs.Close()
	names, err := rs.Columns()
	m.must(t, err)
	out := map[string]int{}
	for rs.Next() {
		texts := make([]sql.NullString, len(names))
		to := make([]any, len(names))
		for i := range texts {
			to[i] = &texts[i]
		}
		m.must(t, rs.Scan(to...))
		values, marks := map[string]string{}, make([]string, len(system))
		for i, name := range names {
			if at := slices.Index(system, name); at >= 0 {
				marks[at] = texts[i].String
			} else if texts[i].Valid {
				id, _, _ := strings.Cut(name, "_n")
				values[id] = texts[i].String
			}
		}
		out[show(values, marks...)]++
	}
	m.must(t, rs.Err())
	return out, names
}

func differ(t *rapid.T, what string, want, got map[string]int) {
	t.Helper()
	if !maps.Equal(want, got) {
		t.Fatalf("%s: missing %v, too many %v", what, differences(want, got), differences(got, want))
	}
}

// remember keeps a moment to which a query may travel.
func (m *model) remember(t *rapid.T) {
	if m.jumping {
		t.Skip("the facts have no clock to go by")
	}
	published, err := m.cat.Publications(m.ctx, dataset)
	m.must(t, err)
	at := m.moment(t, m.lakes[0], published)
	time.Sleep(2 * time.Millisecond) // snapshots have times in milliseconds
	at.at = time.Now()
	time.Sleep(2 * time.Millisecond)
	m.moments = append(m.moments, at)
}

// travel looks at a moment of before.
func (m *model) travel(t *rapid.T) {
	if len(m.moments) == 0 {
		t.Skip("there is no moment")
	}
	at := m.moments[rapid.IntRange(0, len(m.moments)-1).Draw(t, "moment")]
	published, err := m.cat.Publications(m.ctx, dataset)
	m.must(t, err)
	m.compare(t, m.lakes[rapid.IntRange(0, 1).Draw(t, "lake")], published, lake.AsOf{Time: at.at}, at)
}
