package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog"
)

// sampleDir is a workspace with the bundled sample, read and landed.
func sampleDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ruang kerja") // a space, as people have
	must(t, "demo", "--keep", dir)
	return dir
}

// TestSample: what the bundled sample must come to, delivery by delivery.
func TestSample(t *testing.T) {
	dir := sampleDir(t)
	want := map[string]tally{
		"penduduk.csv":           {414, 397, 13, 4, map[string]int64{}},
		"kejadian_banjir.xlsx":   {76, 59, 13, 4, map[string]int64{"jumlah_kejadian": 1}},
		"kasus_dbd.ndjson":       {409, 399, 10, 0, map[string]int64{}},
		"balita_stunting.csv":    {54, 47, 4, 3, map[string]int64{"catatan": 44, "jumlah_balita": 1, "prevalensi": 1}},
		"pendataan_keluarga.tsv": {54, 49, 2, 3, map[string]int64{"catatan": 49, "jumlah_balita": 49, "prevalensi": 49}},
		"indeks_spbe.csv":        {4, 4, 0, 0, map[string]int64{"tahun": 1, "target_rpjmd": 3, "dasar_penilaian": 3}},
		"aplikasi.csv": {4, 3, 0, 1, map[string]int64{"tahun": 3, "jumlah_terintegrasi": 1, "kemendagri_kode_kabupaten_kota": 1,
			"kemendagri_nama_kabupaten_kota": 1, "bps_kode_kabupaten_kota": 1, "bps_nama_kabupaten_kota": 1}},
	}
	if d := cmp.Diff(want, tallies(t, dir)); d != "" {
		t.Errorf("deliveries (-want +got):\n%s", d)
	}
	type facts struct {
		Bandung, Target, Tegal, Kutim22, Kutim23 string
		Year                                     *int64
	}
	spbe := ask[facts](t, dir, `SELECT
		any_value(nilai_indeks) FILTER (kemendagri_nama_kabupaten_kota = 'Kota Bandung' AND tahun = 2023)::VARCHAR AS Bandung,
		any_value(target_rpjmd) FILTER (kemendagri_nama_kabupaten_kota = 'Kota Bandung')::VARCHAR AS Target,
		any_value(nilai_indeks) FILTER (kemendagri_nama_kabupaten_kota = 'Kota Tegal')::VARCHAR AS Tegal,
		any_value(nilai_indeks) FILTER (kemendagri_nama_kabupaten_kota = 'Kabupaten Kutai Timur' AND tahun = 2022)::VARCHAR AS Kutim22,
		any_value(nilai_indeks) FILTER (dasar_penilaian = 'PENILAIAN MANDIRI' AND tahun = 2023)::VARCHAR AS Kutim23,
		any_value(tahun) FILTER (kemendagri_nama_kabupaten_kota = 'Kota Tegal') AS Year FROM spbe.indeks`)
	if d := cmp.Diff(facts{"3.98", "3.50", "3.76", "2.79", "3.20", nil}, spbe); d != "" {
		t.Errorf("SPBE (-want +got):\n%s", d)
	}
	type apps struct{ Apps, Integrated, National int64 }
	got2 := ask[apps](t, dir, `SELECT sum(jumlah_aplikasi) FILTER (cakupan <> 'NASIONAL')::BIGINT AS Apps,
		sum(jumlah_terintegrasi)::BIGINT AS Integrated, sum(jumlah_aplikasi) FILTER (cakupan = 'NASIONAL')::BIGINT AS National FROM spbe.aplikasi`)
	if want := (apps{236, 86, 27_000}); got2 != want {
		t.Errorf("applications: %+v, want %+v", got2, want)
	}
}

// TestTwoAgenciesOneSchema: Dinkes delivers BPS codes, DPPKB dotted Kemendagri codes, under other names.
func TestTwoAgenciesOneSchema(t *testing.T) {
	dir := sampleDir(t)
	type both struct{ N int64 }
	got := ask[both](t, dir, `SELECT count(*) AS N FROM (SELECT kemendagri_kode_kabupaten_kota FROM kesehatan.balita_stunting
		WHERE tahun = 2023 GROUP BY 1 HAVING count(DISTINCT sumber) = 2)`)
	if got.N < 10 {
		t.Errorf("only %d regions have figures of both agencies", got.N)
	}
	// 1608 is OKU Selatan for BPS and OKU Timur for Kemendagri: both systems side by side keep them apart.
	if n := ask[both](t, dir, `SELECT count(*) AS N FROM kesehatan.balita_stunting
		WHERE (bps_kode_kabupaten_kota = '1608') <> (kemendagri_kode_kabupaten_kota = '16.09')`).N; n != 0 {
		t.Errorf("%d rows have codes of different places", n)
	}
}

// TestQueriesOfTheSample: every query file of the sample answers.
func TestQueriesOfTheSample(t *testing.T) {
	dir := sampleDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "queries", "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	for _, f := range files {
		var rows []map[string]any
		if err := json.Unmarshal([]byte(must(t, "-C", dir, "query", "--format", "json", "--file", f)), &rows); err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", filepath.Base(f), len(rows), err)
		}
	}
}

// TestRefusedDelivery: a broken file is refused as a whole, says why, and what was there stays.
func TestRefusedDelivery(t *testing.T) {
	dir := sampleDir(t)
	before := must(t, "-C", dir, "query", "--format", "csv", "SELECT * FROM kesehatan.balita_stunting ORDER BY ALL")
	for name, text := range map[string]string{
		"kosong.csv":    "",
		"judul.csv":     "kode_kab,nama_kab,tahun,jml_balita_diukur,jml_stunting,prevalensi\n",
		"halaman.csv":   "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n",
		"terpotong.csv": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if name == "terpotong.csv" {
				path += ".gz"
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			r := satudata(t, "-C", dir, "ingest", "--binding", "dinkes.balita_stunting", path)
			if r.code != exitRefused || !strings.Contains(r.stderr, filepath.Base(path)) {
				t.Errorf("exit code %d, want %d; said: %s", r.code, exitRefused, r.stderr)
			}
		})
	}
	must(t, "-C", dir, "land", "--once")
	if after := must(t, "-C", dir, "query", "--format", "csv", "SELECT * FROM kesehatan.balita_stunting ORDER BY ALL"); after != before {
		t.Error("what was published before has changed")
	}
	must(t, "-C", dir, "verify")
	if n := strings.Count(must(t, "-C", dir, "deliveries", "--json"), `"`+string(catalog.Refused)+`"`); n != 5 {
		t.Errorf("%d refused deliveries are on record, want these 4 and the sample's own", n)
	}
}

// TestSameRecordsAgain: other newlines, a BOM or UTF-16 are not a new delivery; another value is.
func TestSameRecordsAgain(t *testing.T) {
	dir := sampleDir(t)
	data, err := os.ReadFile(filepath.Join(dir, "deliveries/disdukcapil/penduduk.csv"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, again := range map[string][]byte{
		"LF":     []byte(text),
		"CRLF":   []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"BOM":    []byte("\ufeff" + text),
		"no end": bytes.TrimRight([]byte(text), "\n"),
		"UTF-16": wide,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "penduduk.csv")
			if err := os.WriteFile(path, again, 0o644); err != nil {
				t.Fatal(err)
			}
			var got []outcome
			if err := json.Unmarshal([]byte(must(t, "-C", dir, "ingest", "--json", "--binding", "disdukcapil.penduduk", path)), &got); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0].Status != "unchanged" {
				t.Errorf("outcome %+v, want unchanged", got)
			}
		})
	}
	changed := filepath.Join(t.TempDir(), "penduduk.csv")
	if err := os.WriteFile(changed, []byte(strings.Replace(text, "80.7", "80.8", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []outcome
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "ingest", "--json", "--binding", "disdukcapil.penduduk", changed)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Status != "received" {
		t.Errorf("outcome of a changed file %+v, want received", got)
	}
	must(t, "-C", dir, "land", "--once")
	must(t, "-C", dir, "verify")
	if n := ask[struct{ N int64 }](t, dir, "SELECT count(*) AS N FROM kependudukan.penduduk").N; n != 397 {
		t.Errorf("after a second delivery of the same keys there are %d rows, want 397", n)
	}
}

// TestLostProjection: the catalog is rebuilt from the log.
func TestLostProjection(t *testing.T) {
	dir := sampleDir(t)
	before := must(t, "-C", dir, "deliveries", "--json")
	if err := os.RemoveAll(filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, must(t, "-C", dir, "deliveries", "--json")); d != "" {
		t.Errorf("deliveries after a rebuild:\n%s", d)
	}
}

// TestVerifyFindsLoss: a data file that is gone, or rows that are gone with the table, do not pass.
func TestVerifyFindsLoss(t *testing.T) {
	dir := sampleDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "lake/publik/kesehatan/kasus_dbd_riwayat/data/*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatalf("data files %v, %v", files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if r := satudata(t, "-C", dir, "verify"); r.code != exitUnproven || !strings.Contains(r.stdout, "kasus_dbd") {
		t.Errorf("verify ends with %d although %s is gone, want %d:\n%s%s", r.code, files[0], exitUnproven, r.stdout, r.stderr)
	}
}

// TestExitCodes: what scripts rely on.
func TestExitCodes(t *testing.T) {
	dir := sampleDir(t)
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no workspace", []string{"-C", t.TempDir(), "datasets"}, exitUsage, "bukan ruang kerja"},
		{"unknown flag", []string{"-C", dir, "datasets", "--jsn"}, exitUsage, "pilihan --jsn tidak dikenal"},
		{"unknown command", []string{"dataset"}, exitUsage, "dataset"},
		{"unknown setting", []string{"-C", dir, "--set", "log.knd=kafka", "datasets"}, exitUsage, "log.knd"},
		{"unknown binding", []string{"-C", dir, "ingest", "--binding", "x.y", "z.csv"}, exitNotFound, "disdukcapil.penduduk"},
		{"flag without a value", []string{"-C", dir, "ingest", "--binding"}, exitUsage, "pilihan --binding perlu nilai"},
		{"flag of another type", []string{"rejects", "x", "--limit", "banyak"}, exitUsage, `nilai "banyak" tidak sah untuk --limit`},
		{"too many arguments", []string{"datasets", "a.b", "c.d"}, exitUsage, "paling banyak 1 argumen, ada 2"},
		{"too few arguments", []string{"deliveries", "explain", "a"}, exitUsage, "perlu 3 argumen, ada 1"},
		{"unknown command of a group", []string{"contract", "chek"}, exitUsage, `perintah "chek" tidak dikenal; maksudnya check?`},
		{"unknown dataset", []string{"-C", dir, "deliveries", "bencana.x"}, exitNotFound, "bencana.x"},
		{"unknown contract", []string{"-C", dir, "contract", "list", "bencana.x"}, exitNotFound, "bencana.x"},
		{"unknown version", []string{"-C", dir, "contract", "check", "spbe.indeks@9.9.9"}, exitNotFound, "1.0.0"},
		{"unknown region", []string{"ref", "search", "xyzzy"}, exitNotFound, "xyzzy"},
		{"unreadable query file", []string{"-C", dir, "query", "--file", "tidak-ada.sql"}, exitUsage, "tidak-ada.sql: berkas atau folder tidak ada (no such file or folder)"},
		{"missing file", []string{"-C", dir, "ingest", "--binding", "disdukcapil.penduduk", "tidak-ada.csv"}, exitUsage, "tidak-ada.csv: berkas atau folder tidak ada"},
		{"unknown delivery", []string{"-C", dir, "rejects", "tidak-ada"}, exitNotFound, `kiriman "tidak-ada" tidak ada`},
		{"unknown table", []string{"-C", dir, "query", "SELECT * FROM bencana.kejadian_banjr"}, exitNotFound, "bencana.kejadian_banjir"},
		{"file in SQL", []string{"-C", dir, "query", "SELECT * FROM '/etc/passwd'"}, exitUsage, "tidak dapat dibaca langsung"},
		{"write in SQL", []string{"-C", dir, "query", "COPY (SELECT 1) TO '/tmp/x'"}, exitUsage, ""},
		{"bad SQL", []string{"-C", dir, "query", "SELEC 1"}, exitUsage, ""},
		{"bad format", []string{"-C", dir, "query", "SELECT 1", "--format", "xml"}, exitUsage, "Format \"xml\" tidak dikenal"},
		{"bad as-of", []string{"-C", dir, "query", "SELECT 1", "--as-of", "kemarin"}, exitUsage, "kemarin"},
		{"init twice", []string{"init", dir}, exitUsage, "sudah menjadi ruang kerja"},
		{"no broker", []string{"-C", dir, "--set", "log.kind=kafka", "land", "--once"}, exitUsage, "log.kafka.brokers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := satudata(t, tt.args...)
			if r.code != tt.code || !strings.Contains(r.stderr, tt.says) {
				t.Errorf("satudata %s: exit code %d, want %d; said %q, want %q in it", strings.Join(tt.args, " "), r.code, tt.code, r.stderr, tt.says)
			}
		})
	}
}

// TestWorkspaceInUse: a second process is told so, and readers still work.
func TestWorkspaceInUse(t *testing.T) {
	dir := sampleDir(t)
	l := startLanding(t, dir)
	holder := strconv.Itoa(l.cmd.Process.Pid)
	for range 6000 {
		if pid, err := os.ReadFile(filepath.Join(dir, "log", "log.pid")); err == nil && strings.Contains(string(pid), holder) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if r := satudata(t, "-C", dir, "land", "--once"); r.code != exitInUse {
		t.Errorf("exit code %d, want %d", r.code, exitInUse)
	}
	must(t, "-C", dir, "datasets")
	must(t, "-C", dir, "deliveries")
	must(t, "-C", dir, "query", "SELECT count(*) FROM spbe.indeks")
}

func TestConfigMasksSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	must(t, "init", dir)
	t.Setenv("SATUDATA_LOG_KAFKA_SASL_PASSWORD", "sangat-rahasia")
	t.Setenv("SATUDATA_LOG_KAFKA_PREFIX", "lingkungan")
	out := must(t, "-C", dir, "--set", "log.kafka.prefix=bendera", "config")
	if strings.Contains(out, "sangat-rahasia") || !strings.Contains(out, "password: '********'") {
		t.Errorf("the password is not masked:\n%s", out)
	}
	if !strings.Contains(out, "prefix: bendera") {
		t.Errorf("a flag must go over the environment:\n%s", out)
	}
	if out := must(t, "-C", dir, "config"); !strings.Contains(out, "prefix: lingkungan") {
		t.Errorf("the environment must go over the file:\n%s", out)
	}
}

// TestGiveBack: an OPD gets its rejected rows back under its own header, with the reasons.
func TestGiveBack(t *testing.T) {
	dir := sampleDir(t)
	for file, want := range map[string][2]string{
		"penduduk.csv":         {"\ufeffKode Wilayah;Nama Wilayah;Tahun;JK;Kelompok Umur;Jumlah (jiwa);_baris;_alasan\n", "\n16.02;Kabupaten Ogan Komering Ilir;2021;P;65 tahun ke atas;2.53;13;"},
		"kejadian_banjir.xlsx": {"\ufeff", "\n1614,"},
		"kasus_dbd.ndjson":     {"\ufeffrekaman,_baris,_alasan\n", `{""`},
	} {
		out := must(t, "-C", dir, "rejects", file, "--csv", "-")
		if !strings.HasPrefix(out, want[0]) || !strings.Contains(out, want[1]) {
			t.Errorf("%s: given back\n%s\nwant it to begin with %q and to hold %q", file, out, want[0], want[1])
		}
	}
}

// TestFullDelivery: a full delivery replaces its scope, here the years it holds, and the state before
// it can be asked for.
func TestFullDelivery(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	must(t, "init", dir)
	for _, name := range []string{"contracts", "bindings"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS("testdata/penuh/"+name)); err != nil {
			t.Fatal(err)
		}
	}
	deliver := func(text string) {
		t.Helper()
		path := filepath.Join(dir, "deliveries", "sekolah.csv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		must(t, "-C", dir, "ingest", "--binding", "disdik.sekolah", path)
		if r := satudata(t, "-C", dir, "land", "--once"); r.code != exitOK && r.code != exitRefused {
			t.Fatalf("land: %+v", r)
		}
		must(t, "-C", dir, "verify")
	}
	query := func(args ...string) string {
		t.Helper()
		return must(t, append([]string{"-C", dir, "query", "--format", "csv", "SELECT * FROM pendidikan.sekolah ORDER BY ALL"}, args...)...)
	}
	deliver("npsn,tahun,murid\n20219001,2023,100\n20219001,2024,110\n20219002,2024,50\n")
	first := query()
	time.Sleep(10 * time.Millisecond)
	between := time.Now().Format(time.RFC3339Nano)
	time.Sleep(10 * time.Millisecond)
	deliver("npsn,tahun,murid\n20219001,2024,120\n") // the second school is gone from 2024
	if want := "npsn,tahun,murid\n20219001,2023,100\n20219001,2024,120\n"; query() != want {
		t.Errorf("after the second delivery:\n%s\nwant\n%s", query(), want)
	}
	if got := query("--as-of", between); got != first {
		t.Errorf("as of before it:\n%s\nwant\n%s", got, first)
	}
	deliver("npsn,tahun,murid\n,2024,x\n") // nothing of this is acceptable
	if want := "npsn,tahun,murid\n20219001,2023,100\n20219001,2024,120\n"; query() != want {
		t.Errorf("a delivery of nothing but faults changed the state:\n%s", query())
	}
	if out := must(t, "-C", dir, "deliveries"); !strings.Contains(out, string(catalog.Returned)) {
		t.Errorf("it was not returned:\n%s", out)
	}
}

// TestMendedRowsComeBack: the file that was given back, mended, is a delivery that the binding reads.
func TestMendedRowsComeBack(t *testing.T) {
	dir := sampleDir(t)
	path := filepath.Join(dir, "deliveries", "disdukcapil", "perbaikan.csv")
	must(t, "-C", dir, "rejects", "penduduk.csv", "--csv", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mended := strings.Replace(string(data), "65 tahun ke atas;2.53;", "65 tahun ke atas;2.530;", 1)
	if err := os.WriteFile(path, []byte(mended), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", dir, "ingest", "--binding", "disdukcapil.penduduk", path)
	must(t, "-C", dir, "land", "--once")
	if got := tallies(t, dir)["perbaikan.csv"]; got.Accepted < 1 || got.Read != 13 {
		t.Errorf("of the mended file %+v, want one accepted row of 13 at least", got)
	}
}

// TestBackToAnEarlierFile: a file that was delivered before is taken again when asked for.
func TestBackToAnEarlierFile(t *testing.T) {
	dir := sampleDir(t)
	path := filepath.Join(dir, "deliveries/diskominfo/indeks_spbe.csv")
	for _, tt := range []struct{ flag, want string }{{"--json", "unchanged"}, {"--again", "received"}} {
		var got []outcome
		if err := json.Unmarshal([]byte(must(t, "-C", dir, "ingest", "--json", tt.flag, "--binding", "diskominfo.indeks_spbe", path)), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || string(got[0].Status) != tt.want {
			t.Errorf("with %s: %+v, want %s", tt.flag, got, tt.want)
		}
	}
	must(t, "-C", dir, "land", "--once")
	must(t, "-C", dir, "verify")
}

// TestInterrupted: a command that is ended before it is done does not look done.
func TestInterrupted(t *testing.T) {
	dir := sampleDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"verify"}, {"land", "--once"}, {"ingest"}, {"query", "SELECT 1"}} {
		if code := run(ctx, append([]string{"-C", dir}, args...), strings.NewReader(""), io.Discard, io.Discard); code != exitInterrupted {
			t.Errorf("%s, interrupted: exit code %d, want %d", args[0], code, exitInterrupted)
		}
	}
}

// TestCopiedWorkspace is refused before it writes into the lake of the one it was copied from.
func TestCopiedWorkspace(t *testing.T) {
	dir := sampleDir(t)
	second := filepath.Join(t.TempDir(), "salinan")
	if err := os.CopyFS(second, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	r := satudata(t, "-C", second, "land", "--once")
	if r.code != exitUsage || !strings.Contains(r.stderr, dir) {
		t.Errorf("exit code %d, want %d; said %q, want the original's folder in it", r.code, exitUsage, r.stderr)
	}
	must(t, "-C", dir, "verify")
}

// TestAsOfSnapshot: what `datasets NAME` names as the newest snapshot answers what the table holds.
func TestAsOfSnapshot(t *testing.T) {
	dir := sampleDir(t)
	var infos []tableInfo
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "datasets", "kependudukan.penduduk", "--json")), &infos); err != nil {
		t.Fatal(err)
	}
	if len(infos) != 3 || infos[0].Table != "publik.kependudukan.penduduk" || infos[0].Rows != 397 {
		t.Fatalf("tables %+v", infos)
	}
	out := must(t, "-C", dir, "query", "--format", "csv", "--as-of", strconv.FormatInt(infos[0].Snapshot, 10), "SELECT count(*) AS n FROM kependudukan.penduduk")
	if out != "n\n397\n" {
		t.Errorf("as of the newest snapshot: %q", out)
	}
	if r := satudata(t, "-C", dir, "datasets", "tidak.ada"); r.code != exitNotFound {
		t.Errorf("unknown dataset: exit code %d, want %d", r.code, exitNotFound)
	}
}

// TestRejectedTextOutlivesItsBatch: every rejected record is shown as it stands in the file, also after
// the engine has let go of the memory it came in.
func TestRejectedTextOutlivesItsBatch(t *testing.T) {
	dir := sampleDir(t)
	file, err := os.ReadFile(filepath.Join(dir, "deliveries/disdukcapil/penduduk.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.ReplaceAll(string(file), "\r\n", "\n"), "\n")
	for range 20 {
		var found rejection
		if err := json.Unmarshal([]byte(must(t, "-C", dir, "rejects", "penduduk.csv", "--json")), &found); err != nil {
			t.Fatal(err)
		}
		if len(found.Rows) != 13 {
			t.Fatalf("%d rejected rows, want 13", len(found.Rows))
		}
		for _, r := range found.Rows {
			if want := lines[r.Row-1]; r.Raw != want {
				t.Fatalf("row %d is shown as %q, the file has %q", r.Row, r.Raw, want)
			}
		}
	}
}
