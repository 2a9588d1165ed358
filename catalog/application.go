package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"satudata/ingest/event"
)

// Application is an application as the facts have it.
type Application struct {
	ID          string   `json:"id"`
	Name        string   `json:"nama"`
	Owner       string   `json:"opd"`
	Description string   `json:"keterangan,omitempty"`
	URL         string   `json:"url,omitempty"`
	Produces    []string `json:"menghasilkan,omitempty"`
	Consumes    []string `json:"memakai,omitempty"`
	Retired     string   `json:"dihentikan,omitempty"` // when, RFC 3339
	Revision    int64    `json:"revisi"`
}

// Fact is the application as facts write it.
func (a Application) Fact() event.Application {
	return event.Application{ID: a.ID, Name: a.Name, Owner: a.Owner, Description: a.Description, URL: a.URL, Produces: a.Produces, Consumes: a.Consumes}
}

// Applications returns all applications by id, the retired ones too.
func (c *Catalog) Applications(ctx context.Context) ([]Application, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT body, retired, revision FROM applications a JOIN revisions r ON r.kind = ? AND r.id = a.id ORDER BY a.id`, event.KindApplication)
	if err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	}
	defer rows.Close()
	var out []Application
	for rows.Next() {
		var body string
		var a Application
		var f event.Application
		if err := rows.Scan(&body, &a.Retired, &a.Revision); err != nil {
			return nil, fmt.Errorf("read applications: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			return nil, fmt.Errorf("read applications: %w", err)
		}
		a.ID, a.Name, a.Owner, a.Description, a.URL, a.Produces, a.Consumes = f.ID, f.Name, f.Owner, f.Description, f.URL, f.Produces, f.Consumes
		out = append(out, a)
	}
	return out, rows.Err()
}

// Application returns one, or ErrNotFound.
func (c *Catalog) Application(ctx context.Context, id string) (Application, error) {
	all, err := c.Applications(ctx)
	if err != nil {
		return Application{}, err
	}
	if i := slices.IndexFunc(all, func(a Application) bool { return a.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Application{}, noApplication(id)
}

// Consumers returns the applications in use that read a dataset: whom a change of its contract concerns.
func (c *Catalog) Consumers(ctx context.Context, dataset string) ([]Application, error) {
	all, err := c.Applications(ctx)
	return slices.DeleteFunc(all, func(a Application) bool { return a.Retired != "" || !slices.Contains(a.Consumes, dataset) }), err
}

// RegisterApplication records a new application.
func (c *Catalog) RegisterApplication(ctx context.Context, a event.Application, cmd Command) error {
	act, err := c.actOnApplication(ctx, a, cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.ApplicationRegistered{Act: act, Application: a})
}

// UpdateApplication replaces what is said of an application.
func (c *Catalog) UpdateApplication(ctx context.Context, a event.Application, cmd Command) error {
	act, err := c.actOnApplication(ctx, a, cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.ApplicationUpdated{Act: act, Application: a})
}

// RetireApplication ends the use of an application.
func (c *Catalog) RetireApplication(ctx context.Context, id string, cmd Command) error {
	act, err := c.act(ctx, event.Subject{Kind: event.KindApplication, ID: id}, cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.ApplicationRetired{Act: act, ID: id})
}

// Imported counts what an import of applications did.
type Imported struct {
	Registered int `json:"didaftarkan"`
	Updated    int `json:"diperbarui"`
	Same       int `json:"tetap"`
}

// ImportApplications registers or updates many applications at once. Where one of them could have no
// effect nothing is written. ErrConflict says that another writer was faster with some of them, which
// then stay as he wrote them.
func (c *Catalog) ImportApplications(ctx context.Context, list []event.Application, cmd Command) (Imported, error) {
	var done Imported
	if err := c.sync(ctx); err != nil {
		return done, err
	}
	all, err := c.Applications(ctx)
	if err != nil {
		return done, err
	}
	known := map[string]Application{}
	for _, a := range all {
		known[a.ID] = a
	}
	var facts []event.Body
	for _, a := range list {
		if wrong := CheckApplication(a); len(wrong) > 0 {
			return done, &Refusal{wrong[0], ErrInvalid}
		}
		before, ok := known[a.ID]
		act := event.Act{Actor: cmd.Actor, Reason: cmd.Reason, Expected: before.Revision}
		switch {
		case ok && before.Retired == "" && encode(before.Fact()) == encode(a):
			done.Same++
		case ok && before.Retired == "":
			done.Updated++
			facts = append(facts, event.ApplicationUpdated{Act: act, Application: a})
		default:
			done.Registered++
			facts = append(facts, event.ApplicationRegistered{Act: act, Application: a})
		}
	}
	if len(facts) == 0 {
		return done, nil
	}
	return done, c.Record(ctx, facts...)
}

var datasetForm = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)

// CheckApplication says what is wrong with an application as it is written, nil when nothing is.
func CheckApplication(a event.Application) []event.Sentence {
	var out []event.Sentence
	say := func(id, en string, args ...any) {
		out = append(out, event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)})
	}
	if !idForm.MatchString(a.ID) {
		say("id aplikasi %[1]q: %[2]s", "application id %[1]q: %[3]s", a.ID, idSay, idSayEN)
	}
	if strings.TrimSpace(a.Name) == "" {
		say("nama kosong", "the name is empty")
	}
	if !idForm.MatchString(a.Owner) {
		say("opd %q bukan id organisasi", "opd %q is not the id of an organisation", a.Owner)
	}
	if a.URL != "" && !strings.HasPrefix(a.URL, "https://") && !strings.HasPrefix(a.URL, "http://") {
		say("url %q tidak diawali http:// atau https://", "url %q does not begin with http:// or https://", a.URL)
	}
	for _, d := range append(slices.Clone(a.Produces), a.Consumes...) {
		if !datasetForm.MatchString(d) {
			say("dataset %q tidak berbentuk topik.nama", "dataset %q does not have the form topik.nama", d)
		}
	}
	return out
}

func (c *Catalog) actOnApplication(ctx context.Context, a event.Application, cmd Command) (event.Act, error) {
	if wrong := CheckApplication(a); len(wrong) > 0 {
		return event.Act{}, &Refusal{wrong[0], ErrInvalid}
	}
	return c.act(ctx, event.Subject{Kind: event.KindApplication, ID: a.ID}, cmd)
}
