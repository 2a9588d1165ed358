package main

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"satudata/transform/lake"
)

// policy is what the configuration says of the upkeep of tables. Files of expired snapshots stay for
// longer than any query may take.
func (w *workspace) policy() lake.Policy {
	return lake.Policy{
		KeepSnapshots: w.cfg.Lake.KeepSnapshots, KeepFor: w.cfg.Lake.KeepFor,
		Grace: max(w.cfg.Lake.Grace, 2*w.cfg.Query.Timeout),
	}
}

func (a *app) maintainCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "maintain [DATASET …]", Short: "Rawat tabel sekarang juga (maintain the tables at once)",
		Long: `Menggabungkan berkas kecil, mengurutkan keadaan kini, melupakan snapshot lama (lake.keepSnapshots, lake.keepFor), dan
menghapus berkas yang tidak diperlukan lagi. land dan up merawat tabel dengan sendirinya bila pekerjaannya sudah cukup
banyak; perintah ini tidak menunggu, dan boleh dijalankan sementara keduanya bekerja. Tanpa DATASET: semua dataset.

(Writes small files together, sorts the current state, expires old snapshots (lake.keepSnapshots, lake.keepFor), and
removes files that nothing needs any more. land and up do this by themselves when there is enough to do; this command
does not wait for that, and may run beside them. Without DATASET: all of them.)`,
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				datasets := args
				if len(datasets) == 0 {
					if datasets, err = p.lake.Datasets(c.Context()); err != nil {
						return err
					}
				}
				if err := p.known(c.Context(), args...); err != nil {
					return err
				}
				policy := w.policy()
				policy.Sweep, policy.Sort, policy.Force = true, true, true
				done := map[string]lake.Maintenance{}
				var held []error // one table at fault does not keep the others from their upkeep
				for _, dataset := range datasets {
					m, err := p.lake.Maintain(c.Context(), dataset, policy)
					if c.Context().Err() != nil {
						return err
					}
					if err != nil {
						held = append(held, err)
						continue
					}
					if done[dataset] = m; !asJSON {
						fmt.Fprintln(a.stdout, sayMaintenance(dataset, m))
					}
				}
				if asJSON {
					held = append(held, writeJSON(a.stdout, done))
				}
				return errors.Join(held...)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// sayMaintenance is a line about what was done.
func sayMaintenance(dataset string, m lake.Maintenance) string {
	if m == (lake.Maintenance{}) {
		return dataset + ": tidak ada yang perlu dirawat (nothing to do)"
	}
	say := fmt.Sprintf("%s: %d berkas menjadi %d, %d snapshot dilupakan, %d berkas (%s) dihapus (files into, snapshots expired, files removed)",
		dataset, m.Compacted, m.Into, m.Expired, m.Removed, humanize.IBytes(uint64(m.Freed)))
	if m.Leftovers > 0 {
		say += fmt.Sprintf("; %d di antaranya sisa proses yang terhenti (of them left by processes that were cut short)", m.Leftovers)
	}
	if m.Conflicts > 0 {
		say += fmt.Sprintf("; %d ditunda karena tabelnya sedang berubah (put off, the table was changing)", m.Conflicts)
	}
	return say
}
