package kafka_test

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/kafka"
	"satudata/ingest/eventlog/kafka/kafkatest"
)

// permit appends a permit of about 233 bytes as NDJSON.
func permit(b []byte, id int) []byte {
	return fmt.Appendf(b, `{"id_izin":"IZN-%09d","nik":"32730%011d","pemohon":"PT Sumber Makmur Jaya %d","kode_wilayah":"32.73.%02d","kode_layanan":"L%03d",`+
		`"tanggal":"2025-%02d-%02d","diproses":"2025-03-04T05:06:%02dZ","jumlah":%d,"nilai":%d.50,"status":"terbit"}`+"\n",
		id, id*7919, id*31%5000, id%30+1, id%200, id%12+1, id%28+1, id%60, id%97, id*1009%1000000)
}

// chunks are n messages of so many records each, as a source sends them.
func chunks(n, rows int) []event.Message {
	ids, delivery := event.NewIDs(uuid.Nil, nil), uuid.New()
	msgs := make([]event.Message, n)
	for i := range msgs {
		var data []byte
		for r := range rows {
			data = permit(data, i*rows+r)
		}
		msgs[i] = event.Chunk{
			ID: ids.Next(), Source: "/opd/dpmptsp/izin", Subject: "izin-2025.ndjson", Time: time.Now(), ContentType: "application/x-ndjson",
			Dataset: "perizinan.izin", Contract: "1.0.0", Binding: "dpmptsp.izin@1.0.0", Delivery: delivery,
			Stream: "/opd/dpmptsp/izin#0", Seq: int64(i + 1), FirstRow: int64(i*rows + 1), Rows: rows, Op: event.Upsert, Data: bytes.Clone(data),
		}.Message()
	}
	return msgs
}

// cpu is the processor time that this process has taken.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReal appends to and reads from a real broker on this machine, permits in chunks of 512 KiB
// and one to a message. It reports the processor time of this side; the broker's comes on top.
func BenchmarkReal(b *testing.B) {
	const records = 260_000
	c := kafkatest.Shared(b)
	for _, kind := range []struct {
		name string
		rows int
	}{{"chunks", 2000}, {"singles", 1}} {
		for _, compression := range []string{"zstd", "none"} {
			l := open(b, kafka.Options{Brokers: c.Brokers, Prefix: prefix(), Compression: compression, Partitions: 1})
			n := records / kind.rows
			msgs := chunks(n, kind.rows)
			group := min(n, max(4<<20/(250*kind.rows+500), 1)) // what a source appends at a time
			measure := func(b *testing.B, f func(b *testing.B)) {
				b.ReportAllocs()
				before := cpu()
				for b.Loop() {
					f(b)
				}
				total := float64(b.N) * records
				b.ReportMetric(total/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(float64((cpu()-before).Nanoseconds())/1000/total*float64(kind.rows), "cpu-µs/msg")
				b.ReportMetric(float64((cpu()-before).Nanoseconds())/total, "cpu-ns/row")
				b.ReportMetric(0, "ns/op")
			}
			b.Run("append/"+kind.name+"/"+compression, func(b *testing.B) {
				measure(b, func(b *testing.B) {
					for at := 0; at < n; at += group {
						if _, err := l.Append(b.Context(), "tulis", msgs[at:min(n, at+group)]...); err != nil {
							b.Fatal(err)
						}
					}
				})
			})
			for at := 0; at < n; at += group {
				if _, err := l.Append(b.Context(), "baca", msgs[at:min(n, at+group)]...); err != nil {
					b.Fatal(err)
				}
			}
			b.Run("read/"+kind.name+"/"+compression, func(b *testing.B) {
				measure(b, func(b *testing.B) {
					for from := int64(0); from < int64(n); {
						read, err := l.Read(b.Context(), "baca", 0, from, 8<<20)
						if err != nil {
							b.Fatal(err)
						}
						from += int64(len(read))
					}
				})
			})
		}
	}
}
