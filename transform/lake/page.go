package lake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/apache/iceberg-go"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"satudata/schemas"
)

// A page ends when it holds this many rows or bytes: small enough for a reader to skip some, large
// enough to compress well.
const (
	pageRows  = 32 << 10
	pageBytes = 512 << 10
)

// maxDictionary is how large a dictionary may grow before the rest of the file is written without:
// the sample that promised few values was not like the rest.
const maxDictionary = 1 << 20

// maxBound is the longest text that is kept whole in the statistics of a row group.
const maxBound = 1 << 10

// chunkWriter writes one column of one row group after the other: its pages, what statistics and
// indexes say of them, and its dictionary and Bloom filter.
type chunkWriter struct {
	field   iceberg.NestedField
	typ     schemas.Type
	kind    parquet.Type // physical and logical type
	packer  *zstd.Encoder
	filter  bool // make a Bloom filter
	bounded bool // keep the least and the largest value

	// The page in work.
	values values
	rows   int
	nulls  int
	levels []byte // 1 for each row that has a value; empty while all have

	// The row group in work.
	pages   [][]byte // finished pages, compressed
	meta    format.ColumnMetaData
	index   format.ColumnIndex
	offsets format.OffsetIndex
	total   int64    // rows in finished pages
	sums    []uint64 // Bloom filter hashes

	raw, packed []byte // scratch
	dense       int    // pages to come that are not compressed, because one before did not become smaller
}

// present says that n rows follow whose values are all there.
func (c *chunkWriter) present(n int) {
	if len(c.levels) > 0 {
		c.levels = append(c.levels, bytes.Repeat([]byte{1}, n)...)
	}
	c.rows += n
}

// level says that a row follows whose value is there or is not.
func (c *chunkWriter) level(valid bool) {
	switch {
	case !valid:
		if len(c.levels) == 0 {
			c.levels = append(c.levels, bytes.Repeat([]byte{1}, c.rows)...)
		}
		c.levels = append(c.levels, 0)
		c.nulls++
	case len(c.levels) > 0:
		c.levels = append(c.levels, 1)
	}
	c.rows++
}

// full ends the page in work when it is large enough.
func (c *chunkWriter) full() error {
	if c.rows >= pageRows || c.values.size() >= pageBytes {
		return c.endPage()
	}
	return nil
}

// endPage encodes the page in work.
func (c *chunkWriter) endPage() error {
	if c.rows == 0 {
		return nil
	}
	levels, err := c.encodeLevels()
	if err != nil {
		return fmt.Errorf("encode column %s: %w", c.field.Name, err)
	}
	raw, encoding := c.raw[:0], format.Plain // of a page without values: a dictionary of none confuses readers
	if c.nulls < c.rows {
		if raw, encoding, err = c.values.encode(c.raw); err != nil {
			return fmt.Errorf("encode column %s: %w", c.field.Name, err)
		}
	}
	c.raw = raw
	packed, compressed := c.pack(raw)
	header := format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(len(levels) + len(raw)),
		CompressedPageSize:   int32(len(levels) + len(packed)),
		CRC:                  int32(crc32.Update(crc32.ChecksumIEEE(levels), crc32.IEEETable, packed)),
	}
	header.DataPageHeaderV2.Set(format.DataPageHeaderV2{
		NumValues:                  int32(c.rows),
		NumNulls:                   int32(c.nulls),
		NumRows:                    int32(c.rows),
		Encoding:                   encoding,
		DefinitionLevelsByteLength: int32(len(levels)),
		IsCompressed:               thrift.New(compressed),
		Statistics:                 format.Statistics{NullCount: int64(c.nulls)},
	})
	page, err := c.page(&header, levels, packed)
	if err != nil {
		return err
	}
	c.pages = append(c.pages, page)
	c.describePage(encoding, len(page), int64(len(page)+len(raw)-len(packed)))
	c.values.reset()
	c.rows, c.nulls, c.levels = 0, 0, c.levels[:0]
	if w, ok := c.values.(*words); ok && len(w.data) > maxDictionary {
		c.giveUpDictionary(w)
	}
	return nil
}

// encodeLevels says in Parquet's run-length encoding which rows have values.
func (c *chunkWriter) encodeLevels() ([]byte, error) {
	if c.field.Required {
		return nil, nil
	}
	if len(c.levels) == 0 {
		return append(binary.AppendUvarint(nil, uint64(c.rows)<<1), 1), nil
	}
	return (&rle.Encoding{BitWidth: 1}).EncodeLevels(nil, c.levels)
}

// page is a header and the parts of a page.
func (c *chunkWriter) page(header *format.PageHeader, parts ...[]byte) ([]byte, error) {
	var head bytes.Buffer
	if err := encodeThrift(&head, header); err != nil {
		return nil, fmt.Errorf("encode page header of column %s: %w", c.field.Name, err)
	}
	page := head.Bytes()
	for _, p := range parts {
		page = append(page, p...)
	}
	return page, nil
}

func encodeThrift(to *bytes.Buffer, v any) error {
	return thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(to)).Encode(v)
}

// describePage adds a page of size bytes, of which were unpacked, to indexes and statistics.
func (c *chunkWriter) describePage(encoding format.Encoding, size int, unpacked int64) {
	var low, high []byte
	if c.bounded {
		low, high = c.values.bounds()
	}
	c.index.NullPages = append(c.index.NullPages, c.nulls == c.rows)
	c.index.NullCounts = append(c.index.NullCounts, int64(c.nulls))
	c.index.MinValues = append(c.index.MinValues, c.cut(low, cutLow))
	c.index.MaxValues = append(c.index.MaxValues, c.cut(high, cutHigh))
	c.offsets.PageLocations = append(c.offsets.PageLocations, format.PageLocation{
		Offset: c.meta.TotalCompressedSize, CompressedPageSize: int32(size), FirstRowIndex: c.total,
	})
	c.total += int64(c.rows)
	c.meta.NumValues += int64(c.rows)
	c.meta.TotalCompressedSize += int64(size)
	c.meta.TotalUncompressedSize += unpacked
	c.count(format.DataPageV2, encoding)
	s := &c.meta.Statistics
	s.NullCount += int64(c.nulls)
	if low != nil && (s.MinValue == nil || compare(c.typ, low, s.MinValue) < 0) {
		s.MinValue = low
	}
	if high != nil && (s.MaxValue == nil || compare(c.typ, high, s.MaxValue) > 0) {
		s.MaxValue = high
	}
	if c.filter {
		c.sums = c.values.hashes(c.sums)
	}
}

// cut shortens a text for the index of pages.
func (c *chunkWriter) cut(b []byte, how func([]byte, int) []byte) []byte {
	if b == nil {
		return []byte{}
	}
	if c.typ.Kind == schemas.String {
		if short := how(b, boundChars); short != nil {
			return short
		}
	}
	return b
}

// count notes a page's encoding in the metadata.
func (c *chunkWriter) count(t format.PageType, e format.Encoding) {
	known := false
	for i := range c.meta.EncodingStats {
		if s := &c.meta.EncodingStats[i]; s.PageType == t && s.Encoding == e {
			s.Count++
			return
		}
	}
	for _, have := range c.meta.Encoding {
		known = known || have == e
	}
	if !known {
		c.meta.Encoding = append(c.meta.Encoding, e)
	}
	c.meta.EncodingStats = append(c.meta.EncodingStats, format.PageEncodingStats{PageType: t, Encoding: e, Count: 1})
}

// giveUpDictionary writes what follows plainly. The dictionary stays for the pages that used it.
func (c *chunkWriter) giveUpDictionary(w *words) { c.values = &plainWords{texts: newTexts(), used: w} }

// plainWords are texts whose dictionary grew too large. The dictionary is kept to the end of the
// row group, in which pages used it.
type plainWords struct {
	*texts
	used *words
}

// dictionary is the dictionary that pages of the row group use, nil for none.
func (c *chunkWriter) dictionary() *words {
	switch v := c.values.(type) {
	case *words:
		return v
	case *plainWords:
		return v.used
	}
	return nil
}

// dictionaryPage is the dictionary as a page.
func (c *chunkWriter) dictionaryPage(w *words) ([]byte, error) {
	raw, err := new(plain.Encoding).EncodeByteArray(nil, w.data, w.offsets)
	if err != nil {
		return nil, fmt.Errorf("encode dictionary of column %s: %w", c.field.Name, err)
	}
	packed := c.packer.EncodeAll(raw, nil)
	header := format.PageHeader{
		Type:                 format.DictionaryPage,
		UncompressedPageSize: int32(len(raw)),
		CompressedPageSize:   int32(len(packed)),
		CRC:                  int32(crc32.ChecksumIEEE(packed)),
	}
	header.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(w.len()), Encoding: format.Plain})
	page, err := c.page(&header, packed)
	if err != nil {
		return nil, err
	}
	c.meta.TotalCompressedSize += int64(len(page))
	c.meta.TotalUncompressedSize += int64(len(page) + len(raw) - len(packed))
	c.count(format.DictionaryPage, format.Plain)
	if c.filter {
		c.sums = w.texts.hashes(c.sums)
	}
	return page, nil
}

// bloomFilter is the filter over the values of the row group with its header, nil for none.
func (c *chunkWriter) bloomFilter() ([]byte, error) {
	if !c.filter || len(c.sums) == 0 {
		return nil, nil
	}
	filter := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(len(c.sums)), 10))
	filter.InsertBulk(c.sums)
	bits := filter.Bytes()
	header := format.BloomFilterHeader{NumBytes: int32(len(bits))}
	header.Algorithm.Value = &format.SplitBlockAlgorithm{}
	header.Hash.Value = &format.XxHash{}
	header.Compression.Value = &format.BloomFilterUncompressed{}
	var b bytes.Buffer
	if err := encodeThrift(&b, &header); err != nil {
		return nil, fmt.Errorf("encode filter of column %s: %w", c.field.Name, err)
	}
	b.Write(bits)
	return b.Bytes(), nil
}

// restart begins the next row group.
func (c *chunkWriter) restart() {
	clear(c.pages)
	c.pages = c.pages[:0]
	c.meta = format.ColumnMetaData{
		Type: format.Type(c.kind.Kind()), PathInSchema: thrift.Slice[string]{c.field.Name}, Codec: format.Zstd,
	}
	if !c.field.Required {
		c.meta.Encoding = append(c.meta.Encoding, format.RLE)
	}
	c.index, c.offsets = format.ColumnIndex{}, format.OffsetIndex{}
	c.total, c.sums = 0, c.sums[:0]
	switch v := c.values.(type) {
	case *words:
		v.restart()
	case *plainWords:
		c.values = v.texts
	}
}
