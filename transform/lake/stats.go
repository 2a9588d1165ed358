package lake

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
	"github.com/parquet-go/parquet-go/format"

	"satudata/schemas"
)

// boundChars is to how many characters Iceberg bounds of texts are cut, as other engines do. Those of a
// key stay longer, because they tell which files can have a key in common; ids stay whole.
const (
	boundChars = 16
	keyChars   = 64
	idChars    = 1 << 30
)

// DataFile is a durable Parquet file that a commit may add to its table.
type DataFile struct {
	Path  string
	Rows  int64
	Bytes int64
	file  iceberg.DataFile
}

// describe tells Iceberg about a file that was just written, from the statistics in its footer.
func describe(f *dataFile, meta *format.FileMetaData, spec iceberg.PartitionSpec, key []string) (DataFile, error) {
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, uriOf(f.path), iceberg.ParquetFile,
		nil, nil, nil, meta.NumRows, f.out.at)
	if err != nil {
		return DataFile{}, err
	}
	sizes, counts, nulls := map[int]int64{}, map[int]int64{}, map[int]int64{}
	lower, upper := map[int][]byte{}, map[int][]byte{}
	var offsets []int64
	for _, g := range meta.RowGroups {
		offsets = append(offsets, g.FileOffset)
	}
	for i, c := range f.out.columns {
		id := c.field.ID
		chars := boundChars
		switch {
		case isIdentity(c.field.Name):
			chars = idChars
		case slices.Contains(key, c.field.Name):
			chars = keyChars
		}
		low, high := bounds(c.typ, meta.RowGroups, i, chars)
		if low != nil && high != nil {
			lower[id], upper[id] = low, high
		}
		for _, g := range meta.RowGroups {
			m := g.Columns[i].MetaData
			sizes[id] += m.TotalCompressedSize
			counts[id] += m.NumValues
			nulls[id] += m.Statistics.NullCount
		}
	}
	b.ColumnSizes(sizes).ValueCounts(counts).NullValueCounts(nulls).
		LowerBoundValues(lower).UpperBoundValues(upper).SplitOffsets(offsets)
	return DataFile{Path: f.path, Rows: meta.NumRows, Bytes: f.out.at, file: b.Build()}, nil
}

// bounds are the least and the largest value of a column over row groups, in Iceberg's form, texts
// cut to so many characters; nil when they are not known.
func bounds(t schemas.Type, groups []format.RowGroup, column, chars int) (low, high []byte) {
	for _, g := range groups {
		m := g.Columns[column].MetaData
		s := m.Statistics
		if s.NullCount == m.NumValues {
			continue
		}
		if s.MinValue == nil || s.MaxValue == nil {
			return nil, nil
		}
		if low == nil || compare(t, s.MinValue, low) < 0 {
			low = s.MinValue
		}
		if high == nil || compare(t, s.MaxValue, high) > 0 {
			high = s.MaxValue
		}
	}
	if low == nil {
		return nil, nil
	}
	switch t.Kind {
	case schemas.String:
		return cutLow(low, chars), cutHigh(high, chars)
	case schemas.Decimal:
		return shortest(t, low), shortest(t, high)
	case schemas.Double:
		if math.IsNaN(float(low)) || math.IsNaN(float(high)) {
			return nil, nil
		}
	}
	return low, high
}

// compare orders two plain-encoded values.
func compare(t schemas.Type, a, b []byte) int {
	switch t.Kind {
	case schemas.Decimal:
		if decimalBytes(t.Precision) > 8 {
			return compareSigned(a, b)
		}
		return cmp.Compare(integer(a), integer(b))
	case schemas.Integer, schemas.Timestamp, schemas.Date:
		return cmp.Compare(integer(a), integer(b))
	case schemas.Double:
		return cmp.Compare(float(a), float(b))
	}
	return bytes.Compare(a, b)
}

func integer(b []byte) int64 {
	if len(b) == 4 {
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func float(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

// shortest is an unscaled decimal as the shortest big-endian two's complement.
func shortest(t schemas.Type, b []byte) []byte {
	out := slices.Clone(b)
	if decimalBytes(t.Precision) <= 8 { // stored as a little-endian integer
		slices.Reverse(out)
	}
	for len(out) > 1 && (out[0] == 0 && out[1] < 0x80 || out[0] == 0xff && out[1] >= 0x80) {
		out = out[1:]
	}
	return out
}

// cutLow cuts a text to a bound that is not larger.
func cutLow(b []byte, chars int) []byte { return b[:cutAt(b, chars)] }

// cutHigh cuts a text to a bound that is not smaller: what is kept ends in a larger character. It
// is nil when there is none, or when the text is not UTF-8 and has no next character.
func cutHigh(b []byte, chars int) []byte {
	n := cutAt(b, chars)
	if n == len(b) {
		return b
	}
	if !utf8.Valid(b[:n]) {
		return nil
	}
	runes := []rune(string(b[:n]))
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if next == 0xd800 { // surrogates are not characters
			next = 0xe000
		}
		if next <= utf8.MaxRune {
			runes[i] = next
			return []byte(string(runes[:i+1]))
		}
	}
	return nil
}

// cutAt is where so many characters of b end.
func cutAt(b []byte, chars int) int {
	at := 0
	for i := 0; i < chars && at < len(b); i++ {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return at
}
