package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
)

// decision holds the flags of a command that decides something about a governed thing.
type decision struct {
	reason     string
	ifRevision int64
	asJSON     bool
	needReason bool
}

// flags adds the flags of a command about one thing to c.
func (d *decision) flags(c *cobra.Command, needReason bool) {
	d.plainFlags(c, needReason)
	c.Flags().Int64Var(&d.ifRevision, "if-revision", 0, "hanya bila masih pada revisi ini, 0 bila belum ada; tanpa ini revisi sekarang (only when it is still at this revision)")
}

// plainFlags adds the flags of a command about things of which each has a revision of its own.
func (d *decision) plainFlags(c *cobra.Command, needReason bool) {
	d.needReason = needReason
	c.Flags().StringVar(&d.reason, "reason", "", "alasan (why)")
	c.Flags().BoolVar(&d.asJSON, "json", false, "hasilnya sebagai JSON")
}

// decide opens the workspace and lets do decide as whoever --as, SATUDATA_ACTOR or actor names.
func (a *app) decide(c *cobra.Command, d *decision, do func(context.Context, *workspace, *catalog.Catalog, catalog.Command) error) error {
	w, err := a.workspace()
	if err != nil {
		return err
	}
	cmd := catalog.Command{Actor: w.actor, Reason: strings.TrimSpace(d.reason)}
	if d.needReason && cmd.Reason == "" {
		return usageError("sebutkan alasannya dengan --reason (give the reason)")
	}
	if c.Flags().Changed("if-revision") {
		cmd.IfRevision = &d.ifRevision
	}
	return w.withParts(c.Context(), func(p parts) error { return do(c.Context(), w, p.cat, cmd) })
}

// actor is who decides, "id" or "id/role". Nobody proves yet that he is who he says: identities and
// permissions come later.
func (a *app) actor(configured string) (event.Actor, error) {
	text := cmp.Or(a.as, configured)
	if text == "" {
		me, err := user.Current()
		if err != nil { // as in a container that has no name for it
			return event.Actor{ID: fmt.Sprintf("uid%d", os.Getuid())}, nil
		}
		return event.Actor{ID: me.Username}, nil
	}
	id, role, with := strings.Cut(text, "/")
	if id == "" || strings.ContainsAny(id, " \t\n") || with && !slices.Contains(catalog.Roles(), role) {
		return event.Actor{}, usageError("pelaku %q: tulis id atau id/peran; peran: %s (actor: write id or id/role)", text, strings.Join(catalog.Roles(), ", "))
	}
	return event.Actor{ID: id, Role: role}, nil
}

// show prints v as JSON, or a sentence.
func (d *decision) show(out io.Writer, v any, sentence string, args ...any) error {
	if d.asJSON {
		return writeJSON(out, v)
	}
	_, err := fmt.Fprintf(out, sentence+"\n", args...)
	return err
}

// historyCommand shows every decision about a thing.
func (a *app) historyCommand(kind event.Kind, argument string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "history " + argument, Short: "Semua keputusan, juga yang kalah (every decision, also those that lost)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				found, err := p.cat.History(c.Context(), event.Subject{Kind: kind, ID: args[0]})
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, found)
				}
				return printHistory(a.stdout, w, found)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func printHistory(out io.Writer, w *workspace, found []catalog.Decided) error {
	return columns(out, "REVISI|WAKTU|PELAKU|KEPUTUSAN|VERSI|ALASAN", func(print func(...any)) {
		for _, d := range found {
			revision, why := strconv.FormatInt(d.Revision, 10), d.Reason
			if d.Lost != "" {
				revision, why = "kalah", d.Lost
			}
			print(revision, w.clock(d.Time), dash(actorText(d.Actor)), decided(d.Type), dash(d.Version), dash(why))
		}
	})
}

// actorText is an actor as --as takes it.
func actorText(a event.Actor) string {
	if a.Role == "" {
		return a.ID
	}
	return a.ID + "/" + a.Role
}

// decided is the word for the type of a decision.
func decided(factType string) string {
	parts := strings.Split(factType, ".") // id.satudata.contract.proposed.v1
	words := map[string]string{"registered": "didaftarkan", "updated": "diperbarui", "closed": "ditutup", "proposed": "diusulkan",
		"checked": "diperiksa", "approved": "disetujui", "returned": "dikembalikan", "deprecated": "usang", "retired": "ditarik"}
	if len(parts) == 5 && words[parts[3]] != "" {
		return words[parts[3]]
	}
	return factType
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
