package file_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"satudata/ingest/source/file"
	"satudata/schemas"
)

// table writes a CSV of about size bytes: records of ten columns.
func table(w io.Writer, size int, quoted bool, eol string) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(s string) string {
		if quoted {
			return `"` + s + `"`
		}
		return s
	}
	var line []byte
	fmt.Fprint(w, "id,kode,nama,kecamatan,tahun,bulan,laki_laki,perempuan,jumlah,satuan", eol)
	for i := 0; size > 0; i++ {
		a, b := r.IntN(100000), r.IntN(100000)
		line = strconv.AppendInt(line[:0], int64(i), 10)
		line = append(line, ","+text(fmt.Sprintf("%02d.%02d", 11+r.IntN(80), r.IntN(80)))+","+text("KABUPATEN "+strconv.Itoa(r.IntN(1000)))+","+text("Kecamatan Suka Maju")+","...)
		line = fmt.Appendf(line, "%d,%d,%d,%d,%d,%s%s", 2010+r.IntN(15), 1+r.IntN(12), a, b, a+b, text("orang"), eol)
		w.Write(line)
		size -= len(line)
	}
}

func lines(w io.Writer, size int) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; size > 0; i++ {
		n, _ := fmt.Fprintf(w, `{"id":%d,"kode":"%02d.%02d","nama":"KABUPATEN %d","tahun":%d,"jumlah":%d}`+"\n", i, 11+r.IntN(80), r.IntN(80), r.IntN(1000), 2010+r.IntN(15), r.IntN(100000))
		size -= n
	}
}

func array(b []byte) []byte {
	b = bytes.ReplaceAll(bytes.TrimSpace(b), []byte("\n"), []byte(",\n  "))
	return append(append([]byte("[\n  "), b...), "\n]\n"...)
}

func BenchmarkFile(b *testing.B) {
	const size = 64 << 20
	var plain, crlf, quoted, nd, gz bytes.Buffer
	table(&plain, size, false, "\n")
	table(&crlf, size, false, "\r\n")
	table(&quoted, size, true, "\n")
	lines(&nd, size)
	z := gzip.NewWriter(&gz)
	z.Write(plain.Bytes())
	z.Close()
	for _, c := range []struct {
		name, file string
		data       []byte
		text       int
	}{
		{"csv", "a.csv", plain.Bytes(), plain.Len()},
		{"csv-crlf", "a.csv", crlf.Bytes(), crlf.Len()},
		{"csv-quoted", "a.csv", quoted.Bytes(), quoted.Len()},
		{"csv-gz", "a.csv.gz", gz.Bytes(), plain.Len()},
		{"ndjson", "a.ndjson", nd.Bytes(), nd.Len()},
		{"json", "a.json", array(nd.Bytes()), nd.Len()},
	} {
		path := filepath.Join(b.TempDir(), c.file)
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			b.Fatal(err)
		}
		b.Run("inspect/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(c.text))
			for b.Loop() {
				s, err := file.Open([]string{path}, file.Options{Format: schemas.Format{}})
				if err != nil {
					b.Fatal(err)
				}
				d, err := s.Next(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				d.Close()
				s.Close()
			}
		})
		b.Run("read/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(c.text))
			for b.Loop() {
				b.StopTimer()
				s, err := file.Open([]string{path}, file.Options{Format: schemas.Format{}})
				if err != nil {
					b.Fatal(err)
				}
				d, err := s.Next(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				for err == nil {
					_, err = d.Read(b.Context())
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				d.Close()
				s.Close()
			}
		})
	}
}
