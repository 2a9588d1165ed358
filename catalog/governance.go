package catalog

import (
	"context"

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
			Stream: d.Stream, Records: d.Records, LastSeq: d.LastSeq, Check: d.Check}
	}
	return out, nil
}

// Publications implements [pipeline.Governance].
func (c *Catalog) Publications(ctx context.Context, dataset string) ([]lake.Publication, error) {
	found, err := c.deliveries(ctx, `dataset = ? AND status = ? ORDER BY published`, dataset, Published)
	if err != nil {
		return nil, err
	}
	modes := map[string]schemas.DeliveryMode{} // by contract version
	out := make([]lake.Publication, len(found))
	for i, d := range found {
		mode, ok := modes[d.Contract]
		if !ok {
			contract, err := c.ParsedContract(ctx, dataset, d.Contract)
			if err != nil {
				return nil, err
			}
			mode = contract.Profile.Delivery
			modes[d.Contract] = mode
		}
		out[i] = lake.Publication{Delivery: d.ID, FirstID: d.FirstID, At: d.Decided, Full: mode.Mode == "full", ReplaceBy: mode.ReplaceBy}
	}
	return out, nil
}
