package rules

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"satudata/ingest/event"
	"satudata/schemas"
)

// rows runs a query whose columns are texts. A null is nil.
func (t *trial) rows(ctx context.Context, sql string) (rows [][]*string, names []string, err error) {
	res, err := t.engine.Query(ctx, sql)
	if err != nil {
		return nil, nil, err
	}
	defer res.Close()
	for _, f := range res.Schema().Fields() {
		names = append(names, f.Name)
	}
	for res.Next() {
		b := res.Batch()
		for i := range int(b.NumRows()) {
			row := make([]*string, b.NumCols())
			for c, col := range b.Columns() {
				if col.IsValid(i) {
					text := strings.Clone(col.(*array.String).Value(i)) // the batch's memory is the engine's
					row[c] = &text
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, names, res.Err()
}

// query runs a rule in SQL.
func (t *trial) query(ctx context.Context, q schemas.Query, f *event.Finding) (broken bool, err error) {
	x, err := t.number(ctx, t.sqlOf(q))
	if err != nil {
		return false, err
	}
	f.Count, f.Say = int64(x), measured(sentence("hasil kueri", "the query gives"), x, "", q.Limit)
	return !q.Limit.Holds(x), nil
}

// sqlOf is a rule in SQL with the names of the tables put in.
func (t *trial) sqlOf(q schemas.Query) string {
	names := []string{"${table}", t.table, "${object}", t.table, "${kiriman}", t.delivery}
	if q.Column != "" {
		names = append(names, "${column}", quote(q.Column), "${property}", quote(q.Column))
	}
	return strings.NewReplacer(names...).Replace(q.SQL)
}

// number runs a query of the contract, which must give one number.
func (t *trial) number(ctx context.Context, sql string) (float64, error) {
	res, err := t.engine.Query(ctx, sql)
	if err != nil {
		return 0, err
	}
	defer res.Close()
	columns, rows, text := res.Schema().NumFields(), int64(0), ""
	for rows < 2 && res.Next() {
		b := res.Batch()
		if rows += b.NumRows(); columns == 1 && b.NumRows() > 0 && b.Column(0).IsValid(0) {
			text = numberText(b.Column(0))
		}
	}
	if res.Err() != nil {
		return 0, res.Err()
	}
	if columns != 1 || rows != 1 {
		return 0, unfit("kueri memberi %d kolom dan %s baris, bukan satu bilangan", "the query gives %d columns and %s rows, not one number",
			columns, map[bool]string{false: strconv.FormatInt(rows, 10), true: ">= 2"}[rows > 1])
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		kind := res.Schema().Field(0).Type
		return 0, unfit("kueri memberi nilai yang bukan bilangan (%s)", "the query gives a value that is no number (%s)", kind) // and not the value, which may be personal
	}
	return x, nil
}

// numberText is the first value of a column of numbers as text, or "" for another column.
func numberText(col arrow.Array) string {
	if d, ok := col.(*array.Decimal128); ok {
		return d.Value(0).ToString(d.DataType().(*arrow.Decimal128Type).Scale)
	}
	if numeric(col.DataType()) {
		return col.ValueStr(0)
	}
	return ""
}

func numeric(t arrow.DataType) bool {
	return arrow.IsInteger(t.ID()) || arrow.IsFloating(t.ID()) || t.ID() == arrow.DECIMAL128
}

// measured says that a number is not what it must be.
func measured(what event.Sentence, x float64, unit string, l schemas.Limit) event.Sentence {
	n, must := strconv.FormatFloat(x, 'f', -1, 64)+unit, l.Say()
	return event.Sentence{ID: what.ID + " " + n + ", seharusnya " + must.ID + unit, EN: what.EN + " " + n + ", it should be " + must.EN + unit}
}

// metric measures a library metric of ODCS.
func (t *trial) metric(ctx context.Context, m schemas.Metric, f *event.Finding) (broken bool, err error) {
	bad, columns := t.badRows(m)
	sql := "SELECT CAST(count(*) AS VARCHAR), CAST((SELECT count(*) FROM " + t.table + ") AS VARCHAR) FROM (" + bad + ")"
	rows, _, err := t.rows(ctx, sql)
	if err != nil {
		return false, err
	}
	var n, all int64
	if _, err := fmt.Sscan(*rows[0][0]+" "+*rows[0][1], &n, &all); err != nil {
		return false, err
	}
	x, unit := float64(n), ""
	if m.Percent {
		unit = "%"
		if x = 0; all > 0 {
			x = 100 * float64(n) / float64(all)
		}
	}
	if m.Limit.Holds(x) {
		return false, nil
	}
	if m.Name != "rowCount" {
		if _, err := t.cases(ctx, &caseQuery{sql: bad, shows: append(t.identity(), columns...)}, f); err != nil {
			return false, err
		}
	}
	f.Count, f.Say = n, measured(metricSay(m, t.labels(m.Columns)), x, unit, m.Limit)
	return true, nil
}

// badRows selects the rows that a metric counts, or all for rowCount; of duplicates every row but the
// first with its values.
func (t *trial) badRows(m schemas.Metric) (sql string, columns []string) {
	if m.Name == "rowCount" {
		return "SELECT 1 FROM " + t.table, nil
	}
	col := quote(m.Columns[0])
	var bad string
	switch m.Name {
	case "nullValues":
		bad = col + " IS NULL"
	case "missingValues":
		bad = col + " IS NULL"
		if len(m.Missing) > 0 {
			bad += " OR CAST(" + col + " AS VARCHAR) IN (" + literals(m.Missing) + ")"
		}
	case "invalidValues":
		var good []string
		if m.Valid != nil {
			good = append(good, "CAST("+col+" AS VARCHAR) IN ("+literals(m.Valid)+")")
		}
		if m.Pattern != "" {
			good = append(good, "regexp_full_match(CAST("+col+" AS VARCHAR), "+literal(m.Pattern)+")")
		}
		bad = col + " IS NOT NULL AND NOT (" + strings.Join(good, " AND ") + ")"
	case "duplicateValues":
		list := columnList("", m.Columns)
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s QUALIFY row_number() OVER (PARTITION BY %s) > 1", list, t.table, notNull("", m.Columns), list), m.Columns
	}
	shown := t.identity()
	for _, c := range m.Columns {
		if !slices.Contains(shown, c) {
			shown = append(shown, c)
		}
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s", columnList("", shown), t.table, bad), m.Columns
}

// metricSay says what a metric counts.
func metricSay(m schemas.Metric, columns string) event.Sentence {
	switch m.Name {
	case "nullValues":
		return sentence("nilai kosong di %s:", "empty values in %s:", columns)
	case "missingValues":
		return sentence("nilai hilang di %s:", "missing values in %s:", columns)
	case "invalidValues":
		return sentence("nilai tidak sah di %s:", "invalid values in %s:", columns)
	case "duplicateValues":
		return sentence("baris dengan nilai %s yang sudah ada:", "rows with values of %s that are there already:", columns)
	}
	return sentence("banyaknya baris", "the number of rows is")
}

// fresh compares the newest period with the day of the delivery.
func (t *trial) fresh(ctx context.Context, r schemas.Fresh, f *event.Finding) (broken bool, err error) {
	rows, _, err := t.rows(ctx, "SELECT CAST(max("+quote(r.Period)+") AS VARCHAR) FROM "+t.table)
	if err != nil || rows[0][0] == nil {
		return false, err
	}
	newest := *rows[0][0]
	end, err := endOfPeriod(newest)
	if err != nil {
		return false, unfit("periode %q bukan tanggal atau tahun", "period %q is neither a date nor a year", newest)
	}
	due := dueAfter(end, r)
	if !t.d.Opened.After(due) {
		return false, nil
	}
	f.Count = 1
	if t.personal([]string{r.Period}) {
		newest = "…"
	} else {
		f.Examples = []string{r.Period + " = " + newest}
	}
	f.Say = sentence("data terbaru adalah %s, sedangkan menurut jadwal %s yang sesudahnya harus ada paling lambat %s",
		"the newest data is of %s, while by the %s schedule what follows was due by %s", newest, r.Schedule, due.Format(time.DateOnly))
	return true, nil
}

// endOfPeriod is the moment after the last day of a period that is written as a year, or as a day or
// a time, which are their own.
func endOfPeriod(s string) (time.Time, error) {
	if year, err := strconv.Atoi(s); err == nil {
		return time.Date(year+1, time.January, 1, 0, 0, 0, 0, time.UTC), nil
	}
	day, err := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
	return day.AddDate(0, 0, 1), err
}

// dueAfter is when the period after the one that ended at end must have been delivered.
func dueAfter(end time.Time, r schemas.Fresh) time.Time {
	step := map[string][3]int{"harian": {0, 0, 1}, "mingguan": {0, 0, 7}, "bulanan": {0, 1, 0}, "triwulanan": {0, 3, 0},
		"empat_bulanan": {0, 4, 0}, "semesteran": {0, 6, 0}, "tahunan": {1, 0, 0}, "dua_tahunan": {2, 0, 0}}[r.Schedule]
	next := end.AddDate(step[0], step[1], step[2])
	if r.Grace != nil {
		return next.AddDate(0, 0, *r.Grace)
	}
	return next.AddDate(step[0], step[1], step[2])
}
