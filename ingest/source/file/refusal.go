package file

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/schemas"
)

// refuse makes a refusal in both languages from the same arguments. Its subject is filled in where
// the delivery is known.
func refuse(id, en string, args ...any) error {
	return &source.Refusal{Reason: event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}}
}

// refuseDamaged makes a refusal of what a reader says of damage, unless it is one, or the system says it.
func refuseDamaged(err error, id, en string) error {
	var r *source.Refusal
	var system syscall.Errno
	if errors.As(err, &r) || errors.As(err, &system) {
		return err
	}
	return refuse(id, en, err)
}

// unfit makes a refusal of whatever is wrong with a file, so that it does not hold up the others. What the
// system says is no fault of the file, and may have passed when it is looked at again.
func unfit(err error) error {
	for _, ours := range []error{nil, errUnfinished, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ours) {
			return err
		}
	}
	err = refuseDamaged(err, "berkas tidak dapat dibaca (%v); periksa berkas dan tempatnya, lalu kirim ulang", "the file cannot be read (%v); check it and the disk it is on, and send it again")
	if r := (*source.Refusal)(nil); !errors.As(err, &r) {
		return &heldError{err: err}
	}
	return err
}

// heldError is trouble with reading a file that is no fault of the file.
type heldError struct {
	path, subject string
	err           error
}

func (h *heldError) Error() string {
	id, en := "tidak dapat dibaca dan belum dianggap terkirim; periksa disk atau jaringannya", "it cannot be read and does not count as delivered yet; check its disk or network"
	if errors.Is(h.err, fs.ErrPermission) {
		id, en = "tidak boleh dibaca dan belum dianggap terkirim; periksa hak aksesnya", "it may not be read and does not count as delivered yet; check its permissions"
	}
	return fmt.Sprintf("%s: %s (%s): %v", h.subject, id, en, h.err)
}

func (h *heldError) Unwrap() error { return h.err }

// printable is a name as people can read it: bytes that are not text and characters that are not seen
// are written as in a web address.
func printable(name string) string {
	var out []byte
	for i, r := range name {
		if r != utf8.RuneError && unicode.IsPrint(r) {
			if out != nil {
				out = utf8.AppendRune(out, r)
			}
			continue
		}
		_, size := utf8.DecodeRuneInString(name[i:])
		if out == nil {
			out = append(make([]byte, 0, len(name)+16), name[:i]...)
		}
		for _, b := range []byte(name[i : i+size]) {
			out = fmt.Appendf(out, "%%%02X", b)
		}
	}
	if out == nil {
		return name
	}
	return string(out)
}

// refuseFewRows says that a file ends before its records begin.
func refuseFewRows(rows int64, f schemas.Format) error {
	if want := f.Skip + headers(f); rows < int64(want) {
		return refuse("berkas hanya berisi %d baris, sedangkan kepala tabel menurut binding ada sampai baris %d",
			"the file holds only %d rows, while the header goes to row %d by the binding", rows, want)
	}
	return refuse("berkas hanya berisi kepala tabel, tanpa satu baris data pun", "the file holds only the header and not one row of data")
}

// pages are the beginnings of web pages and other markup, in lower case.
var pages = []string{"<!doctype", "<html", "<head", "<body", "<table", "<?xml", "<!--"}

// refusePage refuses a text that is a web page: what a server sends in place of the file when
// something went wrong, or a table that an application exported as HTML.
func refusePage(t []byte) error {
	start := strings.ToLower(string(t[:min(len(t), 4096)]))
	for _, p := range pages {
		if !strings.HasPrefix(start, p) {
			continue
		}
		title := ""
		if _, rest, ok := strings.Cut(start, "<title>"); ok {
			name, _, _ := strings.Cut(rest, "<")
			title = " “" + listed([]string{printable(strings.Join(strings.Fields(name), " "))}) + "”"
		}
		kind, kindEN := "halaman web (HTML)", "a web page (HTML)"
		if p == "<?xml" && !strings.Contains(start, "<html") {
			kind, kindEN = "dokumen XML", "an XML document"
		}
		return refuse("isi berkas adalah %[1]s%[3]s, bukan data; unduh atau ekspor ulang dari aplikasi asalnya",
			"the file is %[2]s%[3]s, not data; download or export it again from its application", kind, kindEN, title)
	}
	return nil
}

// magics are the first bytes of files that are not text.
var magics = []struct{ magic, id, en string }{
	{"PK\x03\x04", "arsip zip atau berkas Excel (.xlsx)", "a zip archive or an Excel file (.xlsx)"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "berkas Excel lama (.xls) atau dokumen Office", "an old Excel file (.xls) or an Office document"},
	{"%PDF-", "berkas PDF", "a PDF file"},
	{"\x89PNG", "gambar PNG", "a PNG image"},
	{"\xff\xd8\xff", "gambar JPEG", "a JPEG image"},
	{"Rar!", "arsip RAR", "a RAR archive"},
	{"7z\xbc\xaf\x27\x1c", "arsip 7z", "a 7z archive"},
	{"PAR1", "berkas Parquet", "a Parquet file"},
	{"SQLite format 3\x00", "basis data SQLite", "an SQLite database"},
}

// refuseBinary refuses the first bytes of a file that is not text.
func refuseBinary(first []byte) error {
	for _, m := range magics {
		if bytes.HasPrefix(first, []byte(m.magic)) {
			return refuse("isi berkas adalah %[1]s, bukan teks seperti yang dinyatakan binding",
				"the file is %[2]s, not text as the binding says", m.id, m.en)
		}
	}
	n := bytes.IndexByte(first, 0)
	if n < 0 {
		return nil
	}
	if wide, order := looksWide(first); wide {
		return refuse("berkas ini tampaknya UTF-16 tanpa penanda (BOM); nyatakan `encoding: %s` di binding atau simpan ulang sebagai UTF-8",
			"this file seems to be UTF-16 without a mark (BOM); declare `encoding: %s` in the binding or save it again as UTF-8", order)
	}
	return refuse("berkas ini bukan teks: ada byte nol pada posisi %d", "this file is not text: there is a zero byte at position %d", n)
}

// looksWide says whether every second byte of the start of a file is zero.
func looksWide(first []byte) (wide bool, order string) {
	var zeros [2]int
	for i, c := range first {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch half := len(first) / 2; {
	case zeros[1] > half*3/4 && zeros[0] == 0:
		return true, "utf-16le"
	case zeros[0] > half*3/4 && zeros[1] == 0:
		return true, "utf-16be"
	}
	return false, ""
}

// packingFault turns what an unpacker says of a damaged file into a refusal. Other errors, of the
// disk say, stay what they are.
func packingFault(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return refuse("berkas terkompresi terpotong: berakhir sebelum isinya lengkap; kirim ulang",
			"the compressed file is cut short: it ends before its content does; send it again")
	case errors.As(err, &corrupt), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum),
		errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum):
		return refuse("berkas terkompresi rusak (%v); kirim ulang", "the compressed file is damaged (%v); send it again", err)
	case errors.Is(err, zip.ErrAlgorithm):
		return refuse("cara kompresi di dalam zip tidak didukung; buat ulang arsip dengan kompresi biasa (deflate)",
			"the compression method in the zip is not supported; make the archive again with ordinary compression (deflate)")
	}
	return err
}
