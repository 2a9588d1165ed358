package normalize_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// permits is the plan of the reference work: permit records of ten columns with types, a code
// list, allowed values and four row rules.
func permits(t testing.TB) *schemas.Plan {
	quality := `, quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [TERBIT, DITOLAK, PROSES, DICABUT]}}]`
	return compile(t,
		property("id_izin", "string", "required: true, primaryKey: true, primaryKeyPosition: 1")+
			property("id_pemohon", "string", "required: true")+
			property("nama", "string", "required: true, logicalTypeOptions: {minLength: 2, maxLength: 120}")+
			strings.Replace(property("kabupaten_kota", "string", "required: true"), "[{", "[{property: elemen, value: wilayah.kabupaten_kota}, {", 1)+
			property("layanan", "string", `logicalTypeOptions: {pattern: "^[A-Z]{2}-[0-9]{3}$"}`)+
			property("tanggal", "date", "")+
			property("dicatat_pada", "timestamp", "")+
			property("luas", "integer", "logicalTypeOptions: {minimum: 0}")+
			property("retribusi", "number", `physicalType: "decimal(18,2)"`)+
			property("status", "string", quality[2:]), `format: {type: csv}
codeSystem: bps@2023
columns:
  - {to: id_izin, from: id_izin}
  - {to: id_pemohon, from: id_pemohon}
  - {to: nama, from: nama}
  - {to: kabupaten_kota, from: kode_wilayah}
  - {to: layanan, from: layanan}
  - {to: tanggal, from: tanggal}
  - {to: dicatat_pada, from: dicatat_pada}
  - {to: luas, from: luas}
  - {to: retribusi, from: retribusi}
  - {to: status, from: status}
`, "luas >= 0 and luas < 1000000", "retribusi >= 0", "tanggal <= tanggal", "status <> 'DICABUT' or retribusi >= 0")
}

var (
	benchRegions  = []string{"3201", "3273", "1101", "3171", "5171", "7371", "6471", "3578"}
	benchStatuses = []string{"TERBIT", "DITOLAK", "PROSES", "DICABUT"}
)

// permit is record i as NDJSON (about 233 bytes) or CSV.
func permit(b *bytes.Buffer, i int, csv bool) {
	form := `{"id_izin":"IZ-%09d","id_pemohon":"P%08d","nama":"Pemohon Izin %d","kode_wilayah":"%s","layanan":"IM-%03d","tanggal":"2024-%02d-%02d","dicatat_pada":"2024-05-01T%02d:%02d:%02dZ","luas":%d,"retribusi":%d.%02d,"status":"%s"}` + "\n"
	if csv {
		form = "IZ-%09d,P%08d,Pemohon Izin %d,%s,IM-%03d,2024-%02d-%02d,2024-05-01T%02d:%02d:%02dZ,%d,%d.%02d,%s\n"
	}
	fmt.Fprintf(b, form, i, i%700000, i*7919%1000003, benchRegions[i%len(benchRegions)], i%40, 1+i%12, 1+i%28,
		i%24, i%60, i*7%60, i*31%90000, i*17%1000000, i%100, benchStatuses[i%len(benchStatuses)])
}

func benchChunk(csv bool) event.Chunk {
	var b bytes.Buffer
	f, n := jsonFormat, 0
	if csv {
		f = csvFormat
		b.WriteString("id_izin,id_pemohon,nama,kode_wilayah,layanan,tanggal,dicatat_pada,luas,retribusi,status\n")
	}
	for ; b.Len() < event.MaxChunk-300; n++ {
		permit(&b, n, csv)
	}
	return event.Chunk{ContentType: f.String(), Data: b.Bytes(), Rows: n, Op: event.Upsert}
}

// BenchmarkFaulty decodes a chunk in which every record has a number that is none.
func BenchmarkFaulty(b *testing.B) {
	chunk := benchChunk(true)
	chunk.Data = bytes.ReplaceAll(chunk.Data, []byte("Z,"), []byte("Z,±"))
	n := normalize.New(permits(b), memory.DefaultAllocator)
	b.SetBytes(int64(len(chunk.Data)))
	b.ReportAllocs()
	for b.Loop() {
		res, err := n.Chunk(chunk)
		if err != nil {
			b.Fatal(err)
		}
		if res.Verdicts.Rejected() != chunk.Rows {
			b.Fatal(res.Verdicts.Rejected())
		}
		res.Record.Release()
	}
	b.ReportMetric(float64(chunk.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPermits decodes 512 KiB chunks of the reference work; check adds the rules.
func BenchmarkPermits(b *testing.B) {
	for _, c := range []struct {
		name       string
		csv, check bool
	}{{"ndjson/decode", false, false}, {"ndjson/check", false, true}, {"csv/decode", true, false}, {"csv/check", true, true}} {
		b.Run(c.name, func(b *testing.B) {
			plan, chunk := permits(b), benchChunk(c.csv)
			n, checker := normalize.New(plan, memory.DefaultAllocator), quality.NewChecker(plan)
			b.SetBytes(int64(len(chunk.Data)))
			b.ReportAllocs()
			for b.Loop() {
				res, err := n.Chunk(chunk)
				if err != nil {
					b.Fatal(err)
				}
				if c.check {
					checker.Check(res.Record, res.Verdicts)
					if res.Verdicts.Rejected() > 0 {
						b.Fatal(res.Verdicts.Reasons(0))
					}
				}
				res.Record.Release()
			}
			b.ReportMetric(float64(chunk.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(chunk.Rows), "rows/op")
		})
	}
}
