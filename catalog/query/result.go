package query

import (
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

// Result is the rows of a query, read batch by batch. It is not for concurrent use.
type Result struct {
	session   *session
	stream    *stream
	zone      *time.Location
	explain   bool // one text that is laid out already, not a table
	max       int64
	rows      int64
	truncated bool
	batch     arrow.RecordBatch
	err       error

	cancel func() // ends the query
	end    func() // tells the engine
	once   sync.Once
}

// Schema names and types the columns, as DuckDB gives them. Two columns may have the same name.
func (r *Result) Schema() *arrow.Schema { return r.stream.schema }

// Next moves to the next batch and tells whether there is one. At its first false, [Result.Err]
// says whether all rows were read.
func (r *Result) Next() bool {
	r.release()
	if r.err != nil || r.truncated || r.stream == nil {
		return false
	}
	if !r.stream.next() {
		r.err = translate(r.stream.err)
		return false
	}
	r.batch = r.stream.batch
	r.batch.Retain()
	if left := r.max - r.rows; r.max > 0 && r.batch.NumRows() > left {
		r.truncated = true
		r.release()
		if left == 0 {
			return false
		}
		r.batch = r.stream.batch.NewSlice(0, left)
	}
	r.rows += r.batch.NumRows()
	return true
}

// Batch is the current batch. It is valid until the next call of Next or Close; retain it to keep it.
func (r *Result) Batch() arrow.RecordBatch { return r.batch }

// Rows is the number of rows read so far.
func (r *Result) Rows() int64 { return r.rows }

// Truncated tells whether the query had more rows than the engine's MaxRows, so that the result
// stops early.
func (r *Result) Truncated() bool { return r.truncated }

// Err is the fault that ended the rows, an [*Error], or nil when all were read.
func (r *Result) Err() error { return r.err }

// Close ends the query, read to its end or not, and frees it. It may be called again.
func (r *Result) Close() {
	r.once.Do(func() {
		r.release()
		r.cancel()
		if r.stream != nil {
			r.stream.close()
		}
		if r.session != nil {
			r.session.close()
		}
		r.end()
	})
}

func (r *Result) release() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}
