package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"satudata/ingest/durable"
	"satudata/ingest/source"
	"satudata/transform/infer"
)

func (a *app) contractInferCommand() *cobra.Command {
	var o infer.Options
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use: "infer FILE…", Short: "Usulkan kontrak dan binding dari contoh kiriman (propose a contract and a binding from sample deliveries)",
		Long: `Melihat isi berkas contoh dari satu sumber dan mengusulkan kontrak serta bindingnya: cara berkas ditulis, jenis kolom, elemen, sistem
kode wilayah, kunci, aturan baris, petak, data pribadi. Setiap keputusan disertai keyakinan dan alasannya; yang harus diputuskan orang
bertanda TANYAKAN. Keyakinan adalah peluang nilai berikutnya juga cocok, (cocok+1)/(dilihat+2). Usulan dicoba pada berkas itu juga.
--out menulis contracts/<dataset>.yaml dan bindings/<binding>.yaml di folder itu, misalnya ruang kerja; berkas yang sudah ada tidak ditimpa.

(Looks into sample files of one source and proposes their contract and binding, with a confidence and a reason for every decision;
what people must settle is marked TANYAKAN. The proposal is tried on the same files. --out writes both documents there.)`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			if o.Dataset != "" && !datasetName.MatchString(o.Dataset) {
				return usageError("--dataset %q: tulis topik.nama dengan huruf kecil, misalnya bencana.kejadian_banjir (write topic.name in lower case)", o.Dataset)
			}
			if o.OPD != "" && !opdName.MatchString(o.OPD) {
				return usageError("--opd %q: huruf kecil, angka, _ ; misalnya dkp (lower-case letters, digits, _)", o.OPD)
			}
			p, err := infer.Propose(c.Context(), files, o)
			var refusal *source.Refusal
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return unreadable(err)
			case errors.Is(err, infer.ErrTwoSources):
				return usageError("%v", err)
			case errors.As(err, &refusal):
				return fmt.Errorf("%w: %w", errRefused, err)
			case err != nil:
				return err
			}
			if out != "" {
				if err := writeProposal(out, p); err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(a.stdout, struct {
					*infer.Proposal
					Contract string `json:"kontrak_yaml"`
					Binding  string `json:"binding_yaml"`
				}{p, string(p.Contract), string(p.Binding)})
			}
			return printProposal(a.stdout, p, out)
		},
	}
	c.Flags().StringVar(&o.Dataset, "dataset", "", "nama dataset, topik.nama (dataset name)")
	c.Flags().StringVar(&o.OPD, "opd", "", "OPD pengirim, produsen data (delivering agency)")
	c.Flags().StringVar(&out, "out", "", "tulis kedua dokumen di folder ini (write both documents there)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// proposalFiles are where a proposal's documents go.
func proposalFiles(dir string, p *infer.Proposal) (contract, binding string) {
	return filepath.Join(dir, "contracts", p.Dataset+".yaml"), filepath.Join(dir, "bindings", p.ID+".yaml")
}

// writeProposal writes both documents; what somebody may have worked on is not overwritten.
func writeProposal(dir string, p *infer.Proposal) error {
	contract, binding := proposalFiles(dir, p)
	for _, name := range []string{contract, binding} {
		if _, err := os.Stat(name); err == nil {
			return usageError("%s sudah ada; hapus atau pilih --out lain (exists; remove it or choose another --out)", name)
		}
	}
	for name, text := range map[string][]byte{contract: p.Contract, binding: p.Binding} {
		if err := durable.MkdirAll(filepath.Dir(name)); err != nil {
			return err
		}
		if err := durable.WriteFile(name, text); err != nil {
			return err
		}
	}
	return nil
}

// printProposal prints the report, and the documents when they were not written.
func printProposal(w io.Writer, p *infer.Proposal, out string) error {
	fmt.Fprintf(w, "%s: %s baris dilihat (rows looked at)", strings.Join(p.Files, ", "), number(int64(p.Rows)))
	if p.More {
		fmt.Fprint(w, ", berkas masih berlanjut (the files go on)")
	}
	fmt.Fprint(w, "\n\n")
	for _, d := range p.Decisions {
		ask := ""
		if d.Ask {
			ask = "  TANYAKAN"
		}
		fmt.Fprintf(w, "%s → %s  %s%s\n    %s (%s)\n", d.About, d.Choice, d.Confidence, ask, d.Why.ID, d.Why.EN)
	}
	fmt.Fprintln(w)
	for _, r := range p.Trial {
		if err := printTrial(w, r); err != nil {
			return err
		}
	}
	if out != "" {
		contract, binding := proposalFiles(out, p)
		_, err := fmt.Fprintf(w, "ditulis (written): %s, %s\n", contract, binding)
		return err
	}
	_, err := fmt.Fprintf(w, "--- contracts/%s.yaml\n%s\n--- bindings/%s.yaml\n%s", p.Dataset, p.Contract, p.ID, p.Binding)
	return err
}
