package file_test

import (
	"path/filepath"
	"testing"

	"satudata/ingest/source/file"
	"satudata/ingest/source/sourcetest"
	"satudata/schemas"
	"satudata/schemas/schemastest"
)

func TestRealDeliveries(t *testing.T) {
	dir := schemastest.Real(t, "opd")
	for _, c := range []struct {
		file    string
		format  schemas.Format
		records int64
		first   int64
	}{
		{"jumlah_banjir.csv", schemas.Format{Type: "csv"}, 351, 2},
		{"objek_wisata.csv", schemas.Format{Type: "csv"}, 565, 2},
		{"jumlah_wisatawan.csv", schemas.Format{Type: "csv"}, 26, 2},
		{"partisipasi_sekolah.csv", schemas.Format{Type: "csv"}, 6726, 2},
		{"penumpang_pesawat_2019.csv", schemas.Format{Type: "csv", Headers: 5}, 7, 6},
	} {
		t.Run(c.file, func(t *testing.T) {
			s, err := file.Open([]string{filepath.Join(dir, c.file)}, file.Options{Format: c.format})
			if err != nil {
				t.Fatal(err)
			}
			all := sourcetest.ReadAll(t, s)
			if len(all) != 1 {
				t.Fatalf("got %d deliveries, want 1", len(all))
			}
			d := all[0]
			if d.Info.Records != c.records || d.Batches[0].FirstRow != c.first || d.Info.Subject != c.file {
				t.Errorf("got %+v from row %d, want %d records from row %d", d.Info, d.Batches[0].FirstRow, c.records, c.first)
			}
			if got := d.Info.Bytes; got == 0 {
				t.Errorf("no bytes")
			}
		})
	}
}
