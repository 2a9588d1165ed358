package file_test

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
)

// patched is a zip in whose first directory entry a number is replaced.
func patched(data string, at int, value uint32) string {
	b := []byte(data)
	binary.LittleEndian.PutUint32(b[strings.Index(data, "PK\x01\x02")+at:], value)
	return string(b)
}

// TestDamageIsOfOneFile reads files between two sound ones that made a reader end, or go on without end.
func TestDamageIsOfOneFile(t *testing.T) {
	const table = "a\n1\n"
	sheet := func(rows string) string { return "<worksheet><sheetData>" + rows + "</sheetData></worksheet>" }
	zip := zipped("b.csv", table)
	for _, c := range []struct{ name, file, data, refused string }{
		{"an entry at the end of a zip", "b.zip", patched(zip, 42, uint32(len(zip)-8)), "terpotong"},
		{"an entry beyond a zip", "b.zip", patched(zip, 42, 1<<31), "terpotong"},
		{"an entry larger than its zip", "b.zip", patched(zip, 20, 1<<30), "bertumpang tindih"},
		{"XML of another encoding", "b.xlsx", sheetXML(`<?xml version="1.0" encoding="utf-16"?>`+sheet(`<row><c><v>1</v></c></row>`), ""), "rusak"},
		{"XML of another version", "b.xlsx", sheetXML(`<?xml version="2.0"?>`+sheet(""), ""), "rusak"},
		{"the last row that can be counted", "b.xlsx", sheetXML(sheet(`<row r="9223372036854775807"><c><v>1</v></c></row><row><c><v>1</v></c></row>`), ""), "nomor baris"},
		{"merged cells that overlap", "b.xlsx", sheetXML(`<worksheet><sheetData><row><c t="str"><v>a</v></c></row><row><c><v>1</v></c></row></sheetData><mergeCells>`+
			strings.Repeat(`<mergeCell ref="A1:XFD1"/>`, 3)+`</mergeCells></worksheet>`, ""), "bertumpang tindih"},
		{"a header of long texts", "b.xlsx", sheetXML(sheet(`<row>`+strings.Repeat(`<c t="s"><v>0</v></c>`, 400)+`</row><row><c><v>1</v></c></row>`), "<sst><si><t>"+strings.Repeat("x", 1000)+"</t></si></sst>"), "kepala tabel terlalu panjang"},
		{"a long row", "b.xlsx", sheetXML(sheet(`<row><c><v>1</v></c></row><row>`+strings.Repeat(`<c t="s"><v>0</v></c>`, 9000)+`</row>`), "<sst><si><t>"+strings.Repeat("x", 1000)+"</t></si></sst>"), "lebih panjang dari"},
		{"a long tag", "b.xlsx", sheetXML(sheet(`<row `+strings.Repeat(`a="b" `, 3<<20)+`/>`), ""), "lebih panjang dari"},
		{"records alone between empty lines", "b.csv", strings.Repeat("kolom,", 20_000) + "a\n" + strings.Repeat("1\n\n", 3000), "baris kosong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.csv", table)
			write(t, dir, c.file, c.data)
			write(t, dir, "c.csv", table)
			s, err := file.Open([]string{dir}, file.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var ends []string
			for {
				d, err := s.Next(t.Context())
				var refusal *source.Refusal
				switch {
				case errors.Is(err, io.EOF):
					if len(ends) != 3 || ends[0] != "a.csv" || ends[2] != "c.csv" || !strings.Contains(ends[1], c.refused) {
						t.Errorf("it came to %q, want a refusal for %q in the middle", ends, c.refused)
					}
					return
				case errors.As(err, &refusal):
					ends = append(ends, refusal.Error())
				case err != nil:
					t.Fatal(err)
				default:
					ends = append(ends, d.Info().Subject)
					if err := d.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// TestUnreadableBytes reads a file that cannot be read, though it is there and may be opened.
func TestUnreadableBytes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	const memory = "/proc/self/mem"
	if _, err := os.Stat(memory); err != nil {
		t.Skip("this system has no file that can be opened and not be read:", err)
	}
	if err := os.Symlink(memory, path); err != nil {
		t.Fatal(err)
	}
	all := read(t, file.Options{}, path)
	if len(all) != 1 || all[0].Refusal == nil {
		t.Errorf("it came to %+v, want a refusal", all)
	}
}

// TestSubjectsArePrintable names files as people can read it, and no two alike.
func TestSubjectsArePrintable(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{}
	for name, subject := range map[string]string{
		"baris\nbaru.csv": "baris%0Abaru.csv", "\x1b[31m.csv": "%1B[31m.csv", "\xff.csv": "%FF.csv", "\u202evsc.csv": "%E2%80%AEvsc.csv", "файл é 文.csv": "файл é 文.csv",
	} {
		write(t, dir, name, "a\n1\n")
		want[subject] = true
	}
	for _, d := range read(t, file.Options{}, dir) {
		if !want[d.Info.Subject] {
			t.Errorf("subject is %q", d.Info.Subject)
		}
		delete(want, d.Info.Subject)
	}
	if len(want) > 0 {
		t.Errorf("there is no %v", want)
	}
}
