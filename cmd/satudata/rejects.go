package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/transform/lake"
	"satudata/transform/quality"
)

// rejectedRow is one record of a delivery that did not become a row.
type rejectedRow struct {
	Row     int64            `json:"baris"` // in the file, as a spreadsheet counts
	Raw     string           `json:"mentah"`
	Reasons []quality.Reason `json:"alasan"`
}

// rejection is what `rejects --json` prints.
type rejection struct {
	Delivery catalog.Delivery    `json:"pengiriman"`
	Reasons  []event.ReasonCount `json:"alasan"`
	Rows     []rejectedRow       `json:"baris"`
}

func (a *app) rejectsCommand() *cobra.Command {
	var asJSON bool
	var csvFile string
	var limit int
	c := &cobra.Command{
		Use: "rejects DELIVERY", Short: "Mengapa baris ditolak, terkelompok dan satu per satu (why rows were rejected)",
		Long: `Menunjukkan mengapa baris suatu pengiriman ditolak. DELIVERY adalah akhir nomor pengiriman, atau nama berkasnya.
--csv menulis baris yang ditolak beserta alasannya, untuk diperbaiki OPD.

(Shows why rows of a delivery were rejected. DELIVERY is the end of its id, or its file name. --csv
writes the rejected rows with their reasons, for the OPD to mend.)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				d, err := p.cat.Delivery(c.Context(), args[0])
				if err != nil {
					return err
				}
				switch {
				case csvFile != "":
					return w.giveBack(c.Context(), p, d, csvFile, a.stdout)
				case asJSON:
					out := rejection{Delivery: d, Rows: []rejectedRow{}}
					if d.Check != nil {
						out.Reasons = d.Check.Reasons
					}
					err := w.rejects(c.Context(), p, d, 0, func(r rejectedRow) error {
						out.Rows = append(out.Rows, r)
						return nil
					})
					return errors.Join(err, writeJSON(a.stdout, out))
				}
				return w.printRejects(c.Context(), p, d, limit, a.stdout)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	c.Flags().StringVar(&csvFile, "csv", "", "tulis baris yang ditolak ke berkas CSV, - untuk keluaran standar (write the rejected rows to a CSV file)")
	c.Flags().IntVar(&limit, "limit", 20, "baris yang ditampilkan, 0 untuk semua (rows to show, 0 for all)")
	return c
}

func (w *workspace) printRejects(ctx context.Context, p parts, d catalog.Delivery, limit int, out io.Writer) error {
	fmt.Fprintf(out, "%s  %s  %s  %s\n", d.Subject, d.Dataset, d.Source, d.Status)
	if d.Reason != nil {
		fmt.Fprintf(out, "%s (%s)\n", d.Reason.ID, d.Reason.EN)
	}
	if d.Check == nil {
		return nil
	}
	fmt.Fprintf(out, "dibaca %s, diterima %s, ditolak %s, disisihkan %s\n\n",
		number(d.Check.Read), number(d.Check.Accepted), number(d.Check.Rejected), number(d.Check.SetAside))
	names, err := columnNames(ctx, p, d)
	if err != nil {
		return err
	}
	for _, r := range d.Check.Reasons {
		fmt.Fprintf(out, "%7s × %s [%s]\n          contoh: %s (%s)\n", number(r.Count), field(r.Field, names), r.Rule, r.Say.ID, r.Say.EN)
	}
	for _, m := range d.Check.Warnings {
		fmt.Fprintf(out, "peringatan: %s (%s)\n", m.ID, m.EN)
	}
	all, err := withExplanations(ctx, p, []catalog.Delivery{d})
	if err != nil {
		return err
	}
	printFindings(out, w, all[0])
	if d.Check.Rejected > 0 {
		fmt.Fprintln(out)
	}
	return w.rejects(ctx, p, d, limit, func(r rejectedRow) error {
		fmt.Fprintf(out, "baris %d: %s\n", r.Row, quality.Excerpt([]byte(r.Raw)))
		for _, why := range r.Reasons {
			fmt.Fprintf(out, "    %s [%s] %s (%s)\n", field(why.Field, names), why.Rule, why.Say.ID, why.Say.EN)
		}
		return nil
	})
}

// field names what a reason is about, also as the delivered file calls it where names knows that.
func field(name string, names map[string]string) string {
	if name == "" {
		return "seluruh baris"
	}
	parts := strings.Split(name, ", ")
	for i, part := range parts {
		if delivered := names[part]; delivered != "" {
			parts[i] = fmt.Sprintf("%s (di berkas: %s)", part, delivered)
		}
	}
	return strings.Join(parts, ", ")
}

// rejects calls do with the rejected rows of a delivery, in the order of its file; limit 0 means all.
func (w *workspace) rejects(ctx context.Context, p parts, d catalog.Delivery, limit int, do func(rejectedRow) error) (err error) {
	if d.Check == nil || d.Check.Rejected == 0 {
		return nil
	}
	engine, err := w.openEngine(ctx, p, lake.AsOf{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	topic, name, _ := strings.Cut(d.Dataset, ".")
	sql := fmt.Sprintf(`SELECT _baris_sumber, mentah, alasan FROM %q.%q WHERE _pengiriman = '%s' AND status = '%s' ORDER BY _peristiwa, _baris`,
		topic, name+"_ditolak", d.ID, lake.StatusRejected)
	if limit > 0 {
		sql += " LIMIT " + strconv.Itoa(limit)
	}
	res, err := engine.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer res.Close()
	for res.Next() {
		b := res.Batch()
		rows, raw, reasons := b.Column(0).(*array.Int64), b.Column(1).(*array.String), b.Column(2).(*array.String)
		for i := range int(b.NumRows()) {
			r := rejectedRow{Row: rows.Value(i), Raw: strings.Clone(raw.Value(i))} // the batch's memory is gone after the next one
			if err := json.Unmarshal([]byte(reasons.Value(i)), &r.Reasons); err != nil {
				return fmt.Errorf("read reasons of row %d: %w", r.Row, err)
			}
			if err := do(r); err != nil {
				return err
			}
		}
	}
	return res.Err()
}
