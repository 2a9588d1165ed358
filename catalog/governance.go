package catalog

import (
	"context"
	"fmt"
	"slices"

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
	found, err := c.deliveries(ctx, `dataset = ? AND status = ? ORDER BY published`, dataset, Published)
	if err != nil {
		return nil, err
	}
	contracts, err := c.contracts(ctx, dataset)
	if err != nil {
		return nil, err
	}
	out := make([]lake.Publication, len(found))
	for i, d := range found {
		if out[i], err = publication(contracts, dataset, d.Contract); err != nil {
			return nil, err
		}
		out[i].Delivery, out[i].FirstID, out[i].At = d.ID, d.FirstID, d.Decided
	}
	return out, nil
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
