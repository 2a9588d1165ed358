package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"satudata/catalog/query"
	"satudata/cmd/satudata/bench"
	"satudata/transform/lake"
)

// freshnessResult is what `bench freshness --json` prints.
type freshnessResult struct {
	bench.Freshness
	Verified int64             `json:"rows_verified"`
	Up       bench.Measured    `json:"up"`
	Machine  bench.Machine     `json:"machine"`
	Versions map[string]string `json:"versions"`
	Command  []string          `json:"command"`
	Begun    time.Time         `json:"begun"`
}

func (a *app) benchFreshnessCommand() *cobra.Command {
	o := bench.FreshnessOptions{Patience: 2 * time.Minute}
	var tmp string
	var asJSON bool
	c := &cobra.Command{
		Use: "freshness", Short: "Ukur berapa lama sampai rekaman terlihat kueri (how long until a query sees a record)",
		Long: `Menjalankan satudata up sebagai proses tersendiri, mengalirkan rekaman ke folder yang diawasinya, dan terus-menerus
bertanya dari proses ini kiriman mana yang sudah terlihat dalam keadaan terkini.

(Runs satudata up as a process of its own, streams records into the folder that it watches, and asks over and over
from this process which deliveries are visible in the current state.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if per := o.Rate * int64(o.Every) / int64(time.Second); per < 1 || o.For < o.Every {
				return usageError("--rate, --every dan --for tidak menghasilkan satu kiriman pun (these do not make one delivery)")
			}
			say := a.stdout
			if asJSON {
				say = a.stderr
			}
			o.Say = func(format string, args ...any) { fmt.Fprintf(say, format+"\n", args...) }
			res, err := a.freshness(c.Context(), o, tmp)
			if err != nil {
				return err
			}
			res.Command = []string{"satudata", "bench", "freshness", "--rate", strconv.FormatInt(o.Rate, 10), "--for", o.For.String(), "--every", o.Every.String(), "--json"}
			if asJSON {
				return writeJSON(a.stdout, res)
			}
			fmt.Fprintf(a.stdout, "\n%s rekaman, %d/dtk: terlihat setelah (visible after) p50 %.2f s, p99 %.2f s, paling lama (max) %.2f s; %s baris cocok (rows right); up: CPU %.0f s, puncak memori (peak RSS) %d MiB\n",
				number(res.Rows), res.Rate, res.P50, res.P99, res.Max, number(res.Verified), res.Up.CPUSeconds, res.Up.PeakRSS>>20)
			return nil
		},
	}
	c.Flags().Int64Var(&o.Rate, "rate", 20_000, "rekaman setiap detik (records a second)")
	c.Flags().DurationVar(&o.For, "for", 5*time.Minute, "lamanya (for how long)")
	c.Flags().DurationVar(&o.Every, "every", 250*time.Millisecond, "jarak antarkiriman (between two deliveries)")
	c.Flags().StringVar(&tmp, "tmp", filepath.Join(os.TempDir(), "satudata-bench"), "folder untuk ruang kerja sementara (folder of the passing workspace)")
	c.Flags().BoolVar(&asJSON, "json", false, "hasil sebagai JSON; kemajuan ke stderr (the result as JSON, progress to stderr)")
	return c
}

// freshness measures in a workspace of its own.
func (a *app) freshness(ctx context.Context, o bench.FreshnessOptions, tmp string) (res freshnessResult, err error) {
	res = freshnessResult{Machine: bench.ThisMachine(), Begun: time.Now().UTC(), Versions: map[string]string{"satudata": version, "go": runtime.Version()}}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return res, err
	}
	if o.Dir, err = os.MkdirTemp(tmp, "freshness-"); err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if err := bench.Workspace(o.Dir, bench.NDJSON, 1, ""); err != nil {
		return res, err
	}
	up, err := a.startUp(o.Dir)
	if err != nil {
		return res, err
	}
	a.dir = o.Dir
	w, err := a.workspace()
	if err == nil {
		err = w.withReader(ctx, func(p parts) (err error) {
			o.Visible = func(ctx context.Context, numbers []string) ([]string, error) { return w.visible(ctx, p, numbers) }
			if res.Freshness, err = bench.MeasureFreshness(ctx, o); err != nil {
				return err
			}
			var answer bytes.Buffer
			if err := w.answer(ctx, p, &answer, bench.TableSums(), query.JSON, lake.AsOf{}); err != nil {
				return err
			}
			res.Verified, err = res.Sums.Check(answer.Bytes())
			return err
		})
	}
	if errors.Is(err, bench.ErrWrong) || errors.Is(err, bench.ErrNotFresh) {
		err = fmt.Errorf("%w: %w", errUnproven, err)
	}
	stopped := up.stop()
	res.Up = stopped.measured
	return res, errors.Join(err, stopped.err)
}

// visible are the numbers that a query of the current state finds.
func (w *workspace) visible(ctx context.Context, p parts, numbers []string) ([]string, error) {
	var answer bytes.Buffer
	sql := "SELECT nomor FROM " + bench.Dataset + " WHERE nomor IN ('" + strings.Join(numbers, "', '") + "')"
	err := w.answer(ctx, p, &answer, sql, query.JSON, lake.AsOf{})
	if errors.Is(err, query.ErrUnknownTable) || errors.Is(err, lake.ErrNotFound) {
		return nil, nil // nothing has landed yet
	}
	if err != nil {
		return nil, err
	}
	var rows []struct{ Nomor string }
	if err := json.Unmarshal(answer.Bytes(), &rows); err != nil {
		return nil, err
	}
	found := make([]string, len(rows))
	for i, r := range rows {
		found[i] = r.Nomor
	}
	return found, nil
}

// running is a `satudata up` that we have started.
type running struct {
	cmd    *exec.Cmd
	begun  time.Time
	ended  chan error
	stderr bytes.Buffer // read when it has ended
}

// startUp starts `satudata up` and waits until others can read the workspace.
func (a *app) startUp(dir string) (*running, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &running{cmd: exec.Command(program, "-C", dir, "up"), begun: time.Now(), ended: make(chan error, 1)}
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { r.ended <- r.cmd.Wait() }()
	for {
		if _, err := os.Stat(filepath.Join(dir, "lake", "catalog.db")); err == nil {
			return r, nil
		}
		select {
		case err := <-r.ended:
			return nil, fmt.Errorf("satudata up: %w\n%s", err, r.stderr.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ending is how a process ended.
type ending struct {
	measured bench.Measured
	err      error
}

// stop ends it as Ctrl-C does.
func (r *running) stop() ending {
	err := r.cmd.Process.Signal(syscall.SIGINT)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil // it has ended by itself, and says why
	}
	err = errors.Join(err, <-r.ended)
	if err != nil || r.stderr.Len() > 0 {
		err = errors.Join(err, fmt.Errorf("satudata up: %s", strings.TrimSpace(r.stderr.String())))
	}
	return ending{bench.Used("up", r.cmd.ProcessState, time.Since(r.begun)), err}
}
