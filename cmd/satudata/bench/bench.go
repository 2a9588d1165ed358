// Package bench measures the road of a record against DuckDB's COPY of the same file on the same cores.
//
// # Design
//
// Everything that is timed is a child process of the program itself, from its start to its end, so
// that memory and CPU are its own and nothing is warm that is not warm for the others. Rounds of road,
// landing and COPY alternate, so that a machine that grows slower does so for all. Before each the
// disk is told to write what it still holds of the one before, and the file has been read once, so
// that it is in the page cache for all alike. What came of every run is counted and summed by a query
// and compared with what the generator made.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// Options of Run.
type Options struct {
	Program string // this program
	Input   Input
	Rows    int64
	Runs    int    // of each kind, alternately
	Dir     string // where the file is kept and the workspaces come and go
	Say     func(format string, args ...any)
}

// The kinds of runs.
const (
	road   = "road"   // file → log → tables, published
	land   = "land"   // log → tables, published
	duckDB = "duckdb" // file → Parquet
)

// Result is what a benchmark prints.
type Result struct {
	RoadRowsPerSecond   float64 `json:"road_rows_per_s"` // medians
	LandRowsPerSecond   float64 `json:"land_rows_per_s"`
	DuckDBRowsPerSecond float64 `json:"duckdb_rows_per_s"`
	Ratio               float64 `json:"ratio"`      // road to DuckDB
	LandRatio           float64 `json:"land_ratio"` // landing to DuckDB
	PeakRSS             int64   `json:"peak_rss_bytes"`
	RowsVerified        int64   `json:"rows_verified"`

	// CPU is microseconds of all cores for a record, by kind of run: what neighbours on the machine disturb least.
	CPU map[string]float64 `json:"cpu_us_per_row"`

	Input     Input             `json:"input"`
	Rows      int64             `json:"rows"`
	FileBytes int64             `json:"file_bytes"`
	Threads   int               `json:"threads"` // of each
	Runs      []Measured        `json:"runs"`
	Machine   Machine           `json:"machine"`
	Versions  map[string]string `json:"versions"`
	Command   []string          `json:"command"`
	Begun     time.Time         `json:"begun"`
}

// Measured is one run of a child process.
type Measured struct {
	Kind          string  `json:"kind"`
	Seconds       float64 `json:"seconds"`
	CPUSeconds    float64 `json:"cpu_seconds"`
	RowsPerSecond float64 `json:"rows_per_s,omitempty"`
	PeakRSS       int64   `json:"peak_rss_bytes"`
	LogBytes      int64   `json:"log_bytes,omitempty"`
	TableBytes    int64   `json:"table_bytes,omitempty"` // of DuckDB, of its file
}

// Run measures.
func Run(ctx context.Context, o Options) (Result, error) {
	res := Result{Input: o.Input, Rows: o.Rows, Threads: runtime.NumCPU(), Machine: ThisMachine(), Begun: time.Now().UTC()}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return res, err
	}
	o.Say("berkas (file) %s, %d rekaman (records)", o.Input, o.Rows)
	file, sums, err := File(o.Dir, o.Input, o.Rows)
	if err != nil {
		return res, err
	}
	if res.FileBytes, err = warm(file); err != nil {
		return res, err
	}
	b := &bench{Options: o, file: file, sums: sums}
	for range o.Runs {
		for _, run := range []func(context.Context) (Measured, error){b.road, b.land, b.duckDB} {
			m, err := run(ctx)
			if err != nil {
				return res, err
			}
			m.RowsPerSecond = float64(o.Rows) / m.Seconds
			res.Runs = append(res.Runs, m)
			o.Say("%-7s %6.2f s %6.2f s CPU %10.0f baris/dtk (rows/s) %6d MiB", m.Kind, m.Seconds, m.CPUSeconds, m.RowsPerSecond, m.PeakRSS>>20)
		}
	}
	res.RowsVerified = b.verified
	res.summarise()
	return res, nil
}

// summarise fills in the medians.
func (r *Result) summarise() {
	speed := func(m Measured) float64 { return m.RowsPerSecond }
	r.RoadRowsPerSecond, r.LandRowsPerSecond, r.DuckDBRowsPerSecond = r.median(road, speed), r.median(land, speed), r.median(duckDB, speed)
	r.CPU = map[string]float64{}
	for _, kind := range []string{road, land, duckDB} {
		r.CPU[kind] = r.median(kind, func(m Measured) float64 { return m.CPUSeconds / float64(r.Rows) * 1e6 })
	}
	r.Ratio, r.LandRatio = r.RoadRowsPerSecond/r.DuckDBRowsPerSecond, r.LandRowsPerSecond/r.DuckDBRowsPerSecond
	for _, m := range r.Runs {
		if m.Kind == road {
			r.PeakRSS = max(r.PeakRSS, m.PeakRSS)
		}
	}
}

// median is the median of what the runs of a kind measured.
func (r *Result) median(kind string, of func(Measured) float64) float64 {
	var all []float64
	for _, m := range r.Runs {
		if m.Kind == kind {
			all = append(all, of(m))
		}
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// bench is one Run.
type bench struct {
	Options
	file     string
	sums     Sums
	verified int64
}

// road takes the file all the way in a fresh workspace.
func (b *bench) road(ctx context.Context) (m Measured, err error) {
	return b.inWorkspace(ctx, road, func(dir string) (Measured, error) {
		return b.child(ctx, "-C", dir, "ingest", "--land", "--json", "--binding", Binding(0), b.file)
	})
}

// land lands a log that another process has filled.
func (b *bench) land(ctx context.Context) (m Measured, err error) {
	return b.inWorkspace(ctx, land, func(dir string) (Measured, error) {
		if _, err := b.child(ctx, "-C", dir, "ingest", "--json", "--binding", Binding(0), b.file); err != nil {
			return Measured{}, err
		}
		return b.child(ctx, "-C", dir, "land", "--once")
	})
}

// inWorkspace runs f in a fresh workspace and proves what came of it.
func (b *bench) inWorkspace(ctx context.Context, kind string, f func(dir string) (Measured, error)) (m Measured, err error) {
	dir, err := os.MkdirTemp(b.Dir, kind+"-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := Workspace(dir, b.Input, 1, ""); err != nil {
		return m, err
	}
	if m, err = f(dir); err != nil {
		return m, err
	}
	m.Kind = kind
	if m.LogBytes, err = size(filepath.Join(dir, "log")); err != nil {
		return m, err
	}
	if m.TableBytes, err = size(filepath.Join(dir, "lake")); err != nil {
		return m, err
	}
	return m, b.prove(ctx, kind, "-C", dir, "query", "--format", "json", TableSums())
}

// duckDB makes DuckDB copy the file.
func (b *bench) duckDB(ctx context.Context) (m Measured, err error) {
	dir, err := os.MkdirTemp(b.Dir, duckDB+"-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	to := filepath.Join(dir, "izin.parquet")
	m, err = b.child(ctx, "bench", "copy", "--input", string(b.Input), "--threads", strconv.Itoa(runtime.NumCPU()), b.file, to)
	if err != nil {
		return m, err
	}
	m.Kind = duckDB
	if m.TableBytes, err = size(to); err != nil {
		return m, err
	}
	return m, b.prove(ctx, duckDB, "bench", "sums", to)
}

// prove compares what a query of sums answers with what the generator made.
func (b *bench) prove(ctx context.Context, kind string, args ...string) error {
	answer, err := output(ctx, b.Program, args...)
	if err != nil {
		return err
	}
	rows, err := b.sums.Check(answer)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if kind == road {
		b.verified = rows
	}
	return nil
}

// warm reads a file once and returns its size.
func warm(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(io.Discard, f)
}

// size is how many bytes of files are at and below path.
func size(path string) (total int64, err error) {
	err = filepath.WalkDir(path, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
