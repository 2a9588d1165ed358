package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/trace"
)

// Options say whose deliveries Run moves, and where to. All but Progress, Logger, Tracer and Now are needed.
type Options struct {
	Log      eventlog.Log
	Ledger   Ledger
	Dataset  string // "bencana.kejadian_banjir"
	Contract string // contract version in force, "1.0.0"
	Binding  string // binding in force, "bpbd.banjir@1.0.0"
	Source   string // "/opd/<opd>/<source>"
	Again    bool   // take a delivery also when its records are unchanged
	Progress Progress
	Logger   *slog.Logger
	Tracer   *trace.Tracer
	Now      func() time.Time
}

// Status says what became of a delivery.
type Status string

// What may become of a delivery.
const (
	Received  Status = "received"  // its last chunk is durable in the log
	Resumed   Status = "resumed"   // the same, and a run before had begun it
	Unchanged Status = "unchanged" // the log has these records already; nothing was recorded
	Refused   Status = "refused"   // it cannot be taken as a whole; the fact is recorded
)

// Outcome is what became of one delivery.
type Outcome struct {
	Info     Info      // of a refused delivery only the Subject
	Delivery uuid.UUID // of an unchanged one, the earlier delivery that holds these records
	Status   Status
	Records  int64 // moved into the log this time
	Bytes    int64 // of the source, for these records
	Duration time.Duration
	Refusal  *Refusal
}

// StreamOf is the stream of a source that is read by one reader.
func StreamOf(source string) string { return source + "#0" }

// Run moves what src offers now into the log, and returns what became of each delivery when src
// returns io.EOF; src stays open, and Run may be called again when there is more. At most one Run
// may work on a stream at a time.
//
// A delivery is unchanged when the one received last of the same subject in the stream has its
// fingerprint, or, for a subject never received, any of the stream has; and when that one was read
// under the same contract and binding, since a better binding is a reason to read a file again.
//
// A delivery that was interrupted, by a crash or an error, is open in the ledger. When the same
// records are offered again it is resumed: what the log holds is compared with what is read, and
// only the rest is appended, so that every chunk has its number once. It is abandoned when another
// delivery of the stream must begin before that, because numbers follow each other without gaps;
// when its own file has its turn later, it is delivered anew as a whole. Abandoned deliveries are
// never published, so what is published is never doubled.
//
// An error ends the run, with the outcomes so far; the next run takes it up from there. Errors of
// the log are returned as they are: whether the chunks of that call are stored is found out by
// the next run, which reads the log.
func Run(ctx context.Context, src Source, o Options) ([]Outcome, error) {
	r := newRunner(o)
	var outcomes []Outcome
	for {
		begun := r.o.Now()
		d, err := src.Next(ctx)
		if errors.Is(err, io.EOF) {
			return outcomes, nil
		}
		var out Outcome
		var refusal *Refusal
		switch {
		case errors.As(err, &refusal):
			out, err = r.refuse(ctx, refusal)
		case err != nil:
			return outcomes, fmt.Errorf("next delivery of %s: %w", o.Source, err)
		default:
			out, err = r.take(ctx, d)
			err = errors.Join(err, d.Close())
		}
		if err != nil {
			if again, ok := src.(Retrier); ok {
				again.Retry()
			}
			return outcomes, err
		}
		out.Duration = r.o.Now().Sub(begun)
		r.o.Progress.End(out)
		r.o.Logger.Info("delivery taken", "stream", r.stream, "subject", out.Info.Subject, "status", out.Status, "delivery", out.Delivery, "records", out.Records)
		outcomes = append(outcomes, out)
	}
}

// runner is one call of Run.
type runner struct {
	o      Options
	stream string
}

func newRunner(o Options) *runner {
	if o.Progress == nil {
		o.Progress = silent{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &runner{o: o, stream: StreamOf(o.Source)}
}

// patience is how long a write to the log may take. It is not cut short when the run is cancelled:
// what is in flight is finished.
const patience = time.Minute

func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

func (r *runner) record(ctx context.Context, facts ...event.Body) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if err := r.o.Ledger.Record(ctx, facts...); err != nil {
		return fmt.Errorf("record facts of %s: %w", r.stream, err)
	}
	return nil
}

// refuse records that a delivery cannot be taken. The same content offered again with the same fault is the
// same fact; where the content is not known, until the stream has taken something else.
func (r *runner) refuse(ctx context.Context, refusal *Refusal) (Outcome, error) {
	content := refusal.Fingerprint
	if content == "" {
		standing, err := r.o.Ledger.Stream(ctx, r.stream)
		if err != nil {
			return Outcome{}, fmt.Errorf("look up stream %s: %w", r.stream, err)
		}
		content = strconv.FormatInt(standing.LastSeq, 10)
	}
	id := event.Derive(r.stream + "|" + refusal.Subject + "|" + refusal.Reason.ID + "|" + content)
	out := Outcome{Info: Info{Subject: refusal.Subject}, Delivery: id, Status: Refused, Refusal: refusal}
	return out, r.record(ctx, event.DeliveryRefused{
		Delivery: id, Source: r.o.Source, Dataset: r.o.Dataset, Binding: r.o.Binding, Subject: refusal.Subject, Reason: refusal.Reason,
	})
}

// take decides what a delivery is, and moves it.
func (r *runner) take(ctx context.Context, d Delivery) (Outcome, error) {
	info := d.Info()
	standing, err := r.standing(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if open := standing.Open; open != nil && r.same(*open, info) {
		stored, err := r.stored(ctx, *open, standing.LastID)
		if err != nil {
			return Outcome{}, err
		}
		return r.resume(ctx, d, *open, stored)
	}
	earlier, err := r.earlier(ctx, info)
	if err != nil {
		return Outcome{}, err
	}
	if earlier != uuid.Nil && !r.o.Again {
		return Outcome{Info: info, Delivery: earlier, Status: Unchanged}, nil
	}
	if standing.Open != nil {
		stored, err := r.stored(ctx, *standing.Open, standing.LastID)
		if err != nil {
			return Outcome{}, err
		}
		if err := r.abandon(ctx, *standing.Open, stored); err != nil {
			return Outcome{}, err
		}
		standing.LastSeq, standing.LastID = stored.lastSeq, stored.lastID
	}
	return r.begin(ctx, d, standing)
}

// standing is where the stream stands. Openings whose recording looked as if it had failed, as on a full
// disk, may be found behind later deliveries. Their numbers are those deliveries' now, so they are not
// resumed but given up.
func (r *runner) standing(ctx context.Context) (Standing, error) {
	for {
		standing, err := r.o.Ledger.Stream(ctx, r.stream)
		if err != nil {
			return Standing{}, fmt.Errorf("look up stream %s: %w", r.stream, err)
		}
		open := standing.Open
		if open == nil || open.FirstSeq > standing.LastSeq {
			return standing, nil
		}
		stored, err := r.stored(ctx, *open, standing.LastID)
		if err != nil {
			return Standing{}, err
		}
		if err := r.abandon(ctx, *open, stored); err != nil {
			return Standing{}, err
		}
	}
}

// same says whether what is offered has the records of a delivery, read in the same way.
func (r *runner) same(before event.DeliveryOpened, offered Info) bool {
	return before.Fingerprint == offered.Fingerprint && before.Dataset == r.o.Dataset &&
		before.Contract == r.o.Contract && before.Binding == r.o.Binding
}

// earlier returns the received delivery that makes this one unchanged, or the zero id.
func (r *runner) earlier(ctx context.Context, info Info) (uuid.UUID, error) {
	before, err := r.o.Ledger.Latest(ctx, r.stream, info.Subject)
	if errors.Is(err, ErrNoDelivery) {
		before, err = r.o.Ledger.Find(ctx, r.stream, info.Fingerprint)
	}
	switch {
	case errors.Is(err, ErrNoDelivery):
		return uuid.Nil, nil
	case err != nil:
		return uuid.Nil, fmt.Errorf("look up deliveries of %s: %w", r.stream, err)
	case r.same(before, info):
		return before.Delivery, nil
	}
	return uuid.Nil, nil
}

// begin opens a new delivery and moves it.
func (r *runner) begin(ctx context.Context, d Delivery, standing Standing) (Outcome, error) {
	offsets, err := r.offsets(ctx)
	if err != nil {
		return Outcome{}, err
	}
	info, seq := d.Info(), standing.LastSeq+1
	name := r.stream + "|" + strconv.FormatInt(seq, 10) + "|" + info.Fingerprint
	open := event.DeliveryOpened{
		// The time is part of the name: a delivery that was abandoned before its first chunk must
		// not lend its id, and so its facts, to a later one of the same number and records.
		Delivery: event.Derive(name + "|" + r.o.Now().UTC().Format(time.RFC3339Nano)),
		Stream:   r.stream, Source: r.o.Source, Dataset: r.o.Dataset, Contract: r.o.Contract, Binding: r.o.Binding,
		Subject: info.Subject, Fingerprint: info.Fingerprint, Bytes: info.Bytes, Records: info.Records,
		ContentType: info.ContentType, Header: info.Header,
		FirstSeq: seq, Offsets: offsets,
	}
	if err := r.record(ctx, open); err != nil {
		return Outcome{}, err
	}
	r.o.Progress.Begin(info, 0, 0)
	return r.move(ctx, d, open, stored{lastSeq: standing.LastSeq, lastID: standing.LastID}, Received)
}

// offsets returns the next offset of each partition of the records topic.
func (r *runner) offsets(ctx context.Context) (map[int]int64, error) {
	ranges, err := r.o.Log.Ranges(ctx, r.o.Dataset)
	if err != nil && !errors.Is(err, eventlog.ErrNoTopic) {
		return nil, fmt.Errorf("look up offsets of %s: %w", r.o.Dataset, err)
	}
	out := make(map[int]int64, len(ranges))
	for _, p := range ranges {
		out[p.Partition] = p.Next
	}
	return out, nil
}

// move appends what is left of a delivery behind what is stored, and records that it was received.
func (r *runner) move(ctx context.Context, d Delivery, open event.DeliveryOpened, from stored, status Status) (out Outcome, err error) {
	ctx, span := r.o.Tracer.StartIn(ctx, open.Delivery, "delivery", trace.String("dataset", open.Dataset),
		trace.String("source", open.Source), trace.String("binding", open.Binding), trace.String("status", string(status)))
	defer func() { span.End(err) }()
	s := sender{runner: r, trace: span.Parent(), open: open, ids: event.NewIDs(from.lastID, r.o.Now), stored: from}
	if err := s.send(ctx, d); err != nil {
		return Outcome{}, fmt.Errorf("deliver %s: %w", open.Subject, err)
	}
	span.Set(trace.Int("records", s.records), trace.Int("bytes", s.bytes))
	out = Outcome{Info: d.Info(), Delivery: open.Delivery, Status: status, Records: s.records, Bytes: s.bytes}
	return out, r.record(ctx, event.DeliveryReceived{
		Delivery: open.Delivery, Chunks: s.stored.chunks, Records: s.stored.records,
		LastSeq: s.stored.lastSeq, FirstID: s.stored.firstID, LastID: s.stored.lastID,
	})
}
