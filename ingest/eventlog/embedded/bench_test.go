package embedded_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
)

// table returns about n bytes of CSV as an OPD's table looks: codes, names, a year and numbers.
func table(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	names := []string{"Kabupaten Bandung", "Kota Bandung", "Kabupaten Garut", "Kota Cimahi", "Kabupaten Sumedang", "Kota Depok"}
	var b bytes.Buffer
	b.WriteString("id,kode,nama,tahun,jumlah,nilai,satuan\n")
	for i := 0; b.Len() < n; i++ {
		k := r.IntN(len(names))
		fmt.Fprintf(&b, "%d,32.%02d,%s,%d,%d,%.2f,KEJADIAN\n", i, k+1, names[k], 2015+r.IntN(9), r.IntN(5000), r.Float64()*1000)
	}
	return b.Bytes()
}

func chunk(size int, seed uint64) event.Message {
	return event.Message{
		Key:     "/opd/bpbd/banjir#0",
		Headers: []event.Header{{Key: "ce_id", Value: []byte("0197c9a2-5d6e-7c3a-9d8e-6f1a2b3c4d5e")}, {Key: "ce_type", Value: []byte(event.RecordsType)}},
		Value:   table(size, seed),
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ size, batch int }{{1 << 10, 1}, {256 << 10, 1}, {512 << 10, 1}, {512 << 10, 8}} {
		b.Run(fmt.Sprintf("bytes=%d/batch=%d", c.size, c.batch), func(b *testing.B) {
			l := open(b, b.TempDir(), embedded.Options{})
			msgs := make([]event.Message, c.batch)
			for i := range msgs {
				msgs[i] = chunk(c.size, uint64(i))
			}
			b.SetBytes(int64(c.batch * c.size))
			for b.Loop() {
				if _, err := l.Append(b.Context(), "t", msgs...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("bytes=262144/batch=1/writers=8", func(b *testing.B) {
		l := open(b, b.TempDir(), embedded.Options{})
		m := chunk(256<<10, 1)
		b.SetBytes(256 << 10)
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := l.Append(b.Context(), "t", m); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkRead(b *testing.B) {
	const size, count = 512 << 10, 128
	l := open(b, b.TempDir(), embedded.Options{})
	for i := range count {
		if _, err := l.Append(b.Context(), "t", chunk(size, uint64(i))); err != nil {
			b.Fatal(err)
		}
	}
	for _, maxBytes := range []int{1, 8 << 20} {
		b.Run(fmt.Sprintf("bytes=%d/max=%d", size, maxBytes), func(b *testing.B) {
			b.SetBytes(size * count)
			b.ReportAllocs()
			for b.Loop() {
				for from := int64(0); from < count; {
					records, err := l.Read(b.Context(), "t", 0, from, maxBytes)
					if err != nil {
						b.Fatal(err)
					}
					from += int64(len(records))
				}
			}
		})
	}
}
