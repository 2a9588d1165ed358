package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog"
	"satudata/schemas/schemastest"
)

// realWorkspace has a contract and a binding for each real file, and has read and landed them all.
func realWorkspace(t *testing.T) string {
	t.Helper()
	shared := schemastest.Real(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/opd")); err != nil {
		t.Fatal(err)
	}
	config := "name: Uji\nsources:\n"
	for binding, file := range map[string]string{
		"bpbd.jumlah_banjir":              "opd/jumlah_banjir.csv",
		"disparbud.objek_wisata":          "opd/objek_wisata.csv",
		"disparbud.jumlah_wisatawan":      "opd/jumlah_wisatawan.csv",
		"disdik.partisipasi_sekolah":      "opd/partisipasi_sekolah.csv",
		"dishub.penumpang_pesawat":        "opd/penumpang_pesawat_2019.csv",
		"diskominfo.titik_kabupaten_kota": "reference/kabkota_centroid.csv",
	} {
		config += fmt.Sprintf("  - {binding: %s, paths: [%q]}\n", binding, filepath.Join(shared, file))
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", dir, "ingest")
	must(t, "-C", dir, "land", "--once")
	must(t, "-C", dir, "verify")
	return dir
}

// tally is what became of a delivery.
type tally struct {
	Read, Accepted, Rejected, SetAside int64
	Missing                            map[string]int64
}

func tallies(t *testing.T, dir string) map[string]tally {
	t.Helper()
	var found []catalog.Delivery
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "deliveries", "--json")), &found); err != nil {
		t.Fatal(err)
	}
	out := map[string]tally{}
	for _, d := range found {
		if c := d.Check; c != nil {
			out[d.Subject] = tally{c.Read, c.Accepted, c.Rejected, c.SetAside, c.Missing}
		}
	}
	return out
}

func TestRealDeliveries(t *testing.T) {
	dir := realWorkspace(t)
	none := map[string]int64{}
	want := map[string]tally{
		"jumlah_banjir.csv":          {351, 351, 0, 0, none},
		"objek_wisata.csv":           {565, 565, 0, 0, none},
		"jumlah_wisatawan.csv":       {26, 26, 0, 0, none},
		"partisipasi_sekolah.csv":    {6726, 6553, 173, 0, map[string]int64{"lintang": 118, "bujur": 118}},
		"penumpang_pesawat_2019.csv": {168, 144, 0, 24, map[string]int64{"jumlah_penumpang": 36}},
		"kabkota_centroid.csv":       {514, 514, 0, 0, none},
	}
	if d := cmp.Diff(want, tallies(t, dir)); d != "" {
		t.Errorf("deliveries (-want +got):\n%s", d)
	}
	t.Run("the slid column", func(t *testing.T) { testSlidColumn(t, dir) })
	t.Run("wide months", func(t *testing.T) { testWideMonths(t, dir) })
	t.Run("join across code systems", func(t *testing.T) { testJoin(t, dir) })
	t.Run("reading again is a no-op", func(t *testing.T) {
		must(t, "-C", dir, "ingest")
		if d := cmp.Diff(want, tallies(t, dir)); d != "" {
			t.Errorf("deliveries after a second reading (-want +got):\n%s", d)
		}
	})
}

// testSlidColumn: Grand.Total is slid by eight rows over data rows 6,549 to 6,721, so the row rule is
// false on each of them, or the last ones have no total at all. The row in the file is one more.
func testSlidColumn(t *testing.T, dir string) {
	var found rejection
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "rejects", "partisipasi_sekolah.csv", "--json")), &found); err != nil {
		t.Fatal(err)
	}
	var rows, want []int64
	rules := map[string]int{}
	for _, r := range found.Rows {
		rows = append(rows, r.Row-1)
		for _, why := range r.Reasons {
			rules[why.Rule]++
			if why.Say.ID == "" || why.Say.EN == "" {
				t.Errorf("row %d has a reason without words: %+v", r.Row, why)
			}
		}
	}
	for row := int64(6549); row <= 6721; row++ {
		want = append(want, row)
	}
	slices.Sort(rows)
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rejected data rows (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]int{"baris:total_cocok": 170, "wajib": 3}, rules); d != "" {
		t.Errorf("rules (-want +got):\n%s", d)
	}
}

func testWideMonths(t *testing.T, dir string) {
	type figures struct{ Rows, Airports, Empty, Domestic, January int64 }
	got := ask[figures](t, dir, `SELECT count(*) AS Rows, count(DISTINCT bandara) AS Airports,
		count(*) FILTER (jumlah_penumpang IS NULL) AS Empty,
		sum(jumlah_penumpang) FILTER (arah = 'KEBERANGKATAN DOMESTIK')::BIGINT AS Domestic,
		any_value(jumlah_penumpang) FILTER (bandara = 'Kualanamu-Medan' AND arah = 'KEBERANGKATAN INTERNASIONAL' AND bulan = 1 AND tahun = 2019) AS January
		FROM perhubungan.penumpang_pesawat`)
	if want := (figures{Rows: 144, Airports: 6, Empty: 36, Domestic: 36_494_088, January: 93_545}); got != want {
		t.Errorf("passengers: %+v, want %+v", got, want)
	}
	if n := ask[struct{ N int64 }](t, dir, "SELECT count(*) AS N FROM perhubungan.penumpang_pesawat WHERE bandara = 'TOTAL'").N; n != 0 {
		t.Errorf("%d TOTAL rows are stored as observations", n)
	}
}

// testJoin joins floods, delivered with BPS codes, with points, delivered with Kemendagri codes.
func testJoin(t *testing.T, dir string) {
	type figures struct{ Regions, Floods int64 }
	got := ask[figures](t, dir, `SELECT count(DISTINCT b.kemendagri_kode_kabupaten_kota) AS Regions, sum(b.jumlah_banjir)::BIGINT AS Floods
		FROM bencana.kejadian_banjir b JOIN wilayah.titik_kabupaten_kota t USING (kemendagri_kode_kabupaten_kota)`)
	if want := (figures{27, 2653}); got != want {
		t.Errorf("floods joined with points: %+v, want %+v", got, want)
	}
	if n := ask[struct{ N int64 }](t, dir, `SELECT count(*) AS N FROM wilayah.titik_kabupaten_kota
		WHERE kemendagri_kode_kabupaten_kota = '11.09' AND bps_kode_kabupaten_kota = '1101' AND bps_nama_kabupaten_kota = 'KABUPATEN SIMEULUE'`).N; n != 1 {
		t.Errorf("Simeulue is not 11.09 and 1101")
	}
}
