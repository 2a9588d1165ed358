package lake_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/schemas"
	"satudata/transform/lake"
)

const dataset = "bencana.kejadian_banjir"

func open(t testing.TB, dir string) *lake.Lake {
	t.Helper()
	l, err := lake.Open(t.Context(), dir, withCatalog(t, dir, lake.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func field(name string, k schemas.Kind) schemas.Field {
	return schemas.Field{Name: name, Type: schemas.Type{Kind: k}}
}

func decimal(name string, precision, scale int) schemas.Field {
	return schemas.Field{Name: name, Type: schemas.Type{Kind: schemas.Decimal, Precision: precision, Scale: scale}}
}

// arrowType is the Arrow type in which normalize delivers a field.
func arrowType(t schemas.Type) arrow.DataType {
	switch t.Kind {
	case schemas.String:
		return arrow.BinaryTypes.String
	case schemas.Integer:
		return arrow.PrimitiveTypes.Int64
	case schemas.Double:
		return arrow.PrimitiveTypes.Float64
	case schemas.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	}
	return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
}

// record builds a record batch from rows of plain Go values, nil for none.
func record(t testing.TB, mem memory.Allocator, fields []schemas.Field, rows ...[]any) arrow.RecordBatch {
	t.Helper()
	var cols []arrow.Field
	for _, f := range fields {
		cols = append(cols, arrow.Field{Name: f.Name, Type: arrowType(f.Type), Nullable: true})
	}
	b := array.NewRecordBuilder(mem, arrow.NewSchema(cols, nil))
	defer b.Release()
	for _, row := range rows {
		for i, v := range row {
			switch to := b.Field(i).(type) {
			case *array.StringBuilder:
				appendTo(to.AppendNull, to.Append, v)
			case *array.Int64Builder:
				appendTo(to.AppendNull, to.Append, v)
			case *array.Float64Builder:
				appendTo(to.AppendNull, to.Append, v)
			case *array.BooleanBuilder:
				appendTo(to.AppendNull, to.Append, v)
			case *array.Date32Builder:
				appendTo(to.AppendNull, to.Append, v)
			case *array.TimestampBuilder:
				appendTo(to.AppendNull, to.Append, v)
			case *array.Decimal128Builder:
				appendTo(to.AppendNull, to.Append, v)
			}
		}
	}
	return b.NewRecordBatch()
}

func appendTo[T any](null func(), value func(T), v any) {
	if v == nil {
		null()
	} else {
		value(v.(T))
	}
}

// numbers are n row numbers from first.
func numbers(first int64, n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = first + int64(i)
	}
	return out
}

// land writes one record batch as one batch of partition 0, from offset to offset+1.
func land(t testing.TB, l *lake.Lake, offset int64, o lake.Origin, rec arrow.RecordBatch) {
	t.Helper()
	defer rec.Release()
	batch := fmt.Sprintf("0|%d", offset)
	files := write(t, l, batch, o, rec)
	err := l.Commit(t.Context(), dataset, lake.History, files, lake.Advance{
		Batch: batch, From: offset, To: offset + 1, Streams: map[string]int64{"/opd/bpbd/banjir#0": offset + 1},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, l *lake.Lake, batch string, o lake.Origin, rec arrow.RecordBatch) []lake.DataFile {
	t.Helper()
	w, err := l.NewWriter(t.Context(), dataset, lake.History, batch)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.Write(rec, o, lake.Rows{Row: numbers(0, rec.NumRows()), SourceRow: numbers(2, rec.NumRows())}); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// origin is the origin of chunk n of a delivery.
func origin(delivery uuid.UUID, n int) lake.Origin {
	return lake.Origin{Event: eventID(n), Delivery: delivery, OPD: "bpbd", Recorded: time.UnixMicro(1_700_000_000_123_456)}
}

// eventID is the nth of increasing event ids.
func eventID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01890000-0000-7000-8000-%012x", n))
}

// deliveryID is an id for delivery n, in no order.
func deliveryID(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)) }

// view runs the SQL of a view and returns its rows as text.
func view(t testing.TB, l *lake.Lake, name string, published []lake.Publication, asOf lake.AsOf, query string) [][]string {
	t.Helper()
	views, err := l.Views(t.Context(), dataset, published, asOf)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		if v.Name == name {
			return rows(t, strings.Replace(query, "%s", "("+v.SQL+")", 1))
		}
	}
	t.Fatalf("no view %s", name)
	return nil
}

// rows runs a query in a DuckDB of its own.
func rows(t testing.TB, query string) [][]string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(context.Background(), "SET TimeZone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	rs, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rs.Close()
	names, err := rs.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rs.Next() {
		values := make([]any, len(names))
		ptrs := make([]any, len(names))
		for i := range values {
			ptrs[i] = &values[i]
		}
		if err := rs.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = fmt.Sprint(v)
		}
		out = append(out, row)
	}
	if err := rs.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

var everyType = []schemas.Field{
	field("kode", schemas.String), field("jumlah", schemas.Integer), field("luas", schemas.Double),
	decimal("kecil", 9, 2), decimal("sedang", 18, 2), decimal("besar", 38, 4),
	field("aktif", schemas.Boolean), field("tanggal", schemas.Date), field("waktu", schemas.Timestamp),
}

func TestRoundTrip(t *testing.T) {
	l := open(t, t.TempDir())
	if err := l.Ensure(t.Context(), dataset, everyType, []int{0}); err != nil {
		t.Fatal(err)
	}
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	big, _ := decimal128.FromString("-12345678901234567890123456.7891", 38, 4)
	rec := record(t, mem, everyType,
		[]any{"32.73", int64(7), 1.5, decimal128.FromI64(-150), decimal128.FromI64(123456789012), big, true, arrow.Date32(19723), arrow.Timestamp(1_700_000_000_123_456)},
		[]any{"32.74", nil, nil, nil, nil, nil, nil, nil, nil},
		[]any{"", int64(-1), -0.5, decimal128.FromI64(0), decimal128.FromI64(-1), decimal128.FromI64(5), false, arrow.Date32(-1), arrow.Timestamp(-1)})
	d := deliveryID(1)
	land(t, l, 0, origin(d, 1), rec)

	want := [][]string{
		{"", "-1", "-0.5", "0.00", "-0.01", "0.0005", "false", "1969-12-31", "1969-12-31 23:59:59.999999+00"},
		{"32.73", "7", "1.5", "-1.50", "1234567890.12", "-12345678901234567890123456.7891", "true", "2024-01-01", "2023-11-14 22:13:20.123456+00"},
		{"32.74", "<nil>", "<nil>", "<nil>", "<nil>", "<nil>", "<nil>", "<nil>", "<nil>"},
	}
	published := []lake.Publication{{Delivery: d, FirstID: eventID(1)}}
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT kode, jumlah, luas, kecil::VARCHAR, sedang::VARCHAR, besar::VARCHAR, aktif, tanggal::VARCHAR, waktu::VARCHAR FROM %s ORDER BY kode")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("current state (-want +got):\n%s", diff)
	}
	got = view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, "SELECT kode, _peristiwa, _baris, _pengiriman, _baris_sumber, _opd, _dicatat::VARCHAR, _hapus FROM %s ORDER BY _baris LIMIT 2")
	want = [][]string{
		{"32.73", eventID(1).String(), "0", d.String(), "2", "bpbd", "2023-11-14 22:13:20.123456+00", "false"},
		{"32.74", eventID(1).String(), "1", d.String(), "3", "bpbd", "2023-11-14 22:13:20.123456+00", "false"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}
