// Package pipeline is the worker that lands the event log in the lake: log → normalize → quality →
// lake, and then settles what arrived whole: checks the delivery, publishes it, folds the dataset,
// and keeps its tables from growing old.
//
// # Design
//
// A batch is a range of offsets of one partition, read from where the history table of the dataset
// says it stopped. Its chunks are decoded in parallel and put back in order; then the rejected rows
// are committed, and after them the accepted ones with the new position. The position in the history
// table is the only truth about what has landed:
//
//   - killed before the first commit: nothing happened, the batch is read again;
//   - killed between the commits: the batch is read again from the same position, the rejected table
//     knows by its own position which rows it has and is given only the ones beyond;
//   - killed after: the position is past the batch.
//
// The stages overlap, also over the end of a batch: while one is made durable and committed, the next
// is read, decoded, checked and written. It is judged by the keys of the one before, which has not
// landed yet; but commits follow one another, and when one fails, all that was made after it is
// dropped with what was known of keys. What is read from tables to judge by (the keys of a delivery
// that went on) waits until nothing is in flight. So a batch is judged beside exactly what lies before
// it in the log, however often it is tried.
//
// Many small chunks in a row, such as messages of one record, are decoded as one: NDJSON records are
// lines, so those that lie one after the other make what each alone would make.
//
// Several workers may run. Each makes sure that the position is where it believes before it judges
// the first of its batches, and every commit makes sure again: of two that take the same batch the loser sees that the
// position has moved (lake.ErrMoved), forgets what it knew and reads on from there.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/trace"
	"satudata/schemas"
	"satudata/transform/lake"
)

// ErrNotRegistered is what Governance answers for a contract or binding that no fact has registered.
var ErrNotRegistered = errors.New("not registered")

// Governance is what the worker needs to know of contracts, bindings and deliveries, and where it
// records what it decides.
type Governance interface {
	// Sync takes in the facts that others have recorded.
	Sync(ctx context.Context) error
	// Versions returns the registered contract versions of a dataset, oldest first.
	Versions(ctx context.Context, dataset string) ([]string, error)
	// Contract and Binding return registered documents, or ErrNotRegistered.
	Contract(ctx context.Context, dataset, version string) (string, error)
	Binding(ctx context.Context, ref string) (string, error)
	// Arrived returns the deliveries that are whole in the log and not yet decided.
	Arrived(ctx context.Context) ([]Delivery, error)
	// Began returns the number of the first chunk of a delivery in its stream and how many records it
	// has, as far as facts tell: 0 is not known.
	Began(ctx context.Context, delivery uuid.UUID) (firstSeq, records int64, err error)
	// Publications returns the deliveries that count in the dataset's current state.
	Publications(ctx context.Context, dataset string) ([]lake.Publication, error)
	// Check returns what the rules said of a delivery, nil when it was not checked yet.
	Check(ctx context.Context, delivery uuid.UUID) (*event.DeliveryChecked, error)
	// Record appends facts durably. A fact that is already there changes nothing.
	Record(ctx context.Context, facts ...event.Body) error
}

// Delivery is a delivery as the worker sees it.
type Delivery struct {
	ID       uuid.UUID
	Subject  string // file name
	Dataset  string
	Contract string // version
	Binding  string // "<opd>.<source>@<version>"
	Stream   string
	Records  int64
	LastSeq  int64
	FirstID  uuid.UUID              // ce_id of its first chunk
	Opened   time.Time              // when its reading began
	Check    *event.DeliveryChecked // nil: not checked yet
}

// Judge applies the rules over whole tables to a delivery that has landed, before it is published: it
// returns those that do not hold. A rule that cannot be run is a finding too; an error is trouble
// that passes, and the delivery is judged again.
type Judge func(ctx context.Context, d Delivery, contract *schemas.Contract) ([]event.Finding, error)

// Options of New; Log, Lake, Governance and Reference are required.
type Options struct {
	Log        eventlog.Log
	Lake       *lake.Lake
	Governance Governance
	Reference  *schemas.Reference
	BatchBytes int           // payload of one batch at most; default 64 MiB
	PollEvery  time.Duration // how often Run looks for new records; default 250 ms
	Workers    int           // chunks of a dataset decoded at once; default GOMAXPROCS
	Datasets   int           // landed at once; default 4
	Judge      Judge         // nil: there are no rules over whole tables
	Policy     lake.Policy   // of the upkeep of tables
	KeyBytes   int64         // memory for the keys of deliveries under way, beyond which they go to disk; default 128 MiB
	Logger     *slog.Logger
	OnLanded   func(Landed)                                      // told after every commit, one at a time; nil is fine
	OnDecided  func(Delivery, event.DeliveryChecked, event.Body) // told of every delivery that was published or returned; nil is fine
	Watch      Watch                                             // told what the worker does; the zero value is fine
	Tracer     *trace.Tracer                                     // nil: no spans
	Share      Share                                             // how Run shares the partitions with other workers; nil: it lands them all
}

// Landed is what one commit did.
type Landed struct {
	Dataset                      string
	Partition                    int
	From, To                     int64 // offsets
	Accepted, Rejected, SetAside int64 // observations
	Bytes                        int64 // payload

	// How long the stages took. They overlap: Decode is work over all goroutines, the others are elapsed.
	// Check is telling keys apart, and at times the wait for what they are compared with.
	Read, Decode, Check, Write, Commit time.Duration
}

// Worker lands datasets. Of Drain and Run one runs at a time.
type Worker struct {
	o     Options
	plans *plans
	tell  sync.Mutex // held while OnLanded and OnDecided run

	mu    sync.Mutex // guards lands and their trouble
	lands map[string]*land
	keyed atomic.Int64 // memory of the keys of all of them

	abreast *abreast
	growth  *Growth // of the log while it is followed, otherwise nil

	upkeep *upkeep
	soon   chan struct{}

	topics []string  // the datasets of the log
	listed time.Time // when they were asked for
	idleAt int64     // what the log said of its changes before a pass that found nothing, 0 for none
}

// changing is a log that can say cheaply whether anything was appended: the number is another one then.
type changing interface {
	Changes(ctx context.Context) (int64, error)
}

// New returns a worker.
func New(o Options) *Worker {
	if o.BatchBytes == 0 {
		o.BatchBytes = 64 << 20
	}
	if o.PollEvery == 0 {
		o.PollEvery = 250 * time.Millisecond
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.KeyBytes == 0 {
		o.KeyBytes = 128 << 20
	}
	if o.Datasets == 0 {
		o.Datasets = 4
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnLanded == nil {
		o.OnLanded = func(Landed) {}
	}
	if o.OnDecided == nil {
		o.OnDecided = func(Delivery, event.DeliveryChecked, event.Body) {}
	}
	o.Watch = o.Watch.withDefaults()
	return &Worker{o: o, plans: newPlans(o.Governance, o.Reference), lands: map[string]*land{}, upkeep: newUpkeep(o), soon: make(chan struct{}, 1),
		abreast: &abreast{watch: o.Watch, since: map[string]time.Time{}}}
}

// Soon makes Run look at once whether there is something to land, instead of after PollEvery.
func (w *Worker) Soon() {
	select {
	case w.soon <- struct{}{}:
	default: // it is about to look
	}
}

// Drain lands until nothing is left to land. A dataset that cannot be landed does not stop the
// others; its error is returned at the end.
func (w *Worker) Drain(ctx context.Context) error {
	w.forgetAll()
	return w.drain(ctx)
}

// drain is Drain by what is known of the tables.
func (w *Worker) drain(ctx context.Context) error {
	w.listed = time.Time{}
	err := w.step(ctx)
	if err == nil {
		err = ctx.Err() // ended before it was done is not done
	}
	return err
}

// Run lands as records arrive, until ctx ends, and then returns nil.
func (w *Worker) Run(ctx context.Context) error {
	if w.o.Share == nil {
		return w.loop(ctx, nil)
	}
	return w.runShared(ctx)
}

// Share calls run with the partitions of topics that are this worker's, each time they change, and
// ends its ctx when they are taken away. It returns nil when ctx ends.
type Share func(ctx context.Context, topics []string, run func(ctx context.Context, assigned map[string][]int) error) error

// runShared joins the group, and joins it anew when there are new topics to share.
func (w *Worker) runShared(ctx context.Context) error {
	for ctx.Err() == nil {
		w.o.Watch.begin(Landing, "look", "")
		topics, err := w.datasets(ctx)
		if w.fatal(err) {
			return err
		}
		w.tellHeld(ctx, err)
		w.o.Watch.rest(Landing)
		if err != nil || len(topics) == 0 {
			wait(ctx, nil, time.Second)
			continue
		}
		joined, leave := context.WithCancel(ctx)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			w.awaitNewTopic(joined, len(topics))
			leave()
		}()
		err = w.o.Share(joined, topics, w.loop)
		leave()
		<-watched
		if w.fatal(err) {
			return err
		}
	}
	return nil
}

// fatal says whether trouble is for the operator to mend, and logs the kind that passes.
func (w *Worker) fatal(err error) bool {
	if errors.Is(err, eventlog.ErrClosed) || errors.Is(err, eventlog.ErrAccess) {
		return true
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		w.o.Logger.Error("event log is out of reach, trying again", "error", err)
	}
	return false
}

func (w *Worker) awaitNewTopic(ctx context.Context, known int) {
	for wait(ctx, nil, 2*time.Second) {
		if topics, err := w.list(ctx); err == nil && len(topics) != known {
			return
		}
	}
}

// step lands what there is, settles what arrived whole and does what is due to the tables, one after
// the other.
func (w *Worker) step(ctx context.Context) error {
	_, err := w.pass(ctx, nil)
	w.o.Watch.rest(Landing)
	if ctx.Err() == nil {
		_, settling := w.settle(ctx)
		err = errors.Join(err, settling)
		w.o.Watch.rest(Settling)
	}
	return errors.Join(err, w.upkeep.do(ctx))
}

// loop lands the assigned partitions, nil for all, settles what arrived whole and looks after
// the tables, until ctx ends. The three go on side by side: a long fold does not hold up the landing.
func (w *Worker) loop(ctx context.Context, assigned map[string][]int) error {
	w.forgetAll() // what we knew of partitions may be of a time when they were ours before
	w.idleAt = 0
	looked := make(chan struct{}, 1)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return w.keep(ctx, Landing, w.soon, func(ctx context.Context) (time.Duration, error) {
			n, changed, err := w.passIfChanged(ctx, assigned)
			if changed {
				select {
				case looked <- struct{}{}:
				default:
				}
			}
			if n > 0 {
				return 0, err
			}
			return w.o.PollEvery, err
		})
	})
	g.Go(func() error {
		return w.keep(ctx, Settling, looked, func(ctx context.Context) (time.Duration, error) {
			left, err := w.settle(ctx)
			w.upkeep.soon()
			if left > 0 {
				return w.o.PollEvery, err // another worker may land what they wait for
			}
			return slowest, err // facts come through the log, so the landing sees that there are some
		})
	})
	g.Go(func() error {
		w.upkeep.run(ctx)
		return nil
	})
	return g.Wait()
}

// slowest is the longest pause after trouble.
const slowest = 30 * time.Second

// keep does a thing over and over until ctx ends: when it is woken, or when the time has passed that
// the thing says. Trouble is logged and tried again, more and more slowly.
func (w *Worker) keep(ctx context.Context, loop string, wake <-chan struct{}, do func(context.Context) (rest time.Duration, err error)) error {
	defer w.o.Watch.rest(loop) // until there is another share
	pause := w.o.PollEvery
	for ctx.Err() == nil {
		rest, err := do(ctx)
		w.o.Watch.rest(loop)
		switch {
		case errors.Is(err, eventlog.ErrClosed), errors.Is(err, eventlog.ErrAccess):
			return err
		case err != nil && ctx.Err() == nil:
			w.o.Logger.Error("a loop is held up, trying again", "loop", loop, "in", pause, "error", err)
			wait(ctx, nil, pause)
			pause = min(2*pause, slowest)
			continue
		}
		pause = w.o.PollEvery
		if rest > 0 {
			wait(ctx, wake, rest)
		}
	}
	return nil
}

// passIfChanged does nothing while the log is as it was when a pass found nothing: to ask hundreds of
// topics several times a second whether they have grown would be most of an idle program's work. It
// says whether it did anything: facts, which are in the log too, may have come then.
func (w *Worker) passIfChanged(ctx context.Context, assigned map[string][]int) (landed int, changed bool, err error) {
	now := int64(0)
	if log, ok := w.o.Log.(changing); ok {
		w.o.Watch.begin(Landing, "look", "")
		if now, err = log.Changes(ctx); err != nil {
			w.idleAt = 0 // so that a pass tells when it is over
			w.tellHeld(ctx, err)
			return 0, false, err
		}
		if now == w.idleAt && now != 0 {
			return 0, false, nil
		}
		w.listed = time.Time{} // what was appended may have made a topic
	}
	landed, err = w.pass(ctx, assigned)
	if w.idleAt = 0; landed == 0 && err == nil && len(w.held()) == 0 {
		w.idleAt = now
	}
	return landed, true, err
}

// held are the datasets that wait after trouble, with what it was.
func (w *Worker) held() map[string]error {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := map[string]error{}
	for name, l := range w.lands {
		if l.trouble != nil {
			held[name] = l.trouble
		}
	}
	return held
}

// hold notes the trouble of a dataset, nil for none, and tells of it when there is or was any.
func (w *Worker) hold(ctx context.Context, l *land, trouble error) {
	w.mu.Lock()
	before := l.trouble
	l.trouble = trouble
	w.mu.Unlock()
	if before != nil || trouble != nil {
		w.tellHeld(ctx, nil)
	}
}

// tellHeld tells what holds up the landing: of all datasets, nil for nothing, and of each.
func (w *Worker) tellHeld(ctx context.Context, all error) {
	held := w.held()
	if all != nil {
		held[""] = all
	}
	w.o.Watch.round(ctx, Landing, held)
}

// pass lands what there is now, some datasets at once. It returns how many batches it landed. A
// dataset in trouble is left alone for a while and holds up no other.
func (w *Worker) pass(ctx context.Context, assigned map[string][]int) (landed int, err error) {
	w.o.Watch.begin(Landing, "sync", "")
	err = w.o.Governance.Sync(ctx)
	var datasets []string
	if err == nil {
		datasets, err = w.datasets(ctx)
	}
	if err != nil {
		w.tellHeld(ctx, err)
		return 0, err
	}
	var mu sync.Mutex // guards landed and errs
	var errs []error
	var g errgroup.Group
	g.SetLimit(w.o.Datasets)
	for _, name := range datasets {
		l := w.land(name)
		if assigned != nil && len(assigned[name]) == 0 || time.Now().Before(l.heldUntil) {
			continue
		}
		g.Go(func() error {
			n, err := l.pass(ctx, assigned)
			mu.Lock()
			defer mu.Unlock()
			landed += n
			if n > 0 {
				w.upkeep.noteLanded(name, n)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("dataset %s: %w", name, err))
			}
			return nil
		})
	}
	err = g.Wait()
	w.tellHeld(ctx, nil)
	return landed, errors.Join(err, errors.Join(errs...))
}

// land is the landing of a dataset.
func (w *Worker) land(dataset string) *land {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lands[dataset]
	if l == nil {
		l = newLand(w, dataset)
		w.lands[dataset] = l
	}
	return l
}

// forgetAll makes the worker ask all tables again where they are.
func (w *Worker) forgetAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lands {
		l.close()
	}
	clear(w.lands)
}

// datasets are the topics of the log that hold records. A running worker asks once a second: to ask a
// Kafka is a round trip.
func (w *Worker) datasets(ctx context.Context) ([]string, error) {
	if time.Since(w.listed) < time.Second {
		return w.topics, nil
	}
	names, err := w.list(ctx)
	if err != nil {
		return nil, err
	}
	w.topics, w.listed = names, time.Now()
	return names, nil
}

// list asks the log for the datasets.
func (w *Worker) list(ctx context.Context) ([]string, error) {
	topics, err := w.o.Log.Topics(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range topics {
		if t != eventlog.CatalogTopic {
			names = append(names, t)
		}
	}
	return names, nil
}

// wait waits for d, or until it is woken, and says whether ctx is still on.
func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
		return true
	case <-t.C:
		return true
	}
}
