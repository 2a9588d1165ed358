package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satudata/ingest/durable"
	"satudata/schemas"
	"satudata/schemas/exchange"
)

func (a *app) contractExportCommand() *cobra.Command {
	var to, out string
	c := &cobra.Command{
		Use: "export --to FORMAT BERKAS|DATASET[@VERSI]", Short: "Tulis kontrak dalam format lain (write a contract in another format)",
		Long: "Menulis kontrak sebagai " + strings.Join(exchange.Formats(), ", ") + `.
Yang tidak dibawa format itu, dan yang masih harus diisi, ditulis di stderr.

(Writes a contract in another format. What the format does not carry, and what is to be filled in, goes to stderr.)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("--to", to, exchange.Formats()); err != nil {
				return err
			}
			if to == "excel" && out == "" {
				return usageError("buku kerja ditulis ke berkas: tambahkan --out NAMA.xlsx (a workbook goes to a file)")
			}
			contract, err := a.shelf().contract(c.Context(), args[0])
			if err != nil {
				return err
			}
			doc, notes, err := exchange.Export(contract, to)
			if err != nil {
				return err
			}
			return a.deliver(out, doc, notes)
		},
	}
	c.Flags().StringVar(&to, "to", "", "format: "+strings.Join(exchange.Formats(), ", "))
	c.Flags().StringVar(&out, "out", "", "tulis ke berkas ini (write to this file)")
	return c
}

func (a *app) contractImportCommand() *cobra.Command {
	var from, out string
	c := &cobra.Command{
		Use: "import --from FORMAT BERKAS", Short: "Buat kontrak dari format lain (make a contract of another format)",
		Long: "Membaca kontrak dari " + strings.Join(exchange.Sources(), ", ") + ` dan menulisnya sebagai ODCS.
Dari Data Package hasilnya rancangan: yang tidak dibawa dan yang harus diisi ditulis di stderr.

(Reads a contract and writes it as ODCS. Of a Data Package it is a draft: what is not carried and what is
to be filled in goes to stderr.)`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("--from", from, exchange.Sources()); err != nil {
				return err
			}
			data, err := os.ReadFile(a.file(args[0]))
			if errors.Is(err, fs.ErrNotExist) {
				return usageError("berkas %s tidak ada (there is no such file)", args[0])
			}
			if err != nil {
				return err
			}
			doc, notes, err := exchange.Import(from, args[0], data)
			if err != nil {
				return err
			}
			return a.deliver(out, doc, notes)
		},
	}
	c.Flags().StringVar(&from, "from", "", "format: "+strings.Join(exchange.Sources(), ", "))
	c.Flags().StringVar(&out, "out", "", "tulis ke berkas ini (write to this file)")
	return c
}

// oneOf refuses a flag whose value is not one of words.
func oneOf(flag, value string, words []string) error {
	if !slices.Contains(words, value) {
		return usageError("%s %q: pilih %s (choose one of these)", flag, value, strings.Join(words, ", "))
	}
	return nil
}

// deliver writes a document to a file or stdout, and what there is to say of it to stderr.
func (a *app) deliver(out string, doc []byte, notes []schemas.Fault) error {
	for _, n := range notes {
		fmt.Fprintln(a.stderr, n)
	}
	if out == "" {
		_, err := a.stdout.Write(doc)
		return err
	}
	if err := durable.WriteFile(out, doc); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s ditulis (written)\n", out)
	return nil
}
