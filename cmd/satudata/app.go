package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
)

// appCommand keeps the register of the applications of the OPD: a region runs hundreds.
func (a *app) appCommand() *cobra.Command {
	return group(&cobra.Command{Use: "app", Short: "Aplikasi OPD dan data yang dihasilkan dan dipakainya (applications, and the data they make and read)"},
		a.appAddCommand(), a.appUpdateCommand(), a.appRetireCommand(), a.appListCommand(), a.appShowCommand(), a.appImportCommand(),
		a.historyCommand(event.KindApplication, "ID"))
}

// applicationFlags adds the flags that describe an application, written into f.
func applicationFlags(c *cobra.Command, f *event.Application) {
	c.Flags().StringVar(&f.Name, "name", "", "nama (name)")
	c.Flags().StringVar(&f.Owner, "opd", "", "id OPD pemilik (organisation that owns it)")
	c.Flags().StringVar(&f.Description, "description", "", "keterangan (description)")
	c.Flags().StringVar(&f.URL, "url", "", "https://…")
	c.Flags().StringSliceVar(&f.Produces, "produces", nil, "dataset yang dihasilkan (datasets that it makes)")
	c.Flags().StringSliceVar(&f.Consumes, "consumes", nil, "dataset yang dipakai (datasets that it reads)")
}

func (a *app) appAddCommand() *cobra.Command {
	var d decision
	var f event.Application
	c := &cobra.Command{
		Use: "add ID", Short: "Daftarkan aplikasi (register an application)", Args: cobra.ExactArgs(1),
		Example: `  satudata app add sipanik --name "SIPANIK" --opd bpbd --produces bencana.kejadian_banjir`,
		RunE: func(c *cobra.Command, args []string) error {
			f.ID = args[0]
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				if err := cat.RegisterApplication(ctx, f, cmd); err != nil {
					return err
				}
				return a.showApplication(ctx, cat, &d, f.ID)
			})
		},
	}
	applicationFlags(c, &f)
	d.flags(c, false)
	return c
}

func (a *app) appUpdateCommand() *cobra.Command {
	var d decision
	var f event.Application
	c := &cobra.Command{
		Use: "update ID", Short: "Ubah keterangan aplikasi (change what is said of an application)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				before, err := cat.Application(ctx, args[0])
				if err != nil {
					return err
				}
				if cmd.IfRevision == nil {
					cmd.IfRevision = &before.Revision // what is not named stays as it is at this revision
				}
				if err := cat.UpdateApplication(ctx, changedApplication(c, before.Fact(), f), cmd); err != nil {
					return err
				}
				return a.showApplication(ctx, cat, &d, args[0])
			})
		},
	}
	applicationFlags(c, &f)
	d.flags(c, false)
	return c
}

// changedApplication is an application with what the command line names of it.
func changedApplication(c *cobra.Command, now, given event.Application) event.Application {
	for flag, take := range map[string]func(){
		"name": func() { now.Name = given.Name }, "opd": func() { now.Owner = given.Owner },
		"description": func() { now.Description = given.Description }, "url": func() { now.URL = given.URL },
		"produces": func() { now.Produces = given.Produces }, "consumes": func() { now.Consumes = given.Consumes },
	} {
		if c.Flags().Changed(flag) {
			take()
		}
	}
	return now
}

func (a *app) appRetireCommand() *cobra.Command {
	var d decision
	c := &cobra.Command{
		Use: "retire ID", Short: "Hentikan aplikasi (an application is used no longer)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				if err := cat.RetireApplication(ctx, args[0], cmd); err != nil {
					return err
				}
				return a.showApplication(ctx, cat, &d, args[0])
			})
		},
	}
	d.flags(c, true)
	return c
}

// showApplication says how an application stands after a decision, and warns of datasets that have no
// contract.
func (a *app) showApplication(ctx context.Context, cat *catalog.Catalog, d *decision, id string) error {
	f, err := cat.Application(ctx, id)
	if err != nil {
		return err
	}
	if err := a.warnUnknown(ctx, cat, f.ID, append(slices.Clone(f.Produces), f.Consumes...)); err != nil {
		return err
	}
	return d.show(a.stdout, f, "%s: %s, revisi %d (revision)", f.ID, applicationState(f), f.Revision)
}

// warnUnknown says which datasets have no contract yet.
func (a *app) warnUnknown(ctx context.Context, cat *catalog.Catalog, application string, datasets []string) error {
	known, err := cat.Datasets(ctx)
	if err != nil {
		return err
	}
	for _, dataset := range datasets {
		if !slices.Contains(known, dataset) {
			fmt.Fprintf(a.stderr, "peringatan: %s menyebut dataset %s, yang belum punya kontrak (warning: names a dataset that has no contract yet)\n", application, dataset)
		}
	}
	return nil
}

func applicationState(f catalog.Application) string {
	if f.Retired != "" {
		return "dihentikan"
	}
	return "dipakai"
}

func (a *app) appListCommand() *cobra.Command {
	var asJSON bool
	var consumes string
	c := &cobra.Command{
		Use: "list", Short: "Semua aplikasi (all applications)", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.read(c.Context(), func(p parts) error {
				found, err := p.cat.Applications(c.Context())
				if consumes != "" {
					found, err = p.cat.Consumers(c.Context(), consumes)
				}
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, append([]catalog.Application{}, found...))
				}
				return columns(a.stdout, "ID|NAMA|OPD|MENGHASILKAN|MEMAKAI|STATUS|REVISI", func(print func(...any)) {
					for _, f := range found {
						print(f.ID, f.Name, f.Owner, dash(strings.Join(f.Produces, ", ")), dash(strings.Join(f.Consumes, ", ")), applicationState(f), f.Revision)
					}
				})
			})
		},
	}
	c.Flags().StringVar(&consumes, "consumes", "", "hanya yang memakai dataset ini (only those that read this dataset)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func (a *app) appShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Satu aplikasi sebagai JSON (one application as JSON)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.read(c.Context(), func(p parts) error {
				f, err := p.cat.Application(c.Context(), args[0])
				if err != nil {
					return err
				}
				return writeJSON(a.stdout, f)
			})
		},
	}
}
