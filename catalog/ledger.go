package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// The catalog is what the runner of the sources knows of deliveries.
var _ source.Ledger = (*Catalog)(nil)

// Stream implements [source.Ledger]. What a Record that failed wrote all the same is seen by it: on a full
// disk a fact may be in the log, and the projection without room for it.
func (c *Catalog) Stream(ctx context.Context, stream string) (source.Standing, error) {
	var s source.Standing
	if c.log != nil {
		if err := c.Sync(ctx); err != nil {
			return s, err
		}
	}
	var lastID string
	err := c.db.QueryRowContext(ctx, `SELECT coalesce(max(last_seq), 0), coalesce(max(last_id), '') FROM deliveries WHERE stream = ?`, stream).
		Scan(&s.LastSeq, &lastID)
	if err == nil && lastID != "" {
		s.LastID, err = uuid.Parse(lastID)
	}
	if err != nil {
		return s, fmt.Errorf("stream %s: %w", stream, err)
	}
	open, err := c.opened(ctx, `stream = ? AND status = ? ORDER BY rowid DESC`, stream, Opened)
	if errors.Is(err, source.ErrNoDelivery) {
		return s, nil
	}
	s.Open = &open
	return s, err
}

// Latest implements [source.Ledger].
func (c *Catalog) Latest(ctx context.Context, stream, subject string) (event.DeliveryOpened, error) {
	return c.opened(ctx, `stream = ? AND subject = ? AND received <> '' ORDER BY first_seq DESC`, stream, subject)
}

// Find implements [source.Ledger].
func (c *Catalog) Find(ctx context.Context, stream, fingerprint string) (event.DeliveryOpened, error) {
	return c.opened(ctx, `stream = ? AND fingerprint = ? AND received <> '' ORDER BY first_seq DESC`, stream, fingerprint)
}

// Opening returns the fact that opened a delivery. ErrNotFound says that none did: a refused
// delivery was never opened.
func (c *Catalog) Opening(ctx context.Context, delivery uuid.UUID) (event.DeliveryOpened, error) {
	b, err := c.opened(ctx, `delivery = ? AND open_fact <> ''`, delivery.String())
	if errors.Is(err, source.ErrNoDelivery) {
		err = fmt.Errorf("opening of delivery %s: %w", delivery, ErrNotFound)
	}
	return b, err
}

// opened returns how the first delivery that fits was opened, or source.ErrNoDelivery.
func (c *Catalog) opened(ctx context.Context, where string, args ...any) (event.DeliveryOpened, error) {
	var b event.DeliveryOpened
	var text string
	err := c.db.QueryRowContext(ctx, `SELECT open_fact FROM deliveries WHERE `+where+` LIMIT 1`, args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return b, source.ErrNoDelivery
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &b)
	}
	if err != nil {
		return b, fmt.Errorf("look up a delivery: %w", err)
	}
	return b, nil
}
