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
CREATE TABLE IF NOT EXISTS contracts (
	dataset TEXT NOT NULL, version TEXT NOT NULL, document TEXT NOT NULL, time TEXT NOT NULL,
	PRIMARY KEY (dataset, version));
CREATE TABLE IF NOT EXISTS bindings (
	binding TEXT NOT NULL, version TEXT NOT NULL, dataset TEXT NOT NULL, document TEXT NOT NULL, time TEXT NOT NULL,
	PRIMARY KEY (binding, version));
CREATE TABLE IF NOT EXISTS deliveries (
	delivery TEXT PRIMARY KEY, source TEXT NOT NULL, stream TEXT NOT NULL, dataset TEXT NOT NULL,
	contract TEXT NOT NULL, binding TEXT NOT NULL, subject TEXT NOT NULL, fingerprint TEXT NOT NULL,
	bytes INTEGER NOT NULL, records INTEGER NOT NULL, status TEXT NOT NULL,
	first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL DEFAULT 0,
	first_id TEXT NOT NULL DEFAULT '', last_id TEXT NOT NULL DEFAULT '',
	opened TEXT NOT NULL, received TEXT NOT NULL DEFAULT '', checked TEXT NOT NULL DEFAULT '', decided TEXT NOT NULL DEFAULT '',
	published INTEGER NOT NULL DEFAULT 0, -- how many were published before it, and 1
	open_fact TEXT NOT NULL DEFAULT '', check_fact TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS deliveries_stream ON deliveries (stream, first_seq);
CREATE INDEX IF NOT EXISTS deliveries_dataset ON deliveries (dataset, status);
CREATE INDEX IF NOT EXISTS deliveries_status ON deliveries (status, received);
CREATE INDEX IF NOT EXISTS deliveries_published ON deliveries (published);
`

// apply changes the projection by one fact, unless it was applied before.
func apply(ctx context.Context, tx *sql.Tx, f event.Fact) error {
	if f.Body == nil {
		return nil // of a newer program
	}
	at := f.Time.Format(time.RFC3339Nano)
	res, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO facts VALUES (?, ?, ?)`, f.ID.String(), f.Body.FactType(), at)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	switch b := f.Body.(type) {
	case event.ContractRegistered:
		return exec(`INSERT INTO contracts VALUES (?, ?, ?, ?)`, b.Dataset, b.Version, b.Document, at)
	case event.BindingRegistered:
		return exec(`INSERT INTO bindings VALUES (?, ?, ?, ?, ?)`, b.Binding, b.Version, b.Dataset, b.Document, at)
	case event.DeliveryOpened:
		return exec(`INSERT INTO deliveries (delivery, source, stream, dataset, contract, binding, subject, fingerprint,
			bytes, records, status, first_seq, opened, open_fact) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			b.Delivery.String(), b.Source, b.Stream, b.Dataset, b.Contract, b.Binding, b.Subject, b.Fingerprint,
			b.Bytes, b.Records, Opened, b.FirstSeq, at, encode(b))
	case event.DeliveryReceived:
		return exec(`UPDATE deliveries SET status = ?, received = ?, records = ?, last_seq = ?, first_id = ?, last_id = ? WHERE delivery = ?`,
			Received, at, b.Records, b.LastSeq, b.FirstID.String(), b.LastID.String(), b.Delivery.String())
	case event.DeliveryAbandoned:
		return exec(`UPDATE deliveries SET status = ?, decided = ?, records = ?, last_seq = ?, last_id = ? WHERE delivery = ?`,
			Abandoned, at, b.Records, b.LastSeq, b.LastID.String(), b.Delivery.String())
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
