package catalog

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"satudata/ingest/event"
)

// Roles are the parts that an organisation may have in a region's Satu Data: Perpres 39/2019, Pasal
// 18-24. An OPD is a produsen data.
func Roles() []string {
	return []string{"opd", RoleWalidata, "walidata_pendukung", "bappeda", "pembina"}
}

// RoleWalidata is the role of the one organisation that checks and disseminates.
const RoleWalidata = "walidata"

// idForm is what ids of organisations and applications look like: as OPD are named in bindings.
var idForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

const (
	idSay   = "huruf kecil, angka, _ ; diawali huruf; paling banyak 63"
	idSayEN = "lower-case letters, digits, _ ; a letter first; at most 63"
)

// Organisation is an organisation as the facts have it.
type Organisation struct {
	ID       string `json:"id"`
	Name     string `json:"nama"`
	Role     string `json:"peran"`
	Parent   string `json:"induk,omitempty"`
	Closed   string `json:"ditutup,omitempty"` // when, RFC 3339
	Revision int64  `json:"revisi"`
}

// Organisations returns all organisations by id, the closed ones too.
func (c *Catalog) Organisations(ctx context.Context) ([]Organisation, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT o.id, name, role, parent, closed, revision
		FROM organisations o JOIN revisions r ON r.kind = ? AND r.id = o.id ORDER BY o.id`, event.KindOrganisation)
	if err != nil {
		return nil, fmt.Errorf("read organisations: %w", err)
	}
	defer rows.Close()
	var out []Organisation
	for rows.Next() {
		var o Organisation
		if err := rows.Scan(&o.ID, &o.Name, &o.Role, &o.Parent, &o.Closed, &o.Revision); err != nil {
			return nil, fmt.Errorf("read organisations: %w", err)
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Organisation returns one, or ErrNotFound.
func (c *Catalog) Organisation(ctx context.Context, id string) (Organisation, error) {
	all, err := c.Organisations(ctx)
	if err != nil {
		return Organisation{}, err
	}
	if i := slices.IndexFunc(all, func(o Organisation) bool { return o.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Organisation{}, noOrganisation(id)
}

// RegisterOrganisation records a new organisation.
func (c *Catalog) RegisterOrganisation(ctx context.Context, o event.Organisation, cmd Command) error {
	act, err := c.actOnOrganisation(ctx, o, cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.OrganisationRegistered{Act: act, Organisation: o})
}

// UpdateOrganisation replaces what is said of an organisation.
func (c *Catalog) UpdateOrganisation(ctx context.Context, o event.Organisation, cmd Command) error {
	act, err := c.actOnOrganisation(ctx, o, cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.OrganisationUpdated{Act: act, Organisation: o})
}

// CloseOrganisation ends an organisation's part.
func (c *Catalog) CloseOrganisation(ctx context.Context, id string, cmd Command) error {
	act, err := c.act(ctx, event.Subject{Kind: event.KindOrganisation, ID: id}, cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.OrganisationClosed{Act: act, ID: id})
}

func (c *Catalog) actOnOrganisation(ctx context.Context, o event.Organisation, cmd Command) (event.Act, error) {
	switch {
	case !idForm.MatchString(o.ID):
		return event.Act{}, refuse(ErrInvalid, "id organisasi %[1]q: %[2]s", "organisation id %[1]q: %[3]s", o.ID, idSay, idSayEN)
	case strings.TrimSpace(o.Name) == "":
		return event.Act{}, refuse(ErrInvalid, "organisasi %s tanpa nama", "organisation %s has no name", o.ID)
	case !slices.Contains(Roles(), o.Role):
		return event.Act{}, refuse(ErrInvalid, "peran %q tidak dikenal; pilih %s", "unknown role %q; choose %s", o.Role, strings.Join(Roles(), ", "))
	}
	return c.act(ctx, event.Subject{Kind: event.KindOrganisation, ID: o.ID}, cmd)
}
