package query

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// house is a folder that an engine may read, with one dataset, beside one that it may not.
type house struct {
	open, closed string
	engine       *Engine
}

func newHouse(t testing.TB) house {
	t.Helper()
	dir := t.TempDir()
	dir = filepath.Join(dir, "data dinas, 'baru' = [1]*") // must be quoted wherever it is named
	h := house{open: filepath.Join(dir, "publik"), closed: filepath.Join(dir, "publik-rahasia")}
	writeParquet(t, h.open+"/banjir.parquet", "SELECT 2000 + i AS tahun, 'kab ' || i AS nama FROM range(100) t(i)")
	writeParquet(t, h.closed+"/pegawai.parquet", "SELECT 1 AS gaji")
	if err := os.Symlink(h.closed+"/pegawai.parquet", h.open+"/tautan.parquet"); err != nil {
		t.Fatal(err)
	}
	over := func(name, file string) View {
		return View{Schema: "bencana", Name: name, SQL: fmt.Sprintf("SELECT * FROM read_parquet([%s], hive_partitioning = false)", quoteText(file))}
	}
	var err error
	h.engine, err = Open(t.Context(), Options{Folders: []string{h.open}, Threads: 1, Views: []View{
		over("kejadian_banjir", h.open+"/banjir.parquet"),
		over("luar", h.closed+"/pegawai.parquet"),
		over("naik", h.open+"/../publik-rahasia/pegawai.parquet"),
		over("tautan", h.open+"/tautan.parquet"),
		over("hilang", h.open+"/tidak-ada.parquet"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// writeParquet writes the answer of sql to a file, with a DuckDB that is not locked.
func writeParquet(t testing.TB, path, sql string) {
	t.Helper()
	in, err := newInstance(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	s, err := in.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.exec(t.Context(), fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet)", sql, quoteText(path))); err != nil {
		t.Fatal(err)
	}
}

// ask runs a statement to its end and returns its number of rows.
func (h house) ask(sql string) (int64, error) {
	r, err := h.engine.Query(context.Background(), sql)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for r.Next() {
	}
	return r.Rows(), r.Err()
}

// force runs a statement in the locked DuckDB as if the guard had let it through.
func (h house) force(sql string) error {
	s, err := h.engine.instance.connect()
	if err != nil {
		return err
	}
	defer s.close()
	return s.exec(context.Background(), sql)
}

func TestGuardLetsReadingThrough(t *testing.T) {
	h := newHouse(t)
	tests := []struct {
		sql  string
		rows int64
	}{
		{"SELECT * FROM bencana.kejadian_banjir", 100},
		{"select NAMA from BENCANA.Kejadian_Banjir where tahun between 2001 and 2003", 3},
		{`SELECT "nama" FROM "bencana"."kejadian_banjir" LIMIT 5 OFFSET 98`, 2},
		{"FROM bencana.kejadian_banjir", 100},
		{"TABLE bencana.kejadian_banjir", 100},
		{"VALUES (1, 'a'), (2, NULL)", 2},
		{"SELECT 1;", 1},
		{"-- catatan\nSELECT 1 /* lagi */", 1},
		{"WITH a AS (SELECT 1 x), b AS MATERIALIZED (SELECT x + 1 y FROM a) SELECT * FROM a, b, A a2", 1},
		{"WITH a AS (SELECT 1 x) SELECT * FROM a WHERE x IN (SELECT x FROM a) UNION ALL FROM a ORDER BY ALL", 2},
		{"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t", 5},
		{`WITH "x.csv" AS (SELECT 1) FROM "x.csv"`, 1},
		{"SELECT * FROM (VALUES (1, 'a')) t(x, y)", 1},
		{"SELECT a.tahun FROM bencana.kejadian_banjir a ASOF JOIN bencana.kejadian_banjir b ON a.tahun >= b.tahun", 100},
		{"SELECT count(*) FILTER (tahun > 2050), grouping(nama) FROM bencana.kejadian_banjir GROUP BY ROLLUP (nama) HAVING true", 101},
		{"SELECT sum(tahun) OVER w, lag(tahun) OVER w FROM bencana.kejadian_banjir WINDOW w AS (ORDER BY tahun) QUALIFY row_number() OVER w < 3", 2},
		{"SELECT * EXCLUDE (nama) REPLACE (tahun + 1 AS tahun) FROM bencana.kejadian_banjir TABLESAMPLE 5 ROWS", 5},
		{"PIVOT bencana.kejadian_banjir ON tahun IN (2001, 2002) USING count(*)", 100},
		{"UNPIVOT (SELECT 1 a, 2 b) ON a, b INTO NAME n VALUE v", 2},
		{"SELECT [x + 1 FOR x IN [1, 2, 3] IF x > 1], list_transform([1, 2], lambda y: y * 2), {'a': 1}, MAP {'a': 1}", 1},
		{"SELECT upper(nama), nama.lower(), columns('ta.*') FROM bencana.kejadian_banjir LIMIT 1", 1},
		{"SELECT CAST('x' AS ENUM('x', 'y')), 1::DECIMAL(10, 2), 'a'::VARCHAR(3), [1]::INT[1], TRY_CAST('a' AS INT), x COLLATE nocase FROM (SELECT 'a' x)", 1},
		{"SELECT extract(year FROM current_date), DATE '2020-01-01' + INTERVAL 3 DAYS, x AT TIME ZONE 'Asia/Makassar', #1 FROM (SELECT now() x)", 1},
		{"SELECT EXISTS (FROM bencana.kejadian_banjir), 1 = ANY (SELECT 1), 'a' LIKE 'b', 'a' ~ 'b', CASE WHEN 1 > 0 THEN 1 END, try(1 / 0)", 1},
		{"SELECT i, unnest([1, 2]) FROM range(3) t(i), unnest(['a']) u(x), LATERAL (SELECT i + 1)", 6},
		{"SELECT lpad('7', 4, '0'), repeat('ab', 3)", 1},
		{"DESCRIBE bencana.kejadian_banjir", 2},
		{"DESCRIBE SELECT 1 a", 1},
		{"SUMMARIZE bencana.kejadian_banjir", 2},
		{"FROM (DESCRIBE bencana.kejadian_banjir)", 2},
		{"SHOW TABLES", 5},
		{"SHOW ALL TABLES", 5},
		{"EXPLAIN SELECT * FROM bencana.kejadian_banjir", 1},
		{"/* a */ explain (SELECT 1)", 1},
	}
	for _, tt := range tests {
		rows, err := h.ask(tt.sql)
		if err != nil || rows != tt.rows {
			t.Errorf("Query(%q) = %d rows, %v, want %d rows", tt.sql, rows, err, tt.rows)
		}
	}
}

// TestGuardRefuses tries what others' gates let through, and every way out of reading that DuckDB
// offers. What says "lock" must also be refused by the locked DuckDB without the guard.
func TestGuardRefuses(t *testing.T) {
	h := newHouse(t)
	tests := []struct {
		sql  string
		kind error
		lock bool
	}{
		// Files.
		{"FROM '/etc/passwd'", ErrRefused, true},
		{"FROM " + quoteText(h.open+"/banjir.parquet"), ErrRefused, false},
		{`SELECT * FROM "rahasia.csv"`, ErrRefused, true},
		{"SELECT 1 WHERE 1 IN (SELECT 1 FROM 'x.parquet')", ErrRefused, true},
		{`WITH a AS (FROM "x.csv") SELECT 1 FROM (WITH "x.csv" AS (SELECT 1) FROM "x.csv")`, ErrRefused, false},
		{`WITH RECURSIVE "x.csv" AS (FROM "x.csv" UNION ALL SELECT 1) FROM "x.csv"`, ErrRefused, false},
		{"FROM read_text('/etc/passwd')", ErrRefused, true},
		{"FROM read_blob('/etc/passwd')", ErrRefused, true},
		{"FROM read_csv('/etc/passwd')", ErrRefused, true},
		{"FROM sniff_csv('/etc/passwd')", ErrRefused, true},
		{"FROM read_json('/etc/passwd')", ErrRefused, true},
		{"FROM read_parquet(" + quoteText(h.closed+"/pegawai.parquet") + ")", ErrRefused, true},
		{"FROM parquet_metadata(" + quoteText(h.closed+"/pegawai.parquet") + ")", ErrRefused, true},
		{"FROM glob('/etc/*')", ErrRefused, true},
		{"FROM read_csv('http://127.0.0.1:1/x.csv')", ErrRefused, true},
		{"SELECT read_text('/etc/passwd')", ErrRefused, true},
		{"SELECT ('/etc/passwd').read_text()", ErrRefused, true},
		{"FROM bencana.luar", ErrUnreadable, true},
		{"FROM bencana.naik", ErrUnreadable, true},
		{"FROM bencana.tautan", ErrUnreadable, true},
		{"FROM bencana.hilang", ErrUnreadable, true},
		// SQL inside texts.
		{"FROM query('SELECT 42')", ErrRefused, false},
		{"FROM query_table('bencana.kejadian_banjir')", ErrRefused, false},
		{"FROM json_execute_serialized_sql(json_serialize_sql('SELECT 42'))", ErrRefused, false},
		{"PRAGMA json_execute_serialized_sql('{}')", ErrRefused, true},
		{"SELECT json_serialize_sql('SELECT 42')", ErrRefused, false},
		{"FROM histogram_values('bencana.kejadian_banjir', tahun)", ErrRefused, true},
		// The engine's own affairs.
		{"FROM duckdb_settings()", ErrRefused, false},
		{"FROM duckdb_secrets()", ErrRefused, false},
		{"FROM duckdb_views()", ErrRefused, false},
		{"FROM pragma_database_size()", ErrRefused, false},
		{"FROM information_schema.tables", ErrUnknownTable, false},
		{"FROM pg_catalog.pg_class", ErrUnknownTable, false},
		{"FROM pg_class", ErrUnknownTable, false},
		{"FROM sqlite_master", ErrUnknownTable, false},
		{"FROM memory.bencana.kejadian_banjir", ErrUnknownTable, true},
		{"SHOW DATABASES", ErrRefused, false},
		{"SHOW threads", ErrUnknownTable, true},
		{"FROM (SHOW TABLES)", ErrRefused, false},
		{"SHOW TABLES FROM bencana", ErrRefused, false},
		{"SELECT current_setting('temp_directory')", ErrRefused, false},
		{"SELECT getvariable('x')", ErrRefused, false},
		{"SELECT getenv('HOME')", ErrInvalid, true},
		{"SELECT stats(tahun) FROM bencana.kejadian_banjir", ErrRefused, true},
		{"SELECT write_log('x')", ErrRefused, false},
		{"SELECT sleep_ms(1)", ErrRefused, false},
		{"FROM which_secret('a', 'b')", ErrRefused, false},
		// Other statements.
		{"SELECT 1; SELECT 2", ErrRefused, true},
		{"SELECT 1; DROP VIEW bencana.kejadian_banjir", ErrRefused, true},
		{"COPY (SELECT 1) TO " + quoteText(h.closed+"/x.csv"), ErrRefused, true},
		{"COPY (SELECT 1) TO " + quoteText(h.open+"/x.csv"), ErrRefused, false},
		{"WITH a AS (COPY (SELECT 1) TO " + quoteText(h.open+"/x.csv") + ") FROM a", ErrInvalid, true},
		{"WITH a AS (INSERT INTO b VALUES (1) RETURNING *) FROM a", ErrInvalid, true},
		{"EXPORT DATABASE " + quoteText(h.closed), ErrRefused, true},
		{"IMPORT DATABASE " + quoteText(h.closed), ErrRefused, true},
		{"ATTACH ':memory:' AS lain", ErrRefused, false},
		{"ATTACH " + quoteText(h.closed+"/lain.db"), ErrRefused, true},
		{"DETACH memory", ErrRefused, true},
		{"USE memory", ErrRefused, false},
		{"INSTALL httpfs", ErrRefused, true},
		{"LOAD httpfs", ErrRefused, true},
		{"UPDATE EXTENSIONS", ErrRefused, true},
		{"SET threads = 1", ErrRefused, true},
		{"SET lock_configuration = false", ErrRefused, true},
		{"SET enable_external_access = true", ErrRefused, true},
		{"SET allowed_directories = ['/']", ErrRefused, true},
		{"SET SESSION TimeZone = 'UTC'", ErrRefused, true},
		{"SET VARIABLE x = 1", ErrRefused, false},
		{"RESET threads", ErrRefused, true},
		{"PRAGMA threads = 3", ErrRefused, true},
		{"PRAGMA enable_profiling", ErrRefused, false},
		{"SET profiling_output = '/tmp/x'", ErrRefused, true},
		{"CALL pragma_version()", ErrRefused, false},
		{"CREATE TABLE t AS SELECT 1", ErrRefused, false},
		{"CREATE OR REPLACE VIEW bencana.kejadian_banjir AS SELECT 1", ErrRefused, false},
		{"CREATE MACRO f() AS 1", ErrRefused, false},
		{"CREATE SECRET s (TYPE s3)", ErrRefused, true},
		{"INSERT INTO t VALUES (1)", ErrRefused, true},
		{"UPDATE t SET x = 1", ErrRefused, true},
		{"DELETE FROM t", ErrRefused, true},
		{"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", ErrRefused, true},
		{"DROP VIEW bencana.kejadian_banjir", ErrRefused, true},
		{"PREPARE p AS SELECT 1", ErrRefused, false},
		{"EXECUTE p", ErrRefused, true},
		{"BEGIN", ErrRefused, false},
		{"CHECKPOINT", ErrRefused, false},
		{"VACUUM", ErrRefused, false},
		{"ANALYZE", ErrRefused, false},
		{"CONNECT", ErrInvalid, true},
		{"EXPLAIN ANALYZE SELECT 1", ErrRefused, false},
		{"EXPLAIN /* */ analyze SELECT 1", ErrRefused, false},
		{"EXPLAIN (ANALYZE) SELECT 1", ErrRefused, false},
		{"EXPLAIN COPY (SELECT 1) TO 'x.csv'", ErrRefused, false},
		{"EXPLAIN EXPLAIN SELECT 1", ErrRefused, true},
		{"EXPLAIN SELECT 1; SELECT 2", ErrRefused, true},
		{"EXPLAIN SHOW TABLES", ErrRefused, false},
		{"SELECT * FROM bencana.kejadian_banjir AT (VERSION => 1)", ErrRefused, true},
		{"PIVOT bencana.kejadian_banjir ON tahun USING count(*)", ErrRefused, true},
		// Exhaustion.
		{"SELECT repeat('x', 1000000000)", ErrRefused, false},
		{"SELECT ('x').repeat(1000000000)", ErrRefused, false},
		{"SELECT lpad('x', CAST(1e9 AS INT), 'y')", ErrRefused, false},
		{"SELECT " + strings.Repeat("abs(", 5000) + "1" + strings.Repeat(")", 5000), ErrInvalid, true},
		{"SELECT '" + strings.Repeat("x", maxStatement) + "'", ErrInvalid, false},
		// Not SQL.
		{"", ErrInvalid, true},
		{" ; ", ErrInvalid, true},
		{"-- hanya catatan", ErrInvalid, true},
		{"SELEC 1", ErrInvalid, true},
		{"SELECT 1\x00; COPY (SELECT 1) TO 'x'", ErrInvalid, false},
		{"SELECT '\xff'", ErrInvalid, true},
		{"SELECT ?", ErrInvalid, false},
		{"SELECT $1", ErrInvalid, false},
		{"SELECT tahn FROM bencana.kejadian_banjir", ErrInvalid, true},
		{"SELECT summ(tahun) FROM bencana.kejadian_banjir", ErrInvalid, true},
	}
	for _, tt := range tests {
		_, err := h.ask(tt.sql)
		var e *Error
		if !errors.Is(err, tt.kind) || !errors.As(err, &e) {
			t.Errorf("Query(%.100q) = %v, want %v", tt.sql, err, tt.kind)
			continue
		}
		if e.Say.ID == "" || e.Say.EN == "" {
			t.Errorf("Query(%.100q) says %+v", tt.sql, e.Say)
		}
		if strings.Contains(e.Say.ID+e.Say.EN, h.closed) && !strings.Contains(tt.sql, h.closed) {
			t.Errorf("Query(%.100q) tells of %s: %+v", tt.sql, h.closed, e.Say)
		}
		if tt.lock && h.force(tt.sql) == nil {
			t.Errorf("locked DuckDB runs %.100q", tt.sql)
		}
	}
	if files, _ := filepath.Glob(h.open + "/*.csv"); len(files) > 0 {
		t.Errorf("statements wrote %v", files)
	}
	if rows, err := h.ask("FROM bencana.kejadian_banjir"); rows != 100 || err != nil {
		t.Errorf("afterwards the dataset has %d rows, %v, want 100", rows, err)
	}
}

func TestReadOnlyTransaction(t *testing.T) {
	h := newHouse(t)
	s, err := h.engine.instance.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.exec(t.Context(), "BEGIN TRANSACTION READ ONLY"); err != nil {
		t.Fatal(err)
	}
	if err := s.exec(t.Context(), "CREATE SCHEMA baru"); err == nil {
		t.Error("a read-only transaction created a schema")
	}
}

func TestUnknownNamesSuggest(t *testing.T) {
	h := newHouse(t)
	tests := []struct{ sql, want string }{
		{"FROM bencana.kejadian_banjr", "Maksudnya: bencana.kejadian_banjir?"},
		{"FROM bencna.kejadian_banjir", "Maksudnya: bencana.kejadian_banjir?"},
		{"FROM kejadian_banjir", "Maksudnya: bencana.kejadian_banjir?"},
		{"SELECT summ(1)", "maksudnya sum"},
		{"FROM KejadianBanjir", "Maksudnya: bencana.kejadian_banjir?"},
		{"FROM kesehatan.balita", "Yang ada: bencana.hilang, bencana.kejadian_banjir, bencana.luar, bencana.naik, bencana.tautan."},
	}
	for _, tt := range tests {
		_, err := h.ask(tt.sql)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Say.ID, tt.want) {
			t.Errorf("Query(%q) = %v, want a fault saying %q", tt.sql, err, tt.want)
		}
	}
}

// TestFunctionsAreReviewed fails when DuckDB has a function that nobody has decided on, so that a
// new version of it cannot open one.
func TestFunctionsAreReviewed(t *testing.T) {
	in, err := newInstance(startOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	s, err := in.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	rows, err := s.texts(t.Context(), "SELECT DISTINCT lower(function_name), function_type FROM duckdb_functions() WHERE function_type <> 'pragma' ORDER BY ALL")
	if err != nil {
		t.Fatal(err)
	}
	list := reviewedFunctions()
	gone := maps.Clone(list.functions)
	maps.Copy(gone, list.tables)
	for _, row := range rows {
		name, open := row[0], list.functions
		if strings.HasPrefix(row[1], "table") {
			open = list.tables
		}
		delete(gone, name)
		refused := list.refused[name] || strings.HasPrefix(name, "icu_collate_") && list.refused["icu_collate_*"]
		if open[name] == refused && !(open[name] && list.refused[name]) {
			t.Errorf("%s function %s: open %v, refused %v", row[1], name, open[name], refused)
		}
	}
	// Written by the parser, not in the catalog.
	for _, name := range []string{"unnest"} {
		delete(gone, name)
	}
	if len(gone) > 0 {
		t.Errorf("functions.txt opens functions that DuckDB does not have: %v", slices.Sorted(maps.Keys(gone)))
	}
}

func TestVerifyNoticesEverySetting(t *testing.T) {
	h := newHouse(t)
	s, err := h.engine.instance.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	list := settings(h.engine.options, []string{"1.0 GiB", "4.0 GiB"})
	if err := verify(t.Context(), s, list); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		changed := slices.Clone(list)
		changed[i].shown += "x"
		if err := verify(t.Context(), s, changed); err == nil || !strings.Contains(err.Error(), list[i].name) {
			t.Errorf("verify with another %s = %v", list[i].name, err)
		}
	}
}

// FuzzGuard looks for a statement that passes the guard and is more than a read of the views: one
// that is not exactly one SELECT or EXPLAIN, or that reaches for a file. The engine's only folder
// is empty, so that a reach for a file shows itself as a fault of access.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{
		"SELECT * FROM a.b WHERE x IN (SELECT y FROM 'x.csv')", "EXPLAIN ANALYZE SELECT 1", "WITH t AS (SELECT 1) FROM t",
		"SELECT 1; DROP VIEW a.b", "FROM read_csv('x')", "SHOW TABLES", "DESCRIBE a.b", "SUMMARIZE a.b", "PIVOT a.b ON x IN (1) USING sum(y)",
		"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM t WHERE n<3) FROM t", "SELECT ('/etc/passwd').read_text()",
		"FROM query('FROM ''/etc/passwd''')", "COPY (SELECT 1) TO 'x'", `SELECT "a"."b"`, "SELECT $$x$$, E'\\n', x'ff', 1e9, [1,2][1:], {'a':1}.a",
	} {
		f.Add(seed)
	}
	e := fuzzEngine(f)
	f.Fuzz(func(t *testing.T, sql string) { tryGuard(t, e, sql) })
}

// FuzzGuardWords is FuzzGuard over sequences of words instead of letters, which are SQL more often.
func FuzzGuardWords(f *testing.F) {
	words := strings.Fields(`SELECT FROM WHERE a.b x y 'x.csv' "x.csv" ( ) , ; * = 1 'k' WITH RECURSIVE t AS UNION ALL JOIN ON
		read_csv( read_text( glob( query( range(3) unnest([1]) sum( lpad( repeat( current_setting( EXPLAIN ANALYZE DESCRIBE SUMMARIZE SHOW
		TABLES COPY TO INSERT INTO VALUES CREATE VIEW DROP ATTACH SET PRAGMA CALL PIVOT UNPIVOT IN USING GROUP BY ORDER LIMIT
		LATERAL EXISTS OVER FILTER CASE WHEN THEN END [ ] { } : :: INT . upper() lambda -> -- /* */ AT VERSION => TABLESAMPLE`)
	for i := range 8 {
		f.Add([]byte{0, byte(i), 1, 5, byte(20 + i), byte(60 + i), 3, byte(i * 7)})
	}
	e := fuzzEngine(f)
	f.Fuzz(func(t *testing.T, picks []byte) {
		var b strings.Builder
		for _, p := range picks {
			b.WriteString(words[int(p)%len(words)])
			b.WriteByte(' ')
		}
		tryGuard(t, e, b.String())
	})
}

func fuzzEngine(f *testing.F) *Engine {
	e, err := Open(f.Context(), Options{Folders: []string{f.TempDir()}, MemoryLimit: "200MiB", Threads: 1, Views: []View{
		{Schema: "a", Name: "b", SQL: "SELECT 1 AS x, 'k' AS y"},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = e.Close() })
	return e
}

func tryGuard(t *testing.T, e *Engine, sql string) {
	s, err := e.instance.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	st, err := inspect(t.Context(), s, e.views, sql)
	if err != nil {
		var known *Error
		if !errors.As(err, &known) || errors.Is(err, ErrInternal) {
			t.Errorf("inspect(%q) = %v", sql, err)
		}
		return
	}
	if st.list {
		return
	}
	if err := e.views.define(t.Context(), st.tables); err != nil {
		t.Fatal(err)
	}
	check(t, s, st)
}

// check prepares a statement that passed, without running it.
func check(t *testing.T, s *session, st *statement) {
	var extracted mapping.ExtractedStatements
	count := mapping.ExtractStatements(s.conn, st.sql, &extracted)
	defer mapping.DestroyExtracted(&extracted)
	if count != 1 {
		t.Fatalf("%q passed as %d statements", st.sql, count)
	}
	var stmt mapping.PreparedStatement
	state := mapping.PrepareExtractedStatement(s.conn, extracted, 0, &stmt)
	defer mapping.DestroyPrepare(&stmt)
	if state == mapping.StateError {
		message := mapping.PrepareError(stmt)
		if strings.HasPrefix(message, "Permission") || strings.HasPrefix(message, "IO") || strings.Contains(message, "Extension") {
			t.Errorf("%q passed and reached out: %s", st.sql, message)
		}
		return
	}
	want := typeSelect
	if st.explain {
		want = typeExplain
	}
	if got := mapping.PreparedStatementType(stmt); !slices.Contains(want, got) {
		t.Errorf("%q passed with type %d, want %d", st.sql, got, want)
	}
}
