package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// PrintedTotal is a total that a delivery prints, beside the sum of what was accepted of it.
type PrintedTotal struct {
	SourceRow    int64
	Column       string
	Of           string // what it is a total of, "tahun = 2024"; "" for everything
	Printed, Sum string // decimal numbers
}

// maxTotals is how many printed totals of a delivery are compared.
const maxTotals = 10_000

// DifferingTotals compares the totals that a delivery prints in rows that were set aside with the
// sums of its accepted rows. Sums are the columns that may be summed, by the ones that tell rows
// apart: a total is of the rows that have the same values as its own row in these, as far as such
// values occur at all, for the word TOTAL in a name column is no name.
func (l *Lake) DifferingTotals(ctx context.Context, dataset string, delivery uuid.UUID, sums, by []string) ([]PrintedTotal, error) {
	printed, err := l.asides(ctx, dataset, delivery)
	if err != nil || len(printed) == 0 {
		return nil, err
	}
	s, ok, err := l.part(ctx, dataset, History, delivery)
	if err != nil || !ok {
		return nil, err
	}
	e, err := l.engine()
	if err != nil {
		return nil, err
	}
	from := "(" + s.sql() + ") WHERE " + quote(colDelivery) + " = " + literal(delivery.String())
	t := totals{db: e.db, from: from, sums: sums, by: by, known: map[string]bool{}}
	var differing []PrintedTotal
	for _, p := range printed {
		found, err := t.compare(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("compare printed totals of delivery %s: %w", delivery, err)
		}
		differing = append(differing, found...)
	}
	return differing, nil
}

// aside is a row that was set aside: its readable values by column.
type aside struct {
	sourceRow int64
	values    map[string]string
}

func (l *Lake) asides(ctx context.Context, dataset string, delivery uuid.UUID) ([]aside, error) {
	s, ok, err := l.part(ctx, dataset, Rejected, delivery)
	if err != nil || !ok {
		return nil, err
	}
	e, err := l.engine()
	if err != nil {
		return nil, err
	}
	rows, err := e.db.QueryContext(ctx, fmt.Sprintf("SELECT %s, %s FROM (%s) WHERE %s = %s AND %s = %s ORDER BY %s, %s LIMIT %d",
		quote(colSourceRow), quote(colReasons), s.sql(), quote(colDelivery), literal(delivery.String()),
		quote(colStatus), literal(StatusSetAside), quote(colEvent), quote(colRow), maxTotals))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []aside
	for rows.Next() {
		a := aside{values: map[string]string{}}
		var text string
		if err := rows.Scan(&a.sourceRow, &text); err != nil {
			return nil, err
		}
		var cells []struct {
			Column string `json:"kolom"`
			Value  string `json:"nilai"`
		}
		if err := json.Unmarshal([]byte(text), &cells); err != nil {
			return nil, fmt.Errorf("read values of row %d, which was set aside: %w", a.sourceRow, err)
		}
		for _, c := range cells {
			a.values[c.Column] = c.Value
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// totals compares printed totals with the rows of one delivery.
type totals struct {
	db       *sql.DB
	from     string
	sums, by []string
	known    map[string]bool // "column\x00value": whether a row has it
}

func (t totals) compare(ctx context.Context, a aside) ([]PrintedTotal, error) {
	var where, of []string
	for _, c := range t.by {
		if _, ok := a.values[c]; !ok {
			continue
		}
		condition := "CAST(" + quote(c) + " AS VARCHAR) = " + literal(a.values[c])
		occurs, err := t.occurs(ctx, c+"\x00"+a.values[c], condition)
		if err != nil {
			return nil, err
		}
		if occurs {
			where = append(where, " AND "+condition)
			of = append(of, c+" = "+a.values[c])
		}
	}
	var out []PrintedTotal
	for _, c := range t.sums {
		printed, ok := a.values[c]
		if !ok {
			continue
		}
		p := PrintedTotal{SourceRow: a.sourceRow, Column: c, Of: strings.Join(of, ", "), Printed: printed}
		var same bool
		q := fmt.Sprintf("SELECT coalesce(CAST(sum(%[1]s) AS VARCHAR), '0'), coalesce(sum(%[1]s), 0) = CAST(%[2]s AS DECIMAL(38, 6)) FROM %[3]s%[4]s",
			quote(c), literal(printed), t.from, strings.Join(where, ""))
		if err := t.db.QueryRowContext(ctx, q).Scan(&p.Sum, &same); err != nil {
			return nil, err
		}
		if !same {
			out = append(out, p)
		}
	}
	return out, nil
}

func (t totals) occurs(ctx context.Context, key, condition string) (bool, error) {
	known, ok := t.known[key]
	if !ok {
		if err := t.db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM "+t.from+" AND "+condition).Scan(&known); err != nil {
			return false, err
		}
		t.known[key] = known
	}
	return known, nil
}
