package main

import (
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func (a *app) deliveriesCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "deliveries [DATASET]", Short: "Kiriman dan statusnya (deliveries and where they stand)", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			dataset := ""
			if len(args) == 1 {
				dataset = args[0]
			}
			return w.withReader(c.Context(), func(p parts) error {
				found, err := p.cat.Deliveries(c.Context(), dataset)
				if err != nil {
					return err
				}
				all, err := withExplanations(c.Context(), p, found)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, all)
				}
				return printDeliveries(a.stdout, w, all)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	c.AddCommand(a.explainCommand())
	return c
}

func printDeliveries(out io.Writer, w *workspace, found []explained) error {
	err := columns(out, "PENGIRIMAN|DATASET|SUMBER|BERKAS|STATUS|DIBACA|DITERIMA|DITOLAK|DISISIHKAN|WAKTU", func(print func(...any)) {
		for _, d := range found {
			read, accepted, rejected, aside := "-", "-", "-", "-"
			if c := d.Check; c != nil {
				read, accepted, rejected, aside = number(c.Read), number(c.Accepted), number(c.Rejected), number(c.SetAside)
			}
			print(short(d.ID), d.Dataset, d.Source, d.Subject, d.Status, read, accepted, rejected, aside, w.clock(d.Opened))
		}
	})
	if err != nil {
		return err
	}
	for _, d := range found {
		if d.Reason != nil {
			fmt.Fprintf(out, "%s %s: %s (%s)\n", short(d.ID), d.Status, d.Reason.ID, d.Reason.EN)
		}
		printFindings(out, w, d)
	}
	return nil
}

// short is as much of a delivery's id as people type; the random end, since ids made in the same
// second begin alike.
func short(id uuid.UUID) string {
	s := id.String()
	return s[len(s)-12:]
}
