package main

import (
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
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
				if dataset != "" && len(found) == 0 {
					if err := p.known(c.Context(), dataset); err != nil {
						return err
					}
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
			fmt.Fprintf(out, "%s %s: %s\n", short(d.ID), d.Status, both(reason(d)))
		}
		printFindings(out, w, d)
	}
	return nil
}

// reason is why a delivery was not taken; where that is what rules found, which follows, it is not repeated.
func reason(d explained) event.Sentence {
	if d.Status != catalog.Returned || d.Check == nil || d.Check.Accepted == 0 {
		return *d.Reason
	}
	return event.Sentence{ID: "melanggar aturan berikut; yang sudah terbit sebelumnya tetap berlaku", EN: "it breaks these rules; what was published before stays"}
}

// short is as much of a delivery's id as people type; the random end, since ids made in the same
// second begin alike.
func short(id uuid.UUID) string {
	s := id.String()
	return s[len(s)-12:]
}
