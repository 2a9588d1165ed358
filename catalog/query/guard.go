package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxStatement is the longest statement in bytes. A list of ten thousand codes fits.
const maxStatement = 256 << 10

// statement is a statement that was found harmless.
type statement struct {
	sql     string   // what to run: the text as given, or what it was made into
	explain bool     // EXPLAIN
	list    bool     // SHOW TABLES: answer from the list of views
	tables  []*view  // the views it names
	rows    []string // see wholeRows
}

// explainPrefix is EXPLAIN at the start of a statement, after spaces and comments.
var explainPrefix = regexp.MustCompile(`(?is)^(?:\s|--[^\n]*\n|/\*.*?\*/)*EXPLAIN\b`)

// firstWord is the first word of a statement, after spaces, comments and brackets.
var firstWord = regexp.MustCompile(`(?is)^(?:[\s(;]|--[^\n]*\n|/\*.*?\*/)*([a-z]+)`)

// inspect decides whether sql may run. DuckDB's own parser takes it apart, in the session that is
// to run it, so that both see the same statement; what is not known to be harmless is refused.
func inspect(ctx context.Context, s *session, views *views, sql string) (*statement, error) {
	switch {
	case len(sql) > maxStatement:
		return nil, invalid(fmt.Sprintf("panjangnya %d byte, batasnya %d", len(sql), maxStatement),
			fmt.Sprintf("it is %d bytes long, the limit is %d", len(sql), maxStatement))
	case strings.ContainsRune(sql, 0) || !utf8.ValidString(sql):
		// A NUL ends the text for the C interface that runs it, but not for the parser that checks it.
		return nil, invalid("teksnya bukan UTF-8 yang sah", "its text is not valid UTF-8")
	}
	st := &statement{sql: sql}
	if at := explainPrefix.FindStringIndex(sql); at != nil {
		// What follows must be harmless by itself, which EXPLAIN ANALYZE and EXPLAIN COPY are not.
		st.explain, sql = true, sql[at[1]:]
		st.sql = "EXPLAIN " + sql
		if strings.HasPrefix(keyword(sql), "ANALY") {
			return nil, refuseStatement(sql)
		}
	}
	tree, err := parse(ctx, s, sql)
	if err != nil {
		return nil, err
	}
	if isShowTables(tree) && !st.explain {
		st.list = true
		return st, nil
	}
	w := walker{views: views, allowed: reviewedFunctions()}
	if err := w.walk(tree, nil); err != nil {
		return nil, err
	}
	st.tables, st.rows = w.tables, wholeRows(tree)
	if w.sums {
		return st, checkSums(ctx, views, w.tables, tree)
	}
	return st, nil
}

// parsed is the answer of json_serialize_sql.
type parsed struct {
	Error      bool   `json:"error"`
	Type       string `json:"error_type"`
	Message    string `json:"error_message"`
	Position   string `json:"position"`
	Statements []any  `json:"statements"`
}

// parse returns the syntax tree of sql, which must be one statement that reads.
func parse(ctx context.Context, s *session, sql string) (any, error) {
	rows, err := s.texts(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", sql)
	if err != nil {
		return nil, ours(err)
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return nil, fmt.Errorf("json_serialize_sql returned %d rows", len(rows))
	}
	var p parsed
	d := json.NewDecoder(strings.NewReader(rows[0][0]))
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("decode syntax tree: %w", err)
	}
	switch {
	case p.Error && p.Type == "parser":
		id, en := position(sql, p.Position)
		return nil, invalid(p.Message+id, p.Message+en)
	case p.Error:
		return nil, refuseStatement(sql)
	case len(p.Statements) == 0:
		return nil, invalid("tidak ada pernyataan", "there is no statement")
	case len(p.Statements) > 1:
		return nil, refuse(
			fmt.Sprintf("Hanya satu pernyataan setiap kali; ini ada %d.", len(p.Statements)),
			fmt.Sprintf("Only one statement at a time; these are %d.", len(p.Statements)))
	}
	return p.Statements[0], nil
}

// position says where in sql the parser stopped.
func position(sql, offset string) (id, en string) {
	at, err := strconv.Atoi(offset)
	if err != nil || at < 0 || at > len(sql) {
		return "", ""
	}
	line := 1 + strings.Count(sql[:at], "\n")
	column := 1 + utf8.RuneCountInString(sql[strings.LastIndex(sql[:at], "\n")+1:at])
	return fmt.Sprintf(" (baris %d, kolom %d)", line, column), fmt.Sprintf(" (line %d, column %d)", line, column)
}

func invalid(id, en string) error {
	e := refuse("SQL tidak dapat dijalankan: "+id+".", "The SQL cannot be run: "+en+".")
	e.Kind = ErrInvalid
	return e
}

// keyword is the first word of sql in capitals.
func keyword(sql string) string {
	if m := firstWord.FindStringSubmatch(sql); m != nil {
		return strings.ToUpper(m[1])
	}
	return "?"
}

// refuseStatement says what may be run instead of sql, which is not a query.
func refuseStatement(sql string) error {
	word := keyword(sql)
	switch word {
	case "SELECT", "WITH", "FROM", "PIVOT", "PIVOT_WIDER", "VALUES", "TABLE", "DESCRIBE", "SUMMARIZE":
		// The only form that parses as a query and yet is several statements.
		return refuse(
			"PIVOT perlu daftar nilainya, misalnya PIVOT … ON tahun IN (2022, 2023) USING sum(jumlah).",
			"PIVOT needs the list of its values, for example PIVOT … ON tahun IN (2022, 2023) USING sum(jumlah).")
	}
	return refuse(
		fmt.Sprintf("Di sini data hanya dapat dibaca: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, dan EXPLAIN tanpa ANALYZE. %s ditolak.", word),
		fmt.Sprintf("Data can only be read here: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, and EXPLAIN without ANALYZE. %s was refused.", word))
}

// isShowTables tells whether a tree is exactly SHOW TABLES or SHOW ALL TABLES.
func isShowTables(tree any) bool {
	node, _ := field(tree, "node").(map[string]any)
	from, _ := node["from_table"].(map[string]any)
	name, _ := from["table_name"].(string)
	if from["type"] != "SHOW_REF" || (name != `"tables"` && name != "__show_tables_expanded") {
		return false
	}
	// A query around it would have to be answered too, which the list of views is not meant for.
	bare := node["where_clause"] == nil && node["having"] == nil && node["qualify"] == nil && node["sample"] == nil
	for _, key := range []string{"modifiers", "group_expressions"} {
		list, ok := node[key].([]any)
		bare = bare && ok && len(list) == 0
	}
	columns, _ := node["select_list"].([]any)
	ctes, _ := field(node["cte_map"], "map").([]any)
	return bare && len(ctes) == 0 && len(columns) == 1 && field(columns[0], "class") == "STAR"
}

func field(v any, key string) any {
	m, _ := v.(map[string]any)
	return m[key]
}

// scope is the chain of the names that WITH gave to queries, innermost first.
type scope struct {
	name  string
	outer *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.outer {
		if strings.EqualFold(s.name, name) {
			return true
		}
	}
	return false
}

// walker visits every object of a syntax tree and stops at the first that is not known to be harmless.
type walker struct {
	views   *views
	allowed reviewed
	tables  []*view
	sums    bool // something is summed
}

// The shapes of a syntax tree that are known to be harmless. Everything that can name a table, a
// function or a file has a rule of its own in walker.object.
var (
	plainClasses = []string{
		"BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "DEFAULT",
		"LAMBDA", "LAMBDA_REF", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY",
	}
	plainTypes = []string{
		"SELECT_NODE", "SET_OPERATION_NODE", // queries
		"EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SUBQUERY", // FROM
		"DISTINCT_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER",
		"ASCENDING", "DESCENDING", "ORDER_DEFAULT",
		"ARRAY_TYPE_INFO", "DECIMAL_TYPE_INFO", "GENERIC_TYPE_INFO", "LIST_TYPE_INFO", "STRING_TYPE_INFO",
		"STRUCT_TYPE_INFO", "UNBOUND_TYPE_INFO",
	}
)

func (w *walker) walk(v any, in *scope) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := w.walk(item, in); err != nil {
				return err
			}
		}
	case map[string]any:
		return w.object(v, in)
	}
	return nil
}

func (w *walker) object(m map[string]any, in *scope) error {
	if ctes, ok := m["cte_map"]; ok {
		var err error
		if in, err = w.with(ctes, in); err != nil {
			return err
		}
	}
	kind, _ := m["type"].(string)
	if class, ok := m["class"].(string); ok {
		if err := w.expression(m, class); err != nil {
			return err
		}
	} else if kind != "" {
		done, err := w.clause(m, kind, in)
		if done || err != nil {
			return err
		}
	}
	if list, ok := m["named_param_map"].([]any); ok && len(list) > 0 {
		return invalid("parameter ($1, ?) tidak didukung; tulis nilainya", "parameters ($1, ?) are not supported; write the value")
	}
	return w.parts(m, in)
}

// parts visits what m holds, in order, so that the same statement always gets the same answer.
func (w *walker) parts(m map[string]any, in *scope) error {
	for _, key := range sortedKeys(m) {
		if key == "cte_map" {
			continue
		}
		if err := w.walk(m[key], in); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// with visits the queries that WITH names, each of which sees those before it, and returns the
// scope of the query that follows.
func (w *walker) with(ctes any, in *scope) (*scope, error) {
	list, ok := field(ctes, "map").([]any)
	if !ok {
		return nil, unsupported("WITH")
	}
	for _, item := range list {
		name, ok := field(item, "key").(string)
		if !ok {
			return nil, unsupported("WITH")
		}
		if err := w.walk(field(item, "value"), in); err != nil {
			return nil, err
		}
		in = &scope{name, in}
	}
	return in, nil
}

// expression checks an expression itself; its parts are visited by the caller.
func (w *walker) expression(m map[string]any, class string) error {
	switch class {
	case "FUNCTION", "WINDOW":
		name, _ := m["function_name"].(string)
		return w.function(name, m)
	case "PARAMETER":
		return invalid("parameter ($1, ?) tidak didukung; tulis nilainya", "parameters ($1, ?) are not supported; write the value")
	}
	if !slices.Contains(plainClasses, class) {
		return unsupported(class)
	}
	return nil
}

func (w *walker) function(name string, m map[string]any) error {
	name = strings.ToLower(name)
	if !w.allowed.functions[name] {
		return w.allowed.closed(name)
	}
	w.sums = w.sums || slices.Contains(sumFunctions, name)
	at, ok := lengthArgument[name]
	if !ok {
		return nil
	}
	if args, _ := m["children"].([]any); at < len(args) {
		number, _ := field(field(args[at], "value"), "value").(json.Number)
		if n, err := number.Int64(); err == nil && n <= longest {
			return nil
		}
	}
	return refuse(
		fmt.Sprintf("Panjang hasil %s harus bilangan yang tertulis, paling besar %d.", name, longest),
		fmt.Sprintf("The length that %s makes must be a written number, at most %d.", name, longest))
}

// clause checks what is not an expression. It returns done when the parts of m are dealt with too.
func (w *walker) clause(m map[string]any, kind string, in *scope) (done bool, err error) {
	switch kind {
	case "BASE_TABLE":
		return true, w.table(m, in)
	case "TABLE_FUNCTION":
		return true, w.tableFunction(m, in)
	case "RECURSIVE_CTE_NODE":
		return true, w.recursion(m, in)
	case "SHOW_REF":
		// DESCRIBE and SUMMARIZE hold the query they describe; every other SHOW tells of the engine.
		show, _ := m["show_type"].(string)
		if (show != "DESCRIBE" && show != "SUMMARY") || m["query"] == nil {
			return true, refuse("Dari SHOW hanya SHOW TABLES yang dibuka, sebagai pernyataan tersendiri.",
				"Of SHOW only SHOW TABLES is open, as a statement of its own.")
		}
		return false, nil
	}
	if !slices.Contains(plainTypes, kind) {
		return true, unsupported(kind)
	}
	return false, nil
}

// recursion visits a query that names itself, which only its right side may do.
func (w *walker) recursion(m map[string]any, in *scope) error {
	name, ok := m["cte_name"].(string)
	if !ok {
		return unsupported("WITH RECURSIVE")
	}
	if err := w.walk(m["right"], &scope{name, in}); err != nil {
		return err
	}
	rest := maps.Clone(m)
	delete(rest, "right")
	return w.parts(rest, in)
}

func (w *walker) table(m map[string]any, in *scope) error {
	catalog, _ := m["catalog_name"].(string)
	schema, _ := m["schema_name"].(string)
	name, _ := m["table_name"].(string)
	if m["at_clause"] != nil {
		return refuse("AT (…) tidak didukung; pilih waktunya saat membuka kueri.", "AT (…) is not supported; choose the time when opening the query.")
	}
	if catalog == "" && schema == "" && in.has(name) {
		return w.walk(m["sample"], in)
	}
	v, ok := w.views.find(schema, name)
	if !ok || catalog != "" {
		return w.views.unknown(catalog, schema, name)
	}
	if !slices.Contains(w.tables, v) {
		w.tables = append(w.tables, v)
	}
	return w.walk(m["sample"], in)
}

func (w *walker) tableFunction(m map[string]any, in *scope) error {
	call, _ := m["function"].(map[string]any)
	name, _ := call["function_name"].(string)
	if name = strings.ToLower(name); !w.allowed.tables[name] {
		return refuse(
			fmt.Sprintf("Fungsi %q tidak dibuka sebagai tabel. Data dibaca lewat nama dataset; SHOW TABLES menyebutnya.", name),
			fmt.Sprintf("The function %q is not open as a table. Data is read by dataset name; SHOW TABLES lists them.", name))
	}
	if err := w.walk(m["sample"], in); err != nil {
		return err
	}
	return w.parts(call, in)
}

func unsupported(shape string) error {
	return refuse(fmt.Sprintf("Bentuk kueri ini tidak didukung (%s).", shape), fmt.Sprintf("This form of query is not supported (%s).", shape))
}

// quoteName quotes an identifier for SQL.
func quoteName(name string) string { return quote(name, '"') }

// quoteText quotes a text for SQL.
func quoteText(text string) string { return quote(text, '\'') }

func quote(s string, mark byte) string {
	var b bytes.Buffer
	b.WriteByte(mark)
	for i := range len(s) {
		if s[i] == mark {
			b.WriteByte(mark)
		}
		b.WriteByte(s[i])
	}
	b.WriteByte(mark)
	return b.String()
}
