package catalog

import (
	"context"
	"fmt"
	"time"

	"satudata/transform/lake"
)

// Standing counts the deliveries of a dataset that have a status.
type Standing struct {
	Dataset string
	Status  Status
	Count   int64
	Aside   int64 // rows of those that were checked, which were set aside
}

// Standings counts all deliveries by dataset and status.
func (c *Catalog) Standings(ctx context.Context) ([]Standing, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT dataset, status, count(*), coalesce(sum(json_extract(nullif(check_fact, ''), '$.set_aside')), 0)
		FROM deliveries GROUP BY dataset, status ORDER BY dataset, status`)
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	defer rows.Close()
	var all []Standing
	for rows.Next() {
		var s Standing
		if err := rows.Scan(&s.Dataset, &s.Status, &s.Count, &s.Aside); err != nil {
			return nil, fmt.Errorf("count deliveries: %w", err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// Published returns, for each dataset, how many rows were accepted of each delivery that counts in its
// current state, in the order in which they were published.
func (c *Catalog) Published(ctx context.Context) (map[string][]int64, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT dataset, coalesce(json_extract(check_fact, '$.accepted'), 0) FROM deliveries
		WHERE status = ? ORDER BY published`, Published)
	if err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	defer rows.Close()
	all := map[string][]int64{}
	for rows.Next() {
		var dataset string
		var accepted int64
		if err := rows.Scan(&dataset, &accepted); err != nil {
			return nil, fmt.Errorf("list publications: %w", err)
		}
		all[dataset] = append(all[dataset], accepted)
	}
	return all, rows.Err()
}

// Position is the offset up to which the facts of the log are in the projection.
func (c *Catalog) Position(ctx context.Context) (next int64, err error) {
	err = c.db.QueryRowContext(ctx, `SELECT next_offset FROM projection`).Scan(&next)
	return next, err
}

// Ping says whether a fact could be applied to the projection now: it takes the lock that this takes,
// changes nothing and lets it go. It waits a second for a lock that somebody else has.
func (c *Catalog) Ping(ctx context.Context) error { return lake.PingSQLite(ctx, c.path) }

// Newest is the time of the newest fact, as whoever recorded it had it.
func (c *Catalog) Newest(ctx context.Context) (time.Time, error) {
	var text string
	if err := c.db.QueryRowContext(ctx, `SELECT coalesce(max(time), '') FROM facts`).Scan(&text); err != nil {
		return time.Time{}, fmt.Errorf("newest fact: %w", err)
	}
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}
