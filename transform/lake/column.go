package lake

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/iceberg-go"
	"github.com/parquet-go/parquet-go"

	"satudata/schemas"
)

// block is how many values are handed to a Parquet column at once: few enough to stay in the
// processor's first cache, 24 bytes each.
const block = 1024

// span is the rows of an Arrow array to write: n from from on, of sel when there is a selection.
type span struct {
	sel     []int32
	from, n int
}

func (s span) at(i int) int {
	if s.sel != nil {
		return int(s.sel[s.from+i])
	}
	return s.from + i
}

// columnWriter writes one column of a Parquet file from Arrow arrays, without making rows.
type columnWriter struct {
	field iceberg.NestedField
	typ   schemas.Type
	index int // of the column in the file
	to    *parquet.ColumnWriter
	buf   []parquet.Value // shared by the columns of a file, length block
	bytes []byte          // of the decimals in buf that are stored as bytes
}

// level gives a value that is there the level that Parquet wants.
func (c *columnWriter) level(v parquet.Value) parquet.Value {
	if c.field.Required {
		return v
	}
	return v.Level(0, 1, c.index)
}

// blocks calls fill for each block of n values and writes what it filled.
func (c *columnWriter) blocks(n int, fill func(dst []parquet.Value, at int)) error {
	for at := 0; at < n; at += block {
		dst := c.buf[:min(block, n-at)]
		fill(dst, at)
		if _, err := c.to.WriteRowValues(dst); err != nil {
			return fmt.Errorf("write column %s: %w", c.field.Name, err)
		}
	}
	return nil
}

// repeat writes one value n times.
func (c *columnWriter) repeat(v parquet.Value, n int) error {
	v = c.level(v)
	return c.blocks(n, func(dst []parquet.Value, _ int) {
		for i := range dst {
			dst[i] = v
		}
	})
}

// absent writes n times no value.
func (c *columnWriter) absent(n int) error {
	if c.field.Required {
		return fmt.Errorf("write column %s: no values", c.field.Name)
	}
	return c.repeat0(n)
}

func (c *columnWriter) repeat0(n int) error {
	return c.blocks(n, func(dst []parquet.Value, _ int) { clear(dst) })
}

// write writes the rows s of an array.
func (c *columnWriter) write(a arrow.Array, s span) error {
	switch a := a.(type) {
	case *array.String:
		return c.strings(a, s)
	case *array.Dictionary:
		if values, ok := a.Dictionary().(*array.String); ok && c.typ.Kind == schemas.String {
			return c.dictionary(a, values, s)
		}
	case *array.Int64:
		if c.typ.Kind == schemas.Integer {
			return c.int64s(a, a.Int64Values(), s)
		}
	case *array.Timestamp:
		if t := a.DataType().(*arrow.TimestampType); c.typ.Kind == schemas.Timestamp && t.Unit == arrow.Microsecond {
			return c.int64s(a, arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues())), s)
		}
	case *array.Float64:
		if c.typ.Kind == schemas.Double {
			return values(c, a, s, func(i int) parquet.Value { return parquet.DoubleValue(a.Value(i)) })
		}
	case *array.Boolean:
		if c.typ.Kind == schemas.Boolean {
			return values(c, a, s, func(i int) parquet.Value { return parquet.BooleanValue(a.Value(i)) })
		}
	case *array.Date32:
		if c.typ.Kind == schemas.Date {
			return values(c, a, s, func(i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) })
		}
	case *array.Decimal128:
		t := a.DataType().(*arrow.Decimal128Type)
		if c.typ.Kind == schemas.Decimal && int(t.Scale) == c.typ.Scale && int(t.Precision) <= c.typ.Precision {
			return c.decimals(a, s)
		}
	}
	return fmt.Errorf("write column %s of type %s: array of %s", c.field.Name, c.typ, a.DataType())
}

// values writes an array whose value i is value(i).
func values(c *columnWriter, a arrow.Array, s span, value func(i int) parquet.Value) error {
	nulls := a.NullN() > 0
	return c.blocks(s.n, func(dst []parquet.Value, at int) {
		for k := range dst {
			i := s.at(at + k)
			if nulls && a.IsNull(i) {
				dst[k] = parquet.Value{}
			} else {
				dst[k] = c.level(value(i))
			}
		}
	})
}

func (c *columnWriter) int64s(a arrow.Array, vals []int64, s span) error {
	nulls := a.NullN() > 0
	return c.blocks(s.n, func(dst []parquet.Value, at int) {
		for k := range dst {
			i := s.at(at + k)
			if nulls && a.IsNull(i) {
				dst[k] = parquet.Value{}
			} else {
				dst[k] = c.level(parquet.Int64Value(vals[i]))
			}
		}
	})
}

func (c *columnWriter) strings(a *array.String, s span) error {
	if c.typ.Kind != schemas.String {
		return fmt.Errorf("write column %s of type %s: array of %s", c.field.Name, c.typ, a.DataType())
	}
	if a.Len() == 0 {
		return nil
	}
	nulls := a.NullN() > 0
	offsets, data := a.ValueOffsets(), a.ValueBytes()
	base := offsets[0]
	return c.blocks(s.n, func(dst []parquet.Value, at int) {
		for k := range dst {
			i := s.at(at + k)
			if nulls && a.IsNull(i) {
				dst[k] = parquet.Value{}
			} else {
				dst[k] = c.level(parquet.ByteArrayValue(data[offsets[i]-base : offsets[i+1]-base]))
			}
		}
	})
}

func (c *columnWriter) dictionary(a *array.Dictionary, dict *array.String, s span) error {
	distinct := make([]parquet.Value, dict.Len())
	for i := range distinct {
		distinct[i] = c.level(parquet.ByteArrayValue([]byte(dict.Value(i))))
	}
	nulls := a.NullN() > 0
	return c.blocks(s.n, func(dst []parquet.Value, at int) {
		for k := range dst {
			i := s.at(at + k)
			if nulls && a.IsNull(i) {
				dst[k] = parquet.Value{}
			} else {
				dst[k] = distinct[a.GetValueIndex(i)]
			}
		}
	})
}

// decimals writes unscaled values, in the smallest of the forms that Iceberg prescribes.
func (c *columnWriter) decimals(a *array.Decimal128, s span) error {
	switch width := decimalBytes(c.typ.Precision); {
	case width <= 4:
		return values(c, a, s, func(i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i).LowBits())) })
	case width <= 8:
		return values(c, a, s, func(i int) parquet.Value { return parquet.Int64Value(int64(a.Value(i).LowBits())) })
	default:
		if c.bytes == nil {
			c.bytes = make([]byte, block*width)
		}
		k := 0 // values of a block are made in order, so their bytes can be reused from block to block
		return values(c, a, s, func(i int) parquet.Value {
			b := c.bytes[k%block*width:][:width]
			k++
			putDecimal(b, a.Value(i))
			return parquet.FixedLenByteArrayValue(b)
		})
	}
}

// decimalBytes is how many bytes hold the unscaled values of a precision: those of an int32 or an
// int64, else as few as do.
func decimalBytes(precision int) int {
	switch {
	case precision <= 9:
		return 4
	case precision <= 18:
		return 8
	}
	bits := 1 + int(math.Ceil(float64(precision)*math.Log2(10)))
	return (bits + 7) / 8
}

// putDecimal writes n to b, big-endian two's complement.
func putDecimal(b []byte, n decimal128.Num) {
	var full [16]byte
	binary.BigEndian.PutUint64(full[:8], uint64(n.HighBits()))
	binary.BigEndian.PutUint64(full[8:], n.LowBits())
	copy(b, full[16-len(b):])
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

// node is the Parquet column of a table column, with the encoding that was fastest among the small
// ones: deltas for integers, a dictionary for texts that repeat.
func node(f iceberg.NestedField, t schemas.Type, repeats bool) parquet.Node {
	var n parquet.Node
	switch t.Kind {
	case schemas.String:
		n = parquet.String()
		if repeats {
			n = parquet.Encoded(n, &parquet.RLEDictionary)
		} else {
			n = parquet.Encoded(n, &parquet.Plain)
		}
	case schemas.Integer:
		n = parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
	case schemas.Double:
		n = parquet.Leaf(parquet.DoubleType)
	case schemas.Boolean:
		n = parquet.Leaf(parquet.BooleanType)
	case schemas.Date:
		n = parquet.Encoded(parquet.Date(), &parquet.DeltaBinaryPacked)
	case schemas.Timestamp:
		n = parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	case schemas.Decimal:
		switch width := decimalBytes(t.Precision); {
		case width <= 4:
			n = parquet.Encoded(parquet.Decimal(t.Scale, t.Precision, parquet.Int32Type), &parquet.DeltaBinaryPacked)
		case width <= 8:
			n = parquet.Encoded(parquet.Decimal(t.Scale, t.Precision, parquet.Int64Type), &parquet.DeltaBinaryPacked)
		default:
			n = parquet.Decimal(t.Scale, t.Precision, parquet.FixedLenByteArrayType(width))
		}
	}
	if !f.Required {
		n = parquet.Optional(n)
	}
	return parquet.FieldID(n, f.ID)
}
