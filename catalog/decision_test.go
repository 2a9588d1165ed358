package catalog_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/kafka"
)

// as is a command of somebody.
func as(id string) catalog.Command { return catalog.Command{Actor: event.Actor{ID: id}} }

// seen is a command of somebody who saw a revision.
func seen(id string, revision int64) catalog.Command {
	return catalog.Command{Actor: event.Actor{ID: id}, IfRevision: &revision}
}

// dump is every row of every table of a projection.
func dump(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables []string
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) < 5 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	var b strings.Builder
	for _, name := range tables {
		fmt.Fprintf(&b, "%s\n%s", name, dumpTable(t, db, name))
	}
	return b.String()
}

func dumpTable(t *testing.T, db *sql.DB, name string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+name)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(any)
		}
		if err := rows.Scan(row...); err != nil {
			t.Fatal(err)
		}
		for _, v := range row {
			fmt.Fprintf(&b, "\t%v", *v.(*any))
		}
		b.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOneWriterWins: of many writers, each with a projection of its own, exactly one wins each
// revision; all projections agree, and one that is rebuilt is the same in every row. On Kafka every
// writer has a connection of its own, as processes have.
func TestOneWriterWins(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		_, log, _ := open(t)
		contend(t, func() eventlog.Log { return log }, 25)
	})
	t.Run("kafka", func(t *testing.T) {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cluster.Close)
		contend(t, func() eventlog.Log {
			log, err := kafka.Open(t.Context(), kafka.Options{Brokers: cluster.ListenAddrs(), Prefix: "uji"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { log.Close() })
			return log
		}, 10)
	})
}

// contend lets eight writers, each with the log that connect gives it, fight for revisions.
func contend(t *testing.T, connect func() eventlog.Log, revisions int64) {
	const writers = 8
	path := filepath.Join(t.TempDir(), "catalog.db")
	var cats []*catalog.Catalog
	var paths []string
	var logs []eventlog.Log
	for i := range writers {
		logs = append(logs, connect())
		paths = append(paths, fmt.Sprintf("%s-%d", path, i))
		cats = append(cats, reopen(t, paths[i], logs[i]))
	}
	first := cats[0]
	if err := first.RegisterOrganisation(t.Context(), event.Organisation{ID: "bpbd", Name: "0", Role: "opd"}, as("w0")); err != nil {
		t.Fatal(err)
	}
	for revision := int64(1); revision <= revisions; revision++ {
		errs := make([]error, writers)
		var all sync.WaitGroup
		for i, c := range cats {
			all.Go(func() {
				o := event.Organisation{ID: "bpbd", Name: fmt.Sprintf("%d dari %d", revision, i), Role: "opd"}
				if i%2 == 0 {
					errs[i] = c.UpdateOrganisation(t.Context(), o, seen(fmt.Sprintf("w%d", i), revision))
					return
				}
				// as a writer whose look at the log was too early: it writes without having seen the others
				errs[i] = appended(t, c, logs[i], event.OrganisationUpdated{Act: event.Act{Actor: event.Actor{ID: fmt.Sprintf("w%d", i)}, Expected: revision}, Organisation: o})
			})
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, catalog.ErrConflict) {
				t.Fatalf("writer %d: %v, want ErrConflict", i, err)
			}
		}
		if won != 1 {
			t.Fatalf("%d writers won revision %d", won, revision+1)
		}
	}
	for _, c := range cats {
		if err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	history, err := first.History(t.Context(), event.Subject{Kind: event.KindOrganisation, ID: "bpbd"})
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, d := range history {
		if d.Lost != "" {
			lost++
		}
	}
	if int64(len(history)-lost) != revisions+1 || int64(lost) < revisions*(writers/2-1) {
		t.Errorf("%d decisions, of which %d lost; want %d that counted, and the others kept", len(history), lost, revisions+1)
	}
	rebuilt := path + "-rebuilt"
	paths = append(paths, rebuilt)
	reopen(t, rebuilt, connect())
	want := dump(t, paths[0])
	for _, p := range paths[1:] {
		if d := cmp.Diff(want, dump(t, p)); d != "" {
			t.Errorf("projection %s differs:\n%s", filepath.Base(p), d)
		}
	}
}

// appended writes a decision without looking first, and says what became of it.
func appended(t *testing.T, c *catalog.Catalog, log eventlog.Log, d event.Decision) error {
	m, err := event.NewFact(time.Now(), d).Message()
	if err != nil {
		return err
	}
	if _, err := log.Append(t.Context(), eventlog.CatalogTopic, m); err != nil {
		return err
	}
	return c.Record(t.Context(), d) // the same fact again: it only tells the outcome
}

// TestRetryAfterCrash: a command that is repeated with the revision it saw is done once.
func TestRetryAfterCrash(t *testing.T) {
	c, _, _ := open(t)
	o := event.Organisation{ID: "bpbd", Name: "BPBD", Role: "opd"}
	for range 2 {
		if err := c.RegisterOrganisation(t.Context(), o, seen("rina", 0)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := c.Revision(t.Context(), event.Subject{Kind: event.KindOrganisation, ID: "bpbd"}); err != nil || n != 1 {
		t.Errorf("revision %d, %v, want 1", n, err)
	}
}

// TestOrganisationsAndApplications: what the registers refuse, step by step.
func TestOrganisationsAndApplications(t *testing.T) {
	c, _, _ := open(t)
	ctx := t.Context()
	org := func(id, role, parent string) error {
		return c.RegisterOrganisation(ctx, event.Organisation{ID: id, Name: strings.ToUpper(id), Role: role, Parent: parent}, as("rina"))
	}
	app := func(id, owner string, consumes ...string) error {
		return c.RegisterApplication(ctx, event.Application{ID: id, Name: id, Owner: owner, Consumes: consumes}, as("rina"))
	}
	for _, step := range []struct {
		name string
		err  error
		want error
	}{
		{"walidata", org("diskominfo", "walidata", ""), nil},
		{"second walidata", org("lain", "walidata", ""), catalog.ErrConflict},
		{"unit of nothing", org("uptd", "opd", "dinkes"), catalog.ErrNotFound},
		{"opd", org("dinkes", "opd", ""), nil},
		{"unit", org("uptd", "walidata_pendukung", "dinkes"), nil},
		{"unknown role", org("x", "menteri", ""), catalog.ErrInvalid},
		{"bad id", org("Dinas Kesehatan", "opd", ""), catalog.ErrInvalid},
		{"twice", org("dinkes", "opd", ""), catalog.ErrConflict},
		{"unit of itself", c.UpdateOrganisation(ctx, event.Organisation{ID: "dinkes", Name: "D", Role: "opd", Parent: "uptd"}, as("rina")), catalog.ErrInvalid},
		{"app of nobody", app("simpus", "puskesmas"), catalog.ErrNotFound},
		{"app", app("simpus", "uptd", "kesehatan.kasus_dbd"), nil},
		{"app reads no dataset", app("a", "uptd", "kasus dbd"), catalog.ErrInvalid},
		{"close with app", c.CloseOrganisation(ctx, "uptd", as("rina")), catalog.ErrInvalid},
		{"close with unit", c.CloseOrganisation(ctx, "dinkes", as("rina")), catalog.ErrInvalid},
		{"retire", c.RetireApplication(ctx, "simpus", as("rina")), nil},
		{"retire twice", c.RetireApplication(ctx, "simpus", as("rina")), catalog.ErrNotFound},
		{"close", c.CloseOrganisation(ctx, "uptd", as("rina")), nil},
		{"update closed", c.UpdateOrganisation(ctx, event.Organisation{ID: "uptd", Name: "U", Role: "opd"}, as("rina")), catalog.ErrNotFound},
		{"register again", org("uptd", "opd", "dinkes"), nil},
	} {
		if !errors.Is(step.err, step.want) || (step.want == nil) != (step.err == nil) {
			t.Errorf("%s: %v, want %v", step.name, step.err, step.want)
		}
	}
	if err := app("simpus", "uptd", "kesehatan.kasus_dbd"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Consumers(ctx, "kesehatan.kasus_dbd"); err != nil || len(got) != 1 || got[0].ID != "simpus" {
		t.Errorf("consumers %+v, %v", got, err)
	}
	list := []event.Application{{ID: "simpus", Name: "Simpus", Owner: "uptd"}, {ID: "baru", Name: "Baru", Owner: "dinkes"}, {ID: "salah", Name: "Salah", Owner: "tidak_ada"}}
	if _, err := c.ImportApplications(ctx, list, as("rina")); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("import with an unknown owner: %v", err)
	}
	if _, err := c.Application(ctx, "baru"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an import that was refused has registered something: %v", err)
	}
	if got, err := c.ImportApplications(ctx, list[:2], as("rina")); err != nil || got != (catalog.Imported{Registered: 1, Updated: 1}) {
		t.Errorf("import: %+v, %v", got, err)
	}
	if got, err := c.ImportApplications(ctx, list[:2], as("rina")); err != nil || got != (catalog.Imported{Same: 2}) {
		t.Errorf("import again: %+v, %v", got, err)
	}
}

// spoil runs statements on a projection.
func spoil(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}
