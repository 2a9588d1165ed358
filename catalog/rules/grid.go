package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"satudata/catalog/query"
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
)

// axis is a dimension of the declared grid.
type axis struct {
	field  schemas.Field
	points []string
}

// readGrid finds the points of the declared grid. It fails where there are none, such as in an area
// that is not there.
func (t *trial) readGrid() error {
	for _, a := range t.c.Profile.Grid {
		field, points, err := t.c.Points(a, t.o.Reference)
		if err != nil {
			why := schemas.Words(err)
			return &unfitError{event.Sentence{ID: "petak tidak dapat dibentuk: " + why.ID, EN: "the grid cannot be made: " + why.EN}, nil}
		}
		t.grid = append(t.grid, axis{field, points})
	}
	return nil
}

// axisViews are views of the grid, one column v each. They are views and not part of the rule's query
// because there may be tens of thousands of points.
func (t *trial) axisViews() []query.View {
	var views []query.View
	for _, a := range t.grid {
		var sql strings.Builder
		fmt.Fprintf(&sql, "SELECT CAST(v AS %s) AS v FROM (VALUES ", lake.DuckType(a.field.Type))
		for i, p := range a.points {
			if i > 0 {
				sql.WriteString(", ")
			}
			sql.WriteString("(" + literal(p) + ")")
		}
		views = append(views, query.View{Schema: gridSchema, Name: a.field.Name, SQL: sql.String() + ") a(v)"})
	}
	return views
}

// holes finds the combinations of the grid that the table does not have. Where a whole line of the
// grid is missing, as when a category was not delivered for a year, the line is the first example.
func (t *trial) holes(ctx context.Context, f *event.Finding) (broken bool, err error) {
	if t.gridless != nil {
		return false, t.gridless
	}
	sql, fields := t.holeQuery()
	n, rows, names, err := t.caseRows(ctx, sql, "")
	if err != nil || n == 0 {
		return false, err
	}
	f.Count = n
	f.Say = sentence("%d petak kosong: kombinasi %s yang seharusnya ada", "%d holes: combinations of %s that should be there", n, t.labels(fields))
	if t.personal(fields) {
		return true, nil
	}
	lines, err := t.lines(ctx, sql)
	if err != nil {
		return false, err
	}
	for i, l := range lines {
		f.Examples = append(f.Examples, l.text)
		f.Covers = append(f.Covers, l.holesBeside(lines[:i]))
	}
	for _, row := range rows {
		text := t.show(names, row)
		f.Cases = append(f.Cases, caseName(text))
		alone := !slices.ContainsFunc(lines, func(l line) bool { return l.holds(row) })
		if alone && len(f.Examples) < maxExamples {
			f.Examples = append(f.Examples, text)
			if f.Covers != nil {
				f.Covers = append(f.Covers, 1)
			}
		}
	}
	return true, nil
}

// holeQuery crosses the axes and takes away what the table has.
func (t *trial) holeQuery() (sql string, fields []string) {
	var columns, from, match []string
	for i, a := range t.grid {
		name := quote(a.field.Name)
		fields = append(fields, a.field.Name)
		columns = append(columns, fmt.Sprintf("a%d.v AS %s", i, name))
		from = append(from, fmt.Sprintf("%s.%s a%d", quote(gridSchema), name, i))
		match = append(match, fmt.Sprintf("c.%s = a%d.v", name, i))
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE NOT EXISTS (SELECT 1 FROM %s c WHERE %s)",
		strings.Join(columns, ", "), strings.Join(from, " CROSS JOIN "), t.table, strings.Join(match, " AND ")), fields
}

// line is a line of the grid that is missing as a whole: every point of one axis at values of the others.
type line struct {
	text   string
	along  int       // the axis
	points int       // on it
	values []*string // of the others
}

// holds says whether a hole is on the line.
func (l line) holds(hole []*string) bool {
	others := slices.Delete(slices.Clone(hole), l.along, l.along+1)
	return slices.EqualFunc(others, l.values, func(a, b *string) bool { return a != nil && b != nil && *a == *b })
}

// at is the value of an axis that the line does not go along.
func (l line) at(axis int) *string {
	if axis > l.along {
		axis--
	}
	return l.values[axis]
}

// crosses says whether two lines of the grid have a hole in common.
func (l line) crosses(o line) bool {
	for axis := range len(l.values) + 1 {
		if axis != l.along && axis != o.along && *l.at(axis) != *o.at(axis) {
			return false
		}
	}
	return l.along != o.along
}

// holesBeside counts the holes on the line that are on none of the others.
func (l line) holesBeside(others []line) int64 {
	common := map[string]bool{}
	for _, o := range others {
		if l.crosses(o) {
			common[*o.at(l.along)] = true
		}
	}
	return int64(l.points - len(common))
}

// lines finds the lines of the grid that are missing as a whole.
func (t *trial) lines(ctx context.Context, holes string) ([]line, error) {
	var found []line
	for i, a := range t.grid {
		var others []string
		for j, o := range t.grid {
			if j != i {
				others = append(others, quote(o.field.Name))
			}
		}
		if len(others) == 0 || len(a.points) < 2 {
			continue
		}
		list := strings.Join(others, ", ")
		rows, names, err := t.rows(ctx, fmt.Sprintf("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (SELECT %[1]s FROM (%[2]s) GROUP BY %[1]s HAVING count(*) = %[3]d ORDER BY ALL LIMIT %[4]d)",
			list, holes, len(a.points), maxExamples))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			found = append(found, line{fmt.Sprintf("%s: seluruh %d %s", t.show(names, row), len(a.points), t.label(a.field.Name)), i, len(a.points), row})
		}
	}
	return found[:min(len(found), maxExamples)], nil
}
