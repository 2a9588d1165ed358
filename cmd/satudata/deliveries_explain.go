package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/schemas"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain DELIVERY RULE TEXT", Short: "Catat penjelasan OPD atas temuan aturan (record what an OPD says of a finding)",
		Long: `Mencatat penjelasan OPD atas temuan suatu aturan, misalnya lonjakan. Penjelasan disimpan bersama data, dan
ditampilkan lagi pada kiriman berikutnya yang temuannya sama. DELIVERY adalah akhir nomor pengiriman, atau nama berkasnya.

(Records what an OPD says of what a rule found, such as a jump. It is kept with the data and shown
again with a later delivery in which the rule finds the same.)

  satudata deliveries explain jumlah_banjir.csv lonjakan_banjir "Tahun 2013 termasuk banjir rob" --as bpbd/opd`,
		Args: cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withParts(c.Context(), func(p parts) error {
				d, err := p.cat.Delivery(c.Context(), args[0])
				if err != nil {
					return err
				}
				return a.explain(c.Context(), w, p, d, args[1], strings.TrimSpace(args[2]))
			})
		},
	}
}

func (a *app) explain(ctx context.Context, w *workspace, p parts, d catalog.Delivery, rule, text string) error {
	if text == "" {
		return usageError("penjelasan kosong (the explanation is empty)")
	}
	var found []string
	if d.Check != nil {
		for _, f := range d.Check.Findings {
			found = append(found, f.Rule)
		}
	}
	if !slices.Contains(found, rule) {
		return usageError("aturan %q tidak menemukan apa-apa di kiriman %s; yang ada temuannya: %s (the rule found nothing in this delivery; these did)", rule, short(d.ID), strings.Join(found, ", "))
	}
	if err := p.cat.Record(ctx, event.ExplanationGiven{Delivery: d.ID, Rule: rule, Text: text, Actor: w.actor}); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "Penjelasan atas [%s] untuk kiriman %s tercatat (the explanation is recorded)\n", rule, short(d.ID))
	return nil
}

// explained is a delivery with what was said of its findings.
type explained struct {
	catalog.Delivery
	Explanations []catalog.Explanation `json:"penjelasan,omitempty"`
}

func withExplanations(ctx context.Context, p parts, found []catalog.Delivery) ([]explained, error) {
	out := make([]explained, len(found))
	for i, d := range found {
		given, err := p.cat.Explanations(ctx, d)
		if err != nil {
			return nil, err
		}
		out[i] = explained{d, given}
	}
	return out, nil
}

// maxShown is how many examples of a finding people are shown; --json has all that are kept.
const maxShown = 5

// printFindings says which table rules a delivery does not meet, and how its OPD explains that.
func printFindings(out io.Writer, w *workspace, d explained) {
	if d.Check == nil {
		return
	}
	for _, f := range d.Check.Findings {
		fmt.Fprintf(out, "%s %s [%s]: %s\n", short(d.ID), severityWord(f), f.Rule, both(f.Say))
		rest := f.Count
		for i, e := range f.Examples[:min(len(f.Examples), maxShown)] {
			fmt.Fprintf(out, "    %s\n", e)
			rest--
			if i < len(f.Covers) {
				rest -= f.Covers[i] - 1
			}
		}
		if rest > 0 && len(f.Examples) > 0 {
			fmt.Fprintf(out, "    … dan %s lagi (and more)\n", number(rest))
		}
		for _, e := range d.Explanations {
			if e.Rule != f.Rule {
				continue
			}
			of := ""
			if e.Delivery != d.ID {
				of = ", untuk kiriman " + short(e.Delivery)
				if int64(e.Cases) < f.Count {
					of += fmt.Sprintf(", menjelaskan %d dari %d kasus (explains so many of the cases)", e.Cases, f.Count)
				}
			}
			fmt.Fprintf(out, "    penjelasan %s, %s%s: %s\n", actorText(e.Actor), w.clock(e.Given), of, e.Text)
		}
	}
}

// severityWord names the severity of a finding.
func severityWord(f event.Finding) string {
	if f.Severity == string(schemas.Warn) {
		return "peringatan"
	}
	return "kesalahan"
}
