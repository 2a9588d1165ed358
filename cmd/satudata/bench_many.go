package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/cmd/satudata/bench"
)

// manyResult is what `bench many --json` prints.
type manyResult struct {
	bench.Many
	Published int               `json:"deliveries_published"` // counted in the catalog
	Machine   bench.Machine     `json:"machine"`
	Versions  map[string]string `json:"versions"`
	Command   []string          `json:"command"`
	Begun     time.Time         `json:"begun"`
}

func (a *app) benchManyCommand() *cobra.Command {
	o := bench.ManyOptions{Ready: allSeen}
	var tmp string
	var asJSON bool
	c := &cobra.Command{
		Use: "many", Short: "Ukur satudata up dengan banyak dataset (measure up with many datasets)",
		Long: `Membuat ruang kerja dengan banyak dataset, mengisinya dengan satudata ingest --land, lalu menjalankan satudata up
sebagai proses tersendiri: berapa lama sampai siap, dan berapa CPU dan memorinya saat menganggur.

(Makes a workspace of many datasets, fills it with satudata ingest --land, then runs satudata up as a process of its own:
how long until it is ready, and what it uses of processor and memory when idle.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Datasets < 1 || o.Deliveries < 1 || o.Records < 1 || o.Idle <= 0 {
				return usageError("--datasets, --deliveries, --records dan --idle harus lebih dari 0 (must be more than 0)")
			}
			say := a.stdout
			if asJSON {
				say = a.stderr
			}
			o.Say = func(format string, args ...any) { fmt.Fprintf(say, format+"\n", args...) }
			res, err := a.many(c.Context(), o, tmp)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, res)
			}
			fmt.Fprintf(a.stdout, "\n%d dataset × %d kiriman (deliveries): siap setelah (ready after) %.2f s; menganggur (idle) %.2f %% CPU, %d MiB; beban mesin (load) %s\n",
				res.Datasets, res.Deliveries, res.ReadySecond, 100*res.IdleCPU, res.IdleRSS>>20, res.Load)
			return nil
		},
	}
	c.Flags().IntVar(&o.Datasets, "datasets", 500, "dataset (datasets)")
	c.Flags().IntVar(&o.Deliveries, "deliveries", 10, "kiriman setiap dataset (deliveries of each)")
	c.Flags().Int64Var(&o.Records, "records", 20, "rekaman setiap kiriman (records of each delivery)")
	c.Flags().DurationVar(&o.Idle, "idle", 30*time.Second, "lama diamati saat menganggur (how long it is watched when idle)")
	c.Flags().StringVar(&tmp, "tmp", filepath.Join(os.TempDir(), "satudata-bench"), "folder untuk ruang kerja sementara (folder of the passing workspace)")
	c.Flags().BoolVar(&asJSON, "json", false, "hasil sebagai JSON; kemajuan ke stderr (the result as JSON, progress to stderr)")
	return c
}

// many measures in a workspace of its own, and counts what was published in it.
func (a *app) many(ctx context.Context, o bench.ManyOptions, tmp string) (res manyResult, err error) {
	res = manyResult{Machine: bench.ThisMachine(), Begun: time.Now().UTC(), Versions: map[string]string{"satudata": version, "go": runtime.Version()}}
	res.Command = []string{"satudata", "bench", "many", "--datasets", strconv.Itoa(o.Datasets), "--deliveries", strconv.Itoa(o.Deliveries),
		"--records", strconv.FormatInt(o.Records, 10), "--idle", o.Idle.String(), "--json"}
	if o.Program, err = os.Executable(); err != nil {
		return res, err
	}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return res, err
	}
	if o.Dir, err = os.MkdirTemp(tmp, "many-"); err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if res.Many, err = bench.MeasureMany(ctx, o); err != nil {
		return res, err
	}
	a.dir = o.Dir
	w, err := a.workspace()
	if err != nil {
		return res, err
	}
	err = w.withReader(ctx, func(p parts) error {
		all, err := p.cat.Deliveries(ctx, "")
		for _, d := range all {
			if d.Status == catalog.Published {
				res.Published++
			}
		}
		return err
	})
	if err == nil && res.Published != o.Datasets*o.Deliveries {
		err = fmt.Errorf("%w: %d dari %d kiriman terbit (of the deliveries are published)", errUnproven, res.Published, o.Datasets*o.Deliveries)
	}
	return res, err
}
