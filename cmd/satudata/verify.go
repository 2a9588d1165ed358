package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/schemas"
	"satudata/transform/pipeline"
)

func (a *app) verifyCommand() *cobra.Command {
	var asJSON, asDigests, asSame, deep bool
	c := &cobra.Command{
		Use: "verify [--same DIR [DIR2]]", Short: "Hitung ulang bahwa tidak ada baris yang hilang atau berlipat (recompute that no row is lost or doubled)",
		Long: `Menghitung ulang dari log peristiwa, untuk setiap pengiriman:
dibaca = diterima + ditolak + disisihkan + dalam perjalanan; memeriksa berkas tabel dan keadaan kini.
Keluar dengan kode 4 bila ada yang tidak cocok.

Dengan --deep juga membaca setiap byte tabel, log, dan berkas SQLite, dan menyebut yang rusak; lihat satudata repair.

Dengan --digest mencetak sidik isi setiap tabel: jumlah semua nilai semua baris, tidak bergantung pada
urutan, berkas, atau komit. Dengan --same membandingkan sidik dua ruang kerja, atau keluaran
--digest --json yang disimpan, dan menyebut baris yang hanya dimiliki salah satunya.

(Recomputes from the event log, for every delivery: read = accepted + rejected + set aside + in
flight; checks the files of the tables and the current state. Exits with 4 when something differs.
--deep reads every byte of tables, log and SQLite files as well and names what is damaged; see satudata repair.
--digest prints a digest of what each table holds: of every value of every row, independent of order, files and commits.
--same compares those of two workspaces, or kept outputs of --digest --json, and names rows that only one has; with
one argument the other is the workspace of -C.)`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case asSame && len(args) == 0 || !asSame && len(args) > 0:
				return usageError("--same perlu satu atau dua ruang kerja (--same takes one or two workspaces, and nothing else takes any)")
			case asSame && len(args) == 1:
				return a.same(c.Context(), a.dir, args[0], asJSON)
			case asSame:
				return a.same(c.Context(), args[0], args[1], asJSON)
			case asDigests:
				return a.printDigests(c.Context(), asJSON)
			}
			w, err := a.workspace()
			if err != nil {
				return err
			}
			look := w.verify
			if deep {
				look = w.verifyDeep
			}
			r, err := look(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(a.stdout, r)
			} else {
				err = printReport(a.stdout, r)
			}
			if err == nil && !r.OK() {
				err = errUnproven
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	c.Flags().BoolVar(&deep, "deep", false, "baca setiap byte: berkas data, metadata, log, SQLite (read every byte)")
	c.Flags().BoolVar(&asDigests, "digest", false, "sidik isi setiap tabel (content digests of the tables)")
	c.Flags().BoolVar(&asSame, "same", false, "bandingkan isi dua ruang kerja (compare what two workspaces hold)")
	return c
}

// verify recomputes the counts of a workspace.
func (w *workspace) verify(ctx context.Context) (r pipeline.Report, err error) {
	err = w.withParts(ctx, func(p parts) (err error) {
		r, err = verify(ctx, p)
		return err
	})
	return r, err
}

func verify(ctx context.Context, p parts) (pipeline.Report, error) {
	v, err := verifier(p)
	if err != nil {
		return pipeline.Report{}, err
	}
	return v.Verify(ctx)
}

func verifier(p parts) (pipeline.Verifier, error) {
	ref, err := schemas.LoadReference()
	return pipeline.Verifier{Log: p.log, Lake: p.lake, Governance: p.cat, Reference: ref, Recorded: recorded(p.cat), Known: delivered(p.cat)}, err
}

// delivered tells the verifier which datasets have deliveries.
func delivered(cat *catalog.Catalog) func(context.Context) ([]string, error) {
	return func(ctx context.Context) ([]string, error) {
		standings, err := cat.Standings(ctx)
		names := make([]string, len(standings))
		for i, s := range standings {
			names[i] = s.Dataset
		}
		return names, err
	}
}

// recorded tells the verifier what the facts say of a dataset's deliveries.
func recorded(cat *catalog.Catalog) func(context.Context, string) ([]pipeline.Recorded, error) {
	return func(ctx context.Context, dataset string) ([]pipeline.Recorded, error) {
		found, err := cat.Deliveries(ctx, dataset)
		if err != nil {
			return nil, err
		}
		out := make([]pipeline.Recorded, len(found))
		for i, d := range found {
			whole := d.Status != catalog.Opened && d.Status != catalog.Refused
			out[i] = pipeline.Recorded{Delivery: d.ID, Subject: d.Subject, Whole: whole, Records: d.Records, Check: d.Check,
				Stream: d.Stream, FirstSeq: d.FirstSeq, LastSeq: d.LastSeq}
		}
		return out, nil
	}
}

func printReport(out io.Writer, r pipeline.Report) error {
	err := columns(out, "DATASET|PENGIRIMAN|BERKAS|DIBACA|=|DITERIMA|+ DITOLAK|+ DISISIHKAN|+ DALAM PERJALANAN|HASIL", func(print func(...any)) {
		for _, a := range r.Accounts {
			mark := "cocok"
			if !a.Holds() {
				mark = "TIDAK COCOK"
			}
			print(a.Dataset, short(a.Delivery), a.Subject, number(a.Read), "=", number(a.Accepted), number(a.Rejected), number(a.SetAside), number(a.InFlight), mark)
		}
	})
	if err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintf(out, "CATATAN %s: %s (%s)\n", n.Dataset, n.Say.ID, n.Say.EN)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(out, "TEMUAN %s: %s (%s)\n", f.Dataset, f.Say.ID, f.Say.EN)
	}
	switch {
	case r.OK() && len(r.Accounts) == 0:
		fmt.Fprintln(out, "Belum ada kiriman untuk diperiksa (no deliveries to verify yet)")
	case r.OK():
		fmt.Fprintf(out, "%d pengiriman diperiksa, semuanya cocok (all add up)\n", len(r.Accounts))
	default:
		fmt.Fprintf(out, "%d pengiriman diperiksa, %d temuan (findings)\n", len(r.Accounts), len(r.Findings))
	}
	return nil
}
