package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"satudata/cmd/satudata/bench"
)

func (a *app) benchCommand() *cobra.Command {
	var o bench.Options
	var input string
	var asJSON bool
	c := &cobra.Command{
		Use: "bench", Short: "Ukur kecepatan terhadap COPY milik DuckDB (measure the road against DuckDB's COPY)",
		Long: `Membuat pekerjaan acuan (rekaman izin, 10 kolom), lalu bergantian menjalankan seluruh jalan (berkas → log → tabel),
pendaratan saja dari log yang sudah terisi, dan COPY milik DuckDB atas berkas yang sama; masing-masing sebagai proses
tersendiri. Mencetak median, dan memeriksa setiap hasil terhadap apa yang dibuat.

(Makes the reference work, permit records of 10 columns, and alternately runs the whole road from the file to
published tables, the landing alone from a filled log, and DuckDB's COPY of the same file, each as a process of its own.
Prints medians, and checks what came of every run against what was made.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.Input = bench.Input(input)
			if err := checkBench(o); err != nil {
				return err
			}
			say := a.stdout
			if asJSON {
				say = a.stderr
			}
			res, err := a.bench(c, o, say)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, res)
			}
			printBench(a.stdout, res)
			return nil
		},
	}
	c.Flags().Int64Var(&o.Rows, "rows", 3_000_000, "rekaman (records)")
	c.Flags().StringVar(&input, "input", "ndjson", "ndjson | csv")
	c.Flags().IntVar(&o.Runs, "runs", 3, "kali setiap jenis (times each)")
	c.Flags().StringVar(&o.Dir, "tmp", filepath.Join(os.TempDir(), "satudata-bench"), "folder untuk berkas acuan dan ruang kerja sementara (folder of the file and of passing workspaces)")
	c.Flags().BoolVar(&asJSON, "json", false, "hasil sebagai JSON; kemajuan ke stderr (the result as JSON, progress to stderr)")
	c.AddCommand(benchCopyCommand(), a.benchSumsCommand(), a.benchWorkspaceCommand(), a.benchMessagesCommand(), a.benchFreshnessCommand(), a.benchManyCommand())
	return c
}

func checkBench(o bench.Options) error {
	switch {
	case o.Input != bench.NDJSON && o.Input != bench.CSV:
		return usageError("--input %q: pilih ndjson atau csv (choose one of these)", o.Input)
	case o.Rows < 1:
		return usageError("--rows harus paling sedikit 1 (must be at least 1)")
	case o.Runs < 1:
		return usageError("--runs harus paling sedikit 1 (must be at least 1)")
	}
	return nil
}

// bench runs the benchmark with this program, and notes what ran.
func (a *app) bench(c *cobra.Command, o bench.Options, say io.Writer) (bench.Result, error) {
	var err error
	if o.Program, err = os.Executable(); err != nil {
		return bench.Result{}, err
	}
	o.Say = func(format string, args ...any) { fmt.Fprintf(say, format+"\n", args...) }
	res, err := bench.Run(c.Context(), o)
	if errors.Is(err, bench.ErrWrong) {
		return res, fmt.Errorf("%w: %w", errUnproven, err)
	}
	if err != nil {
		return res, err
	}
	res.Command = []string{"satudata", "bench", "--rows", strconv.FormatInt(o.Rows, 10), "--input", string(o.Input), "--runs", strconv.Itoa(o.Runs), "--json"}
	duckdb, err := bench.DuckDBVersion(c.Context())
	res.Versions = map[string]string{"satudata": version, "go": runtime.Version(), "duckdb": duckdb}
	return res, err
}

func printBench(out io.Writer, r bench.Result) {
	fmt.Fprintf(out, `
%s rekaman %s, %.0f byte setiap rekaman; %d inti, %s
  seluruh jalan (road)       %10s baris/dtk (rows/s), %.2f × DuckDB; CPU %.2f µs/baris; puncak memori (peak RSS) %d MiB
  pendaratan saja (landing)  %10s baris/dtk, %.2f × DuckDB; CPU %.2f µs/baris
  COPY DuckDB, %d utas       %11s baris/dtk; CPU %.2f µs/baris
  %s baris dihitung dan cocok (rows counted, and right)
`, number(r.Rows), r.Input, float64(r.FileBytes)/float64(r.Rows), r.Machine.Cores, r.Machine.CPU,
		number(int64(r.RoadRowsPerSecond)), r.Ratio, r.CPU["road"], r.PeakRSS>>20, number(int64(r.LandRowsPerSecond)), r.LandRatio, r.CPU["land"],
		r.Threads, number(int64(r.DuckDBRowsPerSecond)), r.CPU["duckdb"], number(r.RowsVerified))
}

// benchCopyCommand is the child process that runs DuckDB's COPY.
func benchCopyCommand() *cobra.Command {
	var input string
	var threads int
	c := &cobra.Command{
		Use: "copy FROM TO", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return bench.Copy(c.Context(), bench.Input(input), args[0], args[1], threads)
		},
	}
	c.Flags().StringVar(&input, "input", "ndjson", "ndjson | csv")
	c.Flags().IntVar(&threads, "threads", runtime.NumCPU(), "utas (threads)")
	return c
}

// benchSumsCommand answers what a file of DuckDB's COPY holds.
func (a *app) benchSumsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sums FILE", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return bench.CopiedSums(c.Context(), args[0], a.stdout)
		},
	}
}

// benchWorkspaceCommand makes a filled workspace for a benchmark of another program, and says what it holds.
func (a *app) benchWorkspaceCommand() *cobra.Command {
	var input, config string
	var sources int
	var rows int64
	c := &cobra.Command{
		Use: "workspace DIR", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := bench.Workspace(args[0], bench.Input(input), sources, config); err != nil {
				return err
			}
			sums, err := bench.Fill(args[0], bench.Input(input), sources, rows)
			if err != nil {
				return err
			}
			return writeJSON(a.stdout, sums)
		},
	}
	c.Flags().StringVar(&input, "input", "ndjson", "ndjson | csv")
	c.Flags().StringVar(&config, "config", "", "YAML yang ditambahkan (added to the configuration)")
	c.Flags().IntVar(&sources, "sources", 1, "sumber (sources)")
	c.Flags().Int64Var(&rows, "rows", 0, "rekaman (records)")
	return c
}
