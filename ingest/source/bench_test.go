package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
)

// BenchmarkRun moves a CSV of 64 MB into the embedded log: inspected, cut, appended and synced.
func BenchmarkRun(b *testing.B) {
	var text strings.Builder
	text.WriteString("id,kode,nama,tahun,jumlah\n")
	rows := 0
	for ; text.Len() < 64<<20; rows++ {
		fmt.Fprintf(&text, "%d,32.%02d,KABUPATEN %d,%d,%d\n", rows, rows%80, rows%1000, 2010+rows%15, rows*7919%100003)
	}
	path := filepath.Join(b.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		log, err := embedded.Open(b.TempDir(), embedded.Options{})
		if err != nil {
			b.Fatal(err)
		}
		src, err := file.Open([]string{path}, file.Options{})
		if err != nil {
			b.Fatal(err)
		}
		out, err := source.Run(b.Context(), src, source.Options{
			Log: log, Ledger: newLedger(&faults{}), Dataset: "bencana.kejadian_banjir", Contract: "1.0.0",
			Binding: "bpbd.banjir@1.0.0", Source: "/opd/bpbd/banjir",
		})
		if err != nil || out[0].Records != int64(rows) {
			b.Fatalf("got %+v, %v", out, err)
		}
		src.Close()
		log.Close()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
