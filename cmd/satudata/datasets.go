package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/catalog/query"
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
)

// datasetInfo is one line of `satudata datasets`.
type datasetInfo struct {
	Dataset    string        `json:"dataset"`
	Title      string        `json:"judul"`
	Contract   string        `json:"kontrak"` // version
	Stage      catalog.Stage `json:"tahap"`   // of that version
	Until      string        `json:"sampai,omitempty"`
	Sources    []string      `json:"sumber"`
	Deliveries int           `json:"pengiriman"`
	Rows       int64         `json:"baris"`              // in the current state
	Fault      string        `json:"gangguan,omitempty"` // why they cannot be counted
}

func (a *app) datasetsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "datasets [DATASET]", Short: "Dataset dan isinya; dengan DATASET tabel dan snapshotnya (datasets and what they hold; tables and snapshots of one)",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				if len(args) == 1 {
					return a.tables(c.Context(), w, p, args[0], asJSON)
				}
				found, err := w.datasets(c.Context(), p)
				if err != nil {
					return err
				}
				if asJSON {
					return errors.Join(writeJSON(a.stdout, found), anyFault(found))
				}
				err = columns(a.stdout, "DATASET|JUDUL|KONTRAK|TAHAP|SUMBER|PENGIRIMAN|BARIS", func(print func(...any)) {
					for _, d := range found {
						stage := string(d.Stage)
						if d.Until != "" {
							stage += " sampai " + d.Until
						}
						rows := number(d.Rows)
						if d.Fault != "" {
							rows = "?"
						}
						print(d.Dataset, d.Title, d.Contract, stage, strings.Join(d.Sources, ", "), d.Deliveries, rows)
					}
				})
				for _, d := range found {
					if d.Fault != "" {
						fmt.Fprintf(a.stderr, "%s: %s\n", d.Dataset, d.Fault)
					}
				}
				return errors.Join(err, anyFault(found))
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// anyFault is errDamaged when there are tables that cannot be read.
func anyFault(found []datasetInfo) error {
	if slices.ContainsFunc(found, func(d datasetInfo) bool { return d.Fault != "" }) {
		return errDamaged
	}
	return nil
}

// tableInfo is one line of `satudata datasets DATASET`.
type tableInfo struct {
	Table    string    `json:"tabel"` // in the Iceberg catalog
	Rows     int64     `json:"baris"`
	Files    int       `json:"berkas"`
	Bytes    int64     `json:"ukuran_byte"`
	Snapshot int64     `json:"snapshot"` // for --as-of; 0 for a table without rows yet
	At       time.Time `json:"waktu,omitzero"`
}

// tables describes the Iceberg tables of a dataset.
func (a *app) tables(ctx context.Context, w *workspace, p parts, dataset string, asJSON bool) error {
	found, err := p.lake.Describe(ctx, dataset)
	if errors.Is(err, lake.ErrNotFound) {
		if unknown := p.known(ctx, dataset); unknown != nil {
			return unknown
		}
	}
	if err != nil {
		return p.atFault(ctx, dataset, err)
	}
	infos := make([]tableInfo, len(found))
	for i, t := range found {
		infos[i] = tableInfo{Table: t.Name, Rows: t.Rows, Files: t.Files, Bytes: t.Bytes, Snapshot: t.Snapshot, At: t.At}
	}
	if asJSON {
		return writeJSON(a.stdout, infos)
	}
	return columns(a.stdout, "TABEL|BARIS|BERKAS|BYTE|SNAPSHOT|WAKTU", func(print func(...any)) {
		for _, t := range infos {
			print(t.Table, number(t.Rows), t.Files, number(t.Bytes), t.Snapshot, w.clock(t.At))
		}
	})
}

func (w *workspace) datasets(ctx context.Context, p parts) ([]datasetInfo, error) {
	names, err := p.cat.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	out := []datasetInfo{}
	for _, name := range names {
		info, err := describe(ctx, p, name)
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	return out, w.countRows(ctx, p, out)
}

// known makes sure that there are datasets of these names, and says which one comes near where not.
func (p parts) known(ctx context.Context, names ...string) error {
	all, err := p.cat.Datasets(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			near := "belum ada satu pun (there are none yet)"
			if len(all) > 0 {
				near = schemas.DidYouMean(name, all)
			}
			return missing("dataset %q tidak ada (there is no such dataset): %s", name, near)
		}
	}
	return nil
}

func describe(ctx context.Context, p parts, name string) (datasetInfo, error) {
	info := datasetInfo{Dataset: name, Sources: []string{}}
	contract, err := p.cat.LatestContract(ctx, name)
	if err != nil {
		return info, err
	}
	document, err := p.cat.Document(ctx, event.KindContract, name+"@"+contract.Version)
	if err != nil {
		return info, err
	}
	info.Title, info.Contract, info.Stage, info.Until = contract.Title, contract.Version, document.Stage, document.Until
	found, err := p.cat.Deliveries(ctx, name)
	if err != nil {
		return info, err
	}
	seen := map[string]bool{}
	for _, d := range found {
		if d.Status == catalog.Published {
			info.Deliveries++
		}
		if !seen[d.Source] {
			seen[d.Source] = true
			info.Sources = append(info.Sources, d.Source)
		}
	}
	return info, nil
}

// countRows fills in the rows of the current states. A dataset of which nothing has landed has none; one
// whose tables cannot be read does not hide the others.
func (w *workspace) countRows(ctx context.Context, p parts, infos []datasetInfo) (err error) {
	engine, err := w.openEngine(ctx, p, lake.AsOf{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	for i := range infos {
		topic, name, _ := strings.Cut(infos[i].Dataset, ".")
		infos[i].Rows, err = one(ctx, engine, fmt.Sprintf("SELECT count(*) FROM %q.%q", topic, name))
		err = p.atFault(ctx, infos[i].Dataset, err)
		switch {
		case errors.Is(err, errDamaged), errors.Is(err, lake.ErrUnregistered):
			infos[i].Fault = say(err)
		case err != nil && !errors.Is(err, lake.ErrNotFound):
			return err
		}
	}
	return nil
}

// one answers a query whose result is one whole number.
func one(ctx context.Context, engine *query.Engine, sql string) (int64, error) {
	res, err := engine.Query(ctx, sql)
	if err != nil {
		return 0, err
	}
	defer res.Close()
	n := int64(0)
	for res.Next() {
		n = res.Batch().Column(0).(*array.Int64).Value(0)
	}
	return n, res.Err()
}
