package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// sumFunctions add up a column.
var sumFunctions = []string{"sum", "sum_no_overflow", "fsum", "kahan_sum", "sumkahan", "list_sum"}

// sumGuard refuses to sum a column which its contract says may not be summed: an index or a rate of
// several regions has no sum. It keeps people from a mistake and is no wall against intent: it
// follows a column through joins, WITH and subqueries under the names that it is given there, and
// lets every expression pass, so that sum(indeks * penduduk) / sum(penduduk) is free.
type sumGuard struct {
	views *views
	of    map[*view]columns // of the views that the statement names
}

// columns are the columns that may not be summed, by lower-case name, and the dataset of each.
type columns map[string]string

// origin is something in FROM: the name by which its columns are qualified, and those of them that
// may not be summed.
type origin struct {
	name    string
	columns columns
}

// withs are the queries that WITH has named so far.
type withs map[string]columns

// checkSums refuses the sum of a column of named that may not be summed, anywhere in a syntax tree.
func checkSums(ctx context.Context, views *views, named []*view, tree any) error {
	g := sumGuard{views, map[*view]columns{}}
	for _, v := range named {
		if v.NotAdditive == nil {
			continue
		}
		names, err := v.NotAdditive(ctx)
		if err != nil {
			return &foreignError{err}
		}
		g.of[v] = columns{}
		for _, n := range names {
			g.of[v][strings.ToLower(n)] = v.String()
		}
	}
	return g.nested(tree, nil, withs{})
}

// query checks a query and returns what of its result may not be summed.
func (g *sumGuard) query(node map[string]any, known withs) (columns, error) {
	known, err := g.with(node, known)
	if err != nil {
		return nil, err
	}
	if node["type"] != "SELECT_NODE" {
		return g.combined(node, known)
	}
	from, err := g.from(node["from_table"], known)
	if err != nil {
		return nil, err
	}
	for _, key := range sortedKeys(node) {
		if key == "from_table" || key == "cte_map" {
			continue
		}
		if err := g.nested(node[key], from, known); err != nil {
			return nil, err
		}
	}
	out := columns{}
	list, _ := node["select_list"].([]any)
	for _, item := range list {
		g.keep(out, item, from)
	}
	return out, nil
}

// keep adds to out what a selected column passes on.
func (g *sumGuard) keep(out columns, item any, from []origin) {
	if field(item, "class") == "STAR" {
		for _, o := range from {
			for name, dataset := range o.columns {
				out[name] = dataset
			}
		}
		return
	}
	if name, dataset := column(item, from); dataset != "" {
		if alias, _ := field(item, "alias").(string); alias != "" {
			name = strings.ToLower(alias)
		}
		out[name] = dataset
	}
}

// combined checks the sides of a UNION and its kin. The first names the columns.
func (g *sumGuard) combined(node map[string]any, known withs) (columns, error) {
	sides := []any{node["left"], node["right"]}
	if children, ok := node["children"].([]any); ok {
		sides = children
	}
	var out columns
	for _, side := range sides {
		if inner, ok := field(side, "node").(map[string]any); ok {
			side = inner
		}
		m, ok := side.(map[string]any)
		if !ok {
			continue
		}
		found, err := g.query(m, known)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = found
		}
	}
	return out, nil
}

// with checks the queries that WITH names and adds them to known.
func (g *sumGuard) with(node map[string]any, known withs) (withs, error) {
	list, _ := field(node["cte_map"], "map").([]any)
	if len(list) == 0 {
		return known, nil
	}
	grown := withs{}
	for name, c := range known {
		grown[name] = c
	}
	for _, item := range list {
		name, _ := field(item, "key").(string)
		inner, _ := field(field(field(item, "value"), "query"), "node").(map[string]any)
		if inner == nil {
			continue
		}
		found, err := g.query(inner, grown)
		if err != nil {
			return nil, err
		}
		grown[strings.ToLower(name)] = found
	}
	return grown, nil
}

// from returns what a FROM clause brings.
func (g *sumGuard) from(ref any, known withs) ([]origin, error) {
	m, _ := ref.(map[string]any)
	alias, _ := m["alias"].(string)
	switch m["type"] {
	case "BASE_TABLE":
		return g.table(m, alias, known), nil
	case "SUBQUERY":
		inner, _ := field(m["subquery"], "node").(map[string]any)
		found, err := g.query(inner, known)
		return []origin{{strings.ToLower(alias), found}}, err
	case "JOIN":
		left, err := g.from(m["left"], known)
		if err != nil {
			return nil, err
		}
		right, err := g.from(m["right"], known)
		return append(left, right...), err
	case "PIVOT":
		source, err := g.from(m["source"], known)
		if err != nil {
			return nil, err
		}
		return nil, g.nested(m["aggregates"], source, known)
	}
	return nil, g.nested(ref, nil, known)
}

func (g *sumGuard) table(m map[string]any, alias string, known withs) []origin {
	schema, _ := m["schema_name"].(string)
	name, _ := m["table_name"].(string)
	if alias == "" {
		alias = name
	}
	alias = strings.ToLower(alias)
	if c, ok := known[strings.ToLower(name)]; ok && schema == "" {
		return []origin{{alias, c}}
	}
	v, ok := g.views.find(schema, name)
	if !ok {
		return nil
	}
	return []origin{{alias, g.of[v]}}
}

// nested looks for sums in expressions over from, and for queries within them.
func (g *sumGuard) nested(v any, from []origin, known withs) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := g.nested(item, from, known); err != nil {
				return err
			}
		}
	case map[string]any:
		if inner, ok := v["node"].(map[string]any); ok {
			_, err := g.query(inner, known)
			return err
		}
		if err := refuseSum(v, from); err != nil {
			return err
		}
		for _, key := range sortedKeys(v) {
			if err := g.nested(v[key], from, known); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseSum refuses a call that sums a column as it is.
func refuseSum(call map[string]any, from []origin) error {
	name, _ := call["function_name"].(string)
	args, _ := call["children"].([]any)
	if !slices.Contains(sumFunctions, strings.ToLower(name)) || len(args) == 0 {
		return nil
	}
	c, dataset := column(args[0], from)
	if dataset == "" {
		return nil
	}
	return refuse(
		fmt.Sprintf("Kolom %[1]s di %[2]s tidak dapat dijumlahkan: kontraknya menyatakan aditif: false (indeks, rasio, persen). Pakai rata-rata berbobot, misalnya sum(%[1]s * penduduk) / sum(penduduk), atau avg(%[1]s) bila bobotnya sama.", c, dataset),
		fmt.Sprintf("The column %[1]s of %[2]s cannot be summed: its contract says aditif: false (an index, rate or percentage). Use an average by weight, such as sum(%[1]s * penduduk) / sum(penduduk), or avg(%[1]s) where the weights are equal.", c, dataset))
}

// column is the column that an expression is, a cast of it included, and the dataset that says it may
// not be summed, or "".
func column(expression any, from []origin) (name, dataset string) {
	for field(expression, "class") == "CAST" {
		expression = field(expression, "child")
	}
	names, _ := field(expression, "column_names").([]any)
	if field(expression, "class") != "COLUMN_REF" || len(names) == 0 {
		return "", ""
	}
	parts := make([]string, len(names))
	for i, n := range names {
		text, _ := n.(string)
		parts[i] = strings.ToLower(text)
	}
	name = parts[len(parts)-1]
	for _, o := range from {
		if d, ok := o.columns[name]; ok && (len(parts) == 1 || parts[len(parts)-2] == o.name) {
			return name, d
		}
	}
	return "", ""
}
