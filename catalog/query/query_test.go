package query_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	_ "github.com/duckdb/duckdb-go/v2"

	"satudata/catalog/query"
)

// unlocked runs SQL in a DuckDB of its own, to make files for tests and to read them back.
func unlocked(t testing.TB, statements ...string) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func open(t testing.TB, o query.Options) *query.Engine {
	t.Helper()
	e, err := query.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// rows reads a statement to its end.
func rows(ctx context.Context, e *query.Engine, statement string) (int64, error) {
	r, err := e.Query(ctx, statement)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for r.Next() {
	}
	return r.Rows(), r.Err()
}

func TestTimeoutAndCancel(t *testing.T) {
	slow := map[string]string{
		"aggregate": "SELECT sum(a.i * b.i) FROM range(1000000000) a(i), range(1000000) b(i)",
		"sort":      "SELECT i FROM range(100000000) t(i) ORDER BY hash(i) LIMIT 3 OFFSET 50000000",
		"regex":     "SELECT count(*) FROM range(100000000) t(i) WHERE regexp_matches(i::VARCHAR || 'aaaaaaaaaaaaaaaaaaaaaaaaaaab', '(a*)*c')",
		"collation": "SELECT max(('baris ' || i) COLLATE de) FROM range(100000000) t(i)",
		"stream":    "SELECT i, 'baris ' || i FROM range(100000000000) t(i)",
	}
	ends := []struct {
		name string
		want error
		o    query.Options
		ctx  func(context.Context) (context.Context, context.CancelFunc)
	}{
		{"timeout", query.ErrTimeout, query.Options{Timeout: 100 * time.Millisecond}, context.WithCancel},
		{"deadline", query.ErrTimeout, query.Options{}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		}},
		{"cancel", query.ErrCanceled, query.Options{}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		}},
	}
	for _, end := range ends {
		e := open(t, end.o)
		for name, statement := range slow {
			ctx, cancel := end.ctx(t.Context())
			start := time.Now()
			_, err := rows(ctx, e, statement)
			if took := time.Since(start); !errors.Is(err, end.want) || took > 5*time.Second {
				t.Errorf("%s of %s = %v after %v, want %v", end.name, name, err, took, end.want)
			}
			cancel()
		}
		if n, err := rows(t.Context(), e, "SELECT 1"); n != 1 || err != nil {
			t.Errorf("after %s: %d rows, %v, want 1", end.name, n, err)
		}
	}
}

func TestCloseEndsRunningQueries(t *testing.T) {
	e, err := query.Open(t.Context(), query.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	r, err := e.Query(t.Context(), "SELECT i FROM range(100000000000) t(i)")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer r.Close()
		for r.Next() {
		}
		ended <- r.Err()
	}()
	time.AfterFunc(50*time.Millisecond, func() { _ = e.Close() })
	if err := <-ended; !errors.Is(err, query.ErrCanceled) {
		t.Errorf("running query ended with %v, want ErrCanceled", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := e.Query(t.Context(), "SELECT 1"); !errors.Is(err, query.ErrCanceled) {
		t.Errorf("query after Close = %v, want ErrCanceled", err)
	}
}

func TestOpenFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "berkas")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	v := query.View{Schema: "a", Name: "b", SQL: "SELECT 1"}
	tests := []struct {
		name string
		o    query.Options
	}{
		{"memory limit", query.Options{MemoryLimit: "banyak"}},
		{"temporary folder", query.Options{TempDir: file}},
		{"time zone", query.Options{Zone: time.FixedZone("Rahasia/Kota", 1)}},
		{"view twice", query.Options{Views: []query.View{v, {Schema: "A", Name: "B", SQL: "SELECT 2"}}}},
		{"reserved schema", query.Options{Views: []query.View{{Schema: "Main", Name: "b", SQL: "SELECT 1"}}}},
		{"no name", query.Options{Views: []query.View{{Schema: "a", SQL: "SELECT 1"}}}},
		{"no definition", query.Options{Views: []query.View{{Schema: "a", Name: "b"}}}},
	}
	for _, tt := range tests {
		if e, err := query.Open(t.Context(), tt.o); err == nil {
			t.Errorf("%s: Open succeeded", tt.name)
			_ = e.Close()
		}
	}
}

func TestViewsAreDefinedOnceWhenNamed(t *testing.T) {
	var calls atomic.Int32
	broken := errors.New("katalog belum siap")
	e := open(t, query.Options{Views: []query.View{
		{Schema: "Kata \"kunci\"", Name: "tabel; DROP", SQL: "SELECT 7 AS tujuh"},
		{Schema: "a", Name: "lambat", Define: func(context.Context) (string, error) {
			calls.Add(1)
			return "SELECT 1 AS x", broken
		}},
		{Schema: "a", Name: "salah", SQL: "SELECT tidak_ada FROM range(3)"},
	}})
	if n, err := rows(t.Context(), e, `SELECT * FROM "kata ""kunci"""."tabel; DROP" WHERE tujuh = 7`); n != 1 || err != nil {
		t.Errorf("quoted names: %d rows, %v, want 1", n, err)
	}
	if calls.Load() != 0 {
		t.Errorf("a view was defined before it was named")
	}
	var known *query.Error
	if _, err := rows(t.Context(), e, "FROM a.lambat"); !errors.Is(err, broken) || errors.As(err, &known) {
		t.Errorf("a definition that fails = %v, want its fault", err)
	}
	broken = nil
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if n, err := rows(t.Context(), e, "FROM a.lambat"); n != 1 || err != nil {
				t.Errorf("defined late: %d rows, %v, want 1", n, err)
			}
		})
	}
	wg.Wait()
	if calls.Load() != 2 {
		t.Errorf("view was defined %d times, want once after a fault", calls.Load())
	}
	if _, err := rows(t.Context(), e, "FROM a.salah"); !errors.Is(err, query.ErrInternal) {
		t.Errorf("a view of wrong SQL = %v, want ErrInternal", err)
	}
}

// TestMemory reads a result far larger than the memory limit, sorts one that does not fit, and
// asks for what cannot be had.
func TestMemory(t *testing.T) {
	temp := t.TempDir()
	e := open(t, query.Options{MemoryLimit: "100MiB", TempDir: temp, TempLimit: "2GiB", Threads: 2})
	before := residentBytes(t)
	const wide = 3_000_000 // 260 MB of text
	n, err := rows(t.Context(), e, fmt.Sprintf("SELECT repeat('x', 80) || i FROM range(%d) t(i)", wide))
	if n != wide || err != nil {
		t.Errorf("streamed %d rows, %v, want %d", n, err, wide)
	}
	if grown := residentBytes(t) - before; grown > 120<<20 {
		t.Errorf("streaming 260 MB grew the process by %d MiB", grown>>20)
	}
	n, err = rows(t.Context(), e, "SELECT i, repeat('x', 80) || i FROM range(1500000) t(i) ORDER BY hash(i)")
	if n != 1_500_000 || err != nil {
		t.Errorf("sorted %d rows with spilling, %v, want 1500000", n, err)
	}
	_, err = rows(t.Context(), e, "SELECT list(i) FROM range(30000000) t(i)")
	if !errors.Is(err, query.ErrMemory) {
		t.Errorf("a list of 240 MB = %v, want ErrMemory", err)
	}
	var said *query.Error
	if errors.As(err, &said) && !strings.Contains(said.Say.ID, "memori") {
		t.Errorf("memory fault says %q", said.Say.ID)
	}
	tight := open(t, query.Options{MemoryLimit: "100MiB", TempDir: temp, TempLimit: "1MiB"})
	if _, err := rows(t.Context(), tight, "SELECT i, repeat('x', 80) || i FROM range(1500000) t(i) ORDER BY hash(i)"); !errors.Is(err, query.ErrMemory) {
		t.Errorf("spilling beyond the limit = %v, want ErrMemory", err)
	}
}

// residentBytes is the memory that the process holds, DuckDB's included.
func residentBytes(t testing.TB) int64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(b), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

func TestFaultsOfData(t *testing.T) {
	e := open(t, query.Options{})
	tests := []struct {
		sql  string
		rows bool // some rows come before the fault
	}{
		{"SELECT CAST('x' AS INT)", false},
		{"SELECT CASE WHEN i = 3000000 THEN 'x' ELSE i::VARCHAR END::INT FROM range(5000000) t(i)", true},
		{"SELECT 1::TINYINT + i::TINYINT FROM range(200) t(i)", false},
	}
	for _, tt := range tests {
		n, err := rows(t.Context(), e, tt.sql)
		if !errors.Is(err, query.ErrFailed) || (n > 0) != tt.rows {
			t.Errorf("Query(%q) = %d rows, %v, want ErrFailed", tt.sql, n, err)
		}
	}
}

func TestRowLimit(t *testing.T) {
	tests := []struct {
		max, have int64
		rows      int64
		truncated bool
	}{
		{0, 5000, 5000, false},
		{10, 9, 9, false},
		{10, 10, 10, false},
		{10, 11, 10, true},
		{2048, 2048, 2048, false}, // a whole batch
		{2048, 2049, 2048, true},
		{4096, 100000, 4096, true},
	}
	for _, tt := range tests {
		e := open(t, query.Options{MaxRows: tt.max, Threads: 1})
		r, err := e.Query(t.Context(), fmt.Sprintf("SELECT i FROM range(%d) t(i)", tt.have))
		if err != nil {
			t.Fatal(err)
		}
		var sum, read int64
		for r.Next() {
			ints := r.Batch().Column(0).(*array.Int64)
			for i := range ints.Len() {
				sum += ints.Value(i)
			}
			read += int64(ints.Len())
		}
		if r.Err() != nil || read != tt.rows || r.Rows() != read || r.Truncated() != tt.truncated || sum != read*(read-1)/2 {
			t.Errorf("limit %d of %d: %d rows, sum %d, truncated %v, %v", tt.max, tt.have, read, sum, r.Truncated(), r.Err())
		}
		r.Close()
		r.Close()
	}
}

// TestTwoEngines runs two engines of other datasets at once: neither sees the other's.
func TestTwoEngines(t *testing.T) {
	dir := t.TempDir()
	var engines [2]*query.Engine
	for i := range engines {
		folder := filepath.Join(dir, fmt.Sprint("kelas", i))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		unlocked(t, fmt.Sprintf("COPY (SELECT %d AS kelas, x FROM range(10000) t(x)) TO '%s/t.parquet'", i, folder))
		engines[i] = open(t, query.Options{Folders: []string{folder}, Threads: 1, Views: []query.View{
			{Schema: "data", Name: fmt.Sprint("milik", i), SQL: fmt.Sprintf("SELECT * FROM read_parquet('%s/t.parquet')", folder)},
		}})
	}
	var wg sync.WaitGroup
	for i, e := range engines {
		for range 4 {
			wg.Go(func() {
				for range 10 {
					if n, err := rows(t.Context(), e, fmt.Sprintf("FROM data.milik%d WHERE kelas = %d", i, i)); n != 10000 || err != nil {
						t.Errorf("engine %d: %d rows, %v, want 10000", i, n, err)
					}
					if _, err := rows(t.Context(), e, fmt.Sprintf("FROM data.milik%d", 1-i)); !errors.Is(err, query.ErrUnknownTable) {
						t.Errorf("engine %d on the other's data = %v, want ErrUnknownTable", i, err)
					}
				}
			})
		}
	}
	wg.Wait()
}

// TestRenamedColumns reads files of two generations by field id, as a table's snapshot lists them.
func TestRenamedColumns(t *testing.T) {
	dir := t.TempDir()
	unlocked(t,
		fmt.Sprintf("COPY (SELECT 2020 AS thn, 5 AS jumlah) TO '%s/lama.parquet' (FIELD_IDS {thn: 1, jumlah: 2})", dir),
		fmt.Sprintf("COPY (SELECT 7 AS jumlah, 2021 AS tahun, 'k' AS catatan) TO '%s/baru.parquet' (FIELD_IDS {tahun: 1, jumlah: 2, catatan: 3})", dir))
	e := open(t, query.Options{Folders: []string{dir}, Views: []query.View{{Schema: "a", Name: "b", SQL: fmt.Sprintf(
		`SELECT * FROM read_parquet(['%[1]s/lama.parquet', '%[1]s/baru.parquet'], schema = MAP {
			1: {name: 'tahun', type: 'BIGINT', default_value: NULL},
			2: {name: 'jumlah', type: 'BIGINT', default_value: NULL},
			3: {name: 'catatan', type: 'VARCHAR', default_value: NULL}})`, dir)}}})
	var b strings.Builder
	r, err := e.Query(t.Context(), "FROM a.b ORDER BY tahun")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := query.Write(&b, query.CSV, r); err != nil {
		t.Fatal(err)
	}
	if want := "tahun,jumlah,catatan\n2020,5,\n2021,7,k\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// TestLinkedFolders opens engines whose folders are reached through symbolic links, or do not exist.
func TestLinkedFolders(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"nyata", "sementara"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(name, filepath.Join(dir, name+"-tautan")); err != nil {
			t.Fatal(err)
		}
	}
	unlocked(t, fmt.Sprintf("COPY (SELECT 1 AS a) TO '%s/nyata/t.parquet'", dir))
	for _, folder := range []string{"nyata", "nyata-tautan", "nyata/../nyata-tautan/"} {
		for _, path := range []string{"nyata", "nyata-tautan"} {
			e := open(t, query.Options{
				Folders: []string{filepath.Join(dir, "nyata-tautan", "belum", "ada"), dir + "/" + folder},
				TempDir: filepath.Join(dir, "sementara-tautan", "baru"), MemoryLimit: "60MiB", Threads: 1,
				Views: []query.View{{Schema: "a", Name: "b", SQL: fmt.Sprintf("SELECT * FROM read_parquet(['%s/%s/t.parquet'])", dir, path)}},
			})
			if n, err := rows(t.Context(), e, "FROM a.b"); n != 1 || err != nil {
				t.Errorf("folder %s, file in %s: %d rows, %v, want 1", folder, path, n, err)
			}
			if _, err := rows(t.Context(), e, "SELECT i, repeat('x', 100) || i FROM range(600000) t(i) ORDER BY hash(i) LIMIT 1 OFFSET 300000"); err != nil {
				t.Errorf("folder %s: spilling = %v", folder, err)
			}
		}
	}
}

func TestScratchFolderGoes(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	e, err := query.Open(t.Context(), query.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("Close left %v", left)
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{5, 500} {
		b.Run(fmt.Sprintf("views=%d", n), func(b *testing.B) {
			dir, views := manyViews(b, n)
			for b.Loop() {
				e, err := query.Open(b.Context(), query.Options{Folders: []string{dir}, Views: views})
				if err != nil {
					b.Fatal(err)
				}
				if err := e.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFirstQuery(b *testing.B) {
	for _, n := range []int{5, 500} {
		b.Run(fmt.Sprintf("views=%d", n), func(b *testing.B) {
			dir, views := manyViews(b, n)
			for b.Loop() {
				e, err := query.Open(b.Context(), query.Options{Folders: []string{dir}, Views: views})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := rows(b.Context(), e, "SELECT count(*), min(tahun) FROM topik.t1"); err != nil {
					b.Fatal(err)
				}
				if err := e.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	dir, views := manyViews(b, 5)
	e := open(b, query.Options{Folders: []string{dir}, Views: views})
	for name, statement := range map[string]string{
		"constant": "SELECT 1",
		"count":    "SELECT count(*), min(tahun) FROM topik.t1",
		"group":    "SELECT tahun % 10 AS k, count(*), sum(jumlah) FROM topik.t1 JOIN topik.t2 USING (tahun, nama, jumlah) GROUP BY k",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := rows(b.Context(), e, statement); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// manyViews makes n views, of four files each.
func manyViews(b *testing.B, n int) (dir string, views []query.View) {
	b.Helper()
	dir = b.TempDir()
	unlocked(b, fmt.Sprintf("COPY (SELECT i AS tahun, 'kab ' || i AS nama, i * 1.5 AS jumlah FROM range(10000) t(i)) TO '%s/asal.parquet'", dir))
	for i := range n {
		var files []string
		for j := range 4 {
			file := fmt.Sprintf("%s/%d-%d.parquet", dir, i, j)
			if err := os.Link(dir+"/asal.parquet", file); err != nil {
				b.Fatal(err)
			}
			files = append(files, "'"+file+"'")
		}
		views = append(views, query.View{Schema: "topik", Name: fmt.Sprint("t", i), SQL: "SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "])"})
	}
	return dir, views
}
