package main

import (
	"github.com/spf13/cobra"

	"satudata/ingest/event"
)

// contractCommand is the help that a walidata has in writing contracts and bindings.
func (a *app) contractCommand() *cobra.Command {
	c := group(&cobra.Command{Use: "contract", Short: "Kontrak dataset dan binding (dataset contracts and bindings)"},
		a.contractNewCommand(),
		a.contractCheckCommand(),
		a.contractDiffCommand(),
		a.contractSchemaCommand(),
		a.contractDuplicatesCommand(),
		a.contractInferCommand(),
		a.contractTryCommand(),
		a.contractExportCommand(),
		a.contractImportCommand(),
	)
	c.AddCommand(a.documentCommands(event.KindContract)...)
	return c
}
