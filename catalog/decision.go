package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"satudata/ingest/event"
)

// Refusal says why a decision has no effect. It is ErrConflict, ErrInvalid or ErrNotFound.
type Refusal struct {
	Say  event.Sentence
	kind error
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s (%s)", r.Say.ID, r.Say.EN) }

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.kind }

func refuse(kind error, id, en string, args ...any) *Refusal {
	return &Refusal{event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}, kind}
}

// Command is what a decision needs to know of whoever decides.
type Command struct {
	Actor      event.Actor
	Reason     string
	IfRevision *int64 // revision that he saw; nil: the one that is there
}

// act makes the common part of a decision. It must be made before the state is looked at on which the
// decision depends: what changes in between makes the decision lose.
func (c *Catalog) act(ctx context.Context, about event.Subject, cmd Command) (event.Act, error) {
	a := event.Act{Actor: cmd.Actor, Reason: cmd.Reason}
	if err := c.sync(ctx); err != nil {
		return a, err
	}
	if cmd.IfRevision != nil {
		a.Expected = *cmd.IfRevision
		return a, nil
	}
	var err error
	a.Expected, err = c.Revision(ctx, about)
	return a, err
}

// sync is Sync for commands, which need the log.
func (c *Catalog) sync(ctx context.Context) error {
	if c.log == nil {
		return ErrReadOnly
	}
	return c.Sync(ctx)
}

// Revision is how many decisions about a thing have counted; 0 for one that nobody knows.
func (c *Catalog) Revision(ctx context.Context, about event.Subject) (int64, error) {
	return revision(ctx, c.db, about)
}

// reader is a database or a transaction.
type reader interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func revision(ctx context.Context, r reader, about event.Subject) (int64, error) {
	var n int64
	err := r.QueryRowContext(ctx, `SELECT coalesce(max(revision), 0) FROM revisions WHERE kind = ? AND id = ?`, about.Kind, about.ID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("revision of %s %s: %w", about.Kind, about.ID, err)
	}
	return n, nil
}

// column returns the only column of a query.
func column[T any](ctx context.Context, r reader, query string, args ...any) ([]T, error) {
	rows, err := r.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, fmt.Errorf("read catalog: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// try applies decisions to the projection as it is, takes that back, and returns why the first one
// that is in vain is so.
func (c *Catalog) try(ctx context.Context, facts []event.Fact) (err error) {
	if !hasDecision(facts) {
		return nil
	}
	if err := c.sync(ctx); err != nil {
		return err
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("try decisions: %w", err)
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	for _, f := range facts {
		lost, err := apply(ctx, tx, f)
		if err != nil {
			return fmt.Errorf("try %s: %w", f.Body.FactType(), err)
		}
		if lost != nil {
			return lost
		}
	}
	return nil
}

func hasDecision(facts []event.Fact) bool {
	for _, f := range facts {
		if _, ok := f.Body.(event.Decision); ok {
			return true
		}
	}
	return false
}

// outcome says whether decisions that are in the log have counted.
func (c *Catalog) outcome(ctx context.Context, facts []event.Fact) error {
	for _, f := range facts {
		if _, ok := f.Body.(event.Decision); !ok {
			continue
		}
		var lost string
		if err := c.db.QueryRowContext(ctx, `SELECT lost FROM decisions WHERE fact = ?`, f.ID.String()).Scan(&lost); err != nil {
			return fmt.Errorf("outcome of %s %s: %w", f.Body.FactType(), f.ID, err)
		}
		if lost != "" {
			return fmt.Errorf("%w: %s", ErrConflict, lost)
		}
	}
	return nil
}

// decide applies a decision when it counts, and keeps it in either case.
func decide(ctx context.Context, tx *sql.Tx, f event.Fact, d event.Decision) (*Refusal, error) {
	about := d.About()
	now, err := revision(ctx, tx, about)
	if err != nil {
		return nil, err
	}
	var lost *Refusal
	if seen, ok := d.Seen(); ok && seen != now {
		lost = refuse(ErrConflict, "%[1]s sudah berubah: revisi %[2]d, yang dilihat %[3]d; lihat lagi lalu ulangi", "%[1]s has changed: it is at revision %[2]d, seen was %[3]d; look again and repeat",
			about.ID, now, seen)
	} else {
		p := projector{ctx, tx, f.Time.Format(time.RFC3339Nano)}
		if lost, err = p.effect(d); err != nil {
			return nil, err
		}
	}
	next, why := now+1, ""
	if lost != nil {
		next, why = 0, lost.Error()
	} else if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO revisions VALUES (?, ?, ?)`, about.Kind, about.ID, next); err != nil {
		return nil, err
	}
	actor, reason := d.By()
	_, err = tx.ExecContext(ctx, `INSERT INTO decisions (fact, kind, id, type, revision, time, actor, role, reason, lost, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		f.ID.String(), about.Kind, about.ID, d.FactType(), next, f.Time.Format(time.RFC3339Nano), actor.ID, actor.Role, reason, why, encode(d))
	return lost, err
}

// word is what people call a kind.
func word(k event.Kind) string {
	switch k {
	case event.KindOrganisation:
		return "organisasi"
	case event.KindApplication:
		return "aplikasi"
	case event.KindContract:
		return "kontrak"
	}
	return string(k)
}

// Decided is one decision about a thing, as its history shows it.
type Decided struct {
	Revision int64           `json:"revisi"` // that it made; 0 for one that lost
	Type     string          `json:"jenis"`
	Version  string          `json:"versi,omitempty"` // of a contract or binding
	Time     time.Time       `json:"waktu"`
	Actor    event.Actor     `json:"pelaku"`
	Reason   string          `json:"alasan,omitempty"`
	Lost     string          `json:"kalah,omitempty"` // why it has no effect
	Body     json.RawMessage `json:"isi"`
}

// History returns every decision about a thing in the order of the log, those that lost too. It is
// ErrNotFound for a thing of which nothing was ever decided.
func (c *Catalog) History(ctx context.Context, about event.Subject) ([]Decided, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT revision, type, time, actor, role, reason, lost, body FROM decisions WHERE kind = ? AND id = ? ORDER BY n`, about.Kind, about.ID)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", about.ID, err)
	}
	defer rows.Close()
	var out []Decided
	for rows.Next() {
		var d Decided
		var at, body string
		if err := rows.Scan(&d.Revision, &d.Type, &at, &d.Actor.ID, &d.Actor.Role, &d.Reason, &d.Lost, &body); err != nil {
			return nil, fmt.Errorf("history of %s: %w", about.ID, err)
		}
		if d.Time, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, fmt.Errorf("history of %s: %w", about.ID, err)
		}
		var paper struct{ Version string }
		if err := json.Unmarshal([]byte(body), &paper); err != nil {
			return nil, fmt.Errorf("history of %s: %w", about.ID, err)
		}
		d.Version, d.Body = paper.Version, json.RawMessage(body)
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("history of %s: %w", about.ID, err)
	}
	if len(out) == 0 {
		return nil, refuse(ErrNotFound, "%[1]s %[3]s tidak dikenal", "unknown %[2]s %[3]s", word(about.Kind), about.Kind, about.ID)
	}
	return out, nil
}
