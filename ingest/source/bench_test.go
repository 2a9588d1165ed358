package source_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
)

// permits writes a file of permit records, ten columns each: NDJSON of about 233 bytes a record, or
// CSV of about half.
func permits(b *testing.B, kind string, rows int) (path string, size int64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "izin."+kind)
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	format := `{"nomor_izin":"503/%07d/DPMPTSP/%d","nib":"%013d","nama_pemohon":"%s","kode_wilayah":"32.%02d","kode_layanan":"%s","tanggal":"%s","diajukan":"%sT%02d:%02d:%02dZ","lama_hari":%d,"retribusi":"%d.%02d","status":"%s"}` + "\n"
	if kind == "csv" {
		format = "503/%07d/DPMPTSP/%d,%013d,%s,32.%02d,%s,%s,%sT%02d:%02d:%02dZ,%d,%d.%02d,%s\n"
		fmt.Fprintln(w, "nomor_izin,nib,nama_pemohon,kode_wilayah,kode_layanan,tanggal,diajukan,lama_hari,retribusi,status")
	}
	names := []string{"Siti", "Budi", "Asep", "Dewi", "Ujang", "Rina", "Hartono", "Wulandari", "Nugraha", "Permata", "Saputra"}
	services := []string{"IMB", "SIUP", "TDP", "HO", "SIP", "PBG", "SLF"}
	states := []string{"terbit", "ditolak", "diproses", "dicabut"}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		day := time.Date(2018+r.IntN(7), 1, 1+r.IntN(365), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		name := names[r.IntN(len(names))] + " " + names[r.IntN(len(names))] + " " + names[r.IntN(len(names))]
		fmt.Fprintf(w, format, i, 2018+r.IntN(7), r.Int64N(1e13), name, r.IntN(80), services[r.IntN(len(services))],
			day, day, r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(90), r.IntN(5e6), r.IntN(100), states[r.IntN(len(states))])
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, info.Size()
}

// used is the processor time that this process has taken.
func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const dataset = "perizinan.izin"

// BenchmarkRun moves a file into the embedded log: inspected, cut, appended and synced; and reads
// the log back.
func BenchmarkRun(b *testing.B) {
	const rows = 1_000_000
	for _, kind := range []string{"ndjson", "csv"} {
		path, size := permits(b, kind, rows)
		b.Run("deliver/"+kind, func(b *testing.B) {
			b.SetBytes(size)
			from := used(b)
			for b.Loop() {
				dir := b.TempDir()
				log := deliver(b, path, dir, rows)
				log.Close()
				b.ReportMetric(float64(stored(b, dir))/rows, "log-B/row")
			}
			report(b, rows, used(b)-from)
		})
		b.Run("read/"+kind, func(b *testing.B) {
			log := deliver(b, path, b.TempDir(), rows)
			defer log.Close()
			b.SetBytes(size)
			from := used(b)
			for b.Loop() {
				read(b, log)
			}
			report(b, rows, used(b)-from)
		})
	}
}

func report(b *testing.B, rows int, cpu time.Duration) {
	done := float64(rows) * float64(b.N)
	b.ReportMetric(done/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(cpu.Seconds()*1e6/done, "cpu-µs/row")
}

func deliver(b *testing.B, path, dir string, rows int64) *embedded.Log {
	log, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	src, err := file.Open([]string{path}, file.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	out, err := source.Run(b.Context(), src, source.Options{
		Log: log, Ledger: newLedger(&faults{}), Dataset: dataset, Contract: "1.0.0", Binding: "dpmptsp.izin@1.0.0", Source: "/opd/dpmptsp/izin",
	})
	if err != nil || out[0].Records != rows {
		b.Fatalf("got %+v, %v", out, err)
	}
	return log
}

// stored is the bytes that a log takes on the disk.
func stored(b *testing.B, dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, "log.db"))
	if err != nil {
		b.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// read reads a log as landing does.
func read(b *testing.B, log *embedded.Log) {
	ranges, err := log.Ranges(b.Context(), dataset)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range ranges {
		for from := r.First; from < r.Next; {
			records, err := log.Read(b.Context(), dataset, r.Partition, from, 4<<20)
			if err != nil {
				b.Fatal(err)
			}
			from += int64(len(records))
		}
	}
}
