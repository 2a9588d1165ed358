package main

import "github.com/spf13/cobra"

// contractCommand is the help that a walidata has in writing contracts and bindings.
func (a *app) contractCommand() *cobra.Command {
	return group(&cobra.Command{Use: "contract", Short: "Kontrak dataset dan binding (dataset contracts and bindings)"},
		a.contractNewCommand(),
		a.contractCheckCommand(),
		a.contractDiffCommand(),
		a.contractSchemaCommand(),
		a.contractDuplicatesCommand(),
		a.contractInferCommand(),
		a.contractTryCommand(),
	)
}
