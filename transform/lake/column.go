package lake

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/parquet-go/parquet-go"

	"satudata/schemas"
)

// step is how many rows are added to a page before its size is looked at.
const step = 1 << 10

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

// write writes the rows s of an array.
func (c *chunkWriter) write(a arrow.Array, s span) error {
	for end := s.from + s.n; s.from < end; s.from += s.n {
		s.n = min(step, end-s.from)
		if !c.add(a, s) {
			return fmt.Errorf("write column %s of type %s: array of %s", c.field.Name, c.typ, a.DataType())
		}
		if c.field.Required && c.nulls > 0 {
			return fmt.Errorf("write column %s: values are missing", c.field.Name)
		}
		if err := c.full(); err != nil {
			return err
		}
	}
	return nil
}

// add adds values to the page in work, unless the array is of another type.
func (c *chunkWriter) add(a arrow.Array, s span) bool {
	switch a := a.(type) {
	case *array.String:
		if c.typ.Kind == schemas.String {
			return c.addTexts(a, s)
		}
	case *array.Dictionary:
		dict, ok := a.Dictionary().(*array.String)
		if ok && c.typ.Kind == schemas.String {
			return c.addDictionary(a, dict, s)
		}
	case *array.Int64:
		if p, ok := c.values.(*int64s); ok && c.typ.Kind == schemas.Integer {
			p.v = gather(c, p.v, a.Int64Values(), a, s)
			return true
		}
	case *array.Timestamp:
		p, ok := c.values.(*int64s)
		if t := a.DataType().(*arrow.TimestampType); ok && c.typ.Kind == schemas.Timestamp && t.Unit == arrow.Microsecond {
			p.v = gather(c, p.v, arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues())), a, s)
			return true
		}
	case *array.Date32:
		if p, ok := c.values.(*int32s); ok && c.typ.Kind == schemas.Date {
			p.v = gather(c, p.v, arrow.Int32Traits.CastFromBytes(arrow.Date32Traits.CastToBytes(a.Date32Values())), a, s)
			return true
		}
	case *array.Float64:
		if p, ok := c.values.(*doubles); ok {
			p.v = gather(c, p.v, a.Float64Values(), a, s)
			return true
		}
	case *array.Boolean:
		if p, ok := c.values.(*bools); ok {
			p.v = each(c, p.v, a, s, func(v []bool, i int) []bool { return append(v, a.Value(i)) })
			return true
		}
	case *array.Decimal128:
		t := a.DataType().(*arrow.Decimal128Type)
		if c.typ.Kind == schemas.Decimal && int(t.Scale) == c.typ.Scale && int(t.Precision) <= c.typ.Precision {
			return c.addDecimals(a, s)
		}
	}
	return false
}

// gather appends the values of an array that are there.
func gather[T any](c *chunkWriter, dst, vals []T, a arrow.Array, s span) []T {
	if a.NullN() == 0 && s.sel == nil {
		c.present(s.n)
		return append(dst, vals[s.from:s.from+s.n]...)
	}
	return each(c, dst, a, s, func(dst []T, i int) []T { return append(dst, vals[i]) })
}

// each calls value for each index of a value that is there.
func each[T any](c *chunkWriter, dst []T, a arrow.Array, s span, value func([]T, int) []T) []T {
	if a.NullN() == 0 {
		c.present(s.n)
		for k := range s.n {
			dst = value(dst, s.at(k))
		}
		return dst
	}
	for k := range s.n {
		i := s.at(k)
		valid := a.IsValid(i)
		c.level(valid)
		if valid {
			dst = value(dst, i)
		}
	}
	return dst
}

// adder takes texts: texts and words.
type adder interface{ add(b []byte) }

func (c *chunkWriter) addTexts(a *array.String, s span) bool {
	to, ok := c.values.(adder)
	if !ok {
		return false
	}
	offsets, data := a.ValueOffsets(), a.ValueBytes()
	if a.Len() == 0 {
		return true
	}
	base := offsets[0]
	if p, plain := c.values.(*texts); plain && a.NullN() == 0 && s.sel == nil {
		c.present(s.n)
		p.addAll(data[offsets[s.from]-base:offsets[s.from+s.n]-base], offsets[s.from:s.from+s.n+1])
		return true
	}
	if w, ok := c.values.(*words); ok && a.NullN() == 0 && s.sel == nil {
		c.present(s.n)
		w.addAll(data[offsets[s.from]-base:], offsets[s.from:s.from+s.n+1])
		return true
	}
	each(c, nil, a, s, func(_ []byte, i int) []byte {
		to.add(data[offsets[i]-base : offsets[i+1]-base])
		return nil
	})
	return true
}

// addAll adds texts that lie one after the other, given the offsets of Arrow.
func (p *texts) addAll(data []byte, offsets []int32) {
	shift := int64(len(p.data)) - int64(offsets[0])
	p.data = append(p.data, data...)
	for _, o := range offsets[1:] {
		p.offsets = append(p.offsets, uint32(int64(o)+shift))
	}
}

// addAll adds words that lie one after the other, given the offsets of Arrow.
func (p *words) addAll(data []byte, offsets []int32) {
	at := offsets[0]
	for _, end := range offsets[1:] {
		p.v = append(p.v, p.index(data[:end-at]))
		data, at = data[end-at:], end
	}
}

func (c *chunkWriter) addDictionary(a *array.Dictionary, dict *array.String, s span) bool {
	w, ok := c.values.(*words)
	if !ok {
		to, ok := c.values.(adder)
		if !ok {
			return false
		}
		each(c, nil, a, s, func(_ []byte, i int) []byte {
			to.add([]byte(dict.Value(a.GetValueIndex(i))))
			return nil
		})
		return true
	}
	// Arrow's numbers become ours, each of them once.
	ours := make([]int32, dict.Len())
	for i := range ours {
		ours[i] = -1
	}
	w.v = each(c, w.v, a, s, func(v []int32, i int) []int32 {
		n := a.GetValueIndex(i)
		if ours[n] < 0 {
			ours[n] = w.index([]byte(dict.Value(n)))
		}
		return append(v, ours[n])
	})
	return true
}

// addDecimals adds unscaled values, in the smallest of the forms that Iceberg prescribes.
func (c *chunkWriter) addDecimals(a *array.Decimal128, s span) bool {
	switch p := c.values.(type) {
	case *int32s:
		p.v = each(c, p.v, a, s, func(v []int32, i int) []int32 { return append(v, int32(a.Value(i).LowBits())) })
	case *int64s:
		p.v = each(c, p.v, a, s, func(v []int64, i int) []int64 { return append(v, int64(a.Value(i).LowBits())) })
	case *fixed:
		p.v = each(c, p.v, a, s, func(v []byte, i int) []byte { return appendDecimal(v, a.Value(i), p.width) })
	default:
		return false
	}
	return true
}

// repeat writes one value n times, for the columns that all rows of a chunk share.
func (c *chunkWriter) repeat(value parquet.Value, n int) error {
	c.present(n)
	switch p := c.values.(type) {
	case *words:
		word := p.index(value.ByteArray())
		for range n {
			p.v = append(p.v, word)
		}
	case adder:
		for range n {
			p.add(value.ByteArray())
		}
	case *int64s:
		for range n {
			p.v = append(p.v, value.Int64())
		}
	case *bools:
		for range n {
			p.v = append(p.v, value.Boolean())
		}
	default:
		return fmt.Errorf("write column %s: cannot repeat a value", c.field.Name)
	}
	return c.full()
}

// numbers writes integers.
func (c *chunkWriter) numbers(v []int64) error {
	p, ok := c.values.(*int64s)
	if !ok {
		return fmt.Errorf("write column %s of type %s: integers", c.field.Name, c.typ)
	}
	c.present(len(v))
	p.v = append(p.v, v...)
	return c.full()
}

// text writes one text.
func (c *chunkWriter) text(s string) error {
	p, ok := c.values.(adder)
	if !ok {
		return fmt.Errorf("write column %s of type %s: text", c.field.Name, c.typ)
	}
	c.present(1)
	p.add([]byte(s))
	return c.full()
}

// absent writes n rows without a value.
func (c *chunkWriter) absent(n int) error {
	if c.field.Required {
		return fmt.Errorf("write column %s: values are missing", c.field.Name)
	}
	for range n {
		c.level(false)
	}
	return c.full()
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

// appendDecimal appends n in width bytes, big-endian two's complement.
func appendDecimal(dst []byte, n decimal128.Num, width int) []byte {
	var full [16]byte
	binary.BigEndian.PutUint64(full[:8], uint64(n.HighBits()))
	binary.BigEndian.PutUint64(full[8:], n.LowBits())
	return append(dst, full[16-width:]...)
}
