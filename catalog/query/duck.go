package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// interruptEvery is how often a session is told again to stop. DuckDB forgets an interrupt that
// arrives between two of its tasks, so once is not enough.
const interruptEvery = 20 * time.Millisecond

// instance is one in-memory DuckDB.
//
// It stands on duckdb-go's mapping of the C interface and not on its database/sql driver, because
// the driver collects the whole result in memory before the first row and outside memory_limit:
// 20 million rows took 1.2 GB under a limit of 300 MB. Here results are streamed.
type instance struct {
	db mapping.Database
}

// newInstance opens a DuckDB with options that can only be given at the start.
func newInstance(options map[string]string) (*instance, error) {
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return nil, errors.New("create duckdb configuration")
	}
	defer mapping.DestroyConfig(&config)
	for name, value := range options {
		if mapping.SetConfig(config, name, value) == mapping.StateError {
			return nil, fmt.Errorf("duckdb does not accept %s = %q", name, value)
		}
	}
	in := &instance{}
	var message string
	if mapping.OpenExt(":memory:", &in.db, config, &message) == mapping.StateError {
		mapping.Close(&in.db)
		return nil, fmt.Errorf("open duckdb: %s", message)
	}
	return in, nil
}

// close frees the instance. Its sessions must be closed before.
func (in *instance) close() { mapping.Close(&in.db) }

// connect opens a session.
func (in *instance) connect() (*session, error) {
	s := &session{}
	if mapping.Connect(in.db, &s.conn) == mapping.StateError {
		return nil, errors.New("connect to duckdb")
	}
	return s, nil
}

// session is one connection. It runs one statement at a time.
type session struct {
	conn mapping.Connection
}

// close ends the session. Streams of it must be closed before.
func (s *session) close() { mapping.Disconnect(&s.conn) }

// watch interrupts the session from the end of ctx until the returned function is called, which
// waits for the watcher to be gone.
func (s *session) watch(ctx context.Context) func() {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		for {
			mapping.Interrupt(s.conn)
			select {
			case <-done:
				return
			case <-time.After(interruptEvery):
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-ended })
}

// statement types that a session runs.
var (
	typeSelect  = []mapping.StatementType{mapping.StatementTypeSelect}
	typeExplain = []mapping.StatementType{mapping.StatementTypeExplain}
	typeAny     []mapping.StatementType
)

// query starts exactly one statement, whose type must be among types when any are given, with text
// arguments, and returns its result as a stream. Ending ctx interrupts the statement and the stream.
func (s *session) query(ctx context.Context, types []mapping.StatementType, sql string, args ...string) (*stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st := &stream{ended: ctx.Err, stop: s.watch(ctx)}
	if err := st.start(s, types, sql, args); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

// exec runs one of our own statements to its end.
func (s *session) exec(ctx context.Context, sql string) error {
	st, err := s.query(ctx, typeAny, sql)
	if err != nil {
		return err
	}
	defer st.close()
	for st.next() {
	}
	return st.err
}

// texts reads the result of one of our own statements, whose columns must all be text.
func (s *session) texts(ctx context.Context, sql string, args ...string) ([][]string, error) {
	st, err := s.query(ctx, typeAny, sql, args...)
	if err != nil {
		return nil, err
	}
	defer st.close()
	var rows [][]string
	for st.next() {
		for i := range int(st.batch.NumRows()) {
			row := make([]string, st.batch.NumCols())
			for c, col := range st.batch.Columns() {
				row[c] = strings.Clone(col.(*array.String).Value(i)) // the batch's memory is DuckDB's
			}
			rows = append(rows, row)
		}
	}
	return rows, st.err
}

// stream is the result of a running statement, a few thousand rows at a time.
type stream struct {
	ended   func() error // the context's Err
	stop    func()
	stmt    mapping.PreparedStatement
	result  mapping.Result
	started bool
	convert converter
	schema  *arrow.Schema
	batch   arrow.RecordBatch
	err     error
}

func (st *stream) start(s *session, types []mapping.StatementType, sql string, args []string) error {
	if err := st.prepare(s, types, sql); err != nil {
		return err
	}
	for i, a := range args {
		if mapping.BindVarchar(st.stmt, mapping.IdxT(i+1), a) == mapping.StateError {
			return fmt.Errorf("bind argument %d", i+1)
		}
	}
	var pending mapping.PendingResult
	defer func() { mapping.DestroyPending(&pending) }()
	// Deprecated in the C interface together with the distinction it makes, but without a
	// successor, and still in DuckDB 2.0: the only way to a result that is not collected first.
	if bindings.PendingPreparedStreaming(st.stmt, &pending) == mapping.StateError {
		return st.fault(mapping.PendingError(pending))
	}
	st.started = true
	if mapping.ExecutePending(pending, &st.result) == mapping.StateError {
		return st.resultFault()
	}
	var err error
	st.convert, st.schema, err = newConverter(&st.result)
	return err
}

func (st *stream) prepare(s *session, types []mapping.StatementType, sql string) error {
	var extracted mapping.ExtractedStatements
	count := mapping.ExtractStatements(s.conn, sql, &extracted)
	defer mapping.DestroyExtracted(&extracted)
	if message := mapping.ExtractStatementsError(extracted); message != "" {
		return st.fault(message)
	}
	if count != 1 {
		return fmt.Errorf("%d statements where one is expected", count)
	}
	if mapping.PrepareExtractedStatement(s.conn, extracted, 0, &st.stmt) == mapping.StateError {
		return st.fault(mapping.PrepareError(st.stmt))
	}
	if t := mapping.PreparedStatementType(st.stmt); types != nil && !slices.Contains(types, t) {
		return fmt.Errorf("statement of type %d where %v is expected", t, types)
	}
	return nil
}

// next moves to the next batch, which is valid until the call after. It returns false at the end
// and on a fault, which err then holds.
func (st *stream) next() bool {
	if st.batch != nil {
		st.batch.Release()
		st.batch = nil
	}
	if st.err != nil {
		return false
	}
	chunk := mapping.FetchChunk(st.result)
	if chunk.Ptr == nil {
		st.err = st.resultFault()
		return false
	}
	defer mapping.DestroyDataChunk(&chunk)
	st.batch, st.err = st.convert.batch(st.schema, chunk)
	return st.err == nil
}

// close ends the statement, finished or not, and frees the result.
func (st *stream) close() {
	if st.batch != nil {
		st.batch.Release()
		st.batch = nil
	}
	st.convert.close()
	if st.started {
		mapping.DestroyResult(&st.result)
		st.started = false
	}
	mapping.DestroyPrepare(&st.stmt)
	st.stop()
}

func (st *stream) resultFault() error {
	message := mapping.ResultError(&st.result)
	if message == "" {
		return st.ended()
	}
	return st.fault(message)
}

// fault prefers the end of the context, which DuckDB reports as one of several faults.
func (st *stream) fault(message string) error {
	if err := st.ended(); err != nil {
		return err
	}
	return &duckError{message}
}
