// Package catalog is the event-sourced read model: organisations, applications, contracts, bindings
// and deliveries as the governance facts of the event log have made them.
//
// # Design
//
// State is a projection of the topic _catalog in one SQLite file. A fact and the position behind it
// are applied in one transaction, so the file is always the state after some prefix of the log: it
// can be deleted at any time and is rebuilt from the log. The file can be read by other processes
// while one process, the one that holds the log, keeps it up to date.
//
// A decision about an organisation, an application, a contract or a binding says which revision of it
// its writer saw. No log compares and sets, so the projection does: of the facts that expect the same
// revision the first in the log counts, the others are kept as lost. Every projection of a log
// therefore agrees on the winners, and a writer learns from its own whether it won.
package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite" // registers the database/sql driver

	"satudata/ingest/durable"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/schemas"
)

// Errors that callers act on, with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflict")
	ErrInvalid  = errors.New("not allowed")
	ErrReadOnly = errors.New("catalog is opened without its event log")
	ErrOutdated = errors.New("the projection is another program's") // it is rebuilt when it is opened with the log
)

// readBytes bounds one read of the log.
const readBytes = 4 << 20

// Catalog is the read model. All methods may be called concurrently.
type Catalog struct {
	db   *sql.DB
	path string
	log  eventlog.Log // nil: read only
	now  func() time.Time
	say  *slog.Logger

	approval Approval
	zone     *time.Location

	mu sync.Mutex // held while facts are applied, so that they apply in the order of the log

	parsedMu sync.Mutex // guards parsed
	parsed   map[string]*schemas.Contract
}

// Options of Open; the zero value works.
type Options struct {
	Log    eventlog.Log // without it the catalog answers from what was projected last
	Now    func() time.Time
	Logger *slog.Logger // nil discards

	Approval Approval       // "" is Automatic
	Zone     *time.Location // in which days end; nil is UTC
}

// Open opens the projection at path, making it when it is missing, and applies what the log has
// beyond it.
func Open(ctx context.Context, path string, o Options) (*Catalog, error) {
	o = o.withDefaults()
	if err := durable.Writable(path); err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	// The projection can be rebuilt, so it need not be synced at every commit, but a reader must
	// never see half a transaction: WAL with synchronous=normal gives that.
	q := url.Values{"_pragma": {"journal_mode(wal)", "synchronous(normal)", "busy_timeout(10000)", "foreign_keys(on)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open catalog %s: %w", path, err)
	}
	c := &Catalog{db: db, path: path, log: o.Log, now: o.Now, say: o.Logger, approval: o.Approval, zone: o.Zone, parsed: map[string]*schemas.Contract{}}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", path, err), db.Close())
	}
	if c.log != nil {
		if err := c.Sync(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Approval == "" {
		o.Approval = Automatic
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return o
}

// prepare makes the tables of the projection. A projection of another program's tables is emptied, to
// be rebuilt from the log.
func (c *Catalog) prepare(ctx context.Context) (err error) {
	form := crc32.ChecksumIEEE([]byte(tables)) >> 1 // of 31 bits, as user_version is signed
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	var have uint32
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil || have == form {
		return err
	}
	old, err := column[string](ctx, tx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return err
	}
	if len(old) > 0 && c.log == nil {
		return ErrOutdated
	}
	for _, name := range old {
		if _, err := tx.ExecContext(ctx, `DROP TABLE "`+name+`"`); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, tables); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, form)); err != nil {
		return err
	}
	return tx.Commit()
}

// Close releases the projection; the log is its owner's to close.
func (c *Catalog) Close() error { return c.db.Close() }

// Record appends facts to the log, durably and in order, and applies them. A fact that the log
// already has (same type and identity) changes nothing. Decisions are tried before they are written:
// one that could have no effect is a [Refusal], and nothing is written. Where another writer was
// faster all the same, the error is ErrConflict: the decisions that lost stay in the log as such.
func (c *Catalog) Record(ctx context.Context, bodies ...event.Body) error {
	if c.log == nil {
		return ErrReadOnly
	}
	facts := make([]event.Fact, len(bodies))
	msgs := make([]event.Message, len(bodies))
	for i, b := range bodies {
		facts[i] = event.NewFact(c.now(), b)
		m, err := facts[i].Message()
		if err != nil {
			return err
		}
		msgs[i] = m
	}
	if err := c.try(ctx, facts); err != nil {
		return err
	}
	if _, err := c.log.Append(ctx, eventlog.CatalogTopic, msgs...); err != nil {
		return fmt.Errorf("record facts: %w", err)
	}
	if err := c.Sync(ctx); err != nil {
		return err
	}
	return c.outcome(ctx, facts)
}

// Sync applies the facts that the log has beyond the projection.
func (c *Catalog) Sync(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		n, err := c.applyNext(ctx)
		if err != nil {
			return fmt.Errorf("project governance facts: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

// applyNext applies one read of the log and returns how many messages it held. The log is read before
// the transaction begins, so that a slow one keeps nobody from the projection.
func (c *Catalog) applyNext(ctx context.Context) (n int, err error) {
	var from int64
	if err := c.db.QueryRowContext(ctx, `SELECT next_offset FROM projection`).Scan(&from); err != nil {
		return 0, err
	}
	records, err := c.log.Read(ctx, eventlog.CatalogTopic, 0, from, readBytes)
	none := errors.Is(err, eventlog.ErrNoTopic)
	if none && from == 0 || err == nil && len(records) == 0 {
		return 0, nil
	}
	if none || errors.Is(err, eventlog.ErrExpired) {
		return 0, fmt.Errorf("%w: proyeksi memuat fakta sampai offset %d, log tidak: log hilang, atau diganti salinan lama; kembalikan log yang utuh, atau cadangan dengan `satudata restore` "+
			"(the projection holds facts up to that offset, and the log does not: it was lost, or replaced by an old copy; bring the whole log back, or a backup by `satudata restore`): %v",
			eventlog.ErrExpired, from, err)
	}
	if err != nil {
		return 0, err
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	next := records[len(records)-1].Offset + 1
	moved, err := tx.ExecContext(ctx, `UPDATE projection SET next_offset = ? WHERE next_offset = ?`, next, from)
	if err != nil {
		return 0, err
	}
	if one, err := moved.RowsAffected(); err != nil || one == 0 {
		return 1, err // another process has applied them: look again
	}
	for _, r := range records {
		f, err := event.ParseFact(r.Message)
		if errors.Is(err, event.ErrMalformed) {
			c.say.Warn("message in the catalog topic is no fact", "offset", r.Offset, "error", err)
			continue // it stays in the log; it must not keep everybody from the facts behind it
		}
		if err == nil {
			_, err = apply(ctx, tx, f)
		}
		if err != nil {
			return 0, fmt.Errorf("offset %d: %w", r.Offset, err)
		}
	}
	return len(records), tx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
