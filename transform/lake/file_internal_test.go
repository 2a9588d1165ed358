package lake

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/parquet-go/parquet-go"

	"satudata/schemas"
)

// testColumn is a column of random values: what goes in, and as which text each comes out.
type testColumn struct {
	typ     schemas.Type
	repeats bool
	make    func(r *rand.Rand, b array.Builder) string // appends one value
	text    func(v parquet.Value) string
}

func text(v parquet.Value) string { return string(v.ByteArray()) }

// hexOf writes the bytes of a decimal.
func hexOf(v parquet.Value) string { return fmt.Sprintf("%x", v.ByteArray()) }

func ints(typ schemas.Type, value func(*rand.Rand) int64) testColumn {
	return testColumn{
		typ: typ,
		make: func(r *rand.Rand, b array.Builder) string {
			n := value(r)
			switch b := b.(type) {
			case *array.Int64Builder:
				b.Append(n)
			case *array.TimestampBuilder:
				b.Append(arrow.Timestamp(n))
			case *array.Date32Builder:
				b.Append(arrow.Date32(n))
			case *array.Decimal128Builder:
				b.Append(decimal128.FromI64(n))
			}
			return fmt.Sprint(n)
		},
		text: func(v parquet.Value) string {
			if v.Kind() == parquet.Int32 {
				return fmt.Sprint(v.Int32())
			}
			return fmt.Sprint(v.Int64())
		},
	}
}

func strs(repeats bool, value func(*rand.Rand) string) testColumn {
	return testColumn{
		typ: schemas.Type{Kind: schemas.String}, repeats: repeats, text: text,
		make: func(r *rand.Rand, b array.Builder) string {
			s := value(r)
			switch b := b.(type) {
			case *array.StringBuilder:
				b.Append(s)
			case *array.BinaryDictionaryBuilder:
				if err := b.AppendString(s); err != nil {
					panic(err)
				}
			}
			return s
		},
	}
}

// testColumns cover every physical form.
func testColumns() []testColumn {
	small := schemas.Type{Kind: schemas.Decimal, Precision: 9, Scale: 2}
	middle := schemas.Type{Kind: schemas.Decimal, Precision: 18, Scale: 2}
	return []testColumn{
		ints(schemas.Type{Kind: schemas.Integer}, func(r *rand.Rand) int64 { return r.Int64() - r.Int64() }),
		ints(schemas.Type{Kind: schemas.Integer}, func(r *rand.Rand) int64 { return r.Int64N(3) }),
		ints(schemas.Type{Kind: schemas.Timestamp}, func(r *rand.Rand) int64 { return r.Int64N(1e15) - 5e14 }),
		ints(schemas.Type{Kind: schemas.Date}, func(r *rand.Rand) int64 { return r.Int64N(40_000) - 20_000 }),
		ints(small, func(r *rand.Rand) int64 { return r.Int64N(2e9-1) - 1e9 + 1 }),
		ints(middle, func(r *rand.Rand) int64 { return r.Int64N(2e18-1) - 1e18 + 1 }),
		{
			typ: schemas.Type{Kind: schemas.Decimal, Precision: 30}, text: hexOf,
			make: func(r *rand.Rand, b array.Builder) string {
				n := decimal128.New(r.Int64N(1<<30)-1<<29, r.Uint64())
				b.(*array.Decimal128Builder).Append(n)
				return fmt.Sprintf("%x", appendDecimal(nil, n, 13))
			},
		},
		{
			typ: schemas.Type{Kind: schemas.Double},
			make: func(r *rand.Rand, b array.Builder) string {
				v := []float64{r.NormFloat64(), 0, math.Copysign(0, -1), math.Inf(1), math.NaN()}[r.IntN(5)]
				b.(*array.Float64Builder).Append(v)
				return fmt.Sprint(math.Float64bits(v))
			},
			text: func(v parquet.Value) string { return fmt.Sprint(math.Float64bits(v.Double())) },
		},
		{
			typ: schemas.Type{Kind: schemas.Boolean},
			make: func(r *rand.Rand, b array.Builder) string {
				v := r.IntN(3) == 0
				b.(*array.BooleanBuilder).Append(v)
				return fmt.Sprint(v)
			},
			text: func(v parquet.Value) string { return fmt.Sprint(v.Boolean()) },
		},
		strs(true, func(r *rand.Rand) string { return []string{"", "a", "bb", "kabupaten"}[r.IntN(4)] }),
		strs(false, func(r *rand.Rand) string { return strings.Repeat("x", r.IntN(30)) + fmt.Sprint(r.Int64()) }),
		strs(true, func(r *rand.Rand) string { return strings.Repeat("y", 200) + fmt.Sprint(r.Int64()) }), // its dictionary grows too large
	}
}

func builderOf(c testColumn, dictionary bool) array.Builder {
	types := map[schemas.Kind]arrow.DataType{
		schemas.String: arrow.BinaryTypes.String, schemas.Integer: arrow.PrimitiveTypes.Int64,
		schemas.Double: arrow.PrimitiveTypes.Float64, schemas.Boolean: arrow.FixedWidthTypes.Boolean,
		schemas.Date: arrow.FixedWidthTypes.Date32, schemas.Timestamp: arrow.FixedWidthTypes.Timestamp_us,
		schemas.Decimal: &arrow.Decimal128Type{Precision: int32(c.typ.Precision), Scale: int32(c.typ.Scale)},
	}
	t := types[c.typ.Kind]
	if dictionary && c.typ.Kind == schemas.String {
		t = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: t}
	}
	return array.NewBuilder(memory.DefaultAllocator, t)
}

// TestFileRoundTrip writes random columns, with no, some or only nulls, selections and dictionaries,
// and reads them back with DuckDB and with parquet-go, which checks sizes, encodings and checksums as
// it goes; then it holds page indexes, statistics and Bloom filters against the values.
func TestFileRoundTrip(t *testing.T) {
	packer, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 3))
		columns := testColumns()
		var out bytes.Buffer
		f := &fileWriter{to: &out}
		for i, c := range columns {
			field := iceberg.NestedField{ID: i + 1, Name: fmt.Sprint("c", i), Required: seed == 0}
			w := f.addColumn(field, c.typ, packer, c.repeats)
			w.filter = true
		}
		want := make([][]string, len(columns))
		var groups []int
		for range 3 {
			for range 1 + r.IntN(3) {
				n := 1 + r.IntN(9000)
				writeRandom(t, f, r, columns, want, n, seed)
			}
			groups = append(groups, f.rows)
			if err := f.endGroup(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.close(); err != nil {
			t.Fatal(err)
		}
		if int64(out.Len()) != f.at {
			t.Errorf("wrote %d bytes, counted %d", out.Len(), f.at)
		}
		checkFile(t, out.Bytes(), columns, want, groups)
		checkDuckDB(t, out.Bytes(), columns, want)
	}
}

// writeRandom writes n rows, or those of them that it selects, and notes what it wrote.
func writeRandom(t *testing.T, f *fileWriter, r *rand.Rand, columns []testColumn, want [][]string, n int, seed uint64) {
	t.Helper()
	s := span{n: n}
	if r.IntN(2) == 0 {
		for i := range n {
			if r.IntN(4) > 0 {
				s.sel = append(s.sel, int32(i))
			}
		}
		s.n = len(s.sel)
	}
	for i, c := range columns {
		b := builderOf(c, r.IntN(2) == 0)
		all := make([]string, n)
		for k := range n {
			if seed == 1 || seed > 0 && r.IntN(1+int(seed)) == 0 {
				b.AppendNull()
				all[k] = "null"
			} else {
				all[k] = c.make(r, b)
			}
		}
		a := b.NewArray()
		if err := f.columns[i].write(a, s); err != nil {
			t.Fatal(err)
		}
		a.Release()
		b.Release()
		for k := range s.n {
			want[i] = append(want[i], all[s.at(k)])
		}
	}
	f.rows += s.n
}

func checkFile(t *testing.T, data []byte, columns []testColumn, want [][]string, groups []int) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range columns {
		at := 0
		for g, group := range file.RowGroups() {
			chunk := group.ColumnChunks()[i]
			got := readChunk(t, chunk, c)
			if len(got) != groups[g] {
				t.Fatalf("column %d group %d has %d rows, want %d", i, g, len(got), groups[g])
			}
			for k, v := range got {
				if v != want[i][at+k] {
					t.Fatalf("column %d row %d is %q, want %q", i, at+k, v, want[i][at+k])
				}
			}
			at += len(got)
			checkIndexes(t, file, g, i, c, chunk)
		}
	}
}

// checkDuckDB compares how many values DuckDB finds in each column, and how many different ones.
func checkDuckDB(t *testing.T, data []byte, columns []testColumn, want [][]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, c := range columns {
		distinct := map[string]bool{}
		n := 0
		for _, v := range want[i] {
			if v != "null" {
				n++
				distinct[v] = true
			}
		}
		var rows, values, different int
		q := fmt.Sprintf("SELECT count(*), count(c%[1]d), count(DISTINCT c%[1]d) FROM read_parquet('%[2]s')", i, path)
		if err := db.QueryRowContext(t.Context(), q).Scan(&rows, &values, &different); err != nil {
			t.Fatalf("column %d: %v", i, err)
		}
		if c.typ.Kind == schemas.Double { // two zeros are one value to DuckDB
			different = len(distinct)
		}
		if rows != len(want[i]) || values != n || different != len(distinct) {
			t.Errorf("column %d: DuckDB sees %d rows, %d values, %d different; want %d, %d, %d", i, rows, values, different, len(want[i]), n, len(distinct))
		}
	}
}

func readChunk(t *testing.T, chunk parquet.ColumnChunk, c testColumn) []string {
	t.Helper()
	var out []string
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		values := make([]parquet.Value, page.NumValues())
		if n, err := page.Values().ReadValues(values); n != len(values) {
			t.Fatalf("read %d of %d values: %v", n, len(values), err)
		}
		for _, v := range values {
			if v.IsNull() {
				out = append(out, "null")
			} else {
				out = append(out, c.text(v))
			}
		}
		parquet.Release(page)
	}
}

// checkIndexes compares each page's entry in the indexes, the statistics of the row group and its
// Bloom filter with the values.
func checkIndexes(t *testing.T, file *parquet.File, group, column int, c testColumn, chunk parquet.ColumnChunk) {
	t.Helper()
	index, err := chunk.ColumnIndex()
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		t.Fatal(err)
	}
	stats := file.Metadata().RowGroups[group].Columns[column].MetaData.Statistics
	nulls, rows := int64(0), int64(0)
	pages := chunk.Pages()
	defer pages.Close()
	for p := range index.NumPages() {
		page, err := pages.ReadPage()
		if err != nil {
			t.Fatal(err)
		}
		if offsets.FirstRowIndex(p) != rows || index.NullCount(p) != page.NumNulls() {
			t.Errorf("column %d page %d begins at %d with %d nulls, index says %d and %d", column, p, rows, page.NumNulls(), offsets.FirstRowIndex(p), index.NullCount(p))
		}
		nulls, rows = nulls+page.NumNulls(), rows+page.NumRows()
		values := make([]parquet.Value, page.NumValues())
		page.Values().ReadValues(values)
		for _, v := range values {
			if v.IsNull() || v.Kind() == parquet.Double && math.IsNaN(v.Double()) {
				continue
			}
			plain := v.AppendBytes(nil)
			if low, high := index.MinValue(p).Bytes(), index.MaxValue(p).Bytes(); compare(c.typ, plain, low) < 0 || compare(c.typ, plain, high) > 0 {
				t.Fatalf("column %d page %d holds %x, index says %x to %x", column, p, plain, low, high)
			}
			if compare(c.typ, plain, stats.MinValue) < 0 || compare(c.typ, plain, stats.MaxValue) > 0 {
				t.Fatalf("column %d group %d holds %x, statistics say %x to %x", column, group, plain, stats.MinValue, stats.MaxValue)
			}
			if filter := chunk.BloomFilter(); filter != nil {
				if ok, err := filter.Check(v); !ok || err != nil {
					t.Fatalf("column %d: filter has not %v: %v", column, v, err)
				}
			} else if c.typ.Kind != schemas.Boolean {
				t.Fatalf("column %d has no filter", column)
			}
		}
		parquet.Release(page)
	}
	if stats.NullCount != nulls {
		t.Errorf("column %d group %d has %d nulls, statistics say %d", column, group, nulls, stats.NullCount)
	}
}
