package query

import (
	"bufio"
	"encoding/binary"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// rowGroupRows is how many rows a row group of an answer has, which is what is kept in memory.
const rowGroupRows = 100_000

// parquetWriter writes [Parquet].
type parquetWriter struct {
	w      *parquet.GenericWriter[any]
	values []parquet.Value
	text   []byte // of values
	group  int    // rows in the row group so far
}

func newParquetWriter(w *bufio.Writer, r *Result) (*parquetWriter, error) {
	root := &group{}
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
		parquet.CreatedBy("satudata", "", ""),
	}
	for i, name := range uniqueNames(r) {
		typ := r.Schema().Field(i).Type
		root.fields = append(root.fields, &leaf{Node: parquet.Optional(parquetNode(typ)), name: name})
		if d, ok := typ.(*arrow.Decimal128Type); ok && d.Precision > 18 {
			// parquet-go compares such decimals as unsigned bytes: bounds would be wrong below zero.
			options = append(options, parquet.SkipPageBounds(name))
		}
	}
	return &parquetWriter{w: parquet.NewGenericWriter[any](w, append(options, parquet.NewSchema("hasil", root))...)}, nil
}

func (p *parquetWriter) write(r *Result) error {
	batch := r.Batch()
	for i, column := range p.w.ColumnWriters() {
		p.text = p.text[:0]
		p.values = p.values[:0]
		a := batch.Column(i)
		value := p.convert(a)
		for row := range a.Len() {
			if isNull(a, row) {
				p.values = append(p.values, parquet.NullValue().Level(0, 0, i))
			} else {
				p.values = append(p.values, value(row).Level(0, 1, i))
			}
		}
		if _, err := column.WriteRowValues(p.values); err != nil {
			return err
		}
	}
	if p.group += int(batch.NumRows()); p.group >= rowGroupRows {
		p.group = 0
		return p.w.Flush()
	}
	return nil
}

func (p *parquetWriter) close(*Result) error { return p.w.Close() }

// parquetNode is the Parquet type of a column of an Arrow type.
func parquetNode(t arrow.DataType) parquet.Node {
	switch t := t.(type) {
	case *arrow.BooleanType:
		return parquet.Leaf(parquet.BooleanType)
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type:
		return parquet.Int(t.(arrow.FixedWidthDataType).BitWidth())
	case *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return parquet.Uint(t.(arrow.FixedWidthDataType).BitWidth())
	case *arrow.Float32Type:
		return parquet.Leaf(parquet.FloatType)
	case *arrow.Float64Type:
		return parquet.Leaf(parquet.DoubleType)
	case *arrow.Decimal128Type:
		return decimalNode(int(t.Precision), int(t.Scale))
	case *arrow.Date32Type:
		return parquet.Date()
	case *arrow.Time64Type:
		return parquet.TimeAdjusted(timeUnit(t.Unit), false)
	case *arrow.TimestampType:
		return parquet.TimestampAdjusted(timeUnit(t.Unit), t.TimeZone != "")
	case *arrow.BinaryType:
		return parquet.Leaf(parquet.ByteArrayType)
	}
	if isNested(t) {
		return parquet.JSON()
	}
	return parquet.String()
}

func isNested(t arrow.DataType) bool {
	switch t.(type) {
	case arrow.ListLikeType, *arrow.StructType, arrow.UnionType:
		return true
	}
	return false
}

func decimalNode(precision, scale int) parquet.Node {
	switch {
	case precision <= 9:
		return parquet.Decimal(scale, precision, parquet.Int32Type)
	case precision <= 18:
		return parquet.Decimal(scale, precision, parquet.Int64Type)
	}
	return parquet.Decimal(scale, precision, parquet.FixedLenByteArrayType(arrow.Decimal128SizeBytes))
}

// timeUnit is the Parquet unit of an Arrow unit; Parquet has no seconds, see [parquetWriter.convert].
func timeUnit(u arrow.TimeUnit) parquet.TimeUnit {
	switch u {
	case arrow.Nanosecond:
		return parquet.Nanosecond
	case arrow.Microsecond:
		return parquet.Microsecond
	}
	return parquet.Millisecond
}

// convert returns how the values of a column become Parquet values. Those of texts live in p.text
// until the column is written.
func (p *parquetWriter) convert(a arrow.Array) func(row int) parquet.Value {
	switch a := a.(type) {
	case *array.Boolean:
		return func(row int) parquet.Value { return parquet.BooleanValue(a.Value(row)) }
	case *array.Int64:
		return func(row int) parquet.Value { return parquet.Int64Value(a.Value(row)) }
	case *array.Uint64:
		return func(row int) parquet.Value { return parquet.Int64Value(int64(a.Value(row))) }
	case *array.Float32:
		return func(row int) parquet.Value { return parquet.FloatValue(a.Value(row)) }
	case *array.Float64:
		return func(row int) parquet.Value { return parquet.DoubleValue(a.Value(row)) }
	case *array.Decimal128:
		return p.decimals(a)
	case *array.Date32:
		return func(row int) parquet.Value { return parquet.Int32Value(int32(a.Value(row))) }
	case *array.Time64:
		return func(row int) parquet.Value { return parquet.Int64Value(int64(a.Value(row))) }
	case *array.Timestamp:
		factor := int64(1)
		if a.DataType().(*arrow.TimestampType).Unit == arrow.Second {
			factor = 1000
		}
		return func(row int) parquet.Value { return parquet.Int64Value(int64(a.Value(row)) * factor) }
	case *array.Binary:
		return func(row int) parquet.Value { return parquet.ByteArrayValue(a.Value(row)) }
	case *array.String:
		return func(row int) parquet.Value { return p.keep(append(p.text, a.Value(row)...)) }
	}
	if small := smallIntegers(a); small != nil {
		return func(row int) parquet.Value { return parquet.Int32Value(small(row)) }
	}
	text := texts(a, nil)
	return func(row int) parquet.Value { return p.keep(text(p.text, row)) }
}

// keep makes a value of what was appended to p.text. A value made before stays where it is, also
// when the text has moved to a larger array.
func (p *parquetWriter) keep(text []byte) parquet.Value {
	from := len(p.text)
	p.text = text
	return parquet.ByteArrayValue(text[from:])
}

// smallIntegers returns the values of a column of integers of at most 32 bits, or nil for another.
func smallIntegers(a arrow.Array) func(row int) int32 {
	switch a := a.(type) {
	case *array.Int8:
		return func(row int) int32 { return int32(a.Value(row)) }
	case *array.Int16:
		return func(row int) int32 { return int32(a.Value(row)) }
	case *array.Int32:
		return a.Value
	case *array.Uint8:
		return func(row int) int32 { return int32(a.Value(row)) }
	case *array.Uint16:
		return func(row int) int32 { return int32(a.Value(row)) }
	case *array.Uint32:
		return func(row int) int32 { return int32(a.Value(row)) }
	}
	return nil
}

func (p *parquetWriter) decimals(a *array.Decimal128) func(row int) parquet.Value {
	switch precision := a.DataType().(*arrow.Decimal128Type).Precision; {
	case precision <= 9:
		return func(row int) parquet.Value { return parquet.Int32Value(int32(a.Value(row).LowBits())) }
	case precision <= 18:
		return func(row int) parquet.Value { return parquet.Int64Value(int64(a.Value(row).LowBits())) }
	}
	return func(row int) parquet.Value {
		from := len(p.text)
		p.text = appendBigEndian(p.text, a.Value(row))
		return parquet.FixedLenByteArrayValue(p.text[from:])
	}
}

func appendBigEndian(dst []byte, n decimal128.Num) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(n.HighBits()))
	return binary.BigEndian.AppendUint64(dst, n.LowBits())
}

// group is a Parquet schema whose columns keep their order; parquet.Group sorts them by name.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func (g *group) Fields() []parquet.Field { return g.fields }

// leaf is a column of a group.
type leaf struct {
	parquet.Node
	name string
}

func (f *leaf) Name() string { return f.name }

// Value implements parquet.Field for writers of Go structs, of which there are none here.
func (f *leaf) Value(base reflect.Value) reflect.Value { return base.MapIndex(reflect.ValueOf(f.name)) }
