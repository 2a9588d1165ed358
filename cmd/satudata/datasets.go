package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/catalog/query"
	"satudata/schemas"
	"satudata/transform/lake"
)

// datasetInfo is one line of `satudata datasets`.
type datasetInfo struct {
	Dataset    string   `json:"dataset"`
	Title      string   `json:"judul"`
	Contract   string   `json:"kontrak"` // version
	Sources    []string `json:"sumber"`
	Deliveries int      `json:"pengiriman"`
	Rows       int64    `json:"baris"` // in the current state
}

func (a *app) datasetsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "datasets", Short: "Dataset dan isinya (datasets and what they hold)", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				found, err := w.datasets(c.Context(), p)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, found)
				}
				return columns(a.stdout, "DATASET|JUDUL|KONTRAK|SUMBER|PENGIRIMAN|BARIS", func(print func(...any)) {
					for _, d := range found {
						print(d.Dataset, d.Title, d.Contract, strings.Join(d.Sources, ", "), d.Deliveries, number(d.Rows))
					}
				})
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
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

func describe(ctx context.Context, p parts, name string) (datasetInfo, error) {
	info := datasetInfo{Dataset: name, Sources: []string{}}
	doc, err := p.cat.LatestContract(ctx, name)
	if err != nil {
		return info, err
	}
	contract, err := schemas.ParseContract(name, []byte(doc))
	if err != nil {
		return info, err
	}
	info.Title, info.Contract = contract.Title, contract.Version
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

// countRows fills in the rows of the current states. A dataset of which nothing has landed has none.
func (w *workspace) countRows(ctx context.Context, p parts, infos []datasetInfo) (err error) {
	engine, err := w.openEngine(ctx, p, lake.AsOf{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	for i := range infos {
		topic, name, _ := strings.Cut(infos[i].Dataset, ".")
		infos[i].Rows, err = one(ctx, engine, fmt.Sprintf("SELECT count(*) FROM %q.%q", topic, name))
		if err != nil && !errors.Is(err, lake.ErrNotFound) {
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
