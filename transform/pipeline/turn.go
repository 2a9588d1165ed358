package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// errBehind says that a stream goes on in a partition, and what comes before in another one has not landed.
var errBehind = errors.New("what comes before in the stream has not landed")

// inTurn is errBehind when another partition holds chunks of the stream of c that come before it and have
// not landed: the topic got more partitions, and its streams have moved. Were c to land first, they would
// pass for copies. Only where numbers are missing before c are they looked for.
func (r *reading) inTurn(ctx context.Context, c *event.Chunk) error {
	if c.Stream == "" || c.Seq <= r.at.Streams[c.Stream]+1 {
		return nil
	}
	ranges, err := r.w.o.Log.Ranges(ctx, r.dataset)
	if err != nil || len(ranges) == 1 {
		return err
	}
	at, err := r.positions(ctx)
	if err != nil {
		return err
	}
	for _, other := range ranges {
		if other.Partition != r.rng.Partition {
			other.First = max(other.First, at.Offsets[other.Partition])
			if err := r.others.read(ctx, r.w.o.Log, r.dataset, other); err != nil {
				return err
			}
		}
	}
	if n := r.others.streams[c.Stream]; n != nil && n.any(at.Streams[c.Stream]+1, c.Seq-1) {
		return fmt.Errorf("%w: stream %s, number %d", errBehind, c.Stream, c.Seq)
	}
	return nil
}

// elsewhere is what was found in partitions other than the one that is read.
type elsewhere struct {
	parser  event.Parser
	upTo    map[int]int64 // up to which offset
	streams map[string]*numbers
}

// read takes in what a range holds that was not read before.
func (e *elsewhere) read(ctx context.Context, log eventlog.Log, topic string, r eventlog.Range) error {
	if e.streams == nil {
		e.upTo, e.streams = map[int]int64{}, map[string]*numbers{}
	}
	for from := max(r.First, e.upTo[r.Partition]); from < r.Next; {
		records, err := log.Read(ctx, topic, r.Partition, from, readBytes)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, rec := range records {
			if c, err := e.parser.Chunk(rec.Message); err == nil {
				if e.streams[c.Stream] == nil {
					e.streams[c.Stream] = new(numbers)
				}
				e.streams[c.Stream].add(c.Seq)
			}
		}
		from = records[len(records)-1].Offset + 1
		e.upTo[r.Partition] = from
	}
	return nil
}

// numbers are those of chunks of a stream, in runs without a gap.
type numbers []run

type run struct{ first, last int64 }

// add adds a number, and says whether it is a new one.
func (n *numbers) add(seq int64) bool {
	i := len(*n)
	for i > 0 && (*n)[i-1].last >= seq { // most come last
		i--
	}
	runs := *n
	if i < len(runs) && runs[i].first <= seq {
		return false
	}
	switch before, after := i > 0 && runs[i-1].last == seq-1, i < len(runs) && runs[i].first == seq+1; {
	case before && after:
		runs[i-1].last = runs[i].last
		*n = slices.Delete(runs, i, i+1)
	case before:
		runs[i-1].last = seq
	case after:
		runs[i].first = seq
	default:
		*n = slices.Insert(runs, i, run{seq, seq})
	}
	return true
}

// any says whether a number from first to last is there.
func (n numbers) any(first, last int64) bool {
	return slices.ContainsFunc(n, func(r run) bool { return max(r.first, first) <= min(r.last, last) })
}
