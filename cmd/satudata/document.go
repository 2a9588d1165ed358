package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
)

// bindingCommand governs bindings as contractCommand does contracts.
func (a *app) bindingCommand() *cobra.Command {
	return group(&cobra.Command{Use: "binding", Short: "Binding: usulan, persetujuan, riwayat (bindings: proposal, approval, history)"},
		a.documentCommands(event.KindBinding)...)
}

// documentCommands are the life of a contract or a binding: diusulkan, diperiksa, disetujui or
// dikembalikan, usang, ditarik.
func (a *app) documentCommands(kind event.Kind) []*cobra.Command {
	name := "DATASET"
	if kind == event.KindBinding {
		name = "BINDING"
	}
	return []*cobra.Command{
		a.proposeCommand(kind),
		a.stageCommand(kind, stageVerb{use: "approve " + name + "@VERSI", short: "Setujui usulan: mulai berlaku (approve a proposal: it comes into force)", exact: true,
			do: (*catalog.Catalog).Approve}),
		a.stageCommand(kind, stageVerb{use: "return " + name + "@VERSI", short: "Kembalikan usulan dengan alasan (send a proposal back, with a reason)", exact: true, reason: true,
			do: (*catalog.Catalog).Return}),
		a.deprecateCommand(kind, name),
		a.stageCommand(kind, stageVerb{use: "retire " + name + "[@VERSI]", short: "Tarik: kiriman baru tidak lagi diterima (nothing new is delivered under it)", reason: true,
			do: (*catalog.Catalog).Retire}),
		a.documentsCommand(kind, name),
		a.documentCommand(kind, name),
		a.historyCommand(kind, name),
	}
}

func (a *app) proposeCommand(kind event.Kind) *cobra.Command {
	var d decision
	c := &cobra.Command{
		Use: "propose FILE", Short: "Usulkan dokumen; diperiksa seketika (propose a document; it is checked at once)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := os.ReadFile(a.file(args[0]))
			if err != nil {
				return unreadable(err)
			}
			proposal, err := catalog.ParseProposal(kind, args[0], text)
			if err != nil {
				return err
			}
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				doc, err := cat.Propose(ctx, proposal, cmd)
				if err != nil {
					return err
				}
				a.printFindings(doc)
				return a.showDocument(&d, doc)
			})
		},
	}
	d.flags(c, false)
	return c
}

// printFindings says the first things that checking a proposal found.
func (a *app) printFindings(doc catalog.Document) {
	const most = 5
	for i, f := range doc.Findings {
		if i == most {
			fmt.Fprintf(a.stderr, "dan %d hal lain; lihat `satudata %s show %s --json` (and more)\n", len(doc.Findings)-most, doc.Kind, doc.Paper().Ref())
			break
		}
		fmt.Fprintf(a.stderr, "peringatan: %s (%s)\n", f.ID, f.EN)
	}
}

// stageVerb is a command that moves a version to another stage.
type stageVerb struct {
	use, short string
	exact      bool // one version must be named
	reason     bool // a reason must be given
	do         func(*catalog.Catalog, context.Context, event.Paper, catalog.Command) error
}

func (a *app) stageCommand(kind event.Kind, v stageVerb) *cobra.Command {
	var d decision
	c := &cobra.Command{
		Use: v.use, Short: v.short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			paper, err := catalog.ParsePaper(kind, args[0])
			if err != nil {
				return err
			}
			if v.exact && paper.Version == "" {
				return usageError("%s: sebutkan versinya, %s@1.0.0 (name the version)", args[0], args[0])
			}
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				if err := v.do(cat, ctx, paper, cmd); err != nil {
					return err
				}
				doc, err := cat.Document(ctx, kind, paper.Ref())
				if err != nil {
					return err
				}
				return a.showDocument(&d, doc)
			})
		},
	}
	d.flags(c, v.reason)
	return c
}

func (a *app) deprecateCommand(kind event.Kind, name string) *cobra.Command {
	var until string
	verb := stageVerb{use: "deprecate " + name + "[@VERSI]", short: "Nyatakan usang: berlaku sampai tanggal itu (it lives until that day)", reason: true,
		do: func(cat *catalog.Catalog, ctx context.Context, p event.Paper, cmd catalog.Command) error {
			day, err := time.Parse(time.DateOnly, until)
			if err != nil {
				return usageError("--until %q: tulis misalnya 2026-12-31 (write for example 2026-12-31)", until)
			}
			return cat.Deprecate(ctx, p, day, cmd)
		}}
	c := a.stageCommand(kind, verb)
	c.Flags().StringVar(&until, "until", "", "hari terakhir, 2026-12-31 (last day)")
	return c
}

// showDocument says how a version stands after a decision.
func (a *app) showDocument(d *decision, doc catalog.Document) error {
	until := ""
	if doc.Until != "" {
		until = " sampai " + doc.Until
	}
	return d.show(a.stdout, doc, "%s: %s%s, revisi %d (revision)", doc.Paper().Ref(), doc.Stage, until, doc.Revision)
}

func (a *app) documentsCommand(kind event.Kind, name string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list [" + name + "]", Short: "Semua versi dan tahapnya (all versions and where they stand)", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				found, err := p.cat.Documents(c.Context(), kind, strings.Join(args, ""))
				if err == nil && len(args) == 1 && len(found) == 0 {
					_, err = p.cat.Document(c.Context(), kind, args[0]) // says so
				}
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, append([]catalog.Document{}, found...))
				}
				return columns(a.stdout, name+"|VERSI|TAHAP|SAMPAI|SEJAK|PENGUSUL|ALASAN", func(print func(...any)) {
					for _, d := range found {
						print(d.Name, d.Version, d.Stage, dash(d.Until), w.clock(d.Since), dash(d.Proposer), dash(d.Reason))
					}
				})
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func (a *app) documentCommand(kind event.Kind, name string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "show " + name + "[@VERSI]", Short: "Isi dokumen sebagaimana diusulkan (a document as it was proposed)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.read(c.Context(), func(p parts) error {
				d, err := p.cat.Document(c.Context(), kind, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, struct {
						catalog.Document
						Text string `json:"dokumen"`
					}{d, d.Text})
				}
				var reason string
				if d.Reason != "" {
					reason = "; " + d.Reason
				}
				_, err = fmt.Fprintf(a.stderr, "%s: %s%s\n", d.Paper().Ref(), d.Stage, reason)
				_, werr := fmt.Fprint(a.stdout, d.Text)
				return errors.Join(err, werr)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}
