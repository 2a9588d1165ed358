package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/google/uuid"

	"satudata/schemas"
)

// PrintedTotal is a total that a delivery prints, beside the sum of what was accepted of it.
type PrintedTotal struct {
	SourceRow    int64
	Column       string
	Of           string // what it is a total of, "tahun = 2024"; "" for everything
	Printed, Sum string // decimal numbers
}

// maxTotals is how many rows with printed totals of a delivery are compared.
const maxTotals = 1000

// DifferingTotals compares the totals that a delivery prints in rows that were set aside with the
// sums of its accepted rows. Sums are the columns that may be summed, by the ones that tell rows
// apart, under the names that the delivery has for them: a total is of the rows that have the same
// values as its own row in these. A text that no row has, as the word TOTAL in a column of names, is
// no condition. What cannot be compared is left out: a column that is no number, a year of which
// nothing was accepted, a sum beyond 38 digits.
func (l *Lake) DifferingTotals(ctx context.Context, dataset string, delivery uuid.UUID, sums, by []string) ([]PrintedTotal, error) {
	printed, err := l.asides(ctx, dataset, delivery)
	if err != nil || len(printed) == 0 {
		return nil, err
	}
	t, ok, err := l.totals(ctx, dataset, delivery, sums, by)
	if err != nil || !ok {
		return nil, err
	}
	differing, err := t.compare(ctx, printed)
	if unfit := new(duckdb.Error); errors.As(err, &unfit) && (unfit.Type == duckdb.ErrorTypeOutOfRange || unfit.Type == duckdb.ErrorTypeConversion) {
		l.log.Warn("printed totals not compared", "dataset", dataset, "delivery", delivery, "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("compare printed totals of delivery %s: %w", delivery, err)
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
	rows, err := e.db.QueryContext(ctx, fmt.Sprintf("SELECT %s, %s FROM (%s) WHERE %s AND %s = %s ORDER BY %s, %s LIMIT %d",
		quote(colSourceRow), quote(colReasons), s.sql(), ofDelivery(delivery),
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
		if json.Unmarshal([]byte(text), &cells) != nil {
			continue // nothing to compare
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
	from     string // its rows
	sums, by []counted
}

// counted is a column that is summed, or by which rows are told apart.
type counted struct {
	name   string // in the delivery
	column string // in the table, now
	typ    schemas.Type
}

// totals finds the rows and the columns to compare with; ok is false when there are none.
func (l *Lake) totals(ctx context.Context, dataset string, delivery uuid.UUID, sums, by []string) (t totals, ok bool, err error) {
	history, err := l.load(ctx, dataset, History)
	if err != nil {
		return t, false, err
	}
	s, ok, err := l.part(ctx, dataset, History, delivery)
	if err != nil || !ok {
		return t, false, err
	}
	e, err := l.engine()
	if err != nil {
		return t, false, err
	}
	t = totals{db: e.db, from: "(SELECT * FROM (" + s.sql() + ") WHERE " + ofDelivery(delivery) + " AND NOT " + quote(colDeleted) + ")"}
	find := func(names []string) (found []counted) {
		for _, name := range names {
			id, _ := fieldID(history, name)
			if f, ok := s.schema.FindFieldByID(id); ok {
				if typ, err := typeOf(f.Type); err == nil {
					found = append(found, counted{name, f.Name, typ})
				}
			}
		}
		return found
	}
	t.by = find(by)
	t.sums = slices.DeleteFunc(find(sums), func(c counted) bool {
		return c.typ.Kind != schemas.Integer && c.typ.Kind != schemas.Decimal && c.typ.Kind != schemas.Double
	})
	return t, len(t.sums) > 0 && len(t.by) == len(by) && len(by) <= 64, nil
}

// group is what some printed totals are totals of: the rows that have certain values in some columns.
type group struct {
	columns uint64 // bit i stands for totals.by[i]
	values  string // of these columns, a NUL between
}

func (t totals) columnsOf(g group) (columns []counted) {
	for i, c := range t.by {
		if g.columns>>i&1 == 1 {
			columns = append(columns, c)
		}
	}
	return columns
}

// compare sums once for each set of columns that tell the rows of some total, not once for each total.
func (t totals) compare(ctx context.Context, printed []aside) ([]PrintedTotal, error) {
	occurs, err := t.occurring(ctx, printed)
	if err != nil {
		return nil, err
	}
	asked := map[uint64]map[group]bool{}
	for _, a := range printed {
		if g, ok := t.groupOf(a, occurs); ok {
			if asked[g.columns] == nil {
				asked[g.columns] = map[group]bool{}
			}
			asked[g.columns][g] = true
		}
	}
	found := map[group][]sum{}
	for _, groups := range asked {
		if err := t.add(ctx, slices.Collect(maps.Keys(groups)), found); err != nil {
			return nil, err
		}
	}
	var differing []PrintedTotal
	for _, a := range printed {
		if g, ok := t.groupOf(a, occurs); ok {
			differing = append(differing, t.differing(a, g, found[g])...)
		}
	}
	return differing, nil
}

// occurring returns, for each column that tells rows apart, which of the values of printed rows occur.
func (t totals) occurring(ctx context.Context, printed []aside) ([]map[string]bool, error) {
	out := make([]map[string]bool, len(t.by))
	for i, c := range t.by {
		var err error
		if out[i], err = t.known(ctx, c, printed); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t totals) known(ctx context.Context, c counted, printed []aside) (map[string]bool, error) {
	var values []string
	for _, a := range printed {
		if v, ok := a.values[c.name]; ok && !strings.Contains(v, "\x00") { // which would end the query
			values = append(values, "("+literal(v)+")")
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	slices.Sort(values)
	rows, err := t.db.QueryContext(ctx, fmt.Sprintf("SELECT v FROM (VALUES %s) AS p(v) WHERE TRY_CAST(v AS %s) IN (SELECT %s FROM %s)",
		strings.Join(slices.Compact(values), ", "), DuckType(c.typ), quote(c.column), t.from))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string]bool{}
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		known[v] = true
	}
	return known, rows.Err()
}

// groupOf is what the totals of a are totals of; ok is false when that cannot be told.
func (t totals) groupOf(a aside, occurs []map[string]bool) (g group, ok bool) {
	var values []string
	for i, c := range t.by {
		v, there := a.values[c.name]
		switch {
		case !there:
		case occurs[i][v]:
			g.columns |= 1 << i
			values = append(values, v)
		case c.typ.Kind != schemas.String:
			return g, false
		}
	}
	g.values = strings.Join(values, "\x00")
	return g, true
}

// sum is the sum of a column, and for numbers that are not exact the sum of their sizes.
type sum struct{ of, size sql.NullString }

// add sums the rows of groups that have their columns in common.
func (t totals) add(ctx context.Context, groups []group, into map[group][]sum) error {
	names, on := "_k", "true"
	for i, c := range t.columnsOf(groups[0]) {
		names += fmt.Sprintf(", _v%d", i)
		on += fmt.Sprintf(" AND %s = TRY_CAST(_v%d AS %s)", quote(c.column), i, DuckType(c.typ))
	}
	tuples := make([]string, len(groups))
	for k, g := range groups {
		tuples[k] = "(" + strconv.Itoa(k)
		if g.columns != 0 {
			for v := range strings.SplitSeq(g.values, "\x00") {
				tuples[k] += ", " + literal(v)
			}
		}
		tuples[k] += ")"
	}
	q := "SELECT _k"
	for _, c := range t.sums {
		size := "NULL"
		if c.typ.Kind == schemas.Double {
			size = "sum(abs(" + quote(c.column) + "))"
		}
		q += fmt.Sprintf(", CAST(sum(%s) AS VARCHAR), CAST(%s AS VARCHAR)", quote(c.column), size)
	}
	q += fmt.Sprintf(" FROM %s JOIN (VALUES %s) AS p(%s) ON %s GROUP BY _k", t.from, strings.Join(tuples, ", "), names, on)
	rows, err := t.db.QueryContext(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var k int
		sums := make([]sum, len(t.sums))
		fields := []any{&k}
		for i := range sums {
			fields = append(fields, &sums[i].of, &sums[i].size)
		}
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		into[groups[k]] = sums
	}
	return rows.Err()
}

// differing are the totals of a that are not the sums of its group; no sums are sums of nothing.
func (t totals) differing(a aside, g group, sums []sum) []PrintedTotal {
	var of []string
	for _, c := range t.columnsOf(g) {
		of = append(of, c.name+" = "+a.values[c.name])
	}
	var out []PrintedTotal
	for i, c := range t.sums {
		printed, ok := a.values[c.name]
		if !ok {
			continue
		}
		s := sum{}
		if sums != nil {
			s = sums[i]
		}
		if text, same := s.equals(c.typ, printed); !same {
			out = append(out, PrintedTotal{SourceRow: a.sourceRow, Column: c.name, Of: strings.Join(of, ", "), Printed: printed, Sum: text})
		}
	}
	return out
}

// tolerance is how far a printed number may be from a sum of doubles, as a share of the sum of their
// sizes: the sum depends on the order of adding.
const tolerance = 1e-9

// equals compares a sum with a printed number and returns the sum as people read it. What cannot be
// compared passes as equal.
func (s sum) equals(t schemas.Type, printed string) (text string, same bool) {
	text = "0"
	if s.of.Valid {
		text = s.of.String
	}
	if t.Kind == schemas.Double {
		total, err := strconv.ParseFloat(text, 64)
		p, perr := strconv.ParseFloat(printed, 64)
		size, _ := strconv.ParseFloat(s.size.String, 64) // none is 0
		if err != nil || perr != nil || math.IsNaN(total-p) || math.IsInf(total-p, 0) {
			return "", true
		}
		return readable(total), math.Abs(total-p) <= tolerance*size
	}
	total, ok := new(big.Rat).SetString(text)
	p, pok := new(big.Rat).SetString(printed)
	if !ok || !pok {
		return "", true
	}
	scale := 0
	if t.Kind == schemas.Decimal {
		scale = t.Scale
	}
	text = total.FloatString(scale)
	return text, text == p.FloatString(scale)
}

// readable writes a double without the digits in which another order of adding would differ.
func readable(v float64) string {
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64); err == nil {
		v = rounded
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
