package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

var examples = []event.Message{
	{Key: "a", Value: []byte("satu"), Headers: []event.Header{{Key: "ce_id", Value: []byte("1")}, {Key: "ce_type", Value: []byte("x")}}},
	{Key: "a", Value: []byte("dua"), Headers: []event.Header{{Key: "ce_id", Value: []byte("2")}, {Key: "ce_jenis", Value: []byte{}}}},
	{Key: "b", Value: bytes.Repeat([]byte("panjang "), 4_000)},
	{Key: "", Value: []byte{}, Headers: []event.Header{{Key: "ce_id", Value: bytes.Repeat([]byte("9"), 300)}}},
}

func encoded(t testing.TB, codec compress.Compression) []byte {
	t.Helper()
	b, err := encodeBatch(codec, examples, []int{0, 1, 2, 3}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// theirs are the examples as kafka-go writes them.
func theirs(t testing.TB, codec compress.Compression) []byte {
	t.Helper()
	var records []kafka.Record
	for _, m := range examples {
		r := kafka.Record{Time: noon, Key: kafka.NewBytes([]byte(m.Key)), Value: kafka.NewBytes(m.Value)}
		for _, h := range m.Headers {
			r.Headers = append(r.Headers, kafka.Header(h))
		}
		records = append(records, r)
	}
	var b bytes.Buffer
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(codec), Records: kafka.NewRecordReader(records...)}
	if _, err := set.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()[4:] // behind its length
}

// wanted are the examples as read from an offset on.
func wanted(from int) []eventlog.Record {
	var out []eventlog.Record
	for i, m := range examples[from:] {
		out = append(out, eventlog.Record{Offset: int64(from + i), Time: noon, Message: m})
	}
	return out
}

func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name string
		set  []byte
	}{
		{"ours, none", encoded(t, compress.None)},
		{"ours, zstd", encoded(t, compress.Zstd)},
		{"kafka-go's, none", theirs(t, compress.None)},
		{"kafka-go's, gzip", theirs(t, compress.Gzip)},
		{"kafka-go's, snappy", theirs(t, compress.Snappy)},
		{"kafka-go's, lz4", theirs(t, compress.Lz4)},
		{"kafka-go's, zstd", theirs(t, compress.Zstd)},
	} {
		t.Run(c.name, func(t *testing.T) {
			second := bytes.Clone(c.set)
			binary.BigEndian.PutUint64(second, 4) // behind the first
			set := append(append(bytes.Clone(c.set), second...), c.set[:70]...)
			got, next, err := decodeBatches(set, 1)
			want := wanted(1)
			for _, r := range wanted(0) {
				r.Offset += 4
				want = append(want, r)
			}
			if diff := cmp.Diff(want, got); diff != "" || next != 8 || err != nil {
				t.Errorf("next %d, error %v, records (-want +got)\n%s", next, err, diff)
			}
			if end := batchesEnd(set); end != 8 {
				t.Errorf("the end is %d, want 8", end)
			}
		})
	}
}

// TestEncodedForOthers reads with kafka-go what we write.
func TestEncodedForOthers(t *testing.T) {
	for _, codec := range []compress.Compression{compress.None, compress.Zstd} {
		b := encoded(t, codec)
		var set protocol.RecordSet
		if _, err := set.ReadFrom(bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))); err != nil {
			t.Fatal(err)
		}
		for i, m := range examples {
			r, err := set.Records.ReadRecord()
			if err != nil {
				t.Fatalf("%v: record %d: %v", codec, i, err)
			}
			key, _ := io.ReadAll(r.Key)
			value, _ := io.ReadAll(r.Value)
			if string(key) != m.Key || !bytes.Equal(value, m.Value) || len(r.Headers) != len(m.Headers) || !r.Time.Equal(noon) {
				t.Errorf("%v: record %d is %s=%.40q at %v with %d headers", codec, i, key, value, r.Time, len(r.Headers))
			}
		}
	}
}

// TestBatchAttributes: the time when the broker took it, and batches of Kafka's own.
func TestBatchAttributes(t *testing.T) {
	with := func(attributes uint16, taken time.Time) []byte {
		b := encoded(t, compress.None)
		binary.BigEndian.PutUint16(b[21:], attributes)
		binary.BigEndian.PutUint64(b[35:], uint64(taken.UnixMilli()))
		sum(b)
		return b
	}
	later := noon.Add(time.Hour)
	got, _, err := decodeBatches(with(appendTime, later), 0)
	if err != nil || len(got) != 4 || !got[2].Time.Equal(later) {
		t.Errorf("records %v, error %v; want their time to be %v", got, err, later)
	}
	if got, next, err := decodeBatches(with(control, noon), 0); err != nil || len(got) != 0 || next != 4 {
		t.Errorf("a control batch gives %d records, next %d, error %v", len(got), next, err)
	}
}

func sum(b []byte) {
	binary.BigEndian.PutUint32(b[batchSumAt:], checksumOf(b))
}

// TestDamagedBatch flips every byte: none goes unnoticed, but for those that say where it is and who
// led the partition, which the checksum leaves out.
func TestDamagedBatch(t *testing.T) {
	short, err := encodeBatch(compress.None, examples[:2], []int{0, 1}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for at := batchMagicAt; at < len(short); at++ {
		b := bytes.Clone(short)
		b[at] ^= 0x10
		if got, _, err := decodeBatches(b, 0); !errors.Is(err, errBatch) {
			t.Errorf("byte %d: %d records, error %v", at, len(got), err)
		}
	}
}

func FuzzBatches(f *testing.F) {
	for _, codec := range []compress.Compression{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd} {
		f.Add(theirs(f, codec), int64(1))
	}
	f.Add(encoded(f, compress.Zstd), int64(0))
	f.Fuzz(func(t *testing.T, set []byte, from int64) {
		set = bytes.Clone(set)
		if len(set) >= batchHead { // else nothing gets past the checksum
			sum(set)
		}
		records, next, _ := decodeBatches(set, from)
		for i, r := range records {
			if r.Offset < from || i > 0 && r.Offset <= records[i-1].Offset || r.Offset >= next {
				t.Errorf("record %d of %d has offset %d, read from %d to %d", i, len(records), r.Offset, from, next)
			}
		}
	})
}

func FuzzFetched(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x01"), int16(11))
	f.Fuzz(func(t *testing.T, body []byte, version int16) {
		if r, err := parseFetched(body, version); err == nil && len(r.set) > len(body) {
			t.Errorf("%d bytes of records in %d", len(r.set), len(body))
		}
	})
}

// TestFitting: a read takes what fits, and one record however large it is when it has none yet.
func TestFitting(t *testing.T) {
	records := wanted(0) // of 4, 3, 32,000 and 0 bytes
	for _, c := range []struct {
		most    int
		one     bool
		n, size int
	}{
		{0, false, 0, 0}, {0, true, 1, 4}, {3, false, 0, 0}, {3, true, 1, 4}, {7, false, 2, 7}, {8, true, 2, 7}, {32_007, false, 4, 32_007},
	} {
		if n, size := fitting(records, c.most, c.one); n != c.n || size != c.size {
			t.Errorf("of %d bytes, one at least %v: %d records of %d bytes, want %d of %d", c.most, c.one, n, size, c.n, c.size)
		}
	}
}

// TestManyBatches: what batches have in common is made once, and none of it is mistaken for that of another.
func TestManyBatches(t *testing.T) {
	var set []byte
	var want []eventlog.Record
	for i := range 20 {
		b := encoded(t, []compress.Compression{compress.None, compress.Zstd}[i%2])
		binary.BigEndian.PutUint64(b, uint64(4*i))
		set = append(set, b...)
		for _, r := range wanted(0) {
			r.Offset += int64(4 * i)
			want = append(want, r)
		}
	}
	got, next, err := decodeBatches(set, 0)
	if diff := cmp.Diff(want, got); diff != "" || next != 80 || err != nil {
		t.Errorf("next %d, error %v, records (-want +got)\n%s", next, err, diff)
	}
}
