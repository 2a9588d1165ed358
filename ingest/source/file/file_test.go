package file_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/ingest/source/sourcetest"
	"satudata/schemas"
)

// write makes a file in a folder of the test.
func write(t testing.TB, dir, name, data string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads everything that paths offer.
func read(t testing.TB, o file.Options, paths ...string) []sourcetest.Delivered {
	t.Helper()
	s, err := file.Open(paths, o)
	if err != nil {
		t.Fatal(err)
	}
	return sourcetest.ReadAll(t, s)
}

// readOne reads one file with these contents.
func readOne(t testing.TB, o file.Options, name, data string) sourcetest.Delivered {
	t.Helper()
	all := read(t, o, write(t, t.TempDir(), name, data))
	if len(all) != 1 {
		t.Fatalf("got %d deliveries, want 1", len(all))
	}
	return all[0]
}

func format(kind string) file.Options { return file.Options{Format: schemas.Format{Type: kind}} }

func gzipped(data string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(data))
	z.Close()
	return b.String()
}

// zipped packs files given as name, data, name, data, …
func zipped(files ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, _ := z.Create(files[i])
		w.Write([]byte(files[i+1]))
	}
	z.Close()
	return b.String()
}

// wide encodes s as UTF-16 with or without a byte order mark.
func wide(s string, mark, bigEndian bool) string {
	if mark {
		s = "\uFEFF" + s
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return string(out)
}

func TestSameRecordsSameFingerprint(t *testing.T) {
	const text = "nama,catatan\nKafé,\"dua\nbaris\"\nBogor,\"kata \"\"kutip\"\"\"\nDepok,biasa\n"
	crlf := strings.ReplaceAll(text, "\n", "\r\n")
	want := readOne(t, format("csv"), "a.csv", text)
	if got := want.Data(t); got != text {
		t.Fatalf("got %q", got)
	}
	for _, c := range []struct{ name, file, encoding, data string }{
		{"crlf", "a.csv", "", crlf},
		{"cr", "a.csv", "", strings.ReplaceAll(text, "\n", "\r")},
		{"cr cr lf", "a.csv", "", strings.ReplaceAll(text, "\n", "\r\r\n")},
		{"no final newline", "a.csv", "", strings.TrimSuffix(text, "\n")},
		{"crlf, no final lf", "a.csv", "", strings.TrimSuffix(crlf, "\n")},
		{"byte order mark", "a.csv", "", "\uFEFF" + text},
		{"empty lines at the end", "a.csv", "", text + "\n\n\n"},
		{"utf-16le with mark", "a.csv", "", wide(crlf, true, false)},
		{"utf-16be with mark", "a.csv", "", wide(text, true, true)},
		{"utf-16le declared", "a.csv", "utf-16le", wide(text, false, false)},
		{"utf-16be declared", "a.csv", "UTF-16BE", wide(text, false, true)},
		{"windows-1252", "a.csv", "windows-1252", strings.ReplaceAll(text, "é", "\xe9")},
		{"declared windows-1252, has a mark", "a.csv", "windows-1252", "\uFEFF" + text},
		{"gzip", "a.csv.gz", "", gzipped(crlf)},
		{"gzip under another name", "a.csv", "", gzipped(text)},
		{"gzip in two members", "a.csv.gz", "", gzipped(text[:20]) + gzipped(text[20:])},
		{"zip", "a.zip", "", zipped("a.csv", crlf)},
		{"zip of gzip", "a.zip", "", zipped("sub/a.csv.gz", gzipped(text))},
		{"sep line", "a.csv", "", "sep=,\r\n" + crlf},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := format("csv")
			o.Format.Encoding = c.encoding
			got := readOne(t, o, c.file, c.data)
			if got.Refusal != nil {
				t.Fatal(got.Refusal)
			}
			if got.Data(t) != text || got.Info.Fingerprint != want.Info.Fingerprint {
				t.Errorf("got %q with fingerprint %s", got.Data(t), got.Info.Fingerprint)
			}
		})
	}
	for name, data := range map[string]string{"other value": strings.Replace(text, "Depok", "Depot", 1), "other order": "nama,catatan\nDepok,biasa\nKafé,\"dua\nbaris\"\nBogor,\"kata \"\"kutip\"\"\"\n", "other header": strings.Replace(text, "nama", "kota", 1)} {
		if got := readOne(t, format("csv"), "a.csv", data); got.Info.Fingerprint == want.Info.Fingerprint {
			t.Errorf("%s: same fingerprint", name)
		}
	}
}

func TestRefusals(t *testing.T) {
	const good = "a,b\n1,2\n"
	gz := gzipped(strings.Repeat(good, 1000))
	archive := zipped("isi.csv", strings.Repeat("a,b\n1,2\n", 1000))
	var png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	for _, c := range []struct{ name, kind, file, data, want string }{
		{"empty", "csv", "a.csv", "", "kosong"},
		{"only a mark", "csv", "a.csv", "\uFEFF", "kosong"},
		{"only empty lines", "csv", "a.csv", "\r\n\r\n", "kosong"},
		{"empty gzip", "csv", "a.csv.gz", gzipped(""), "kosong"},
		{"empty ndjson", "ndjson", "a.ndjson", "", "kosong"},
		{"empty json", "json", "a.json", " \n", "kosong"},
		{"empty xlsx", "xlsx", "a.xlsx", "", "kosong"},
		{"only white space", "json", "a.json", strings.Repeat(" \n", 100<<10), "kosong"},
		{"empty zip", "csv", "a.zip", "", "kosong"},
		{"header only", "csv", "a.csv", "a,b\n", "tanpa satu baris data pun"},
		{"header only, no newline", "csv", "a.csv", "a,b", "tanpa satu baris data pun"},
		{"array without elements", "json", "a.json", "[ ]", "tidak berisi satu data pun"},
		{"page", "csv", "a.csv", "\n <!DOCTYPE html><html><head><TITLE>404 Not\n Found</TITLE>", "halaman web (HTML) “404 not found”"},
		{"page with a mark", "csv", "a.csv", "\uFEFF<HTML><body>", "halaman web"},
		{"page as utf-16", "csv", "a.csv", wide("<html>", true, false), "halaman web"},
		{"page as json", "json", "a.json", "<html>", "halaman web"},
		{"page as ndjson", "ndjson", "a.ndjson", "<html>", "halaman web"},
		{"table as xlsx", "xlsx", "a.xlsx", "<table border=1><tr>", "halaman web"},
		{"xml", "csv", "a.csv", "<?xml version='1.0'?><data>", "XML"},
		{"page in gzip", "csv", "a.csv.gz", gzipped("<html>"), "halaman web"},
		{"truncated gzip", "csv", "a.csv.gz", gz[:len(gz)-20], "terpotong"},
		{"truncated gzip head", "csv", "a.csv.gz", gz[:5], "terpotong"},
		{"corrupt gzip", "csv", "a.csv.gz", gz[:20] + "\xff\xff\xff" + gz[23:], "rusak"},
		{"wrong checksum", "csv", "a.csv.gz", gz[:len(gz)-8] + "\x00\x00\x00\x00" + gz[len(gz)-4:], "rusak"},
		{"gz that is none", "csv", "a.csv.gz", good, "bukan gzip"},
		{"truncated zip", "csv", "a.zip", archive[:len(archive)-30], "rusak atau terpotong"},
		{"zip that is none", "csv", "a.zip", good, "rusak atau terpotong"},
		{"zip without it", "csv", "a.zip", zipped("baca.pdf", "x", "__MACOSX/a.csv", good, ".a.csv", good), "isinya: baca.pdf, .a.csv"},
		{"truncated xlsx", "xlsx", "a.xlsx", archive[:len(archive)-30], "rusak atau terpotong"},
		{"zip as xlsx", "xlsx", "a.xlsx", archive, "tidak"},
		{"text as xlsx", "xlsx", "a.xlsx", good, "bukan buku kerja"},
		{"old xls", "xlsx", "a.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600), "berkas Excel lama (.xls)"},
		{"locked xlsx", "xlsx", "a.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600) + wide("EncryptedPackage", false, false), "kata sandi"},
		{"xlsx as csv", "csv", "a.csv", archive, "berkas Excel (.xlsx)"},
		{"png", "csv", "a.csv", png, "gambar PNG"},
		{"zero bytes", "csv", "a.csv", "a,b\n1,\x002\n", "bukan teks: ada byte nol pada posisi 6"},
		{"zero bytes later", "csv", "a.csv", "a,b\n" + strings.Repeat("1,2\n", 2000) + "1,\x002\n", "baris 2002, karakter ke-3: ada byte nol"},
		{"utf-16 undeclared", "csv", "a.csv", wide(good, false, false), "encoding: utf-16le"},
		{"utf-16be undeclared", "csv", "a.csv", wide(good, false, true), "encoding: utf-16be"},
		{"windows-1252 undeclared", "csv", "a.csv", "a,b\n1,2\n\n3,\"x\ny\"\nKab. \xe9,4\n", "baris 5, karakter ke-6: byte 0xE9 bukan UTF-8; nyatakan `encoding: windows-1252`"},
		{"windows-1252 in the header", "csv", "a.csv", "a,b\xe9\n1,2\n", "baris 1, karakter ke-4: byte 0xE9"},
		{"windows-1252 in json", "json", "a.json", "[{\"a\":1},\n{\"a\":\"\xe9\"}]", "baris 2, karakter ke-7: byte 0xE9"},
		{"windows-1252 in ndjson", "ndjson", "a.ndjson", "{\"a\":1}\n\n{\"a\":\"\xe9\"}", "baris 3, karakter ke-7: byte 0xE9"},
		{"undefined in windows-1252", "csv 1252", "a.csv", "a,b\n1,\xe9\x81\n", "baris 2, karakter ke-4 tidak dapat dibaca sebagai windows-1252"},
		{"utf-8 declared as windows-1252", "csv 1252", "a.csv", "a,b\n" + strings.Repeat("x", 4094) + "é,2\n", "berkas ini UTF-8"},
		{"bomb in gzip", "csv", "a.csv.gz", gzipped("a,b\n" + strings.Repeat("1,1\n", 20<<20)), "mengembang tidak wajar"},
		{"bomb in zip", "csv", "a.zip", zipped("a.csv", "a,b\n"+strings.Repeat("1,1\n", 20<<20)), "mengembang tidak wajar"},
		{"half a utf-16 pair", "csv", "a.csv", wide("a\nb\n", true, false) + "\x00\xd8\n\x00", "baris 3, karakter ke-1 tidak dapat dibaca sebagai utf-16le"},
		{"quote in header", "csv", "a.csv", "a,\"b\n1,2\n", "baris kepala tabel 1"},
		{"line too long", "csv", "a.csv", "a,b\n1," + strings.Repeat("x", 9<<20) + "\n", "baris 2 lebih panjang dari 8 MiB"},
		{"ndjson line too long", "ndjson", "a.ndjson", "{}\n\"" + strings.Repeat("x", 9<<20) + "\"\n", "baris 2 lebih panjang dari 8 MiB"},
		{"element too long", "json", "a.json", "[1,\"" + strings.Repeat("x", 9<<20) + "\"]", "elemen ke-2 lebih panjang dari 8 MiB"},
		{"header too long", "csv", "a.csv", strings.Repeat("x", 600<<10) + "\n1\n", "kepala tabel terlalu panjang"},
		{"quotes not meant", "csv", "a.csv", "a,b\n" + strings.Repeat("\"x,2\n", 2000), "lebih dari 1000 tanda kutip"},
		{"truncated json", "json", "a.json", `[{"a":1},{"a":2}`, "terpotong"},
		{"truncated json in a text", "json", "a.json", `[{"a":1},{"a":"2`, "terpotong"},
		{"truncated json after a comma", "json", "a.json", `[{"a":1},`, "terpotong"},
		{"json object", "json", "a.json", `{"data":[{"a":1}]}`, "bukan larik"},
		{"json text", "json", "a.json", `"a"`, "bukan larik"},
		{"json brackets", "json", "a.json", `[{"a":1],{"a":2}]`, "elemen ke-1"},
		{"json without comma", "json", "a.json", `[{"a":1} {"a":2}]`, "elemen ke-2"},
		{"json two commas", "json", "a.json", `[{"a":1},,{"a":2}]`, "elemen ke-2"},
		{"json comma at the end", "json", "a.json", `[{"a":1},]`, "elemen ke-2"},
		{"json and more", "json", "a.json", `[{"a":1}] x`, "setelah larik"},
		{"json too deep", "json", "a.json", "[" + strings.Repeat("[", 1000), "elemen ke-1"},
		{"array as ndjson", "ndjson", "a.ndjson", "[\n{}\n]", "type: json"},
		{"unknown kind", "", "a.dat", good, "format.type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := format(strings.TrimSuffix(c.kind, " 1252"))
			if o.Format.Type != c.kind {
				o.Format.Encoding = "windows-1252"
			}
			got := readOne(t, o, c.file, c.data)
			if got.Refusal == nil {
				t.Fatalf("taken: %+v", got.Info)
			}
			if !strings.Contains(got.Refusal.Reason.ID, c.want) || got.Refusal.Reason.EN == "" || !strings.HasPrefix(got.Refusal.Subject, "a.") {
				t.Errorf("got %v, want %q", got.Refusal, c.want)
			}
			if strings.Contains(got.Refusal.Reason.ID+got.Refusal.Reason.EN, "%!") {
				t.Errorf("bad sentence: %v", got.Refusal)
			}
		})
	}
}

func TestTooFewHeaderRows(t *testing.T) {
	o := format("csv")
	o.Format.Headers, o.Format.Skip = 3, 2
	for _, data := range []string{"a\n", "a\nb\n", "a\nb\nc\nd\n"} {
		if got := readOne(t, o, "a.csv", data); got.Refusal == nil || !strings.Contains(got.Refusal.Reason.ID, "sampai baris 5") {
			t.Errorf("%q: got %v", data, got.Refusal)
		}
	}
	if got := readOne(t, o, "a.csv", "a\nb\nc\nd\ne\n"); got.Refusal == nil || !strings.Contains(got.Refusal.Reason.ID, "tanpa satu baris data") {
		t.Errorf("got %v", got.Refusal)
	}
}

func TestUnreadableFile(t *testing.T) {
	path := write(t, t.TempDir(), "a.csv", "a\n1\n")
	s, err := file.Open([]string{path}, format("csv"))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	if got := sourcetest.ReadAll(t, s); got[0].Refusal == nil || !strings.Contains(got[0].Refusal.Reason.ID, "sudah tidak ada") {
		t.Errorf("gone: got %+v", got)
	}
	if got := read(t, format("csv"), os.DevNull); got[0].Refusal == nil || !strings.Contains(got[0].Refusal.Reason.ID, "bukan berkas biasa") {
		t.Errorf("device: got %+v", got)
	}
}

func TestOpenRefusesSettings(t *testing.T) {
	path := write(t, t.TempDir(), "a.csv", "a\n1\n")
	for name, f := range map[string]schemas.Format{
		"type": {Type: "pdf"}, "encoding": {Encoding: "ebcdic"}, "delimiter": {Delimiter: "::"}, "quote": {Delimiter: `"`}, "newline": {Delimiter: "\n"}, "header rows": {Headers: 300}, "skipped rows": {Skip: -1}, "wide": {Delimiter: "§"},
	} {
		if _, err := file.Open([]string{path}, file.Options{Format: f}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, missing := range []string{filepath.Join(t.TempDir(), "x.csv"), filepath.Join(t.TempDir(), "*.csv")} {
		if _, err := file.Open([]string{missing}, format("csv")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want not exist", missing, err)
		}
	}
	if _, err := file.Open([]string{filepath.Join(t.TempDir(), "[.csv")}, format("csv")); err == nil {
		t.Error("a broken pattern is taken")
	}
}

// TestChangedFile writes to a file between its inspection and its reading.
func TestChangedFile(t *testing.T) {
	const text = "a,b\n1,2\n3,4\n"
	for name, change := range map[string]func(path string) error{
		"longer":   func(path string) error { return os.WriteFile(path, []byte(text+"5,6\n"), 0o644) },
		"shorter":  func(path string) error { return os.Truncate(path, 8) },
		"empty":    func(path string) error { return os.Truncate(path, 0) },
		"as large": func(path string) error { return os.WriteFile(path, []byte("a,b\n1,2\n3,5\n"), 0o644) },
		"unseen": func(path string) error { // neither size nor time tells
			info, err := os.Stat(path)
			return errors.Join(err, os.WriteFile(path, []byte("a,b\n1,2\n3,5\n"), 0o644), os.Chtimes(path, info.ModTime(), info.ModTime()))
		},
		"no table any more": func(path string) error {
			info, err := os.Stat(path)
			return errors.Join(err, os.WriteFile(path, []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0o644), os.Chtimes(path, info.ModTime(), info.ModTime()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, t.TempDir(), "a.csv", text)
			s, err := file.Open([]string{path}, format("csv"))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			d, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Read(t.Context()); !errors.Is(err, file.ErrChanged) {
				t.Errorf("got %v, want ErrChanged", err)
			}
		})
	}
}

// TestConformance runs the suite over a folder of every kind of file, and over one of workbooks.
func TestConformance(t *testing.T) {
	dir := t.TempDir()
	var long, nd bytes.Buffer
	table(&long, 3<<20, true, "\r\n")
	lines(&nd, 2<<20)
	write(t, dir, "01.csv", long.String())
	write(t, dir, "02.csv.gz", gzipped(long.String()))
	write(t, dir, "03.zip", zipped("a.csv", "a,b\n1,2\n\n3,4\n", "b.csv", "", "c/d.csv", long.String(), "e.jsonl", nd.String()))
	write(t, dir, "04.ndjson", nd.String())
	write(t, dir, "05.json", string(array(nd.Bytes())))
	write(t, dir, "06.csv", "<html>")
	write(t, dir, "07.csv", "a,b\n1,\"x\n2,3\n4,\"5\n6\"\n")
	writeWorkbook(t, dir, "08.xlsx", 5000)
	data, err := os.ReadFile(filepath.Join(dir, "08.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "09.zip", zipped("x.xlsx", string(data)))
	write(t, dir, "10.xlsx.gz", gzipped(string(data)))
	write(t, dir, "baca.pdf", "%PDF-")
	sourcetest.Test(t, func(t testing.TB) source.Source {
		s, err := file.Open([]string{dir}, file.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	all := read(t, file.Options{}, dir)
	var got []string
	for _, d := range all {
		if d.Refusal != nil {
			got = append(got, "! "+d.Refusal.Subject)
		} else {
			got = append(got, d.Info.Subject)
		}
	}
	want := []string{"01.csv", "02.csv.gz", "03.zip/a.csv", "! 03.zip/b.csv", "03.zip/c/d.csv", "03.zip/e.jsonl", "04.ndjson", "05.json", "! 06.csv", "07.csv", "08.xlsx", "09.zip/x.xlsx", "10.xlsx.gz"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	for _, same := range [][2]int{{0, 1}, {0, 4}, {5, 6}, {10, 11}, {10, 12}, {6, 7}} {
		if a, b := all[same[0]].Info, all[same[1]].Info; a.Fingerprint != b.Fingerprint {
			t.Errorf("%s and %s have different fingerprints", a.Subject, b.Subject)
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "satudata-*.xlsx"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

func TestInspectionIsCancelled(t *testing.T) {
	path := write(t, t.TempDir(), "a.csv", "a\n1\n")
	s, err := file.Open([]string{path}, format("csv"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
