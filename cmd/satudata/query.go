package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satudata/catalog/query"
	"satudata/transform/lake"
)

func (a *app) queryCommand() *cobra.Command {
	var format, asOf, file string
	c := &cobra.Command{
		Use: "query SQL", Short: "Jawab kueri SQL (answer a SQL query)",
		Long: `Menjawab satu kueri SQL (dialek DuckDB) atas semua dataset. Dataset bencana.kejadian_banjir adalah tampilan
bencana.kejadian_banjir; riwayatnya bencana.kejadian_banjir_riwayat, baris yang ditolak bencana.kejadian_banjir_ditolak.

(Answers one SQL query, in DuckDB's dialect, over all datasets. The SQL may come from --file instead,
or from standard input with --file -. --as-of takes a time, a date, or the id of an Iceberg snapshot.)`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			f, err := query.ParseFormat(format)
			if err != nil {
				return err
			}
			when, err := parseAsOf(asOf, w.zone)
			if err != nil {
				return err
			}
			sql, err := a.sql(args, file)
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error { return w.answer(c.Context(), p, a.stdout, sql, f, when) })
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "baca SQL dari berkas, - untuk masukan standar (read the SQL from a file)")
	c.Flags().StringVar(&format, "format", "table", "table | csv | json | ndjson | parquet | arrow")
	c.Flags().StringVar(&asOf, "as-of", "", "keadaan pada waktu atau snapshot itu (state at that time or snapshot)")
	return c
}

// sql is the statement of the command line, or of the file that stands for it.
func (a *app) sql(args []string, file string) (string, error) {
	switch {
	case len(args) == 1 && file == "":
		return args[0], nil
	case len(args) == 1 || file == "":
		return "", usageError("sebutkan SQL, atau --file, salah satu (give the SQL or --file, one of them)")
	case file == "-":
		text, err := io.ReadAll(a.stdin)
		return string(text), err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", unreadable(err)
	}
	return string(text), nil
}

// answer runs one query and writes its result.
func (w *workspace) answer(ctx context.Context, p parts, out io.Writer, sql string, f query.Format, when lake.AsOf) (err error) {
	engine, err := w.openEngine(ctx, p, when)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	res, err := engine.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer res.Close()
	return query.Write(out, f, res)
}

// openEngine opens DuckDB over the views of every dataset. A dataset's tables are looked up when a
// statement first names it.
func (w *workspace) openEngine(ctx context.Context, p parts, when lake.AsOf) (*query.Engine, error) {
	datasets, err := p.cat.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	var views []query.View
	for _, dataset := range datasets {
		topic, name, _ := strings.Cut(dataset, ".")
		notAdditive := func(ctx context.Context) ([]string, error) {
			contract, err := p.cat.LatestContract(ctx, dataset)
			if err != nil {
				return nil, err
			}
			return contract.NotAdditive(), nil
		}
		for i, suffix := range lake.ViewSuffixes {
			views = append(views, query.View{Schema: topic, Name: name + suffix, NotAdditive: notAdditive, Define: func(ctx context.Context) (string, error) {
				published, err := p.cat.Publications(ctx, dataset)
				if err != nil {
					return "", err
				}
				found, err := p.lake.Views(ctx, dataset, published, when)
				if err != nil {
					return "", p.atFault(ctx, dataset, err)
				}
				return found[i].SQL, nil
			}})
		}
	}
	return query.Open(ctx, query.Options{
		Views: views, Folders: []string{w.path("lake")}, Zone: w.zone,
		MemoryLimit: w.cfg.Query.Memory, Threads: w.cfg.Query.Threads, Timeout: w.cfg.Query.Timeout,
	})
}

// atFault says of an error of the tables of a dataset whether they are damaged, and which those are.
func (p parts) atFault(ctx context.Context, dataset string, err error) error {
	if errors.Is(err, lake.ErrNotFound) {
		if lost := p.lake.Registered(ctx, dataset); lost != nil {
			return lost
		}
		return err
	}
	if ctx.Err() == nil && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, query.ErrUnreadable)) {
		return &damagedTables{dataset, err}
	}
	return err
}

// parseAsOf reads a snapshot id, a time, or a date, which means the end of that day in zone.
func parseAsOf(s string, zone *time.Location) (lake.AsOf, error) {
	if s == "" {
		return lake.AsOf{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return lake.AsOf{Time: day.AddDate(0, 0, 1).Add(-time.Nanosecond)}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return lake.AsOf{Time: t}, nil
		}
	}
	if id, err := strconv.ParseInt(s, 10, 64); err == nil {
		return lake.AsOf{Snapshot: id}, nil
	}
	return lake.AsOf{}, usageError("--as-of %q: tulis 2026-01-31, \"2026-01-31 15:04\", 2026-01-31T15:04:05+07:00 atau nomor snapshot (write a date, a time or a snapshot id)", s)
}
