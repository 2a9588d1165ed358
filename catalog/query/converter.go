//go:build duckdb_arrow

package query

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2/arrowmapping"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// converter turns DuckDB's chunks into Arrow record batches.
type converter struct {
	options arrowmapping.ArrowOptions
}

// newConverter prepares the conversion of a result. On success, close frees what it holds.
func newConverter(result *mapping.Result) (converter, *arrow.Schema, error) {
	c := converter{options: arrowmapping.ResultGetArrowOptions(result)}
	n := mapping.ColumnCount(result)
	names, types := make([]string, n), make([]mapping.LogicalType, n)
	for i := range n {
		names[i] = mapping.ColumnName(result, i)
		types[i] = mapping.ColumnLogicalType(result, i)
	}
	schema, data := arrowmapping.NewArrowSchema(c.options, types, names)
	for i := range types {
		mapping.DestroyLogicalType(&types[i])
	}
	if err := errorOf(data); err != nil {
		c.close()
		return converter{}, nil, fmt.Errorf("arrow schema of result: %w", err)
	}
	return c, schema, nil
}

// batch converts one chunk. The caller releases the batch.
func (c *converter) batch(schema *arrow.Schema, chunk mapping.DataChunk) (arrow.RecordBatch, error) {
	b, data := arrowmapping.DataChunkToArrowArray(c.options, schema, chunk)
	if err := errorOf(data); err != nil {
		return nil, fmt.Errorf("arrow batch of result: %w", err)
	}
	return b, nil
}

func (c *converter) close() {
	if c.options.Ptr != nil {
		arrowmapping.DestroyArrowOptions(&c.options)
	}
}

// errorOf takes the error out of data, which it frees.
func errorOf(data mapping.ErrorData) error {
	defer mapping.DestroyErrorData(&data)
	if data.Ptr == nil || !mapping.ErrorDataHasError(data) {
		return nil
	}
	return &duckError{mapping.ErrorDataMessage(data)}
}
