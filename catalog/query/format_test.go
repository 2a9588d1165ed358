package query_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"satudata/catalog/query"
)

var update = flag.Bool("update", false, "write the golden files")

// write runs a statement and returns its result in a format.
func write(t testing.TB, e *query.Engine, f query.Format, statement string) string {
	t.Helper()
	r, err := e.Query(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := query.Write(&b, f, r); err != nil {
		t.Fatalf("%s as %s: %v", statement, f, err)
	}
	return b.String()
}

// jakarta is the zone of the tests' engines.
func jakarta(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestGolden compares each testdata/*.sql in each text format with the file of that name.
func TestGolden(t *testing.T) {
	e := open(t, query.Options{Zone: jakarta(t), Threads: 1, Views: []query.View{
		{Schema: "bencana", Name: "kejadian_banjir", SQL: "SELECT 1 AS tahun, 'x' AS nama"},
		{Schema: "pendidikan", Name: "partisipasi_sekolah", SQL: "SELECT 1 AS tahun"},
	}})
	statements, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(statements) == 0 {
		t.Fatalf("found %d statements, %v", len(statements), err)
	}
	for _, file := range statements {
		statement, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []query.Format{query.Table, query.CSV, query.JSON, query.NDJSON} {
			got := write(t, e, f, string(statement))
			golden := strings.TrimSuffix(file, ".sql") + "." + string(f)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		}
	}
}

func TestCSVReadsBack(t *testing.T) {
	e := open(t, query.Options{})
	want := [][]string{
		{"a", `b "x"`},
		{"koma, di sini", "kutip \" di sini"},
		{"dua\nbaris", "kembali\r\nlagi"},
		{" spasi ", "=1+1"},
		{"", ""},
		{"", ""},
	}
	got, err := csv.NewReader(strings.NewReader(write(t, e, query.CSV, `SELECT a, b AS "b ""x""" FROM (VALUES
		(1, 'koma, di sini', 'kutip " di sini'), (2, e'dua\nbaris', e'kembali\r\nlagi'), (3, ' spasi ', '=1+1'), (4, '', ''), (5, NULL, NULL)) t(n, a, b) ORDER BY n`))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// encoding/csv makes \n of \r\n inside quotes.
	want[2][1] = "kembali\nlagi"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for statement, want := range map[string]string{
		"SELECT NULL::INT AS x":                          "x\n\"\"\n", // an empty line would be no row
		"SELECT NULL::INT AS x, '' AS y, NULL::INT AS z": "x,y,z\n,\"\",\n",
		"SELECT 1 AS x WHERE false":                      "x\n",
	} {
		if got := write(t, e, query.CSV, statement); got != want {
			t.Errorf("%s = %q, want %q", statement, got, want)
		}
	}
}

func TestJSONReadsBack(t *testing.T) {
	e := open(t, query.Options{})
	const statement = `SELECT 9007199254740993::BIGINT AS besar, 170141183460469231731687303715884105727::HUGEINT AS raksasa,
		'NaN'::DOUBLE AS bukan, '-inf'::DOUBLE AS tak_hingga, 0.1::DOUBLE AS pecahan, 12345678901234567890.120::DECIMAL(38,3) AS desimal,
		e'\x01\t"\\' || chr(8232) || 'é' AS teks, 1 AS x, 2 AS X, 3 AS x`
	for _, f := range []query.Format{query.JSON, query.NDJSON} {
		d := json.NewDecoder(strings.NewReader(write(t, e, f, statement)))
		d.UseNumber()
		var row map[string]any
		if f == query.JSON {
			if _, err := d.Token(); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"besar": json.Number("9007199254740993"), "raksasa": json.Number("170141183460469231731687303715884105727"),
			"bukan": nil, "tak_hingga": nil, "pecahan": json.Number("0.1"), "desimal": json.Number("12345678901234567890.120"),
			"teks": "\x01\t\"\\\u2028é", "x": json.Number("1"), "X_1": json.Number("2"), "x_2": json.Number("3"),
		}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f, diff)
		}
	}
	if got := write(t, e, query.JSON, "SELECT 1 AS x WHERE false"); got != "[]\n" {
		t.Errorf("no rows = %q", got)
	}
	if got := write(t, e, query.NDJSON, "SELECT 1 AS x WHERE false"); got != "" {
		t.Errorf("no rows = %q", got)
	}
}

// everything is a statement with a column of every type, over many batches, with nulls.
const everything = `SELECT
	i AS besar, CASE WHEN i % 3 > 0 THEN i END AS kadang, (i % 100)::TINYINT AS i8, (i % 100)::SMALLINT AS i16, i::INT AS i32,
	(i % 100)::UTINYINT AS u8, (i % 100)::USMALLINT AS u16, (4294967295 - i)::UINTEGER AS u32, (18446744073709551615 - i)::UBIGINT AS u64,
	i / 3 AS f64, (i / 3)::FLOAT AS f32, i % 2 = 0 AS boolean, 'baris ' || i AS teks,
	((i % 100 - 5) * 1.5)::DECIMAL(4,1) AS d4, ((i - 5) * 1.25)::DECIMAL(9,2) AS d9, ((i - 5) * 1.25)::DECIMAL(18,2) AS d18,
	((i - 5) * 1.25)::DECIMAL(38,2) AS d38, DATE '1960-01-01' + i::INT AS tanggal, TIME '00:00:01' + INTERVAL (i) SECONDS AS jam,
	TIMESTAMP '1960-01-01 00:00:00.000001' + INTERVAL (i) HOURS AS waktu, TIMESTAMPTZ '2026-01-01 00:00:00+07' + INTERVAL (i) HOURS AS saat,
	(TIMESTAMP '2000-01-01' + INTERVAL (i) HOURS)::TIMESTAMP_S AS detik, (TIMESTAMP '2000-01-01' + INTERVAL (i) HOURS)::TIMESTAMP_MS AS mili,
	(TIMESTAMP '2000-01-01' + INTERVAL (i) HOURS)::TIMESTAMP_NS AS nano, ('b' || i)::BLOB AS biner,
	[i, NULL] AS daftar, {'a': i, 'b': NULL} AS susunan, (['x', 'y'])[1 + i % 2]::ENUM('x', 'y') AS pilihan
	FROM range(7000) t(i)`

// TestParquetReadsBack lets DuckDB compare a written file with the statement it came from.
func TestParquetReadsBack(t *testing.T) {
	e := open(t, query.Options{Zone: time.UTC})
	file := filepath.Join(t.TempDir(), "hasil.parquet")
	content := write(t, e, query.Parquet, everything)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	// What has no Parquet type of its own is text or JSON there.
	expected := strings.NewReplacer(
		"[i, NULL] AS daftar", "to_json([i, NULL]) AS daftar",
		"{'a': i, 'b': NULL} AS susunan", "to_json({'a': i, 'b': NULL}) AS susunan",
		"::ENUM('x', 'y')", "::VARCHAR", "::TIMESTAMP_S ", "::TIMESTAMP ", "::TIMESTAMP_MS ", "::TIMESTAMP ").Replace(everything)
	written := fmt.Sprintf("SELECT * FROM read_parquet('%s')", file)
	unlocked(t,
		"SET TimeZone = 'UTC'",
		fmt.Sprintf("CREATE TABLE asal AS %s", expected),
		fmt.Sprintf("CREATE TABLE tulisan AS %s", written))
	differences(t, fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE %s)", expected),
		fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE %s)", written))
	differences(t, expected, written)
	pf, err := parquet.OpenFile(bytes.NewReader([]byte(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if pf.NumRows() != 7000 || len(pf.Schema().Fields()) != 28 {
		t.Errorf("file has %d rows of %d columns", pf.NumRows(), len(pf.Schema().Fields()))
	}
}

// differences reports rows that are in the answer of one of two statements only.
func differences(t *testing.T, a, b string) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("SET TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		result, err := db.Query(fmt.Sprintf("SELECT r::VARCHAR FROM ((%s) EXCEPT ALL (%s)) r LIMIT 3", pair[0], pair[1]))
		if err != nil {
			t.Fatal(err)
		}
		for result.Next() {
			var row string
			if err := result.Scan(&row); err != nil {
				t.Fatal(err)
			}
			t.Errorf("only in %.60s…: %s", pair[0], row)
		}
		if err := errors.Join(result.Err(), result.Close()); err != nil { //nolint:sqlclosecheck // at the end of the turn, not of the test
			t.Fatal(err)
		}
	}
}

func TestParquetRowGroups(t *testing.T) {
	e := open(t, query.Options{})
	content := write(t, e, query.Parquet, "SELECT i FROM range(250000) t(i)")
	f, err := parquet.OpenFile(bytes.NewReader([]byte(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.RowGroups()); f.NumRows() != 250000 || n != 3 {
		t.Errorf("file has %d rows in %d groups, want 250000 in 3", f.NumRows(), n)
	}
	empty := write(t, e, query.Parquet, "SELECT 1 AS x, 'a' AS y WHERE false")
	if f, err = parquet.OpenFile(bytes.NewReader([]byte(empty)), int64(len(empty))); err != nil || f.NumRows() != 0 || len(f.Schema().Fields()) != 2 {
		t.Errorf("file without rows: %v", err)
	}
}

func TestArrowReadsBack(t *testing.T) {
	e := open(t, query.Options{MaxRows: 5000, Threads: 1})
	stream, err := ipc.NewReader(strings.NewReader(write(t, e, query.Arrow, everything)))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Release()
	r, err := e.Query(t.Context(), everything)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !stream.Schema().Equal(r.Schema()) {
		t.Errorf("schema is %s, want %s", stream.Schema(), r.Schema())
	}
	for r.Next() {
		if !stream.Next() {
			t.Fatalf("stream ends at row %d: %v", r.Rows(), stream.Err())
		}
		if got, want := fmt.Sprint(stream.RecordBatch()), fmt.Sprint(r.Batch()); got != want {
			t.Fatalf("batch before row %d differs", r.Rows())
		}
	}
	if stream.Next() || stream.Err() != nil || r.Rows() != 5000 {
		t.Errorf("stream goes on after %d rows, %v", r.Rows(), stream.Err())
	}
}

// TestFloatsReadBack says that a float is written with the digits that make it the same again.
func TestFloatsReadBack(t *testing.T) {
	e := open(t, query.Options{})
	for _, f := range []float64{0, -0.5, 1.0 / 3, 1e-7, 123456789.125, 1e20, 1e21, 5e-324, math.MaxFloat64, 1 << 60} {
		var rows []map[string]float64
		text := write(t, e, query.JSON, fmt.Sprintf("SELECT '%v'::DOUBLE AS x", f))
		if err := json.Unmarshal([]byte(text), &rows); err != nil || rows[0]["x"] != f {
			t.Errorf("%v is written as %s, %v", f, text, err)
		}
	}
}

func TestTableOfManyRows(t *testing.T) {
	e := open(t, query.Options{MaxRows: 1500, Threads: 1})
	text := write(t, e, query.Table, "SELECT i AS n, CASE WHEN i > 1000 THEN 'lebih panjang' ELSE 'a' END AS t FROM range(3000) t(i)")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 2+1500+1 || lines[0] != "   n | t" || lines[1] != "-----+---" || lines[2] != "   0 | a" || lines[1501] != " 1499 | lebih panjang" {
		t.Errorf("%d lines: %q, %q, %q … %q", len(lines), lines[0], lines[1], lines[2], lines[len(lines)-2])
	}
	if want := "(1.500 baris pertama; masih ada lagi)"; lines[len(lines)-1] != want {
		t.Errorf("ends in %q, want %q", lines[len(lines)-1], want)
	}
}

func TestExplainIsDrawn(t *testing.T) {
	e := open(t, query.Options{})
	if text := write(t, e, query.Table, "EXPLAIN SELECT count(*) FROM range(3)"); !strings.Contains(text, "┌──") || strings.Contains(text, "baris)") {
		t.Errorf("EXPLAIN is shown as\n%s", text)
	}
}

// TestWriteFaults says that no format hides a fault in the middle of the rows, or of the output.
func TestWriteFaults(t *testing.T) {
	e := open(t, query.Options{})
	for _, f := range query.Formats {
		r, err := e.Query(t.Context(), "SELECT i::TINYINT FROM (SELECT CASE WHEN i = 3000000 THEN 300 ELSE 1 END i FROM range(5000000) t(i))")
		if err != nil {
			t.Fatal(err)
		}
		if err := query.Write(io.Discard, f, r); !errors.Is(err, query.ErrFailed) {
			t.Errorf("%s with a fault in the rows = %v, want ErrFailed", f, err)
		}
		r.Close()
		if r, err = e.Query(t.Context(), "SELECT i, 'x' || i FROM range(300000) t(i)"); err != nil {
			t.Fatal(err)
		}
		if err := query.Write(full{}, f, r); !errors.Is(err, errFull) {
			t.Errorf("%s into a full disk = %v, want its fault", f, err)
		}
		r.Close()
	}
}

var errFull = errors.New("tidak ada ruang")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestParseFormat(t *testing.T) {
	for _, f := range query.Formats {
		if got, err := query.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	var e *query.Error
	if _, err := query.ParseFormat("xlsx"); !errors.As(err, &e) || !errors.Is(e.Kind, query.ErrInvalid) || !strings.Contains(e.Say.ID, "ndjson") {
		t.Errorf("ParseFormat(xlsx) = %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	const rows = 1_000_000
	e := open(b, query.Options{})
	statement := fmt.Sprintf("SELECT i AS n, 'kabupaten ' || (i %% 500) AS nama, i / 7 AS nilai, (i * 1.25)::DECIMAL(18,2) AS rupiah, DATE '2020-01-01' + (i %% 1000)::INT AS tanggal FROM range(%d) t(i)", rows)
	for _, f := range query.Formats {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				r, err := e.Query(b.Context(), statement)
				if err != nil {
					b.Fatal(err)
				}
				if err := query.Write(io.Discard, f, r); err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
