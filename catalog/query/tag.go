//go:build !duckdb_arrow

package query

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// DuckDB's Arrow interface is only compiled with the build tag duckdb_arrow. Without the tag the
// compiler stops at the undefined name below, which says what to do.
var _ = build_with_tags_duckdb_arrow

type converter struct{}

func newConverter(*mapping.Result) (converter, *arrow.Schema, error) {
	return converter{}, nil, nil
}

func (*converter) batch(*arrow.Schema, mapping.DataChunk) (arrow.RecordBatch, error) {
	return nil, nil
}

func (*converter) close() {}
