package lake

import (
	"encoding/binary"
	"math"
	"math/big"
	"path/filepath"
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
)

// TestBounds writes columns over several row groups and compares what Iceberg is told with what the
// columns hold.
func TestBounds(t *testing.T) {
	l, err := Open(t.Context(), t.TempDir(), Options{RowGroupRows: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fields := []schemas.Field{
		{Name: "teks", Type: schemas.Type{Kind: schemas.String}},
		{Name: "bulat", Type: schemas.Type{Kind: schemas.Integer}},
		{Name: "pecahan", Type: schemas.Type{Kind: schemas.Double}},
		{Name: "uang", Type: schemas.Type{Kind: schemas.Decimal, Precision: 12, Scale: 2}},
		{Name: "besar", Type: schemas.Type{Kind: schemas.Decimal, Precision: 30}},
		{Name: "kosong", Type: schemas.Type{Kind: schemas.Date}},
	}
	if err := l.Ensure(t.Context(), "uji.batas", fields, nil); err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "teks", Type: arrow.BinaryTypes.String}, {Name: "bulat", Type: arrow.PrimitiveTypes.Int64},
		{Name: "pecahan", Type: arrow.PrimitiveTypes.Float64}, {Name: "uang", Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}},
		{Name: "besar", Type: &arrow.Decimal128Type{Precision: 30}},
	}, nil))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"m", strings.Repeat("é", 20), "", "b", "c"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{5, -300, 0, 70_000, 0}, []bool{true, true, false, true, false})
	b.Field(2).(*array.Float64Builder).AppendValues([]float64{1, -2.5, 3, 0, 8}, nil)
	for _, n := range []int64{100, -129, 128, 5, 300} {
		b.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(n))
		b.Field(4).(*array.Decimal128Builder).Append(decimal128.FromI64(n))
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	w, err := l.NewWriter(t.Context(), "uji.batas", History, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	five := []int64{0, 1, 2, 3, 4}
	if err := w.Write(rec, Origin{Event: uuid.New(), Recorded: time.UnixMilli(1)}, Rows{Row: five, SourceRow: five}); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	f := files[0].file
	le := func(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	want := map[int][2][]byte{
		1: {{}, []byte(strings.Repeat("é", 15) + "ê")},
		2: {le(-300), le(70_000)},
		3: {le(int64(math.Float64bits(-2.5))), le(int64(math.Float64bits(8)))},
		4: {{0xff, 0x7f}, {0x01, 0x2c}},
		5: {{0xff, 0x7f}, {0x01, 0x2c}},
	}
	for id, name := range []string{"", "teks", "bulat", "pecahan", "uang", "besar", "kosong"} {
		low, high := f.LowerBoundValues()[id], f.UpperBoundValues()[id]
		if id == 0 {
			continue
		}
		if string(low) != string(want[id][0]) || string(high) != string(want[id][1]) {
			t.Errorf("bounds of %s = %x, %x, want %x, %x", name, low, high, want[id][0], want[id][1])
		}
	}
	nulls := f.NullValueCounts()
	if diff := cmp.Diff(map[int]int64{1: 0, 2: 2, 6: 5}, map[int]int64{1: nulls[1], 2: nulls[2], 6: nulls[6]}); diff != "" {
		t.Errorf("null counts (-want +got):\n%s", diff)
	}
	if n := f.ValueCounts()[2]; n != 5 || f.Count() != 5 || len(f.SplitOffsets()) != 3 {
		t.Errorf("%d values, %d rows, row groups at %v, want 5, 5 and 3 of them", n, f.Count(), f.SplitOffsets())
	}
	if filepath.Ext(files[0].Path) != ".parquet" || f.FileSizeBytes() != files[0].Bytes {
		t.Errorf("file %s has %d bytes, Iceberg is told %d", files[0].Path, files[0].Bytes, f.FileSizeBytes())
	}
}

func TestCutHigh(t *testing.T) {
	long := strings.Repeat("a", 15)
	tests := []struct{ in, want string }{
		{"short", "short"},
		{long + "bc", long + "c"},
		{long + "\ud7ff..", long + "\ue000"},
		{long + "\U0010ffff!", long[:14] + "b"},
		{strings.Repeat("\U0010ffff", 17), ""},
		{long + "\xff\xff", ""},
	}
	for _, tt := range tests {
		if got := string(cutHigh([]byte(tt.in), boundChars)); got != tt.want {
			t.Errorf("cutHigh(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestDecimalBytes(t *testing.T) {
	for p := 1; p <= 38; p++ {
		largest := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(p)), nil)
		n := decimalBytes(p)
		if fits := new(big.Int).Lsh(big.NewInt(1), uint(8*n-1)).Cmp(largest) >= 0; !fits {
			t.Errorf("decimalBytes(%d) = %d, too few", p, n)
		}
		if p > 18 && new(big.Int).Lsh(big.NewInt(1), uint(8*n-9)).Cmp(largest) >= 0 {
			t.Errorf("decimalBytes(%d) = %d, one fewer is enough", p, n)
		}
	}
}
