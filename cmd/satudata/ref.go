package main

import "github.com/spf13/cobra"

// refCommand answers questions about kode referensi.
func (a *app) refCommand() *cobra.Command {
	return group(&cobra.Command{Use: "ref", Short: "Kode referensi (reference codes)"},
		a.refElementsCommand(),
	)
}
