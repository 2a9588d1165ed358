package lake

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2"
)

// engine is a DuckDB of this process for folds and counts. What does not fit its memory goes to a
// folder of its own: two processes that shared one would overwrite each other's spills.
type engine struct {
	db    *sql.DB
	spill *spill
}

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
	settings := fmt.Sprintf(`SET memory_limit = '%dB'; SET threads = %d; SET temp_directory = %s;
		SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false`,
		l.opts.Memory, l.opts.Threads, literal(spill.dir))
	connector, err := duckdb.NewConnector("", func(e driver.ExecerContext) error {
		_, err := e.ExecContext(context.Background(), settings, nil)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open duckdb: %w", err), spill.close())
	}
	l.duck = &engine{db: sql.OpenDB(connector), spill: spill}
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
