package lake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"satudata/schemas"
)

// Upcast is what a contract version says of the rows of deliveries that were made under older ones.
// It is applied where the current state is computed; the history keeps rows as they were recorded.
type Upcast struct {
	Version string // of the contract; its document never changes
	Fields  []schemas.Field
	Columns []schemas.Upcast
}

// resolved gives the columns of upcasts the names that they have now. An upcast of a version that the
// table does not follow yet is left out: there are no columns for it.
func resolved(t *table.Table, upcasts []Upcast) []Upcast {
	var out []Upcast
	for _, u := range upcasts {
		then := schemaOf(t, u.Fields)
		if then == nil {
			continue
		}
		columns := slices.Clone(u.Columns)
		for i, c := range columns {
			columns[i].Column, columns[i].From = nowOf(t, then, c.Column), nowOf(t, then, c.From)
		}
		out = append(out, Upcast{u.Version, u.Fields, columns})
	}
	return out
}

// nowOf is the name that a column of an older schema of t has now, "" for "".
func nowOf(t *table.Table, then *iceberg.Schema, name string) string {
	if name == "" {
		return ""
	}
	f, _ := then.FindFieldByName(name)
	name, _ = t.Schema().FindColumnName(f.ID) // columns are never dropped
	return name
}

// ColumnsNow are the names that the columns of a contract version have in the views of a dataset, in
// the order of fields: later versions may have renamed them. It is ErrNotFound for a version that the
// tables have never followed.
func (l *Lake) ColumnsNow(ctx context.Context, dataset string, fields []schemas.Field) ([]string, error) {
	t, err := l.load(ctx, dataset, History)
	if err != nil {
		return nil, err
	}
	then := schemaOf(t, fields)
	if then == nil {
		return nil, fmt.Errorf("columns of a contract version in %s: %w", dataset, ErrNotFound)
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = nowOf(t, then, f.Name)
	}
	return names, nil
}

// schemaOf is the newest schema of a table that has the columns of a contract version, nil when the
// table has never followed it.
func schemaOf(t *table.Table, fields []schemas.Field) *iceberg.Schema {
	var found *iceberg.Schema
	for _, s := range t.Schemas() {
		if sameFields(s, fields) && (found == nil || s.ID > found.ID) {
			found = s
		}
	}
	return found
}

// upcastSQL selects columns of query with the values that later contract versions give them: one
// layer of SQL for each version, oldest first, so that a step sees what the steps before it made.
func upcastSQL(query string, columns []string, published []Publication) string {
	deliveries := map[string][]string{} // version → literals of the deliveries that it concerns
	var versions []Upcast
	for _, p := range published {
		for _, u := range p.Upcasts {
			if deliveries[u.Version] == nil {
				versions = append(versions, u)
			}
			deliveries[u.Version] = append(deliveries[u.Version], literal(p.Delivery.String()))
		}
	}
	slices.SortFunc(versions, func(a, b Upcast) int { return schemas.CompareVersions(a.Version, b.Version) })
	for _, u := range versions {
		exprs := make([]string, len(columns))
		for i, c := range columns {
			exprs[i] = quote(c)
			at := slices.IndexFunc(u.Columns, func(s schemas.Upcast) bool { return s.Column == c })
			if at >= 0 {
				exprs[i] = fmt.Sprintf("CASE WHEN %s IN (%s) THEN %s ELSE %s END AS %s", quote(colDelivery),
					strings.Join(deliveries[u.Version], ", "), stepSQL(u.Columns[at]), quote(c), quote(c))
			}
		}
		query = "SELECT " + strings.Join(exprs, ", ") + " FROM (" + query + ")"
	}
	return query
}

// stepSQL is the value that a step gives its column.
func stepSQL(u schemas.Upcast) string {
	constant := func(text string) string { return "CAST(" + literal(text) + " AS " + DuckType(u.Type) + ")" }
	value := quote(u.Column)
	if u.From != "" {
		value = quote(u.From)
	}
	if len(u.Map) > 0 {
		var b strings.Builder
		b.WriteString("CASE " + value)
		for _, old := range slices.Sorted(maps.Keys(u.Map)) {
			b.WriteString(" WHEN " + constant(old) + " THEN " + constant(u.Map[old]))
		}
		value = b.String() + " ELSE " + value + " END"
	}
	switch {
	case u.Constant != nil:
		return "coalesce(" + quote(u.Column) + ", " + constant(*u.Constant) + ")"
	case u.From != "":
		return "coalesce(" + quote(u.Column) + ", " + value + ")"
	}
	return value
}
