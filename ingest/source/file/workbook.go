package file

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"

	"satudata/schemas"
)

// Limits on the parts of a workbook. What is held in memory of it is bounded by them, whatever it
// unpacks to.
const (
	maxPart    = 64 << 20  // bytes of the parts that say what else there is, each
	maxStrings = 128 << 20 // bytes of the shared strings
	maxItems   = 1 << 16   // sheets, cell styles, number formats, relationships: 65,490 styles is what Excel allows
	maxMerged  = 1 << 20   // areas of merged cells
	maxRows    = 1 << 24   // Excel ends at row 1,048,576, LibreOffice here
)

// oleMagic begins old .xls files, and workbooks that are locked with a password.
const oleMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// workbook is what must be known of an XLSX file to read one of its sheets.
//
// It is read here, part by part and token by token. excelize holds whole parts in memory, many times
// as large as they are stored; its iterator hands out text only, so that the text "007" and the
// number 7 shown with zeros look alike, and takes a sheet that ends in the middle for one that ends.
type workbook struct {
	sheet    *zip.File
	strings  *stringTable
	formats  []dateFormat // by cell style
	date1904 bool
	merged   []area
}

// prepareWorkbook makes d cut the rows of a sheet.
func prepareWorkbook(d *delivery, f schemas.Format, max int) error {
	r, size, err := d.origin.random()
	if err != nil {
		return err
	}
	if c, ok := r.(io.Closer); ok {
		file := d.closed
		d.closed = func() error { return errors.Join(c.Close(), file()) }
	}
	w, err := openWorkbook(r, size, f)
	if err != nil {
		return err
	}
	d.open = func() (cutter, io.Closer, error) {
		s, err := w.rows()
		if err != nil {
			return nil, nil, err
		}
		c, err := newSheet(s, f, max, w.merged)
		if err != nil {
			return nil, nil, errors.Join(err, s.Close())
		}
		return c, s, nil
	}
	return nil
}

// spooled is an unpacked workbook in a temporary file.
type spooled struct{ *os.File }

func (s spooled) Close() error { return errors.Join(s.File.Close(), os.Remove(s.Name())) }

// random gives random access to the content: the file itself, or a copy when it is packed.
func (o *origin) random() (r io.ReaderAt, size int64, err error) {
	head := make([]byte, len(gzipMagic))
	if n, _ := o.file.ReadAt(head, 0); o.entry == nil && string(head[:n]) != gzipMagic {
		return io.NewSectionReader(o.file, 0, o.stamp.size), o.stamp.size, nil
	}
	in, err := o.open()
	if err != nil {
		return nil, 0, err
	}
	f, err := os.CreateTemp("", "satudata-*"+workbookKind)
	if err != nil {
		return nil, 0, errors.Join(err, in.Close())
	}
	s := spooled{f}
	if size, err = io.Copy(f, io.LimitReader(in, maxWorkbook+1)); err == nil && size > maxWorkbook {
		err = refuse("buku kerja Excel lebih besar dari %d MiB", "the Excel workbook is larger than %d MiB", maxWorkbook>>20)
	}
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, 0, errors.Join(err, s.Close())
	}
	return s, size, nil
}

// openWorkbook reads everything but the rows.
func openWorkbook(r io.ReaderAt, size int64, f schemas.Format) (w *workbook, err error) {
	if err := refuseOtherThanWorkbook(r, size); err != nil {
		return nil, err
	}
	parts, err := partsOf(r, size)
	if err != nil {
		return nil, err
	}
	about, err := readContents(parts)
	if err != nil {
		return nil, err
	}
	w = &workbook{date1904: about.date1904}
	if w.sheet, err = about.choose(parts, f.Sheet); err != nil {
		return nil, err
	}
	if w.formats, err = fromPart(about.other(parts, "/styles", "xl/styles.xml"), readFormats); err != nil {
		return nil, err
	}
	if w.strings, err = fromPart(about.other(parts, "/sharedStrings", "xl/sharedstrings.xml"), readStrings); err != nil {
		return nil, err
	}
	w.merged, err = fromPart(w.sheet, mergedAreas)
	return w, err
}

// refuseOtherThanWorkbook looks at the first bytes.
func refuseOtherThanWorkbook(r io.ReaderAt, size int64) error {
	head := make([]byte, 4096)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(text) == 0:
		return refuse("berkas kosong; ekspor ulang dari aplikasinya, lalu kirim lagi", "the file is empty: export it anew and deliver it again")
	case bytes.HasPrefix(head, []byte("PK")):
		return nil
	case bytes.HasPrefix(head, []byte(oleMagic)):
		locked, err := contains(io.NewSectionReader(r, 0, size), wide("EncryptedPackage"))
		if err != nil {
			return err
		}
		if locked {
			return refuse("berkas Excel dikunci kata sandi; simpan ulang tanpa kata sandi", "the Excel file is locked with a password; save it again without one")
		}
		return refuse("berkas Excel lama (.xls); simpan ulang sebagai .xlsx", "an old Excel file (.xls); save it again as .xlsx")
	}
	if err := refusePage(text); err != nil {
		return err
	}
	return refuse("isi berkas bukan buku kerja Excel (.xlsx)", "the file is not an Excel workbook (.xlsx)")
}

// wide is s as UTF-16.
func wide(s string) []byte {
	var out []byte
	for _, c := range []byte(s) {
		out = append(out, c, 0)
	}
	return out
}

// contains looks for what in r.
func contains(r io.Reader, what []byte) (bool, error) {
	buf, keep := make([]byte, blockSize), 0
	for {
		n, err := io.ReadFull(r, buf[keep:])
		if bytes.Contains(buf[:keep+n], what) {
			return true, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		keep = copy(buf, buf[len(buf)-len(what):])
	}
}
