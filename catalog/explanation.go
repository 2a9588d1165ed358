package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
)

// Explanation is what an OPD said of a finding.
type Explanation struct {
	Delivery uuid.UUID   `json:"pengiriman"` // of which it was given
	Rule     string      `json:"aturan"`
	Text     string      `json:"penjelasan"`
	Actor    event.Actor `json:"pelaku"`
	Given    time.Time   `json:"waktu"`
}

// Explanations returns what was said of the findings of a delivery, oldest first: of its own, and of
// those of earlier deliveries of the dataset in which the same rule found one of the same cases.
func (c *Catalog) Explanations(ctx context.Context, d Delivery) ([]Explanation, error) {
	if d.Check == nil || len(d.Check.Findings) == 0 {
		return nil, nil
	}
	given, err := c.explanations(ctx, d.Dataset)
	if err != nil {
		return nil, fmt.Errorf("explanations for delivery %s: %w", d.ID, err)
	}
	var out []Explanation
	for _, e := range given {
		same, err := c.sameCase(ctx, d, e)
		if err != nil {
			return nil, err
		}
		if same {
			out = append(out, e)
		}
	}
	return out, nil
}

// sameCase says whether an explanation is of a finding of d, or of one with a case in common.
func (c *Catalog) sameCase(ctx context.Context, d Delivery, e Explanation) (bool, error) {
	cases, found := casesOf(d, e.Rule)
	if !found || e.Delivery == d.ID {
		return found, nil
	}
	explained, err := c.deliveries(ctx, `delivery = ?`, e.Delivery.String())
	if err != nil || len(explained) == 0 {
		return false, err
	}
	before, _ := casesOf(explained[0], e.Rule)
	return slices.ContainsFunc(before, func(name string) bool { return slices.Contains(cases, name) }), nil
}

// casesOf names the cases that a rule found in a delivery, and says whether it found any.
func casesOf(d Delivery, rule string) (cases []string, found bool) {
	if d.Check == nil {
		return nil, false
	}
	for _, f := range d.Check.Findings {
		if f.Rule == rule {
			return f.Cases, true
		}
	}
	return nil, false
}

func (c *Catalog) explanations(ctx context.Context, dataset string) ([]Explanation, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT e.delivery, e.rule, e.text, e.actor, e.role, e.time
		FROM explanations e JOIN deliveries d USING (delivery) WHERE d.dataset = ? ORDER BY e.rowid`, dataset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Explanation
	for rows.Next() {
		var e Explanation
		var id, at string
		if err := rows.Scan(&id, &e.Rule, &e.Text, &e.Actor.ID, &e.Actor.Role, &at); err != nil {
			return nil, err
		}
		if e.Delivery, err = uuid.Parse(id); err != nil {
			return nil, err
		}
		if e.Given, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}
