package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
)

// orgCommand keeps the register of the organisations that take part in Satu Data.
func (a *app) orgCommand() *cobra.Command {
	return group(&cobra.Command{Use: "org", Short: "Organisasi: OPD, walidata, Bappeda, pembina (organisations)"},
		a.orgAddCommand(), a.orgUpdateCommand(), a.orgCloseCommand(), a.orgListCommand(), a.orgShowCommand(),
		a.historyCommand(event.KindOrganisation, "ID"))
}

func (a *app) orgAddCommand() *cobra.Command {
	var d decision
	var o event.Organisation
	c := &cobra.Command{
		Use: "add ID", Short: "Daftarkan organisasi (register an organisation)", Args: cobra.ExactArgs(1),
		Example: `  satudata org add diskominfo --name "Dinas Komunikasi dan Informatika" --role walidata`,
		RunE: func(c *cobra.Command, args []string) error {
			o.ID = args[0]
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				if err := cat.RegisterOrganisation(ctx, o, cmd); err != nil {
					return err
				}
				return a.showOrganisation(ctx, cat, &d, o.ID)
			})
		},
	}
	c.Flags().StringVar(&o.Name, "name", "", "nama lengkap (full name)")
	c.Flags().StringVar(&o.Role, "role", "opd", strings.Join(catalog.Roles(), " | "))
	c.Flags().StringVar(&o.Parent, "parent", "", "id organisasi induk (organisation that it is a unit of)")
	d.flags(c, false)
	return c
}

func (a *app) orgUpdateCommand() *cobra.Command {
	var d decision
	var name, role, parent string
	c := &cobra.Command{
		Use: "update ID", Short: "Ubah keterangan organisasi (change what is said of an organisation)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				now, err := cat.Organisation(ctx, args[0])
				if err != nil {
					return err
				}
				if cmd.IfRevision == nil {
					cmd.IfRevision = &now.Revision // what is not named stays as it is at this revision
				}
				o := event.Organisation{ID: now.ID, Name: now.Name, Role: now.Role, Parent: now.Parent}
				for flag, to := range map[string]*string{"name": &o.Name, "role": &o.Role, "parent": &o.Parent} {
					if f := c.Flags().Lookup(flag); f.Changed {
						*to = f.Value.String()
					}
				}
				if err := cat.UpdateOrganisation(ctx, o, cmd); err != nil {
					return err
				}
				return a.showOrganisation(ctx, cat, &d, o.ID)
			})
		},
	}
	c.Flags().StringVar(&name, "name", "", "nama lengkap (full name)")
	c.Flags().StringVar(&role, "role", "", strings.Join(catalog.Roles(), " | "))
	c.Flags().StringVar(&parent, "parent", "", `id organisasi induk; "" bila tidak ada (organisation that it is a unit of)`)
	d.flags(c, false)
	return c
}

func (a *app) orgCloseCommand() *cobra.Command {
	var d decision
	c := &cobra.Command{
		Use: "close ID", Short: "Tutup organisasi (close an organisation)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				if err := cat.CloseOrganisation(ctx, args[0], cmd); err != nil {
					return err
				}
				return a.showOrganisation(ctx, cat, &d, args[0])
			})
		},
	}
	d.flags(c, true)
	return c
}

// showOrganisation says how an organisation stands after a decision.
func (a *app) showOrganisation(ctx context.Context, cat *catalog.Catalog, d *decision, id string) error {
	o, err := cat.Organisation(ctx, id)
	if err != nil {
		return err
	}
	return d.show(a.stdout, o, "%s: %s, revisi %d (revision)", o.ID, organisationState(o), o.Revision)
}

func organisationState(o catalog.Organisation) string {
	if o.Closed != "" {
		return "ditutup"
	}
	return "terdaftar"
}

func (a *app) orgListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "Semua organisasi (all organisations)", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.read(c.Context(), func(p parts) error {
				found, err := p.cat.Organisations(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, append([]catalog.Organisation{}, found...))
				}
				return columns(a.stdout, "ID|NAMA|PERAN|INDUK|STATUS|REVISI", func(print func(...any)) {
					for _, o := range found {
						print(o.ID, o.Name, o.Role, dash(o.Parent), organisationState(o), o.Revision)
					}
				})
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func (a *app) orgShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Satu organisasi sebagai JSON (one organisation as JSON)", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.read(c.Context(), func(p parts) error {
				o, err := p.cat.Organisation(c.Context(), args[0])
				if err != nil {
					return err
				}
				return writeJSON(a.stdout, o)
			})
		},
	}
}

// read opens the workspace for a command that only reads.
func (a *app) read(ctx context.Context, do func(parts) error) error {
	w, err := a.workspace()
	if err != nil {
		return err
	}
	return w.withReader(ctx, do)
}
