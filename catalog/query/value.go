package query

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// render appends the text of one value of a column. It is not asked about nulls.
type render func(dst []byte, row int) []byte

// Layouts of times. Machines get RFC 3339; people get the zone's short name (WIB, WITA, WIT).
const (
	dateLayout    = "2006-01-02"
	clockLayout   = "15:04:05.999999999"
	instantLayout = dateLayout + "T" + clockLayout + "Z07:00"
	localLayout   = dateLayout + "T" + clockLayout
	peopleInstant = dateLayout + " " + clockLayout + " MST"
	peopleLocal   = dateLayout + " " + clockLayout
)

// isNull tells whether a column has no value in a row. A union has one only in the member it names.
func isNull(a arrow.Array, row int) bool {
	if u, ok := a.(array.Union); ok {
		return u.Field(u.ChildID(row)).IsNull(row)
	}
	return a.IsNull(row)
}

// texts returns how the values of a column are written as text. Instants are shown in zone for
// people, or in UTC for machines when zone is nil. Nested values are written as JSON.
func texts(a arrow.Array, zone *time.Location) render {
	if r := numbers(a); r != nil {
		return r
	}
	switch a := a.(type) {
	case *array.String:
		return func(dst []byte, row int) []byte { return append(dst, a.Value(row)...) }
	case *array.LargeString:
		return func(dst []byte, row int) []byte { return append(dst, a.Value(row)...) }
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return strconv.AppendBool(dst, a.Value(row)) }
	case *array.Binary:
		return func(dst []byte, row int) []byte { return base64.StdEncoding.AppendEncode(dst, a.Value(row)) }
	case *array.FixedSizeBinary:
		return func(dst []byte, row int) []byte { return base64.StdEncoding.AppendEncode(dst, a.Value(row)) }
	case *array.Date32:
		return func(dst []byte, row int) []byte { return appendDate(dst, a.Value(row)) }
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		return func(dst []byte, row int) []byte {
			return a.Value(row).ToTime(unit).AppendFormat(dst, clockLayout)
		}
	case *array.Timestamp:
		return timestamps(a, zone)
	case *array.MonthDayNanoInterval:
		return func(dst []byte, row int) []byte { return appendInterval(dst, a.Value(row)) }
	case *array.Dictionary:
		values := texts(a.Dictionary(), zone)
		return func(dst []byte, row int) []byte { return values(dst, a.GetValueIndex(row)) }
	case array.ExtensionArray:
		return texts(a.Storage(), zone)
	case *array.Null:
		return func(dst []byte, _ int) []byte { return dst }
	}
	if r := nested(a); r != nil {
		return r
	}
	return func(dst []byte, row int) []byte { return append(dst, a.ValueStr(row)...) }
}

// numbers returns how the values of a numeric column are written, or nil for another column.
func numbers(a arrow.Array) render {
	switch a := a.(type) {
	case *array.Int8:
		return integers[int8](a)
	case *array.Int16:
		return integers[int16](a)
	case *array.Int32:
		return integers[int32](a)
	case *array.Int64:
		return integers[int64](a)
	case *array.Uint8:
		return integers[uint8](a)
	case *array.Uint16:
		return integers[uint16](a)
	case *array.Uint32:
		return integers[uint32](a)
	case *array.Uint64:
		return func(dst []byte, row int) []byte { return strconv.AppendUint(dst, a.Value(row), 10) }
	case *array.Float32:
		return func(dst []byte, row int) []byte { return appendFloat(dst, float64(a.Value(row)), 32) }
	case *array.Float64:
		return func(dst []byte, row int) []byte { return appendFloat(dst, a.Value(row), 64) }
	case *array.Decimal128:
		scale := int(a.DataType().(*arrow.Decimal128Type).Scale)
		return func(dst []byte, row int) []byte { return appendDecimal(dst, a.Value(row), scale) }
	}
	return nil
}

func integers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](a interface{ Value(int) T }) render {
	return func(dst []byte, row int) []byte { return strconv.AppendInt(dst, int64(a.Value(row)), 10) }
}

func timestamps(a *array.Timestamp, zone *time.Location) render {
	typ := a.DataType().(*arrow.TimestampType)
	layout, in := localLayout, time.UTC
	switch {
	case typ.TimeZone != "" && zone != nil:
		layout, in = peopleInstant, zone
	case typ.TimeZone != "":
		layout = instantLayout
	case zone != nil:
		layout = peopleLocal
	}
	return func(dst []byte, row int) []byte {
		switch v := a.Value(row); v {
		case math.MaxInt64:
			return append(dst, "infinity"...)
		case -math.MaxInt64:
			return append(dst, "-infinity"...)
		default:
			return v.ToTime(typ.Unit).In(in).AppendFormat(dst, layout)
		}
	}
}

func appendDate(dst []byte, d arrow.Date32) []byte {
	switch d {
	case math.MaxInt32:
		return append(dst, "infinity"...)
	case -math.MaxInt32:
		return append(dst, "-infinity"...)
	}
	return time.Unix(int64(d)*86400, 0).UTC().AppendFormat(dst, dateLayout)
}

// appendFloat writes the shortest text that reads back as the same number, the way JSON does.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

// appendDecimal writes n / 10^scale with exactly scale digits after the point.
func appendDecimal(dst []byte, n decimal128.Num, scale int) []byte {
	low := int64(n.LowBits())
	if n.HighBits() != low>>63 || low == math.MinInt64 {
		return append(dst, n.ToString(int32(scale))...)
	}
	if low < 0 {
		dst, low = append(dst, '-'), -low
	}
	start := len(dst)
	dst = strconv.AppendInt(dst, low, 10)
	if scale <= 0 {
		return dst
	}
	for len(dst)-start <= scale {
		dst = append(dst, '0')
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	point := len(dst) - scale
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}

// appendInterval writes an ISO 8601 duration.
func appendInterval(dst []byte, v arrow.MonthDayNanoInterval) []byte {
	start := len(dst)
	part := func(n int64, unit byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, n, 10), unit)
		}
	}
	dst = append(dst, 'P')
	part(int64(v.Months/12), 'Y')
	part(int64(v.Months%12), 'M')
	part(int64(v.Days), 'D')
	if v.Nanoseconds != 0 {
		dst = append(dst, 'T')
		part(v.Nanoseconds/int64(time.Hour), 'H')
		part(v.Nanoseconds%int64(time.Hour)/int64(time.Minute), 'M')
		if rest := v.Nanoseconds % int64(time.Minute); rest != 0 {
			dst = append(appendFloat(dst, float64(rest)/1e9, 64), 'S')
		}
	}
	if len(dst) == start+1 {
		dst = append(dst, "T0S"...)
	}
	return dst
}

// jsons returns how the values of a column are written as JSON, nulls included.
func jsons(a arrow.Array) render {
	value := jsonValues(a)
	return func(dst []byte, row int) []byte {
		if a.IsNull(row) {
			return append(dst, "null"...)
		}
		return value(dst, row)
	}
}

func jsonValues(a arrow.Array) render {
	switch a := a.(type) {
	case *array.Float32:
		return finite(func(row int) float64 { return float64(a.Value(row)) }, 32)
	case *array.Float64:
		return finite(a.Value, 64)
	case *array.Boolean:
		return texts(a, nil)
	case *array.String:
		return func(dst []byte, row int) []byte { return appendQuoted(dst, a.Value(row)) }
	case *array.Dictionary:
		values := jsons(a.Dictionary())
		return func(dst []byte, row int) []byte { return values(dst, a.GetValueIndex(row)) }
	case array.ExtensionArray:
		return jsonValues(a.Storage())
	}
	if r := numbers(a); r != nil {
		return r
	}
	if r := nested(a); r != nil {
		return r
	}
	value := texts(a, nil)
	return func(dst []byte, row int) []byte { return appendQuoted(dst, string(value(nil, row))) }
}

// finite writes floats as JSON, which has no NaN and no infinities.
func finite(value func(row int) float64, bits int) render {
	return func(dst []byte, row int) []byte {
		if f := value(row); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return appendFloat(dst, f, bits)
		}
		return append(dst, "null"...)
	}
}

// nested returns how lists, structs, maps and unions are written as JSON, or nil for another column.
func nested(a arrow.Array) render {
	switch a := a.(type) {
	case *array.Map: // before the list that it is too
		return objects(a)
	case array.ListLike:
		values := jsons(a.ListValues())
		return func(dst []byte, row int) []byte {
			from, to := a.ValueOffsets(row)
			dst = append(dst, '[')
			for i := from; i < to; i++ {
				if i > from {
					dst = append(dst, ',')
				}
				dst = values(dst, int(i))
			}
			return append(dst, ']')
		}
	case *array.Struct:
		return structs(a)
	case array.Union:
		fields := make([]render, a.NumFields())
		for i := range fields {
			fields[i] = jsons(a.Field(i))
		}
		return func(dst []byte, row int) []byte { return fields[a.ChildID(row)](dst, row) }
	}
	return nil
}

// structs writes structs as JSON objects.
func structs(a *array.Struct) render {
	typ := a.DataType().(*arrow.StructType)
	names, fields := make([][]byte, a.NumField()), make([]render, a.NumField())
	for i := range fields {
		names[i] = append(appendQuoted(nil, typ.Field(i).Name), ':')
		fields[i] = jsons(a.Field(i))
	}
	return func(dst []byte, row int) []byte {
		dst = append(dst, '{')
		for i, field := range fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = field(append(dst, names[i]...), row)
		}
		return append(dst, '}')
	}
}

// objects writes maps as JSON objects, whose keys are texts whatever they were.
func objects(a *array.Map) render {
	keys, values := texts(a.Keys(), nil), jsons(a.Items())
	return func(dst []byte, row int) []byte {
		from, to := a.ValueOffsets(row)
		dst = append(dst, '{')
		for i := from; i < to; i++ {
			if i > from {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, string(keys(nil, int(i)))), ':')
			dst = values(dst, int(i))
		}
		return append(dst, '}')
	}
}

// appendQuoted writes a JSON string. What is not UTF-8 becomes U+FFFD.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
