package faults

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to lock the catalog

	"satudata/transform/lake/pgtest"
)

// small makes a landing of many small batches of small chunks.
const small = "log: {kind: embedded, chunkBytes: 8192}\nlake: {batchBytes: 32768, foldShare: 0, %s}\n"

// withPostgres is the configuration of a workspace whose table catalog is at addr.
func withPostgres(s *pgtest.Server, addr string) string {
	url := strings.Replace(s.URL(), s.Addr(), addr, 1)
	return fmt.Sprintf(small, fmt.Sprintf("catalog: {kind: postgres, url: %q, password: %s}", url, pgtest.Password))
}

// TestLostAnswersOfTheCatalog lands while every other change of the catalog goes unanswered, some done
// and some not. No command may fail.
func TestLostAnswersOfTheCatalog(t *testing.T) {
	server := pgtest.Start(t)
	proxy := pgtest.NewProxy(t, server.Addr(), func(int) pgtest.Fate { return pgtest.Fate(rand.N(6) % 4) })
	o := newOffice(t, withPostgres(server, proxy.Addr()), 1)
	for i := range times(3, 40) {
		o.deliver(0, i*2000+1, (i+1)*2000+1)
		o.must("land", "--once")
	}
	o.check()
	t.Logf("%d changes of the catalog", proxy.Changes())
}

// TestCatalogRestarts shuts down and crashes the server of the catalog while a worker lands. The
// worker must go on by itself.
func TestCatalogRestarts(t *testing.T) {
	server := pgtest.Start(t)
	o := newOffice(t, withPostgres(server, server.Addr()), 1)
	rows := times(20_000, 300_000)
	o.deliver(0, 1, rows+1)
	worker := o.start("land").running()
	restarts := 0
	for ; restarts == 0 || o.landed() < rows-rows/100; restarts++ {
		time.Sleep(rand.N(600 * time.Millisecond))
		server.Stop([]string{"fast", "immediate"}[restarts%2])
		time.Sleep(rand.N(300 * time.Millisecond))
		server.Run()
		worker.alive()
	}
	worker.end()
	o.must("land", "--once")
	o.check()
	t.Logf("%d restarts", restarts)
}

// TestCatalogGone asks for a landing while the server is down: it must say so, in both languages, and
// what there is to do.
func TestCatalogGone(t *testing.T) {
	server := pgtest.Start(t)
	o := newOffice(t, withPostgres(server, server.Addr()), 1)
	o.deliver(0, 1, 101)
	server.Stop("fast")
	r := o.run("land", "--once")
	if r.code != 6 || !strings.Contains(r.stderr, "katalog tabel") || !strings.Contains(r.stderr, "table catalog") || strings.Contains(r.stderr, pgtest.Password) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	server.Run()
	o.must("land", "--once")
	o.check()
}

// TestCatalogLocked holds the lock of the SQLite catalog while a worker lands, in the long form for
// longer than the worker is patient.
func TestCatalogLocked(t *testing.T) {
	o := newOffice(t, fmt.Sprintf(small, "pollEvery: 50ms"), 1)
	rows := times(8_000, 60_000)
	o.deliver(0, 1, rows+1)
	worker := o.start("land")
	for o.landed() == 0 {
		time.Sleep(20 * time.Millisecond)
		worker.alive()
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(o.dir, "lake", "catalog.db")+"?_txlock=immediate&_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range times(3, 10) {
		lock, err := db.BeginTx(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		pause := rand.N(time.Second)
		if full() && i == 0 {
			pause = time.Minute
		}
		time.Sleep(pause)
		if err := lock.Rollback(); err != nil {
			t.Fatal(err)
		}
		worker.alive()
	}
	for o.landed() < rows-rows/100 {
		time.Sleep(50 * time.Millisecond)
		worker.alive()
	}
	worker.end()
	o.must("land", "--once")
	o.check()
}

// landed is how many rows the history holds, as others see it while a worker runs.
func (o *office) landed() int {
	o.t.Helper()
	r := o.run("query", "SELECT count(*) FROM "+dataset+"_riwayat", "--format", "csv")
	n := 0
	if _, err := fmt.Sscanf(r.stdout, "count_star()\n%d", &n); r.code != 0 || err != nil {
		return 0 // there is no table yet, or its catalog is away
	}
	return n
}

// await waits until the history holds as many rows. What came last may not be decided yet.
func (o *office) await(p *process, rows int) {
	o.t.Helper()
	p.running() // until then a query may take the log from it
	for began := time.Now(); o.landed() < rows; {
		p.alive()
		if time.Since(began) > patience {
			p.trace(fmt.Sprintf("has landed %d of %d rows", o.landed(), rows))
		}
		time.Sleep(100 * time.Millisecond)
	}
}
