package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/catalog/query"
	"satudata/ingest/source"
	"satudata/transform/lake"
)

func (a *app) demoCommand() *cobra.Command {
	var keep string
	c := &cobra.Command{
		Use: "demo", Short: "Perlihatkan seluruh jalan dengan data contoh (show the whole road on the bundled sample)",
		Long: `Membuat ruang kerja baru dengan data contoh, membaca kiriman setiap OPD, mendaratkan, menghitung ulang, dan
menjawab kueri yang menggabungkan data tiga OPD.

(Makes a fresh workspace with the bundled sample, reads every OPD's deliveries, lands them, recounts,
and answers a query that joins three OPDs' data. --keep DIR leaves the workspace there.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			dir := keep
			if dir == "" {
				if dir, err = os.MkdirTemp("", "satudata-demo-"); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			}
			if err := initWorkspace(dir, true); err != nil {
				return err
			}
			a.dir = dir
			w, err := a.workspace()
			if err != nil {
				return err
			}
			if err := w.withParts(c.Context(), func(p parts) error { return a.demo(c.Context(), w, p) }); err != nil {
				return err
			}
			if keep != "" {
				fmt.Fprintf(a.stdout, "\nRuang kerja tersimpan di %s (the workspace is kept). Lanjutkan: satudata -C %s datasets\n", keep, keep)
			}
			return nil
		},
	}
	c.Flags().StringVar(&keep, "keep", "", "simpan ruang kerja di folder ini (keep the workspace there)")
	return c
}

// demo walks the road once, saying at each step what happened.
func (a *app) demo(ctx context.Context, w *workspace, p parts) error {
	begun := time.Now()
	fmt.Fprintf(a.stdout, "%s\n\n1. Kiriman dibaca ke log peristiwa (deliveries read into the event log)\n\n", w.cfg.Name)
	if err := a.demoIngest(ctx, w, p); err != nil {
		return err
	}

	fmt.Fprint(a.stdout, "\n2. Diseragamkan, diperiksa, mendarat di tabel Iceberg (normalised, checked, landed)\n\n")
	if err := a.demoLand(ctx, w, p); err != nil {
		return err
	}

	fmt.Fprint(a.stdout, "\n3. Dihitung ulang dari log dan tabel (recounted from log and tables)\n\n")
	report, err := verify(ctx, p)
	if err != nil {
		return err
	}
	if err := printReport(a.stdout, report); err != nil {
		return err
	}
	if !report.OK() {
		return errUnproven
	}

	fmt.Fprint(a.stdout, "\n4. Satu kueri atas data tiga OPD: gabungan.sql (one query over three OPDs' data)\n\n")
	sql, err := sample.ReadFile("sample/queries/gabungan.sql")
	if err != nil {
		return err
	}
	if err := w.answer(ctx, p, a.stdout, string(sql), query.Table, lake.AsOf{}); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nSelesai dalam %s (done)\n", took(time.Since(begun)))
	return nil
}

// demoIngest reads the sources of satudata.yaml. A refused delivery is part of the sample.
func (a *app) demoIngest(ctx context.Context, w *workspace, p parts) error {
	docs, err := w.documents()
	if err != nil {
		return err
	}
	feeds, err := w.feeds(docs, "")
	if err != nil {
		return err
	}
	for _, f := range feeds {
		if _, err := w.ingest(ctx, p, f, source.NewProgress(a.stdout, terminal(a.stdout), time.Now)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) demoLand(ctx context.Context, w *workspace, p parts) error {
	sum := &landings{commits: io.Discard, deliveries: io.Discard}
	worker, err := w.worker(p, sum)
	if err != nil {
		return err
	}
	if err := worker.Drain(ctx); err != nil {
		return err
	}
	found, err := p.cat.Deliveries(ctx, "")
	if err != nil {
		return err
	}
	if err := printTally(a.stdout, found); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n%s\n", sum)
	return nil
}

// printTally says per OPD and dataset what was read, accepted and rejected, and the top reasons.
func printTally(out io.Writer, found []catalog.Delivery) error {
	const reasons = 3
	err := columns(out, "OPD|DATASET|BERKAS|DIBACA|DITERIMA|DITOLAK|DISISIHKAN|STATUS", func(print func(...any)) {
		for _, d := range found {
			if c := d.Check; c != nil {
				print(opdOf(d), d.Dataset, d.Subject, number(c.Read), number(c.Accepted), number(c.Rejected), number(c.SetAside), d.Status)
			} else {
				print(opdOf(d), d.Dataset, d.Subject, "-", "-", "-", "-", d.Status)
			}
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nAlasan penolakan (reasons)")
	for _, d := range found {
		if d.Reason != nil {
			fmt.Fprintf(out, "  %s: %s (%s)\n", d.Subject, d.Reason.ID, d.Reason.EN)
		}
		if d.Check == nil {
			continue
		}
		if n := len(d.Check.Warnings); n > 0 {
			fmt.Fprintf(out, "  %s: %d peringatan, di antaranya: %s\n", d.Subject, n, d.Check.Warnings[0].ID)
		}
		for _, f := range d.Check.Findings {
			fmt.Fprintf(out, "  %s: %s [%s] %s\n", d.Subject, severityWord(f), f.Rule, f.Say.ID)
		}
		for i, r := range d.Check.Reasons {
			if i == reasons {
				fmt.Fprintf(out, "  %s: dan %d alasan lain; lihat `satudata rejects %s` (and more)\n", d.Subject, len(d.Check.Reasons)-reasons, short(d.ID))
				break
			}
			fmt.Fprintf(out, "  %s: %s × %s [%s] %s\n", d.Subject, number(r.Count), field(r.Field, nil), r.Rule, r.Say.ID)
		}
	}
	return nil
}

// opdOf is the OPD that delivered.
func opdOf(d catalog.Delivery) string {
	opd, _, _ := strings.Cut(strings.TrimPrefix(d.Source, "/opd/"), "/")
	return opd
}
