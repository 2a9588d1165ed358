package kafka_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/kafka"
	"satudata/ingest/eventlog/kafka/kafkatest"
)

// table returns about n bytes of CSV as an OPD's table looks.
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

// BenchmarkReal appends to and reads from a real broker on this machine, in chunks of 512 KiB.
func BenchmarkReal(b *testing.B) {
	const size, batch, count = 512 << 10, 8, 128
	c := kafkatest.Shared(b)
	for _, compression := range []string{"zstd", "none"} {
		l := open(b, kafka.Options{Brokers: c.Brokers, Prefix: prefix(), Compression: compression, Partitions: 1})
		msgs := make([]event.Message, batch)
		for i := range msgs {
			msgs[i] = event.Message{Key: "k", Value: table(size, uint64(i))}
		}
		b.Run("append/"+compression, func(b *testing.B) {
			b.SetBytes(batch * size)
			for b.Loop() {
				if _, err := l.Append(b.Context(), "t", msgs...); err != nil {
					b.Fatal(err)
				}
			}
		})
		for range count / batch {
			if _, err := l.Append(b.Context(), "baca", msgs...); err != nil {
				b.Fatal(err)
			}
		}
		b.Run("read/"+compression, func(b *testing.B) {
			b.SetBytes(count * size)
			b.ReportAllocs()
			for b.Loop() {
				for from := int64(0); from < count; {
					records, err := l.Read(b.Context(), "baca", 0, from, 8<<20)
					if err != nil {
						b.Fatal(err)
					}
					from += int64(len(records))
				}
			}
		})
	}
}
