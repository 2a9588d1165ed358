package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// The catalog is what a landing worker knows of governance.
var _ pipeline.Governance = (*Catalog)(nil)

// Arrived implements [pipeline.Governance].
func (c *Catalog) Arrived(ctx context.Context) ([]pipeline.Delivery, error) {
	found, err := c.deliveries(ctx, `status IN (?, ?) ORDER BY rowid`, Received, Checked)
	if err != nil {
		return nil, err
	}
	out := make([]pipeline.Delivery, len(found))
	for i, d := range found {
		out[i] = pipeline.Delivery{ID: d.ID, Subject: d.Subject, Dataset: d.Dataset, Contract: d.Contract, Binding: d.Binding,
			Stream: d.Stream, Records: d.Records, LastSeq: d.LastSeq, FirstID: d.FirstID, Opened: d.Opened, Check: d.Check}
	}
	return out, nil
}

// Began implements [pipeline.Governance].
func (c *Catalog) Began(ctx context.Context, delivery uuid.UUID) (firstSeq, records int64, err error) {
	err = c.db.QueryRowContext(ctx, `SELECT first_seq, records FROM deliveries WHERE delivery = ?`, delivery.String()).Scan(&firstSeq, &records)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fmt.Errorf("look up delivery %s: %w", delivery, err)
	}
	return firstSeq, records, nil
}

// Check implements [pipeline.Governance].
func (c *Catalog) Check(ctx context.Context, delivery uuid.UUID) (*event.DeliveryChecked, error) {
	found, err := c.deliveries(ctx, `delivery = ?`, delivery.String())
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].Check, nil
}

// Publications implements [pipeline.Governance].
func (c *Catalog) Publications(ctx context.Context, dataset string) ([]lake.Publication, error) {
	contracts, err := c.contracts(ctx, dataset)
	if err != nil {
		return nil, err
	}
	rows, err := c.db.QueryContext(ctx, `SELECT delivery, contract, first_id, decided FROM deliveries WHERE dataset = ? AND status = ? ORDER BY published`, dataset, Published)
	if err != nil {
		return nil, fmt.Errorf("list what is published of %s: %w", dataset, err)
	}
	defer rows.Close()
	made := map[string]lake.Publication{} // by contract version: deliveries are many, versions few
	var out []lake.Publication
	for rows.Next() {
		var id, version, first, decided string
		if err := rows.Scan(&id, &version, &first, &decided); err != nil {
			return nil, fmt.Errorf("list what is published of %s: %w", dataset, err)
		}
		p, ok := made[version]
		if !ok {
			if p, err = publication(contracts, dataset, version); err != nil {
				return nil, err
			}
			made[version] = p
		}
		var errs [3]error
		p.Delivery, errs[0] = uuid.Parse(id)
		if first != "" {
			p.FirstID, errs[1] = uuid.Parse(first)
		}
		p.At, errs[2] = time.Parse(time.RFC3339Nano, decided)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("read publication of %s: %w", dataset, err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Publication is how deliveries of a dataset that are made under a contract version are published.
func (c *Catalog) Publication(ctx context.Context, dataset, version string) (lake.Publication, error) {
	contracts, err := c.contracts(ctx, dataset)
	if err != nil {
		return lake.Publication{}, err
	}
	return publication(contracts, dataset, version)
}

// publication is how deliveries under one of contracts, which are oldest first, are published.
func publication(contracts []*schemas.Contract, dataset, version string) (lake.Publication, error) {
	at := slices.IndexFunc(contracts, func(c *schemas.Contract) bool { return c.Version == version })
	if at < 0 {
		return lake.Publication{}, fmt.Errorf("contract %s@%s: %w", dataset, version, ErrNotFound)
	}
	mode := contracts[at].Profile.Delivery
	p := lake.Publication{Full: mode.Mode == "full", ReplaceBy: mode.ReplaceBy}
	fields := contracts[at].Fields()
	for _, i := range contracts[at].Key() {
		p.Key = append(p.Key, fields[i].Name) // landing rejects a second row of a key
	}
	for k, later := range contracts[at+1:] {
		if columns := later.Upcasts(contracts[at+k]); len(columns) > 0 {
			p.Upcasts = append(p.Upcasts, lake.Upcast{Version: later.Version, Fields: later.Fields(), Columns: columns})
		}
	}
	return p, nil
}

// contracts are the contract versions of a dataset that are in force or were, oldest first.
func (c *Catalog) contracts(ctx context.Context, dataset string) ([]*schemas.Contract, error) {
	versions, err := c.Versions(ctx, dataset)
	if err != nil {
		return nil, err
	}
	out := make([]*schemas.Contract, len(versions))
	for i, v := range versions {
		if out[i], err = c.ParsedContract(ctx, dataset, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
