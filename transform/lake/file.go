package lake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"satudata/schemas"
)

// magic begins and ends a Parquet file.
const magic = "PAR1"

// fileWriter writes a Parquet file column by column, with parquet-go's encodings and metadata. Its
// own writer takes boxed values one by one; here Arrow's buffers are encoded as they are, and what
// rows of a chunk have in common costs next to nothing.
type fileWriter struct {
	to      io.Writer
	at      int64  // bytes written
	sum     uint32 // their CRC-32C
	columns []*chunkWriter
	sorted  []format.SortingColumn
	rows    int // of the row group in work

	groups  []format.RowGroup
	indexes [][]format.ColumnIndex
	offsets [][]format.OffsetIndex
}

// addColumn adds a column. All are added before the first row.
func (f *fileWriter) addColumn(field iceberg.NestedField, t schemas.Type, packer *zstd.Encoder, repeats bool) *chunkWriter {
	c := &chunkWriter{field: field, typ: t, kind: parquetType(t), packer: packer, values: valuesFor(t, repeats), bounded: true}
	c.restart()
	f.columns = append(f.columns, c)
	return c
}

// parquetType is the physical and logical type of a column, as Iceberg prescribes it.
func parquetType(t schemas.Type) parquet.Type {
	switch t.Kind {
	case schemas.String:
		return parquet.String().Type()
	case schemas.Integer:
		return parquet.Int64Type
	case schemas.Double:
		return parquet.DoubleType
	case schemas.Boolean:
		return parquet.BooleanType
	case schemas.Date:
		return parquet.Date().Type()
	case schemas.Timestamp:
		return parquet.Timestamp(parquet.Microsecond).Type()
	}
	switch width := decimalBytes(t.Precision); {
	case width <= 4:
		return parquet.Decimal(t.Scale, t.Precision, parquet.Int32Type).Type()
	case width <= 8:
		return parquet.Decimal(t.Scale, t.Precision, parquet.Int64Type).Type()
	default:
		return parquet.Decimal(t.Scale, t.Precision, parquet.FixedLenByteArrayType(width)).Type()
	}
}

// valuesFor holds values of a type on their way into a page.
func valuesFor(t schemas.Type, repeats bool) values {
	switch t.Kind {
	case schemas.String:
		if repeats {
			return &words{dictionary: newDictionary()}
		}
		return newTexts()
	case schemas.Integer, schemas.Timestamp:
		return &int64s{}
	case schemas.Double:
		return &doubles{}
	case schemas.Boolean:
		return &bools{}
	case schemas.Date:
		return &int32s{}
	}
	switch width := decimalBytes(t.Precision); {
	case width <= 4:
		return &int32s{}
	case width <= 8:
		return &int64s{}
	default:
		return &fixed{width: width}
	}
}

func (f *fileWriter) write(b []byte) error {
	n, err := f.to.Write(b)
	f.at += int64(n)
	f.sum = crc32.Update(f.sum, crc32.MakeTable(crc32.Castagnoli), b[:n])
	return err
}

// size is how large the file is about to become, its footer not counted.
func (f *fileWriter) size() int64 {
	n := f.at
	for _, c := range f.columns {
		n += c.meta.TotalCompressedSize
	}
	return n
}

// total is how many rows the file holds.
func (f *fileWriter) total() int64 {
	n := int64(f.rows)
	for _, g := range f.groups {
		n += g.NumRows
	}
	return n
}

// endGroup writes the row group in work.
func (f *fileWriter) endGroup() error {
	if f.rows == 0 {
		return nil
	}
	if f.at == 0 {
		if err := f.write([]byte(magic)); err != nil {
			return err
		}
	}
	g := format.RowGroup{NumRows: int64(f.rows), FileOffset: f.at, SortingColumns: f.sorted, Ordinal: int16(len(f.groups))}
	for _, c := range f.columns {
		if err := f.endChunk(c); err != nil {
			return err
		}
	}
	var indexes []format.ColumnIndex
	var offsets []format.OffsetIndex
	for _, c := range f.columns {
		if err := f.writeFilter(c); err != nil {
			return err
		}
		trimStatistics(&c.meta.Statistics)
		c.index.BoundaryOrder = c.order()
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: c.meta})
		g.TotalByteSize += c.meta.TotalUncompressedSize
		g.TotalCompressedSize += c.meta.TotalCompressedSize
		indexes, offsets = append(indexes, c.index), append(offsets, c.offsets)
		c.restart()
	}
	f.groups, f.indexes, f.offsets = append(f.groups, g), append(f.indexes, indexes), append(f.offsets, offsets)
	f.rows = 0
	return nil
}

// endChunk writes the dictionary and the pages of a column.
func (f *fileWriter) endChunk(c *chunkWriter) error {
	if err := c.endPage(); err != nil {
		return err
	}
	if w := c.dictionary(); w != nil && w.len() > 0 {
		page, err := c.dictionaryPage(w)
		if err != nil {
			return err
		}
		c.meta.DictionaryPageOffset = f.at
		if err := f.write(page); err != nil {
			return err
		}
	}
	c.meta.DataPageOffset = f.at
	for i := range c.offsets.PageLocations {
		c.offsets.PageLocations[i].Offset += f.at
	}
	for _, page := range c.pages {
		if err := f.write(page); err != nil {
			return err
		}
	}
	return nil
}

func (f *fileWriter) writeFilter(c *chunkWriter) error {
	filter, err := c.bloomFilter()
	if err != nil || filter == nil {
		return err
	}
	c.meta.BloomFilterOffset, c.meta.BloomFilterLength = f.at, int32(len(filter))
	return f.write(filter)
}

// trimStatistics leaves out bounds that are too long to be worth their place in the footer.
func trimStatistics(s *format.Statistics) {
	if len(s.MinValue) > maxBound || len(s.MaxValue) > maxBound {
		s.MinValue, s.MaxValue = nil, nil
	}
}

// order says whether the pages of the row group are in order, so that a reader may search them.
func (c *chunkWriter) order() format.BoundaryOrder {
	var low, high []byte
	for i, empty := range c.index.NullPages {
		if empty {
			continue
		}
		a, b := c.index.MinValues[i], c.index.MaxValues[i]
		if low != nil && (compare(c.typ, a, low) < 0 || compare(c.typ, b, high) < 0) || len(a) == 0 && c.typ.Kind != schemas.String {
			return format.Unordered
		}
		low, high = a, b
	}
	return format.Ascending
}

// close writes what is left and the footer, and returns it.
func (f *fileWriter) close() (*format.FileMetaData, error) {
	if err := f.endGroup(); err != nil {
		return nil, err
	}
	if f.at == 0 {
		if err := f.write([]byte(magic)); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	for i := range f.groups {
		for k := range f.columns {
			chunk := &f.groups[i].Columns[k]
			if !f.columns[k].bounded {
				continue // an index without bounds helps nobody
			}
			at := b.Len()
			if err := encodeThrift(&b, &f.indexes[i][k]); err != nil {
				return nil, fmt.Errorf("encode column index: %w", err)
			}
			chunk.ColumnIndexOffset, chunk.ColumnIndexLength = f.at+int64(at), int32(b.Len()-at)
		}
	}
	for i := range f.groups {
		for k := range f.columns {
			chunk := &f.groups[i].Columns[k]
			at := b.Len()
			if err := encodeThrift(&b, &f.offsets[i][k]); err != nil {
				return nil, fmt.Errorf("encode offset index: %w", err)
			}
			chunk.OffsetIndexOffset, chunk.OffsetIndexLength = f.at+int64(at), int32(b.Len()-at)
		}
	}
	meta := f.metadata()
	at := b.Len()
	if err := encodeThrift(&b, meta); err != nil {
		return nil, fmt.Errorf("encode footer: %w", err)
	}
	footer := binary.LittleEndian.AppendUint32(b.Bytes(), uint32(b.Len()-at))
	return meta, f.write(append(footer, magic...))
}

// metadata is the footer.
func (f *fileWriter) metadata() *format.FileMetaData {
	m := &format.FileMetaData{Version: 2, RowGroups: f.groups, CreatedBy: "satudata"}
	root := format.SchemaElement{Name: "table"}
	root.NumChildren.Set(int32(len(f.columns)))
	m.Schema = append(m.Schema, root)
	for _, g := range f.groups {
		m.NumRows += g.NumRows
	}
	for _, c := range f.columns {
		e := format.SchemaElement{Name: c.field.Name, FieldID: int32(c.field.ID)}
		e.Type.Set(*c.kind.PhysicalType())
		e.RepetitionType.Set(format.Optional)
		if c.field.Required {
			e.RepetitionType.Set(format.Required)
		}
		if n := c.kind.Length(); c.kind.Kind() == parquet.FixedLenByteArray {
			e.TypeLength.Set(int32(n))
		}
		if t := c.kind.LogicalType(); t != nil {
			e.LogicalType = *t
		}
		if t := c.kind.ConvertedType(); t != nil {
			e.ConvertedType.Set(*t)
		}
		if c.typ.Kind == schemas.Decimal {
			e.Scale.Set(int32(c.typ.Scale))
			e.Precision.Set(int32(c.typ.Precision))
		}
		m.Schema = append(m.Schema, e)
		m.ColumnOrders = append(m.ColumnOrders, *c.kind.ColumnOrder())
	}
	return m
}

// sortBy notes that rows come sorted by columns.
func (f *fileWriter) sortBy(names []string) {
	for _, name := range names {
		i := slices.IndexFunc(f.columns, func(c *chunkWriter) bool { return c.field.Name == name })
		f.sorted = append(f.sorted, format.SortingColumn{ColumnIdx: int32(i)})
	}
}
