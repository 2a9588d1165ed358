package pipeline

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"satudata/ingest/event"
	"satudata/transform/normalize"
)

// decoded is what became of a run. Result and reader are nil for a chunk that is rejected as a whole,
// which is alone in its run.
type decoded struct {
	pieces []piece
	across int     // observations per record
	starts []int32 // the first observation of each piece, when there are several
	refuse *event.Sentence
	*normalize.Result
	by *reader
}

// part is the observations [from, to) of a run, which are those of one piece.
type part struct {
	*piece
	across   int
	from, to int
}

// sourceRow is the row in the source of an observation.
func (p *part) sourceRow(obs int) int64 { return p.chunk.FirstRow + int64((obs-p.from)/p.across) }

// parts calls do for each piece of the run.
func (d *decoded) parts(do func(p part) error) error {
	for i := range d.pieces {
		p := part{piece: &d.pieces[i], across: d.across, to: d.Verdicts.Len()}
		if d.starts != nil {
			p.from = int(d.starts[i])
			if i+1 < len(d.starts) {
				p.to = int(d.starts[i+1])
			}
		}
		if err := do(p); err != nil {
			return err
		}
	}
	return nil
}

// decode decodes and checks the runs of a batch and writes them in order; every stage has its own
// goroutine. At most Workers runs are decoded at once and few wait.
func (l *land) decode(ctx context.Context, b *batch, o *output) error {
	workers, watch := l.w.o.Workers, b.watch
	watch.taken = time.Now()
	defer func() { watch.ended = time.Now() }()
	g, ctx := errgroup.WithContext(ctx)
	queue := make(chan chan *decoded, workers)
	slots := make(chan struct{}, workers)
	checked := make(chan *decoded, workers)
	g.Go(func() error {
		defer close(queue)
		for run := range b.runs {
			watch.note(run)
			result := make(chan *decoded, 1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case queue <- result:
			}
			slots <- struct{}{}
			g.Go(func() error {
				defer func() { <-slots }()
				defer close(result)
				begun := time.Now()
				d, err := l.normalize(b, run)
				watch.decoded.Add(int64(time.Since(begun)))
				if err == nil {
					result <- d
				}
				return err
			})
		}
		return nil
	})
	g.Go(func() error {
		defer close(checked)
		var failed error
		for result := range queue {
			d, ok := <-result
			if !ok {
				continue // its own goroutine reports why
			}
			if failed == nil { // what is not checked must not be committed as landed
				if failed = ctx.Err(); failed == nil {
					failed = watch.time(&watch.checked, func() error { return l.checkKeys(ctx, d, o) })
				}
			}
			if failed != nil {
				l.release(d)
				continue
			}
			checked <- d
		}
		return failed
	})
	g.Go(func() error {
		var failed error
		for d := range checked {
			if watch.first.IsZero() {
				watch.first = time.Now()
			}
			if failed == nil {
				if failed = ctx.Err(); failed == nil {
					failed = watch.time(&watch.written, func() error { return o.take(d) })
				}
			}
			l.release(d)
		}
		return failed
	})
	return g.Wait()
}

// normalize decodes a run and applies the row rules.
func (l *land) normalize(b *batch, run []piece) (*decoded, error) {
	d := &decoded{pieces: run, refuse: run[0].refuse}
	plan := run[0].plan
	if d.refuse == nil {
		d.refuse = b.refuse
	}
	if plan != nil {
		d.across = plan.Observations()
	}
	if d.refuse != nil || plan == nil {
		return d, nil
	}
	r := l.w.plans.borrow(plan)
	var err error
	d.Result, err = r.read(r.join(d))
	if err == nil {
		d.by = r
		return d, nil
	}
	l.w.plans.giveBack(plan, r)
	if !errors.Is(err, event.ErrMalformed) || len(run) > 1 {
		return nil, err
	}
	d.refuse = &event.Sentence{
		ID: "isi potongan data tidak sesuai dengan sampulnya: " + err.Error(),
		EN: "the chunk does not hold what its envelope says: " + err.Error(),
	}
	return d, nil
}

// join makes one chunk of the pieces of a run. It is good until the next is made.
func (r *reader) join(d *decoded) event.Chunk {
	c := d.pieces[0].chunk
	if len(d.pieces) == 1 {
		return c
	}
	r.joined, r.starts, c.Rows = r.joined[:0], r.starts[:0], 0
	for i := range d.pieces {
		p := &d.pieces[i].chunk
		r.starts = append(r.starts, int32(c.Rows*d.across))
		c.Rows += p.Rows
		r.joined = append(r.joined, p.Data...)
		if n := len(r.joined); n > 0 && r.joined[n-1] != '\n' {
			r.joined = append(r.joined, '\n')
		}
	}
	d.starts, c.Data = r.starts, r.joined
	return c
}

func (l *land) release(d *decoded) {
	if d.by != nil {
		d.Record.Release()
		l.w.plans.giveBack(d.pieces[0].plan, d.by)
	}
	run := d.pieces // of its own: a pointer into d would keep all of d
	clear(run)
	l.spare.Put(&run)
}

// spareRun returns an empty run with room for so many pieces. A piece is some hundred bytes, and a
// message of one record is one: they are not made anew for each run.
func (l *land) spareRun(pieces int) []piece {
	if run, ok := l.spare.Get().(*[]piece); ok && cap(*run) >= pieces {
		return (*run)[:0]
	}
	return make([]piece, 0, pieces+pieces/8)
}
