package lake

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2"
)

// engine is a DuckDB of this process for folds and counts. What does not fit its memory goes to a
// folder of its own: two processes that shared one would overwrite each other's spills.
type engine struct {
	db    *sql.DB
	spill *spill
}

// threadMemory is the memory that a thread of DuckDB needs to work, and to spill what it cannot hold.
const threadMemory = 64 << 20

func (l *Lake) engine() (*engine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.duck != nil {
		return l.duck, nil
	}
	parent, err := l.SpillDir()
	if err != nil {
		return nil, err
	}
	spill, err := newSpill(parent)
	if err != nil {
		return nil, err
	}
	threads := max(1, min(int64(l.opts.Threads), l.opts.Memory/threadMemory))
	settings := fmt.Sprintf(`SET memory_limit = '%dB'; SET threads = %d; SET temp_directory = %s; SET allocator_background_threads = true;
		SET autoinstall_known_extensions = false; SET autoload_known_extensions = false`, l.opts.Memory, threads, literal(spill.dir))
	var once sync.Once // the folder cannot be named again once something was spilled there
	connector, err := duckdb.NewConnector("", func(e driver.ExecerContext) (err error) {
		once.Do(func() { _, err = e.ExecContext(context.Background(), settings, nil) })
		if err == nil {
			_, err = e.ExecContext(context.Background(), "SET TimeZone = 'UTC'", nil) // of a connection
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open duckdb: %w", err), spill.close())
	}
	e := &engine{db: sql.OpenDB(connector), spill: spill}
	if err := e.db.Ping(); err != nil { // with the first connection
		return nil, errors.Join(fmt.Errorf("set up duckdb: %w", err), e.close())
	}
	l.duck = e
	return l.duck, nil
}

func (e *engine) close() error { return errors.Join(e.db.Close(), e.spill.close()) }

// arrowRows runs a query on a connection and calls use with each batch of its result. The result is
// held in memory, so the query must be small.
func arrowRows(ctx context.Context, conn *sql.Conn, query string, use func(arrow.RecordBatch) error) error {
	return conn.Raw(func(c any) error {
		a, err := duckdb.NewArrowFromConn(c.(driver.Conn))
		if err != nil {
			return err
		}
		rows, err := a.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Release()
		for rows.Next() {
			if err := use(rows.RecordBatch()); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
