package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// DuckDB takes a name that is no column but a table's for the whole row, as one value. When a
// dataset jumlah_banjir loses its column of that name, SELECT jumlah_banjir would go on, with rows
// for numbers. So a statement that names a table where a value stands is refused.

// names is what a syntax tree calls things, in lower case.
type names struct {
	values  []string // columns named without their table
	tables  []string // tables in FROM, and what they are called there
	aliases []string // what expressions, and the columns of subqueries, are called
}

// wholeRows are the names in a syntax tree that mean a table's whole row, unless one of its tables
// has a column of that name.
func wholeRows(tree any) []string {
	var n names
	n.gather(tree)
	var rows []string
	for _, v := range n.values {
		if slices.Contains(n.tables, v) && !slices.Contains(n.aliases, v) && !slices.Contains(rows, v) {
			rows = append(rows, v)
		}
	}
	return rows
}

func (n *names) gather(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n.gather(item)
		}
	case map[string]any:
		n.take(v)
		for _, item := range v {
			n.gather(item)
		}
	}
}

// take notes what one node of the tree says.
func (n *names) take(node map[string]any) {
	alias, _ := node["alias"].(string)
	switch {
	case node["type"] == "BASE_TABLE":
		name, _ := node["table_name"].(string)
		n.tables = append(n.tables, strings.ToLower(name), strings.ToLower(alias))
	case node["class"] != nil && alias != "":
		n.aliases = append(n.aliases, strings.ToLower(alias))
	}
	for _, key := range []string{"column_name_alias", "aliases"} {
		list, _ := node[key].([]any)
		for _, item := range list {
			name, _ := item.(string)
			n.aliases = append(n.aliases, strings.ToLower(name))
		}
	}
	if parts, _ := node["column_names"].([]any); node["class"] == "COLUMN_REF" && len(parts) == 1 {
		name, _ := parts[0].(string)
		n.values = append(n.values, strings.ToLower(name))
	}
}

// checkRows refuses a statement in which one of rows is no column of the tables that it names.
func checkRows(ctx context.Context, s *session, rows []string, tables []*view) error {
	for _, row := range rows {
		found := false
		var dataset *view
		for _, v := range tables {
			columns, err := s.texts(ctx, "SELECT column_name FROM duckdb_columns() WHERE lower(schema_name) = ? AND lower(table_name) = ?",
				strings.ToLower(v.Schema), strings.ToLower(v.Name))
			if err != nil {
				return ours(err)
			}
			found = found || slices.ContainsFunc(columns, func(c []string) bool { return strings.EqualFold(c[0], row) })
			if strings.EqualFold(v.Name, row) {
				dataset = v
			}
		}
		if found {
			continue
		}
		what, whatEN := "nama tabel di FROM", "the name of a table in FROM"
		if dataset != nil {
			what, whatEN = "nama dataset "+dataset.String(), "the dataset "+dataset.String()
		}
		return invalid(fmt.Sprintf("%q adalah %s, bukan kolomnya; sebutkan kolomnya (DESCRIBE menampilkannya)", row, what),
			fmt.Sprintf("%q is %s, not a column of it; name the column (DESCRIBE shows them)", row, whatEN))
	}
	return nil
}
