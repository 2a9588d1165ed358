package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go/compress"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// A record batch is what Kafka stores and hands out, whole: its head, and behind it the records,
// compressed together. This file reads and writes it as Kafka's documentation has it ("Record Batch",
// magic 2). kafka-go can do so too, in 50 allocations and 7 µs for a record with the headers of a
// chunk; here it is one allocation for many and a quarter of the time.
const (
	batchLengthAt = 8  // of what follows it
	batchMagicAt  = 16 // comes after the epoch of the leader
	batchSumAt    = 17 // CRC-32C of all that follows it
	batchBody     = 21 // attributes, and on
	batchHead     = 61 // where the records begin

	batchMagic = 2
)

// Bits of a batch's attributes.
const (
	codecBits  = 0x07
	appendTime = 0x08 // its time is when the broker took it
	control    = 0x20 // Kafka's own
)

// maxBatch is the most bytes of a batch, decompressed.
const maxBatch = 256 << 20

// checksumOf is the checksum of a batch as it should be.
func checksumOf(b []byte) uint32 {
	return crc32.Checksum(b[batchBody:], crc32.MakeTable(crc32.Castagnoli))
}

// errBatch says that a batch is not what was written.
var errBatch = errors.New("record batch is damaged")

// unpacker reads batches. It may be used concurrently.
var unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBatch))
})

// packer writes batches, at the level that package embedded uses too: it packs CSV as tightly as the
// default one and is up to twice as fast. It may be used concurrently.
var packer = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
})

// decodeBatches returns the records of a fetched set of batches from an offset on, and the offset
// after the last of all, control records included. The last batch may be cut off, and then does not
// count. The records share memory with each other, and with set when it is not compressed.
func decodeBatches(set []byte, from int64) ([]eventlog.Record, int64, error) {
	d := batchReader{next: from}
	for len(set) >= batchHead {
		size := batchLengthAt + 4 + int(int32(binary.BigEndian.Uint32(set[batchLengthAt:])))
		if size > len(set) {
			break
		}
		if size < batchHead || set[batchMagicAt] != batchMagic {
			return d.records, d.next, fmt.Errorf("%w: %d bytes of format %d, read is format %d", errBatch, size, set[batchMagicAt], batchMagic)
		}
		if err := d.batch(set[:size], len(set)/size); err != nil {
			return d.records, d.next, err
		}
		set = set[size:]
	}
	return d.records, d.next, nil
}

// batchesEnd returns the offset after the last record of a fetched set, 0 when it has none.
func batchesEnd(set []byte) (end int64) {
	for len(set) >= batchHead {
		size := batchLengthAt + 4 + int(int32(binary.BigEndian.Uint32(set[batchLengthAt:])))
		if size < batchHead || size > len(set) {
			break
		}
		end = int64(binary.BigEndian.Uint64(set)) + int64(int32(binary.BigEndian.Uint32(set[23:]))) + 1
		set = set[size:]
	}
	return end
}

// batch takes the records of a batch, of which about so many more of its size follow.
func (d *batchReader) batch(b []byte, alike int) error {
	if want, got := binary.BigEndian.Uint32(b[batchSumAt:]), checksumOf(b); want != got {
		return fmt.Errorf("%w: checksum %08x instead of %08x", errBatch, got, want)
	}
	attributes := binary.BigEndian.Uint16(b[21:])
	d.base = int64(binary.BigEndian.Uint64(b))
	end := d.base + int64(int32(binary.BigEndian.Uint32(b[23:]))) + 1
	if end <= d.next || attributes&control != 0 {
		d.next = max(d.next, end)
		return nil
	}
	data, err := unpack(compress.Compression(attributes&codecBits), b[batchHead:])
	if err != nil {
		return fmt.Errorf("%w: decompress: %w", errBatch, err)
	}
	d.cursor, d.taken = cursor{b: data}, time.Time{}
	d.first = int64(binary.BigEndian.Uint64(b[27:]))
	d.left = int(int32(binary.BigEndian.Uint32(b[57:])))
	if attributes&appendTime != 0 {
		d.taken = time.UnixMilli(int64(binary.BigEndian.Uint64(b[35:]))).UTC()
	}
	if d.left < 0 || d.left > len(data)/minRecord {
		return fmt.Errorf("%w: %d records in %d bytes", errBatch, d.left, len(data))
	}
	if cap(d.records)-len(d.records) < d.left {
		d.records = slices.Grow(d.records, max(d.left, min(d.left*alike, mostAlike)))
	}
	for ; d.left > 0; d.left-- {
		r := d.record()
		if d.bad {
			return fmt.Errorf("%w: a record after offset %d", errBatch, r.Offset)
		}
		if r.Offset >= d.next { // a batch comes whole, also when it began before
			d.records = append(d.records, r)
			d.next = r.Offset + 1
		}
	}
	d.next = max(d.next, end)
	return nil
}

// mostAlike is for how many records of batches to come there is room made.
const mostAlike = 16 << 10

// unpack returns data, decompressed.
func unpack(codec compress.Compression, data []byte) ([]byte, error) {
	switch codec {
	case compress.None:
		return data, nil
	case compress.Zstd:
		dec, err := unpacker()
		if err != nil {
			return nil, err
		}
		return dec.DecodeAll(data, nil)
	}
	c := codec.Codec()
	if c == nil {
		return nil, fmt.Errorf("compression %d is unknown", codec)
	}
	r := c.NewReader(bytes.NewReader(data))
	defer r.Close() //nolint:errcheck // only read from
	out := bytes.NewBuffer(make([]byte, 0, 4*len(data)+bytes.MinRead))
	n, err := out.ReadFrom(io.LimitReader(r, maxBatch+1))
	if err == nil && n > maxBatch {
		err = fmt.Errorf("more than %d bytes come out of it", maxBatch)
	}
	return out.Bytes(), err
}

// minRecord is the least that a record takes.
const minRecord = 7

// batchReader reads the records of batches that follow one another.
type batchReader struct {
	records []eventlog.Record // read so far
	next    int64             // the offset of the next that is wanted

	// Of the batch at hand:
	cursor
	base  int64     // offset
	first int64     // time, in ms
	taken time.Time // when the broker took them; zero: each has a time of its own
	left  int       // records, the one at hand included

	key     string         // of the record before
	headers []event.Header // of the record before
	arena   []event.Header // for the headers of records to come
}

// record reads a record. Consecutive records have the names of their headers in common, and often the
// key: these strings are made once.
func (d *batchReader) record() eventlog.Record {
	d.varint() // length
	d.bytes(1) // attributes: none are defined
	sent := time.Duration(d.varint()) * time.Millisecond
	r := eventlog.Record{Offset: d.base + d.varint(), Time: d.taken}
	if d.taken.IsZero() {
		r.Time = time.UnixMilli(d.first).Add(sent).UTC()
	}
	if key := d.field(); string(key) != d.key {
		d.key = string(key)
	}
	r.Message.Key = d.key
	r.Message.Value = d.field()
	if n := d.varint(); n < 0 || n > int64(len(d.b)-d.at)/2 {
		d.bad = true
	} else if n > 0 && !d.bad {
		r.Message.Headers = d.header(int(n))
	}
	return r
}

// header reads n headers.
func (d *batchReader) header(n int) []event.Header {
	if n > len(d.arena) {
		d.arena = make([]event.Header, n*max(1, min(d.left, (len(d.b)-d.at)/(2*n))))
	}
	h := d.arena[:n:n]
	d.arena = d.arena[n:]
	for i := range h {
		name := d.field()
		if i < len(d.headers) && d.headers[i].Key == string(name) {
			h[i].Key = d.headers[i].Key
		} else {
			h[i].Key = string(name)
		}
		h[i].Value = d.field()
	}
	d.headers = h
	return h
}

// cursor reads the encoding of a record's fields. After a fault it is bad and reads nothing.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

func (c *cursor) varint() int64 {
	if c.at < len(c.b) && c.b[c.at] < 0x80 { // most are one byte
		u := c.b[c.at]
		c.at++
		return int64(u>>1) ^ -int64(u&1)
	}
	v, n := binary.Varint(c.b[c.at:])
	if n <= 0 {
		c.bad, c.at = true, len(c.b)
		return 0
	}
	c.at += n
	return v
}

func (c *cursor) bytes(n int64) []byte {
	if n > int64(len(c.b)-c.at) {
		c.bad, c.at = true, len(c.b)
		return nil
	}
	b := c.b[c.at : c.at+int(n) : c.at+int(n)]
	c.at += int(n)
	return b
}

// field reads bytes behind their length; null is none.
func (c *cursor) field() []byte {
	n := c.varint()
	if n < 0 {
		return nil
	}
	return c.bytes(n)
}

// scratch keeps buffers for records before compression.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// encodeBatch returns a batch of messages, the time of all being now.
func encodeBatch(codec compress.Compression, msgs []event.Message, indexes []int, now time.Time) ([]byte, error) {
	buffer := scratch.Get().(*[]byte)
	defer scratch.Put(buffer)
	records := (*buffer)[:0]
	for delta, i := range indexes {
		records = appendRecord(records, msgs[i], delta)
	}
	*buffer = records
	out := make([]byte, batchHead, batchHead+len(records)/4)
	switch codec {
	case compress.None:
		out = append(out, records...)
	case compress.Zstd:
		enc, err := packer()
		if err != nil {
			return nil, err
		}
		out = enc.EncodeAll(records, out)
	default:
		return nil, fmt.Errorf("compression %v is not written", codec)
	}
	const none = ^uint64(0) // neither a producer with a memory nor its epoch and sequence
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint32(out[batchLengthAt:], uint32(len(out)-batchLengthAt-4))
	binary.BigEndian.PutUint32(out[12:], uint32(none&0xffffffff)) // epoch of the leader: the broker's business
	out[batchMagicAt] = batchMagic
	binary.BigEndian.PutUint16(out[21:], uint16(codec))
	binary.BigEndian.PutUint32(out[23:], uint32(len(indexes)-1))
	binary.BigEndian.PutUint64(out[27:], ms)
	binary.BigEndian.PutUint64(out[35:], ms)
	binary.BigEndian.PutUint64(out[43:], none)
	binary.BigEndian.PutUint16(out[51:], uint16(none&0xffff))
	binary.BigEndian.PutUint32(out[53:], uint32(none&0xffffffff))
	binary.BigEndian.PutUint32(out[57:], uint32(len(indexes)))
	binary.BigEndian.PutUint32(out[batchSumAt:], checksumOf(out))
	return out, nil
}

// appendRecord appends the record of a message, which is so many behind the first of its batch.
func appendRecord(b []byte, m event.Message, delta int) []byte {
	size := 2 + varintSize(delta) + fieldSize(len(m.Key)) + fieldSize(len(m.Value)) + varintSize(len(m.Headers))
	for _, h := range m.Headers {
		size += fieldSize(len(h.Key)) + fieldSize(len(h.Value))
	}
	b = binary.AppendVarint(b, int64(size))
	b = append(b, 0, 0) // attributes, and the time after the first record
	b = binary.AppendVarint(b, int64(delta))
	b = appendField(b, m.Key)
	b = appendField(b, m.Value)
	b = binary.AppendVarint(b, int64(len(m.Headers)))
	for _, h := range m.Headers {
		b = appendField(b, h.Key)
		b = appendField(b, h.Value)
	}
	return b
}

// appendField appends bytes behind their length. None is empty, not null, which means a deletion.
func appendField[T string | []byte](b []byte, field T) []byte {
	b = binary.AppendVarint(b, int64(len(field)))
	return append(b, field...)
}

func fieldSize(n int) int { return varintSize(n) + n }

// varintSize is how many bytes the encoding of n, not negative, takes.
func varintSize(n int) int { return max(1, (bits.Len(uint(n))+1+6)/7) }
