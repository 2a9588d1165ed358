package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Positions say what of the log a table holds.
type Positions struct {
	Offsets map[int]int64    // next offset of each partition that landed anything
	Streams map[string]int64 // last number of each stream
}

// Advance is the range of the log that a commit lands.
type Advance struct {
	Batch     string // names the range and what was made of it; the same for every try
	Partition int
	From, To  int64            // offsets, To is the next one
	Streams   map[string]int64 // last number of each stream in the range
}

// Positions returns what of the log a table holds, for a table of kind History or Rejected.
func (l *Lake) Positions(ctx context.Context, dataset string, k Kind) (Positions, error) {
	t, err := l.load(ctx, dataset, k)
	if err != nil {
		return Positions{}, err
	}
	return positions(t.Properties())
}

func positions(p iceberg.Properties) (Positions, error) {
	pos := Positions{Offsets: map[int]int64{}, Streams: map[string]int64{}}
	if err := property(p, propPositions, &pos.Offsets); err != nil {
		return pos, err
	}
	return pos, property(p, propStreams, &pos.Streams)
}

// property decodes a JSON property into v, which stays as it is when there is none.
func property(p iceberg.Properties, name string, v any) error {
	text, ok := p[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("read table property %s: %w", name, err)
	}
	return nil
}

// Commit appends files to a table of kind History or Rejected and moves its position, in one
// Iceberg commit; without files only the position moves. It is durable on return. It fails with
// ErrMoved when the table is not at a.From: then somebody else landed (part of) the range, and the
// files remain for the cleaning to find. When the same batch was committed before, it is a success.
//
// The history takes ranges without a gap; its first commit of a partition may start anywhere. The
// rejected table gets only the ranges with rejects, before the history gets them; so it may be behind
// a.From, never ahead, and the history must not be ahead either: a worker that was overtaken judged
// its rows beside rows that landed since, as copies of themselves.
//
// Several processes may commit to one table: conflicts are retried here.
func (l *Lake) Commit(ctx context.Context, dataset string, k Kind, files []DataFile, a Advance) error {
	if a.To <= a.From || a.Batch == "" || k == Current {
		return fmt.Errorf("commit to %s table of %s: batch %q of offsets %d to %d", k, dataset, a.Batch, a.From, a.To)
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	err := l.retryCommit(ctx, dataset, k, func(t *table.Table) error {
		pos, done, err := advance(t.Properties(), k, a)
		if err == nil && !done && k == Rejected {
			err = l.notOvertaken(ctx, dataset, a)
		}
		if err != nil || done {
			return err
		}
		return l.commit(ctx, t, files, pos, a)
	})
	if err != nil {
		return fmt.Errorf("commit to %s table of %s: %w", k, dataset, err)
	}
	l.log.Debug("batch committed", "dataset", dataset, "table", k, "batch", a.Batch, "files", len(files), "to", a.To)
	return nil
}

// finish lets a commit in flight end although its caller is shutting down.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
}

// retryCommit runs try on the newest version of a table until it succeeds. After a failure it looks
// at the table again: when somebody else changed it another try may succeed, and when the failed try
// was committed after all, try sees that. Else the failure is final.
func (l *Lake) retryCommit(ctx context.Context, dataset string, k Kind, try func(*table.Table) error) error {
	for attempt := 0; ; attempt++ {
		t, err := l.load(ctx, dataset, k)
		if err != nil {
			return err
		}
		err = try(t)
		if err == nil || errors.Is(err, ErrMoved) || errors.Is(err, ErrUnreachable) || attempt == 20 {
			return err
		}
		now, lerr := l.load(ctx, dataset, k)
		if lerr != nil {
			return errors.Join(err, lerr)
		}
		if now.MetadataLocation() == t.MetadataLocation() {
			return err
		}
		l.log.Debug("commit conflict", "dataset", dataset, "table", k, "attempt", attempt, "err", err)
		if werr := pause(ctx, attempt); werr != nil {
			return errors.Join(err, werr)
		}
	}
}

// backoff is 5 ms doubled per attempt up to 640 ms, half of it at random.
func backoff(attempt int) time.Duration {
	d := 5 * time.Millisecond << min(attempt, 7)
	return d/2 + rand.N(d/2)
}

// advance returns the properties of a table that has landed a, or says that it did already.
func advance(p iceberg.Properties, k Kind, a Advance) (next iceberg.Properties, done bool, err error) {
	pos, err := positions(p)
	if err != nil {
		return nil, false, err
	}
	batches := map[string]string{}
	if err := property(p, propBatches, &batches); err != nil {
		return nil, false, err
	}
	partition := strconv.Itoa(a.Partition)
	at, ok := pos.Offsets[a.Partition]
	if ok && at == a.To && batches[partition] == a.Batch {
		return nil, true, nil
	}
	if ok && (at > a.From || at < a.From && k == History) {
		return nil, false, fmt.Errorf("%w: partition %d is at %d, not at %d", ErrMoved, a.Partition, at, a.From)
	}
	pos.Offsets[a.Partition] = a.To
	batches[partition] = a.Batch
	for s, n := range a.Streams {
		pos.Streams[s] = max(n, pos.Streams[s])
	}
	next = iceberg.Properties{}
	for name, v := range map[string]any{propPositions: pos.Offsets, propStreams: pos.Streams, propBatches: batches} {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, false, err
		}
		next[name] = string(text)
	}
	return next, false, nil
}

// notOvertaken is ErrMoved when the history has landed what a begins with. A look before the commit
// is enough: what a worker judged while the history stood still is what everybody judges, and if
// there were rejects, whoever lands the range next finds the rejected table ahead of him.
func (l *Lake) notOvertaken(ctx context.Context, dataset string, a Advance) error {
	history, err := l.Positions(ctx, dataset, History)
	if err != nil {
		return err
	}
	if at, ok := history.Offsets[a.Partition]; ok && at > a.From {
		return fmt.Errorf("%w: the history of partition %d is at %d already", ErrMoved, a.Partition, at)
	}
	return nil
}

// commit makes one attempt on top of t.
func (l *Lake) commit(ctx context.Context, t *table.Table, files []DataFile, next iceberg.Properties, a Advance) error {
	tx := t.NewTransaction()
	if err := tx.SetProperties(next); err != nil {
		return err
	}
	if len(files) > 0 {
		// What a reader of the table's history wants to know of this snapshot; the properties hold the truth.
		streams, err := json.Marshal(a.Streams)
		if err != nil {
			return err
		}
		summary := iceberg.Properties{
			"satudata.batch": a.Batch,
			propPositions:    next[propPositions],
			propStreams:      string(streams),
		}
		err = tx.AddDataFiles(ctx, icebergFiles(files), summary, table.WithoutDuplicateCheck(), table.WithoutAutoNameMapping())
		if err != nil {
			return err
		}
	}
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return err
	}
	if err := there(icebergFiles(files)); err != nil {
		return err
	}
	return l.end(ctx, tx)
}

// there is ErrMoved when a file that is about to be committed is gone: between writing and committing it
// a machine may sleep, or its clock be set forward, until the file passes for a leftover.
func there(files []iceberg.DataFile) error {
	for _, f := range files {
		path, err := pathOf(f.FilePath())
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s was removed as a leftover", ErrMoved, path)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// end commits a transaction and remembers the table as it is now.
func (l *Lake) end(ctx context.Context, tx *table.Transaction) error {
	t, err := tx.Commit(ctx)
	if err == nil {
		l.remember(t)
	}
	return err
}

// icebergFiles unwraps files.
func icebergFiles(files []DataFile) []iceberg.DataFile {
	out := make([]iceberg.DataFile, len(files))
	for i, f := range files {
		out[i] = f.file
	}
	return out
}
