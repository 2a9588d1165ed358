package query

import (
	"bufio"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// arrowWriter writes [Arrow].
type arrowWriter struct{ w *ipc.Writer }

func newArrowWriter(w *bufio.Writer, r *Result) *arrowWriter {
	return &arrowWriter{ipc.NewWriter(w, ipc.WithSchema(r.Schema()))}
}

func (a *arrowWriter) write(r *Result) error { return a.w.Write(r.Batch()) }

func (a *arrowWriter) close(*Result) error { return a.w.Close() }
