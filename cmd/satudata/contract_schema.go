package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"satudata/ingest/durable"
	"satudata/schemas"
)

func (a *app) contractSchemaCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "schema [kontrak|binding]", Short: "JSON Schema untuk penyunting teks (JSON Schemas for editors)",
		Long: `Mencetak JSON Schema kontrak atau binding, agar penyunting teks melengkapi dan memeriksa saat mengetik.
Skema itu merujuk berkas lain di folder yang sama; --out FOLDER menulis semuanya. Taruh baris ini di atas dokumen:

  # yaml-language-server: $schema=../schemas/satudata-kontrak.schema.json

(Prints the JSON Schema of contracts or of bindings, for completion and checks while typing. It refers to other
files beside it; --out FOLDER writes all of them.)`,
		Args: cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"kontrak", "binding"},
		RunE: func(_ *cobra.Command, args []string) error {
			if out != "" {
				return a.writeSchemas(out)
			}
			if len(args) == 0 {
				return usageError("sebutkan kontrak atau binding, atau --out FOLDER (name kontrak or binding, or --out FOLDER)")
			}
			name := map[string]string{"kontrak": schemas.ContractSchema, "binding": schemas.BindingSchema}[args[0]]
			_, err := a.stdout.Write(schemas.JSONSchemas()[name])
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "tulis semua skema ke folder ini (write all schemas to this folder)")
	return c
}

// writeSchemas writes the JSON Schemas into a folder, over those of an earlier version.
func (a *app) writeSchemas(dir string) error {
	if err := durable.MkdirAll(dir); err != nil {
		return err
	}
	all := schemas.JSONSchemas()
	for _, name := range sortedNames(all) {
		if err := durable.WriteFile(filepath.Join(dir, name), all[name]); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, filepath.Join(dir, name))
	}
	return nil
}
