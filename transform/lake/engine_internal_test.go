package lake

import "testing"

// TestConnectionsBesideSpills: what one connection has spilled is no reason for DuckDB to refuse another.
func TestConnectionsBesideSpills(t *testing.T) {
	l, err := Open(t.Context(), t.TempDir(), Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e, err := l.engine()
	if err != nil {
		t.Fatal(err)
	}
	first, err := e.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.ExecContext(t.Context(), "CREATE TEMP TABLE spilled AS SELECT md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b FROM range(1_000_000) r(i)"); err != nil {
		t.Fatal(err)
	}
	var files int
	if err := first.QueryRowContext(t.Context(), "SELECT count(*) FROM duckdb_temporary_files()").Scan(&files); err != nil || files == 0 {
		t.Fatalf("%d files spilled, %v", files, err)
	}
	second, err := e.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	var limit, zone string
	if err := second.QueryRowContext(t.Context(), "SELECT current_setting('memory_limit'), current_setting('TimeZone')").Scan(&limit, &zone); err != nil {
		t.Fatal(err)
	}
	if limit != "64.0 MiB" || zone != "UTC" {
		t.Errorf("memory %s, zone %s; want 64.0 MiB and UTC", limit, zone)
	}
}
