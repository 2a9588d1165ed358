package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// FreshnessOptions are how records are streamed in.
type FreshnessOptions struct {
	Dir      string        // of the workspace that `up` runs on, made by [Workspace] with one source
	Rate     int64         // records a second
	For      time.Duration // how long
	Every    time.Duration // between two deliveries
	Patience time.Duration // after the last delivery
	// Visible returns those of the numbers that a query of the current state finds.
	Visible func(ctx context.Context, numbers []string) ([]string, error)
	Say     func(format string, args ...any)
}

// Freshness is how long records took from being handed over to being found by a query.
type Freshness struct {
	P50  float64 `json:"p50_s"`
	P90  float64 `json:"p90_s"`
	P99  float64 `json:"p99_s"`
	Max  float64 `json:"max_s"`
	Rows int64   `json:"rows"`

	Rate       int64        `json:"rate_per_s"`
	Seconds    float64      `json:"seconds"` // from the first delivery to the last
	Deliveries int          `json:"deliveries"`
	Probes     int          `json:"probes"`
	ProbeP50   float64      `json:"probe_p50_s"` // how long a query takes, which counts as waiting
	Series     [][2]float64 `json:"series"`      // of each delivery: when it was handed over, and how long it took
	Sums       Sums         `json:"-"`
}

// ErrNotFresh says that something that was handed over was never found.
var ErrNotFresh = errors.New("deliveries are not found")

// drop is a delivery that was handed over.
type drop struct {
	number string // of its last record
	at     time.Time
}

// stream is one run.
type stream struct {
	FreshnessOptions
	begun time.Time

	mu      sync.Mutex // guards what follows
	waiting []drop
	ended   bool // nothing more is handed over
	out     Freshness
}

// MeasureFreshness streams records in as a steady flow of small files, each renamed into the watched
// folder when it is whole, and asks at the same time, over and over, which have become visible. A
// delivery becomes visible as a whole, so its last record stands for all.
func MeasureFreshness(ctx context.Context, o FreshnessOptions) (Freshness, error) {
	s := &stream{FreshnessOptions: o, begun: time.Now(), out: Freshness{Rate: o.Rate}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.feed(ctx) })
	var probes []float64
	g.Go(func() (err error) {
		probes, err = s.probe(ctx)
		return err
	})
	err := g.Wait()
	s.out.summarise(probes)
	return s.out, err
}

// feed hands over deliveries at their times. When the disk holds one up the next ones follow faster.
func (s *stream) feed(ctx context.Context) error {
	per, n := s.Rate*int64(s.Every)/int64(time.Second), int(s.For/s.Every)
	folder := filepath.Join(s.Dir, "deliveries", "0")
	for i := range n {
		if !until(ctx, s.begun.Add(time.Duration(i)*s.Every)) {
			return ctx.Err()
		}
		from := int64(i) * per
		name := fmt.Sprintf("izin-%06d.ndjson", i)
		hidden := filepath.Join(folder, "."+name)
		sums, err := writeFile(hidden, NDJSON, from, per)
		if err != nil {
			return err
		}
		at := time.Now() // before it can be seen
		if err := os.Rename(hidden, filepath.Join(folder, name)); err != nil {
			return err
		}
		s.mu.Lock()
		s.waiting = append(s.waiting, drop{number: number(from + per), at: at})
		s.out.Sums.join(sums)
		s.out.Rows, s.out.Deliveries, s.out.Seconds = from+per, i+1, time.Since(s.begun).Seconds()
		s.ended = i == n-1
		s.mu.Unlock()
	}
	return nil
}

// number is the nomor of the record with a serial number.
func number(serial int64) string { return "IZN-2024-" + string(padded(nil, serial, 9)) }

// mostAsked is how many deliveries one query asks for: the oldest.
const mostAsked = 500

// probe asks for what has not been found yet until all was.
func (s *stream) probe(ctx context.Context) (took []float64, err error) {
	const pause = 50 * time.Millisecond
	said, found := time.Now(), time.Now()
	for {
		s.mu.Lock()
		asked, ended := s.waiting[:min(mostAsked, len(s.waiting))], s.ended
		s.mu.Unlock()
		if len(asked) == 0 {
			if ended {
				return took, nil
			}
			found = time.Now()
		} else {
			n, d, err := s.ask(ctx, asked)
			if err != nil {
				return took, err
			}
			took = append(took, d.Seconds())
			if n > 0 {
				found = time.Now()
			}
		}
		if time.Since(found) > s.Patience {
			return took, fmt.Errorf("%w: %d are waited for, the oldest for %s", ErrNotFresh, len(asked), time.Since(asked[0].at).Round(time.Second))
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			s.report()
		}
		if !until(ctx, time.Now().Add(pause)) {
			return took, ctx.Err()
		}
	}
}

// ask asks for deliveries and notes those that are found.
func (s *stream) ask(ctx context.Context, asked []drop) (n int, took time.Duration, err error) {
	numbers := make([]string, len(asked))
	for i, d := range asked {
		numbers[i] = d.number
	}
	begun := time.Now()
	visible, err := s.Visible(ctx, numbers)
	now := time.Now()
	if err != nil {
		return 0, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(slices.Clone(s.waiting), func(d drop) bool {
		if !slices.Contains(visible, d.number) {
			return false
		}
		s.out.Series = append(s.out.Series, [2]float64{round(d.at.Sub(s.begun)), round(now.Sub(d.at))})
		return true
	})
	return len(visible), now.Sub(begun), nil
}

// report says how it goes.
func (s *stream) report() {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := 0.0
	if n := len(s.out.Series); n > 0 {
		last = s.out.Series[n-1][1]
	}
	s.Say("%4.0f s: %d kiriman, %d ditunggu (deliveries, waited for), terakhir terlihat setelah (last seen after) %.2f s", time.Since(s.begun).Seconds(), s.out.Deliveries, len(s.waiting), last)
}

func (f *Freshness) summarise(probes []float64) {
	took := make([]float64, len(f.Series))
	for i, p := range f.Series {
		took[i] = p[1]
	}
	slices.Sort(took)
	slices.Sort(probes)
	f.P50, f.P90, f.P99, f.Max = quantile(took, 0.5), quantile(took, 0.9), quantile(took, 0.99), quantile(took, 1)
	f.Probes, f.ProbeP50 = len(probes), quantile(probes, 0.5)
}

// quantile is the smallest of sorted values that at least a share q of them does not exceed.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := int(q * float64(len(sorted)))
	if float64(at) == q*float64(len(sorted)) && at > 0 {
		at--
	}
	return sorted[min(at, len(sorted)-1)]
}

func round(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// until waits for a time and says whether ctx is still on.
func until(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
