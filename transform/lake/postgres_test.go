package lake_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5"

	"satudata/transform/lake"
	"satudata/transform/lake/pgtest"
)

// postgresEnv is the PostgreSQL in which the tests of this process keep their catalogs; none: SQLite.
const postgresEnv = "LAKE_TEST_POSTGRES"

// withCatalog adds the catalog in which the tests keep the tables of a folder.
func withCatalog(t testing.TB, dir string, o lake.Options) lake.Options {
	t.Helper()
	if url := os.Getenv(postgresEnv); url != "" {
		o.Postgres = pgtest.Schema(t, url, fmt.Sprintf("lake_%08x", crc32.ChecksumIEEE([]byte(dir))))
		o.PostgresPassword = pgtest.Password
	}
	return o
}

// TestOnPostgres runs the tests that change tables with their catalog in PostgreSQL.
func TestOnPostgres(t *testing.T) {
	t.Setenv(postgresEnv, pgtest.Start(t).URL())
	for name, test := range map[string]func(*testing.T){
		"positions": TestPositions, "where the table is": TestCommitWhereTheTableIs, "overtaken": TestOvertakenRejects,
		"retry": TestRetryIsOnce, "late writer": TestLateWriterReplacesNothing,
		"concurrent commits": TestConcurrentCommits, "concurrent moves": TestConcurrentMoves,
		"evolution": TestEvolution, "refused": TestEnsureRefuses, "as of": TestAsOf, "faults": TestCheckFindsFaults,
		"fold share": TestFoldShare, "concurrent folds": TestConcurrentFolds, "round trip": TestRoundTrip,
	} {
		t.Run(name, test)
	}
}

// TestLostAnswers cuts the connection to the catalog at every change but each fourth: before the
// server gets it, after it was done, and so that it is done some time later. No commit may fail, do
// twice what it does, or take away a file of an attempt whose outcome was unknown.
func TestLostAnswers(t *testing.T) {
	server := pgtest.Start(t)
	proxy := pgtest.NewProxy(t, server.Addr(), func(n int) pgtest.Fate { return pgtest.Fate(n % 4) })
	t.Setenv(postgresEnv, strings.Replace(server.URL(), server.Addr(), proxy.Addr(), 1))
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, single)
	const end = 8
	var wg sync.WaitGroup
	for p := range 2 {
		wg.Go(func() { landRange(t, l, p, end) })
	}
	wg.Wait()
	if _, err := l.Fold(t.Context(), dataset, publishedBut(2), true); err != nil {
		t.Errorf("fold: %v", err)
	}
	checkLanded(t, l, 2, end)
	proxy.Close()
	if len(proxy.Locations) < 2*end {
		t.Fatalf("the proxy saw %d commits", len(proxy.Locations))
	}
	for location := range proxy.Locations {
		if _, err := os.Stat(strings.TrimPrefix(location, "file://")); err != nil {
			t.Errorf("a file of an attempt is gone: %v", err)
		}
	}
}

// TestServerRestarts lands while the server of the catalog is shut down and crashes, again and again.
func TestServerRestarts(t *testing.T) {
	server := pgtest.Start(t)
	t.Setenv(postgresEnv, server.URL())
	l := open(t, t.TempDir())
	ensure(t, l, single)
	const end = 20
	var wg sync.WaitGroup
	for p := range 2 {
		wg.Go(func() { landRange(t, l, p, end) })
	}
	landed := make(chan struct{})
	go func() { defer close(landed); wg.Wait() }()
	restarts := 0
	for done := false; !done; restarts++ {
		select {
		case <-landed:
			done = true
		case <-time.After(200 * time.Millisecond):
			server.Stop([]string{"fast", "immediate"}[restarts%2])
			server.Run()
		}
	}
	t.Logf("%d restarts", restarts)
	checkLanded(t, l, 2, end)
}

// TestUnreachable asks a server that is gone, and is told so; when it is back the same lake works.
func TestUnreachable(t *testing.T) {
	server := pgtest.Start(t)
	t.Setenv(postgresEnv, server.URL())
	dir := t.TempDir()
	o := withCatalog(t, dir, lake.Options{Patience: 300 * time.Millisecond})
	l, err := lake.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ensure(t, l, single)
	server.Stop("fast")
	a := lake.Advance{Batch: "b", From: 0, To: 1}
	if err := l.Commit(t.Context(), dataset, lake.History, nil, a); !errors.Is(err, lake.ErrUnreachable) {
		t.Errorf("commit = %v, want ErrUnreachable", err)
	}
	if _, err := lake.Open(t.Context(), dir, o); !errors.Is(err, lake.ErrUnreachable) {
		t.Errorf("open = %v, want ErrUnreachable", err)
	}
	server.Run()
	if err := l.Commit(t.Context(), dataset, lake.History, nil, a); err != nil {
		t.Errorf("commit when the server is back: %v", err)
	}
	o.PostgresPassword = "salah"
	if _, err := lake.Open(t.Context(), dir, o); !errors.Is(err, lake.ErrUnreachable) || strings.Contains(err.Error(), "salah") {
		t.Errorf("open with a wrong password = %v, want ErrUnreachable without the password", err)
	}
	if _, err := lake.Open(t.Context(), dir, lake.Options{}); !errors.Is(err, lake.ErrElsewhere) {
		t.Errorf("open without the catalog = %v, want ErrElsewhere", err)
	}
}

// TestPing: a catalog that cannot be written now does not answer well, and changes nothing by being asked.
func TestPing(t *testing.T) {
	server := pgtest.Start(t)
	t.Setenv(postgresEnv, server.URL())
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, single)
	ping := func(state string, want bool) {
		t.Helper()
		if err := l.Ping(t.Context()); (err == nil) != want || err != nil && !errors.Is(err, lake.ErrUnreachable) {
			t.Errorf("%s: Ping = %v", state, err)
		}
	}
	ping("well", true)
	cfg, err := pgx.ParseConfig(withCatalog(t, dir, lake.Options{}).Postgres)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Password = pgtest.Password
	other, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	do := func(statement string) {
		t.Helper()
		if _, err := other.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	locations := func() (all string) {
		t.Helper()
		if err := other.QueryRow(t.Context(), "SELECT string_agg(metadata_location, ' ' ORDER BY table_name) FROM iceberg_tables").Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := locations()
	do("BEGIN")
	do("LOCK TABLE iceberg_tables IN EXCLUSIVE MODE")
	ping("locked", false)
	do("ROLLBACK")
	ping("unlocked", true)
	do("ALTER SYSTEM SET default_transaction_read_only = on")
	restart := func() {
		server.Stop("fast")
		ping("stopped", false)
		server.Run()
	}
	restart()
	ping("read only", false)
	if other, err = pgx.ConnectConfig(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	do("ALTER SYSTEM RESET default_transaction_read_only")
	restart()
	ping("well again", true)
	if other, err = pgx.ConnectConfig(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if after := locations(); after != before {
		t.Errorf("the catalog was %s and is %s", before, after)
	}
}

// TestOtherCatalog opens a folder whose tables are in SQLite with a catalog in PostgreSQL.
func TestOtherCatalog(t *testing.T) {
	dir := t.TempDir()
	ensure(t, open(t, dir), single)
	_, err := lake.Open(t.Context(), dir, lake.Options{Postgres: "postgres://nobody@127.0.0.1:1/none"})
	if !errors.Is(err, lake.ErrElsewhere) {
		t.Errorf("Open = %v, want ErrElsewhere", err)
	}
}

// TestLocked holds the lock of a SQLite catalog for longer than the lake is patient.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), dir, lake.Options{Patience: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ensure(t, l, single)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "catalog.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lock, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := record(t, memory.DefaultAllocator, single, []any{int64(0)})
	files := write(t, l, "0|0", origin(deliveryID(0), 0), rec)
	rec.Release()
	a := lake.Advance{Batch: "0|0", From: 0, To: 1, Streams: map[string]int64{"s0#0": 1}}
	if err := l.Commit(t.Context(), dataset, lake.History, files, a); !errors.Is(err, lake.ErrUnreachable) {
		t.Errorf("commit to a locked catalog = %v, want ErrUnreachable", err)
	}
	time.AfterFunc(100*time.Millisecond, func() { lock.Rollback() })
	if err := l.Commit(t.Context(), dataset, lake.History, files, a); err != nil {
		t.Errorf("commit while the lock goes: %v", err)
	}
	checkLanded(t, l, 1, 1)
}
