package pipeline_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

const permitContract = `
apiVersion: v3.1.0
kind: DataContract
id: perizinan.izin
name: Izin
version: 1.0.0
status: active
domain: perizinan
description: {purpose: Rekaman uji kecepatan}
customProperties:
  - {property: produsenData, value: dpmptsp}
  - {property: kelasAkses, value: publik}
  - {property: dasarHukum, value: data uji}
  - {property: jadwalPemutakhiran, value: harian}
  - {property: modePengiriman, value: delta}
schema:
  - name: izin
    physicalType: table
    logicalType: object
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1, description: Nomor}
      - {name: pemohon_id, logicalType: integer, required: true, description: Pemohon}
      - {name: nama, logicalType: string, required: true, description: Nama, logicalTypeOptions: {minLength: 1, maxLength: 100}}
      - {name: kabupaten_kota, logicalType: string, required: true, description: Tempat, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
      - {name: layanan, logicalType: string, required: true, description: Layanan, logicalTypeOptions: {pattern: "[A-Z]{3}-[0-9]{2}"}}
      - {name: tanggal, logicalType: date, required: true, description: Tanggal terbit}
      - {name: diperbarui, logicalType: timestamp, required: true, description: Pembaruan}
      - {name: luas, logicalType: integer, description: Luas, logicalTypeOptions: {minimum: 0, maximum: 1000000}}
      - {name: nilai, logicalType: number, physicalType: "decimal(18,2)", description: Nilai, logicalTypeOptions: {minimum: 0}}
      - name: status
        logicalType: string
        description: Status
        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [TERBIT, DITOLAK, DICABUT]}}]
    quality:
      - {type: custom, engine: satudata, name: luas_wajar, implementation: "luas <= 1000000"}
`

const permitBinding = `
apiVersion: satudata/v1
kind: Binding
id: dpmptsp.izin
version: 1.0.0
title: Izin
dataset: perizinan.izin
contract: 1.0.0
format: {type: %s}
codeSystem: kemendagri@2025
columns:
  - {to: id, from: id}
  - {to: pemohon_id, from: pemohon_id}
  - {to: nama, from: nama}
  - {to: kabupaten_kota, from: kode}
  - {to: layanan, from: layanan}
  - {to: tanggal, from: tanggal}
  - {to: diperbarui, from: diperbarui}
  - {to: luas, from: luas}
  - {to: nilai, from: nilai}
  - {to: status, from: status}
`

// writePermits writes n permits and returns the size of the file.
func writePermits(tb testing.TB, path, format string, n int) int64 {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	line := "{\"id\":%d,\"pemohon_id\":%d,\"nama\":\"Pemohon %d\",\"kode\":\"%s\",\"layanan\":\"SIP-%02d\",\"tanggal\":\"2024-%02d-%02d\",\"diperbarui\":\"2024-06-01T10:%02d:00Z\",\"luas\":%d,\"nilai\":%d.%02d,\"status\":\"%s\"}\n"
	if format == "csv" {
		line = "%d,%d,Pemohon %d,%s,SIP-%02d,2024-%02d-%02d,2024-06-01T10:%02d:00Z,%d,%d.%02d,%s\n"
		fmt.Fprintln(w, "id,pemohon_id,nama,kode,layanan,tanggal,diperbarui,luas,nilai,status")
	}
	codes := []string{"32.73", "32.01", "32.04", "16.71", "16.08", "31.74", "11.09", "33.76"}
	status := []string{"TERBIT", "DITOLAK", "DICABUT"}
	for i := range n {
		fmt.Fprintf(w, line, i+1, i*7919%5_000_000, i, codes[i%len(codes)], i%40, i%12+1, i%28+1, i%60, i%90_000, i%1_000_000, i%100, status[i%3])
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

// road is a workspace's parts, without its command line.
type road struct {
	log  *embedded.Log
	cat  *catalog.Catalog
	lake *lake.Lake
	ref  *schemas.Reference
}

func openRoad(tb testing.TB, dir string) *road {
	tb.Helper()
	ctx := tb.Context()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	r := &road{}
	var err error
	r.log, err = embedded.Open(filepath.Join(dir, "log"), embedded.Options{})
	must(err)
	tb.Cleanup(func() { r.log.Close() })
	r.cat, err = catalog.Open(ctx, filepath.Join(dir, "catalog.db"), catalog.Options{Log: r.log})
	must(err)
	tb.Cleanup(func() { r.cat.Close() })
	r.lake, err = lake.Open(ctx, filepath.Join(dir, "lake"), lake.Options{})
	must(err)
	tb.Cleanup(func() { r.lake.Close() })
	r.ref, err = schemas.LoadReference()
	must(err)
	return r
}

func (r *road) ingest(tb testing.TB, path, format string) {
	tb.Helper()
	ctx := tb.Context()
	r.register(tb, format)
	src, err := file.Open([]string{path}, file.Options{Format: schemas.Format{Type: format}})
	if err != nil {
		tb.Fatal(err)
	}
	defer src.Close()
	if _, err := source.Run(ctx, src, source.Options{Log: r.log, Ledger: r.cat, Dataset: "perizinan.izin", Contract: "1.0.0",
		Binding: "dpmptsp.izin@1.0.0", Source: "/opd/dpmptsp/izin"}); err != nil {
		tb.Fatal(err)
	}
}

// register registers the permits' contract and binding.
func (r *road) register(tb testing.TB, format string) {
	tb.Helper()
	if err := r.cat.Register(tb.Context(), event.ContractRegistered{Dataset: "perizinan.izin", Version: "1.0.0", Document: permitContract},
		event.BindingRegistered{Binding: "dpmptsp.izin", Version: "1.0.0", Dataset: "perizinan.izin", Document: fmt.Sprintf(permitBinding, format)}); err != nil {
		tb.Fatal(err)
	}
}

// land lands and settles everything. At is when the last batch was committed, before it was settled.
func (r *road) land(tb testing.TB) (landed pipeline.Landed, at time.Time) {
	tb.Helper()
	w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, OnLanded: func(l pipeline.Landed) {
		landed.Accepted += l.Accepted
		landed.Rejected += l.Rejected
		at = time.Now()
	}})
	if err := w.Drain(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return landed, at
}

// BenchmarkRoad is a file to committed tables: read, logged with fsync, normalised, checked, landed,
// examined, published and folded.
func BenchmarkRoad(b *testing.B) {
	const rows = 300_000
	for _, format := range []string{"ndjson", "csv"} {
		b.Run("input="+format, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "izin."+format)
			b.SetBytes(writePermits(b, path, format, rows))
			for b.Loop() {
				b.StopTimer()
				r := openRoad(b, b.TempDir())
				b.StartTimer()
				r.ingest(b, path, format)
				if got, _ := r.land(b); got.Accepted != rows {
					b.Fatalf("%d rows accepted, want %d", got.Accepted, rows)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkLand is the landing alone, from a filled log. Rows/s is with the checks, the publication
// and the fold of the current state; landed-rows/s is until the history is committed.
func BenchmarkLand(b *testing.B) {
	const rows = 300_000
	path := filepath.Join(b.TempDir(), "izin.ndjson")
	b.SetBytes(writePermits(b, path, "ndjson", rows))
	landing := time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		r := openRoad(b, b.TempDir())
		r.ingest(b, path, "ndjson")
		b.StartTimer()
		begun := time.Now()
		_, at := r.land(b)
		landing += at.Sub(begun)
	}
	b.ReportMetric(float64(rows*b.N)/landing.Seconds(), "landed-rows/s")
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
