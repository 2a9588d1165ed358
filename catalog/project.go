package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"satudata/ingest/event"
)

// tables is the projection. Statuses of a delivery follow Perpres 39/2019, Pasal 32-39.
const tables = `
CREATE TABLE IF NOT EXISTS projection (next_offset INTEGER NOT NULL);
INSERT INTO projection SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM projection);
CREATE TABLE IF NOT EXISTS facts (id TEXT PRIMARY KEY, type TEXT NOT NULL, time TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revisions ( -- how many decisions about a governed thing have counted
	kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decisions ( -- every one, in the order of the log, also those that lost
	n INTEGER PRIMARY KEY, fact TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
	revision INTEGER NOT NULL, -- that it made; 0 for one that lost
	time TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, reason TEXT NOT NULL,
	lost TEXT NOT NULL, -- why it has no effect, or ''
	body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS decisions_about ON decisions (kind, id, n);
CREATE TABLE IF NOT EXISTS organisations (
	id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, parent TEXT NOT NULL, closed TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applications (
	id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, retired TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents ( -- versions of contracts and bindings
	kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, dataset TEXT NOT NULL, document TEXT NOT NULL,
	stage TEXT NOT NULL, proposer TEXT NOT NULL, time TEXT NOT NULL, -- of the stage
	until TEXT NOT NULL, reason TEXT NOT NULL, findings TEXT NOT NULL,
	PRIMARY KEY (kind, name, version)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_dataset ON documents (kind, dataset);
CREATE TABLE IF NOT EXISTS deliveries (
	delivery TEXT PRIMARY KEY, source TEXT NOT NULL, stream TEXT NOT NULL, dataset TEXT NOT NULL,
	contract TEXT NOT NULL, binding TEXT NOT NULL, subject TEXT NOT NULL, fingerprint TEXT NOT NULL,
	bytes INTEGER NOT NULL, records INTEGER NOT NULL, status TEXT NOT NULL,
	first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL DEFAULT 0,
	first_id TEXT NOT NULL DEFAULT '', last_id TEXT NOT NULL DEFAULT '',
	opened TEXT NOT NULL, received TEXT NOT NULL DEFAULT '', checked TEXT NOT NULL DEFAULT '', decided TEXT NOT NULL DEFAULT '',
	published INTEGER NOT NULL DEFAULT 0, -- how many were published before it, and 1
	open_fact TEXT NOT NULL DEFAULT '', check_fact TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS explanations (
	delivery TEXT NOT NULL, rule TEXT NOT NULL, text TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, time TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS explanations_rule ON explanations (rule, delivery);
CREATE INDEX IF NOT EXISTS deliveries_stream ON deliveries (stream, first_seq);
CREATE INDEX IF NOT EXISTS deliveries_dataset ON deliveries (dataset, status);
CREATE INDEX IF NOT EXISTS deliveries_status ON deliveries (status, received);
CREATE INDEX IF NOT EXISTS deliveries_published ON deliveries (published);
`

// apply changes the projection by one fact, unless it was applied before. It returns why a decision
// has no effect; an error is trouble with the projection.
func apply(ctx context.Context, tx *sql.Tx, f event.Fact) (lost *Refusal, err error) {
	if f.Body == nil {
		return nil, nil // of a newer program
	}
	at := f.Time.Format(time.RFC3339Nano)
	res, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO facts VALUES (?, ?, ?)`, f.ID.String(), f.Body.FactType(), at)
	if err != nil {
		return nil, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return nil, err
	}
	if d, ok := f.Body.(event.Decision); ok {
		return decide(ctx, tx, f, d)
	}
	return nil, applyDelivery(ctx, tx, f, at)
}

// applyDelivery changes the projection by a fact about a delivery.
func applyDelivery(ctx context.Context, tx *sql.Tx, f event.Fact, at string) error {
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	switch b := f.Body.(type) {
	case event.DeliveryOpened:
		return exec(`INSERT INTO deliveries (delivery, source, stream, dataset, contract, binding, subject, fingerprint,
			bytes, records, status, first_seq, opened, open_fact) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			b.Delivery.String(), b.Source, b.Stream, b.Dataset, b.Contract, b.Binding, b.Subject, b.Fingerprint,
			b.Bytes, b.Records, Opened, b.FirstSeq, at, encode(b))
	// A reader whose fact was recorded although it did not look so may go on to record another end of
	// the same reading: the first counts.
	case event.DeliveryReceived:
		return exec(`UPDATE deliveries SET status = ?, received = ?, records = ?, last_seq = ?, first_id = ?, last_id = ? WHERE delivery = ? AND status = ?`,
			Received, at, b.Records, b.LastSeq, b.FirstID.String(), b.LastID.String(), b.Delivery.String(), Opened)
	case event.DeliveryAbandoned:
		return exec(`UPDATE deliveries SET status = ?, decided = ?, records = ?, last_seq = ?, last_id = ? WHERE delivery = ? AND status = ?`,
			Abandoned, at, b.Records, b.LastSeq, b.LastID.String(), b.Delivery.String(), Opened)
	case event.DeliveryRefused:
		return exec(`INSERT INTO deliveries (delivery, source, stream, dataset, contract, binding, subject, fingerprint,
			bytes, records, status, first_seq, opened, decided, reason) VALUES (?, ?, '', ?, '', ?, ?, '', 0, 0, ?, 0, ?, ?, ?)`,
			b.Delivery.String(), b.Source, b.Dataset, b.Binding, b.Subject, Refused, at, at, encode(b.Reason))
	case event.DeliveryChecked:
		return exec(`UPDATE deliveries SET status = ?, checked = ?, check_fact = ? WHERE delivery = ?`,
			Checked, at, encode(b), b.Delivery.String())
	case event.DeliveryPublished:
		return exec(`UPDATE deliveries SET status = ?, decided = ?, published = (SELECT max(published) + 1 FROM deliveries) WHERE delivery = ?`,
			Published, at, b.Delivery.String())
	case event.ExplanationGiven:
		return exec(`INSERT INTO explanations VALUES (?, ?, ?, ?, ?, ?)`, b.Delivery.String(), b.Rule, b.Text, b.Actor.ID, b.Actor.Role, at)
	case event.DeliveryReturned:
		return exec(`UPDATE deliveries SET status = ?, decided = ?, reason = ? WHERE delivery = ?`,
			Returned, at, encode(b.Reason), b.Delivery.String())
	}
	return fmt.Errorf("fact %s has no projection", f.Body.FactType())
}

// encode renders a value that came out of JSON, so it cannot fail.
func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
