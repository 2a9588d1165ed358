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
	Cases    int         `json:"kasus"` // of the finding that it is shown with, how many it was given for
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
		if e.Cases, err = c.sameCases(ctx, d, e); err != nil {
			return nil, err
		}
		if e.Cases > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

// sameCases counts the cases of a finding of d that an explanation was given for: all of them when it is
// of d, else those whose names are kept in both findings.
func (c *Catalog) sameCases(ctx context.Context, d Delivery, e Explanation) (n int, err error) {
	now, found := findingOf(d, e.Rule)
	if !found {
		return 0, nil
	}
	if e.Delivery == d.ID {
		return max(1, int(now.Count)), nil // a rule that could not be run has no cases
	}
	explained, err := c.deliveries(ctx, `delivery = ?`, e.Delivery.String())
	if err != nil || len(explained) == 0 {
		return 0, err
	}
	before, _ := findingOf(explained[0], e.Rule)
	for _, name := range now.Cases {
		if slices.Contains(before.Cases, name) {
			n++
		}
	}
	return n, nil
}

// findingOf is what a rule found in a delivery.
func findingOf(d Delivery, rule string) (event.Finding, bool) {
	if d.Check != nil {
		for _, f := range d.Check.Findings {
			if f.Rule == rule {
				return f, true
			}
		}
	}
	return event.Finding{}, false
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
