package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
)

// caseQuery is a rule as a query: its rows are the cases that break the rule.
type caseQuery struct {
	sql   string
	shows []string // fields of the contract whose values the rows hold, or from which they are made
	mute  bool     // the rows hold values about persons of another dataset
	order string   // of the rows, worst first; "" is by their values
	say   func(n int64) event.Sentence
}

// counted makes the sentence of a number of cases.
func counted(id, en string, args ...any) func(int64) event.Sentence {
	return func(n int64) event.Sentence {
		return sentence(id, en, append([]any{n}, args...)...)
	}
}

// compile makes the query of a check.
func (t *trial) compile(ctx context.Context, check schemas.TableCheck) (*caseQuery, error) {
	switch check := check.(type) {
	case schemas.RowCheck:
		return t.row(check), nil
	case schemas.ForeignKey:
		return t.foreignKey(ctx, check)
	case schemas.Unique:
		return t.unique(check), nil
	case schemas.Equal:
		return t.equal(ctx, check)
	case schemas.Derived:
		return t.derived(check), nil
	case schemas.Jump:
		return t.jump(check), nil
	case schemas.Unchanged:
		return t.unchanged(check), nil
	}
	return nil, fmt.Errorf("no query for a check of kind %s", check.Kind())
}

// identity is the columns by which people know a row: the key.
func (t *trial) identity() []string {
	fields := t.c.Fields()
	var names []string
	for _, i := range t.c.Key() {
		names = append(names, fields[i].Name)
	}
	return names
}

// sourceRow is the row of the source in the view of the delivery.
const sourceRow = "_baris_sumber"

// row finds the rows of the delivery for which a condition is false.
func (t *trial) row(r schemas.RowCheck) *caseQuery {
	e := expression{fields: t.c.Fields()}
	condition := e.condition(r.Expr)
	shown := t.identity()
	var needs []string
	for _, i := range r.Needs {
		needs = append(needs, e.fields[i].Name)
		if name := e.fields[i].Name; !slices.Contains(shown, name) {
			shown = append(shown, name)
		}
	}
	where := e.applies(notNull("", needs))
	return &caseQuery{
		sql:   fmt.Sprintf("SELECT %s AS baris, %s FROM %s WHERE %s AND NOT (%s)", quote(sourceRow), columnList("", shown), t.delivery, where, condition),
		shows: shown,
		say:   counted("%d baris tidak memenuhi %s", "%d rows do not meet %s", r.Text),
	}
}

// blamed keeps those of cases that the delivery has a part in. The cases are made first: they are few,
// and to look every row of the table up in the delivery took longer than the rule.
func blamed(cases, condition string) string {
	return "WITH c AS MATERIALIZED (" + cases + ") SELECT c.* FROM c WHERE " + condition
}

// touched is the condition that the delivery has a row with the same values of columns as alias.
func (t *trial) touched(alias string, columns []string) string {
	if len(columns) == 0 {
		return "true"
	}
	return fmt.Sprintf("EXISTS (SELECT 1 FROM %s k WHERE %s)", t.delivery, same("k.", columns, alias, columns))
}

func (t *trial) foreignKey(ctx context.Context, r schemas.ForeignKey) (*caseQuery, error) {
	table, other, err := t.resolve(ctx, r.Dataset)
	if err != nil {
		return nil, err
	}
	to, err := targets(other, r.To)
	if err != nil {
		return nil, err
	}
	if len(to) != len(r.Columns) {
		return nil, unfit("%d kolom merujuk kunci %s yang terdiri dari %d kolom", "%d columns refer to the key of %s, which has %d columns", len(r.Columns), r.Dataset, len(to))
	}
	var match, names []string
	for i, f := range to {
		own, _ := t.c.FieldOf(r.Columns[i])
		match = append(match, equals("o.", f, "c.", own))
		names = append(names, f.Name)
	}
	return &caseQuery{
		sql: fmt.Sprintf("SELECT %s, count(*) AS baris FROM %s c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s o WHERE %s) GROUP BY %s",
			columnList("c.", r.Columns), t.delivery, notNull("c.", r.Columns), table, strings.Join(match, " AND "), columnList("c.", r.Columns)),
		shows: r.Columns,
		say:   counted("%d nilai %s tidak ada di %s (%s)", "%d values of %s are not in %s (%s)", t.labels(r.Columns), r.Dataset, strings.Join(names, ", ")),
	}, nil
}

// targets are the fields of another dataset that a foreign key leads to: by default its key.
func targets(other *schemas.Contract, names []string) (to []schemas.Field, err error) {
	for _, name := range names {
		f, err := fieldOf(other, name)
		if err != nil {
			return nil, err
		}
		to = append(to, f)
	}
	if len(names) == 0 {
		fields := other.Fields()
		for _, i := range other.Key() {
			to = append(to, fields[i])
		}
	}
	return to, nil
}

// resolve finds the table of a dataset and its contract.
func (t *trial) resolve(ctx context.Context, dataset string) (table string, c *schemas.Contract, err error) {
	if dataset == "" || dataset == t.c.Dataset {
		return t.table, t.c, nil
	}
	if !slices.Contains(t.datasets, dataset) {
		return "", nil, &unfitError{sentence("dataset %s tidak ada", "there is no dataset %s", dataset), errNoDataset}
	}
	c, err = t.o.Datasets.LatestContract(ctx, dataset)
	topic, name, _ := strings.Cut(dataset, ".")
	return quote(topic) + "." + quote(name), c, err
}

func fieldOf(c *schemas.Contract, name string) (schemas.Field, error) {
	f, ok := c.FieldOf(name)
	if !ok {
		return f, unfit("kolom %q tidak ada di %s", "there is no column %q in %s", name, c.Dataset)
	}
	return f, nil
}

func (t *trial) unique(r schemas.Unique) *caseQuery {
	list := columnList("", r.Columns)
	return &caseQuery{
		sql: blamed(fmt.Sprintf("SELECT %[1]s, count(*) AS baris FROM %[2]s WHERE %[3]s GROUP BY %[1]s HAVING count(*) > 1",
			list, t.table, notNull("", r.Columns)), t.touched("c.", r.Columns)),
		shows: r.Columns,
		say:   counted("%d nilai %s ada di lebih dari satu baris", "%d values of %s are in more than one row", t.labels(r.Columns)),
	}
}

func (t *trial) equal(ctx context.Context, r schemas.Equal) (*caseQuery, error) {
	part, err := t.total(ctx, r.Part)
	if err != nil {
		return nil, err
	}
	whole, err := t.total(ctx, r.Whole)
	if err != nil {
		return nil, err
	}
	exact := part.typ.Kind != schemas.Double && whole.typ.Kind != schemas.Double
	name := r.Whole.Column
	if r.Whole.Dataset != "" {
		name = r.Whole.Dataset + " " + name
	}
	shown := t.labels(r.Part.By)
	if shown == "" {
		shown = "seluruh tabel"
	}
	return &caseQuery{
		sql: blamed(fmt.Sprintf("SELECT %s p._low AS %s, w._low AS %s FROM (%s) p JOIN (%s) w ON %s WHERE %s",
			groupList(r.Part.By), quote("jumlah "+r.Part.Column), quote(name), part.sql, whole.sql, groupsMatch(part.by, whole.by),
			"w._low <> w._high OR "+apart("p._low", "w._low", r.Tolerance, exact)), t.touched("c.", r.Part.By)),
		shows: slices.Concat(r.Part.By, []string{r.Part.Column}), mute: part.mute || whole.mute,
		say: counted("%d kelompok (%s) dengan jumlah %s yang berbeda dari %s", "%d groups (%s) whose sum of %s differs from %s",
			shown, r.Part.Column, name),
	}, nil
}

// total is a number of every group, as a query with the columns _g0, _g1, …, _low and _high; the last
// two differ only where a value that all rows should have is not the same in all.
type total struct {
	sql  string
	by   []schemas.Field
	typ  schemas.Type // of what is added up
	mute bool         // that is about persons
}

func (t *trial) total(ctx context.Context, g schemas.GroupTotal) (total, error) {
	table, c, err := t.resolve(ctx, g.Dataset)
	if err != nil {
		return total{}, err
	}
	f, err := fieldOf(c, g.Column)
	if err != nil {
		return total{}, err
	}
	out := total{typ: f.Type, mute: about(c, []string{g.Column})}
	for _, name := range g.By {
		field, err := fieldOf(c, name)
		if err != nil {
			return total{}, err
		}
		out.by = append(out.by, field)
	}
	where := []string{quote(f.Name) + " IS NOT NULL"}
	for _, w := range g.Where {
		field, err := fieldOf(c, w.Column)
		if err != nil {
			return total{}, err
		}
		where = append(where, filter(field, w.Values))
	}
	low, high := "sum("+quote(f.Name)+")", "sum("+quote(f.Name)+")"
	if g.Same {
		low, high = "min("+quote(f.Name)+")", "max("+quote(f.Name)+")"
	}
	out.sql = grouped(table, out.by, where, low, high)
	return out, nil
}

// grouped selects two numbers of every group.
func grouped(table string, by []schemas.Field, where []string, low, high string) string {
	var columns, groups []string
	for i, f := range by {
		columns = append(columns, fmt.Sprintf("%s AS _g%d", quote(f.Name), i))
		groups = append(groups, quote(f.Name))
	}
	sql := fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(append(columns, low+" AS _low", high+" AS _high"), ", "), table, strings.Join(where, " AND "))
	if len(by) == 0 {
		return sql
	}
	return sql + " GROUP BY " + strings.Join(groups, ", ")
}

// groupList is the groups of p under the names of their columns.
func groupList(by []string) string {
	var b strings.Builder
	for i, name := range by {
		fmt.Fprintf(&b, "p._g%d AS %s, ", i, quote(name))
	}
	return b.String()
}

// groupsMatch is the condition that p and w are of the same group.
func groupsMatch(p, w []schemas.Field) string {
	parts := []string{"true"}
	for i := range p {
		l, r := fmt.Sprintf("p._g%d", i), fmt.Sprintf("w._g%d", i)
		if !compares(p[i], w[i]) {
			l, r = "CAST("+l+" AS VARCHAR)", "CAST("+r+" AS VARCHAR)"
		}
		parts = append(parts, l+" IS NOT DISTINCT FROM "+r)
	}
	return strings.Join(parts, " AND ")
}

func (t *trial) derived(r schemas.Derived) *caseQuery {
	say := counted("%d nilai %s berbeda dari %s", "%d values of %s differ from %s", r.Column, r.Formula)
	f, _ := t.c.FieldOf(r.Column)
	if len(r.By) == 0 {
		e := expression{fields: t.c.Fields()}
		formula := e.number(r.Expr)
		shown := t.identity()
		if !slices.Contains(shown, r.Column) {
			shown = append(shown, r.Column)
		}
		exact := f.Type.Kind != schemas.Double && !e.inexact(r.Expr)
		return &caseQuery{
			sql: fmt.Sprintf("SELECT %s, %s AS seharusnya FROM %s WHERE %s AND %s", columnList("", shown), formula, t.delivery,
				e.applies(quote(r.Column)+" IS NOT NULL"), apart(quote(r.Column), "("+formula+")", r.Tolerance, exact)),
			shows: append(shown, e.used...), say: say,
		}
	}
	e := expression{fields: t.c.Fields(), sum: true}
	formula := e.number(r.Expr)
	where := []string{"true"}
	for _, w := range r.Where {
		field, _ := t.c.FieldOf(w.Column)
		where = append(where, filter(field, w.Values))
	}
	by := make([]schemas.Field, len(r.By))
	for i, name := range r.By {
		by[i], _ = t.c.FieldOf(name)
	}
	parts := grouped(t.table, by, where, formula, formula) + " HAVING " + e.applies("true")
	values := grouped(t.table, by, []string{quote(r.Column) + " IS NOT NULL"}, "min("+quote(r.Column)+")", "max("+quote(r.Column)+")")
	exact := f.Type.Kind != schemas.Double && !e.inexact(r.Expr)
	return &caseQuery{
		sql: blamed(fmt.Sprintf("SELECT %s p._low AS %s, w._low AS seharusnya FROM (%s) p JOIN (%s) w ON %s WHERE p._low <> p._high OR %s",
			groupList(r.By), quote(r.Column), values, parts, groupsMatch(by, by), apart("p._low", "w._low", r.Tolerance, exact)), t.touched("c.", r.By)),
		shows: slices.Concat(r.By, []string{r.Column}, e.used), say: say,
	}
}

func (t *trial) jump(r schemas.Jump) *caseQuery {
	period, value := quote(r.Period), quote(r.Column)
	before, was := quote(r.Period+"_sebelumnya"), quote(r.Column+"_sebelumnya")
	judged := "true"
	if r.Floor == 0 {
		judged = fmt.Sprintf("%s <> 0 AND %s <> 0", value, was)
	}
	cases := fmt.Sprintf(`SELECT %[1]s %[2]s, %[3]s, %[4]s, %[5]s FROM (
		SELECT %[1]s %[2]s, %[3]s, lag(%[2]s) OVER w AS %[4]s, lag(%[3]s) OVER w AS %[5]s FROM %[6]s
		WHERE %[2]s IS NOT NULL AND %[3]s IS NOT NULL WINDOW w AS (%[7]s ORDER BY %[2]s, %[3]s)) s
		WHERE %[5]s IS NOT NULL AND %[8]s AND sign(%[3]s) * sign(%[5]s) >= 0
		AND greatest(abs(%[3]s), abs(%[5]s)) > %[9]s * greatest(least(abs(%[3]s), abs(%[5]s)), %[10]s)`,
		columnsThen("", r.Series), period, value, before, was, t.table, partition(r.Series), judged, number(r.Factor), number(r.Floor))
	beforeTouched := fmt.Sprintf("EXISTS (SELECT 1 FROM %s k WHERE %s AND k.%s = c.%s)", t.delivery, same("k.", r.Series, "c.", r.Series), period, before)
	return &caseQuery{
		sql:   blamed(cases, t.touched("c.", slices.Concat(r.Series, []string{r.Period}))+" OR "+beforeTouched),
		shows: slices.Concat(r.Series, []string{r.Period, r.Column}),
		order: fmt.Sprintf("greatest(abs(%[1]s), abs(%[2]s)) / greatest(least(abs(%[1]s), abs(%[2]s)), %[3]s) DESC, %[4]s",
			value, was, number(r.Floor), columnList("", slices.Concat(r.Series, []string{r.Period}))),
		say: counted("%d nilai %s berubah lebih dari %s kali dari periode sebelumnya; mohon penjelasan OPD", "%d values of %s changed by more than a factor of %s from the period before; an explanation of the OPD is asked for",
			r.Column, number(r.Factor)),
	}
}

func (t *trial) unchanged(r schemas.Unchanged) *caseQuery {
	period := quote(r.Period)
	var lags, alike []string
	for i, c := range r.Columns {
		lags = append(lags, fmt.Sprintf("%s AS _v%d, lag(%s) OVER w AS _b%d", quote(c), i, quote(c), i))
		alike = append(alike, fmt.Sprintf("_v%[1]d = _b%[1]d", i))
	}
	return &caseQuery{
		sql: fmt.Sprintf(`SELECT s.%[1]s, count(*) FILTER (WHERE %[2]s) AS sama, count(*) AS deret FROM (
			SELECT %[1]s, lag(%[1]s) OVER w AS _p, %[3]s FROM %[4]s WHERE %[1]s IS NOT NULL WINDOW w AS (%[5]s ORDER BY %[1]s)) s
			WHERE _p IS NOT NULL AND %[6]s GROUP BY s.%[1]s HAVING count(*) FILTER (WHERE %[2]s) > %[7]s * count(*)`,
			period, strings.Join(alike, " AND "), strings.Join(lags, ", "), t.table, partition(r.Series),
			t.touched("s.", []string{r.Period}), number(r.Share)),
		shows: []string{r.Period},
		say: counted("%d periode yang lebih dari %s%% deretnya sama persis (%s) dengan periode sebelumnya; mohon penjelasan OPD",
			"%d periods of which more than %s%% of the series are exactly (%s) those of the period before; an explanation of the OPD is asked for", number(100*r.Share), strings.Join(r.Columns, ", ")),
	}
}
