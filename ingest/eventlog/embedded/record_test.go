package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/minio/minlz"

	"satudata/ingest/event"
)

// FuzzRecord checks that whatever a stored record holds, with a checksum that matches, it is decoded
// or reported as damaged, and that what is decoded survives another round.
func FuzzRecord(f *testing.F) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	at, now := place{topic: "t", partition: 1, offset: 7}, time.Unix(1, 2).UTC()
	for _, m := range []event.Message{
		{},
		{Key: "k", Value: []byte("short")},
		{Key: "k", Headers: []event.Header{{Key: "a", Value: []byte("b")}, {Key: "a"}}, Value: bytes.Repeat([]byte("long "), 5000)},
	} {
		body, err := c.encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(*body)
	}
	f.Add([]byte{recordVersion, codecRaw, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{recordVersion, codecS2, 1, 3, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{recordVersion, codecMinLZ, 1, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{recordVersion, codecZstd, 1, 0xff, 0xff, 0xff, 0x1f, 0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := open(body, at); err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("open = %v", err)
		}
		m, err := decode(c, seal(bytes.Clone(body), at, now), at)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("decode = %v", err)
			}
			return
		}
		again, err := c.encode(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(c, seal(*again, at, now), at)
		if diff := cmp.Diff(m, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("second round differs, %v (-first +second):\n%s", err, diff)
		}
	})
}

func decode(c *codec, b []byte, at place) (event.Message, error) {
	s, err := open(b, at)
	if err != nil {
		return event.Message{}, err
	}
	return c.message(s)
}

// TestRecordElsewhere moves a whole record: it must not pass for the one that belongs there.
func TestRecordElsewhere(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	body, err := c.encode(event.Message{Key: "k", Value: []byte("v")})
	if err != nil {
		t.Fatal(err)
	}
	at := place{topic: "a", partition: 1, offset: 2}
	record := seal(*body, at, time.Unix(0, 0))
	for _, c := range []struct {
		name string
		at   place
		want error
	}{
		{"its place", at, nil},
		{"other topic", place{"b", 1, 2}, errDamaged},
		{"other partition", place{"a", 0, 2}, errDamaged},
		{"other offset", place{"a", 1, 3}, errDamaged},
	} {
		if _, err := open(record, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: open = %v, want %v", c.name, err, c.want)
		}
	}
}

// TestOlderRecords decodes what older versions wrote: all of the payload packed with zstd, or the value
// with S2.
func TestOlderRecords(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := event.Message{Key: "k", Headers: []event.Header{{Key: "a", Value: []byte("b")}}, Value: bytes.Repeat([]byte("long "), 5000)}
	envelope := appendEnvelope(nil, want)
	payload := append(envelope[:len(envelope):len(envelope)], want.Value...)
	for by, packed := range map[byte][]byte{
		codecZstd: enc.EncodeAll(payload, nil),
		codecS2:   append(envelope[:len(envelope):len(envelope)], s2.Encode(nil, want.Value)...),
	} {
		body := []byte{recordVersion, by}
		body = binary.AppendUvarint(body, uint64(len(want.Value)))
		body = binary.AppendUvarint(body, uint64(len(payload)))
		body = append(body, packed...)
		at := place{topic: "t", partition: 1, offset: 7}
		got, err := decode(c, seal(body, at, time.Unix(1, 2)), at)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("codec %d: %v (-want +got):\n%s", by, err, diff)
		}
	}
}

// TestCodecs: each value is packed by what takes it, or left as it is, and comes back.
func TestCodecs(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	random := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for _, tt := range []struct {
		name  string
		value []byte
		by    byte
	}{
		{"nothing", nil, codecRaw},
		{"little", []byte("{}"), codecRaw},
		{"text", bytes.Repeat([]byte("a line of text "), 4000), codecMinLZ},
		{"noise", random, codecRaw},
		{"beyond a block of MinLZ", make([]byte, minlz.MaxBlockSize+1), codecS2},
	} {
		body, err := c.encode(event.Message{Key: "k", Value: tt.value})
		if err != nil {
			t.Fatal(err)
		}
		if by := (*body)[1]; by != tt.by {
			t.Errorf("%s is packed by codec %d, want %d", tt.name, by, tt.by)
		}
		at := place{topic: "t"}
		got, err := decode(c, seal(*body, at, time.Unix(1, 2)), at)
		if err != nil || !bytes.Equal(got.Value, tt.value) {
			t.Errorf("%s: %d bytes came back, %v", tt.name, len(got.Value), err)
		}
		c.release(body)
	}
}

// BenchmarkCodec compares what the log could pack values with, on a chunk of permit records.
func BenchmarkCodec(b *testing.B) {
	var text []byte
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; len(text) < event.MaxChunk; i++ {
		text = fmt.Appendf(text, `{"nomor_izin":"503/%07d/DPMPTSP/2024","nib":"%013d","nama_pemohon":"Siti %d Wulandari","kode_wilayah":"32.%02d","kode_layanan":"SIUP","tanggal":"2024-%02d-%02d","lama_hari":%d,"retribusi":"%d.%02d","status":"terbit"}`+"\n",
			i, r.Int64N(1e13), r.IntN(1000), r.IntN(80), 1+r.IntN(12), 1+r.IntN(28), r.IntN(90), r.IntN(5e6), r.IntN(100))
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	if err != nil {
		b.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		pack   func(dst []byte) []byte
		unpack func(dst, packed []byte) ([]byte, error)
	}{
		{"none", func(dst []byte) []byte { return append(dst, text...) }, func(dst, packed []byte) ([]byte, error) { return append(dst, packed...), nil }},
		{"minlz", func(dst []byte) []byte {
			packed, _, err := pack(dst[:cap(dst)], text)
			if err != nil {
				b.Fatal(err)
			}
			return packed
		}, minlz.Decode},
		{"s2", func(dst []byte) []byte { return s2.Encode(dst[:cap(dst)], text) }, s2.Decode},
		{"zstd", func(dst []byte) []byte { return enc.EncodeAll(text, dst) }, func(dst, packed []byte) ([]byte, error) { return dec.DecodeAll(packed, dst) }},
	} {
		dst, out := make([]byte, 0, packedLen(len(text))), make([]byte, 0, len(text))
		packed := bytes.Clone(c.pack(dst))
		b.Run("pack/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				c.pack(dst)
			}
			b.ReportMetric(float64(len(packed))/float64(len(text)), "packed/B")
		})
		b.Run("unpack/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := c.unpack(out, packed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
