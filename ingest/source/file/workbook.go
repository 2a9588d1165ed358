package file

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"

	"satudata/schemas"
)

// Limits on the parts of a workbook, in bytes unpacked.
const (
	maxParts   = 256 << 20 // all but the sheets and the shared strings
	maxStrings = 1 << 30   // the shared strings, which are held in memory
)

// oleMagic begins old .xls files, and workbooks that are locked with a password.
const oleMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// workbook is what must be known of an XLSX file to read one of its sheets.
//
// excelize opens the workbook without its sheets, and says which there are, which cell formats mean
// a date and which date system is in force. The sheet's cells are read here: excelize's iterator
// hands out text only, so that the text "007" and the number 7 shown with zeros look alike, and it
// takes a sheet that ends in the middle for a sheet that ends.
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
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, refuse("berkas Excel rusak atau terpotong (%v); kirim ulang", "the Excel file is damaged or cut short (%v); send it again", err)
	}
	parts := partsOf(z)
	light, err := withoutSheets(z)
	if err != nil {
		return nil, err
	}
	x, err := excelize.OpenReader(light, excelize.Options{UnzipSizeLimit: maxParts, UnzipXMLSizeLimit: maxParts})
	if err != nil {
		return nil, refuse("berkas Excel tidak dapat dibuka (%v)", "the Excel file cannot be opened (%v)", err)
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	w = &workbook{formats: dateFormats(x)}
	if props, err := x.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		w.date1904 = *props.Date1904
	}
	if w.sheet, err = chooseSheet(x, parts, f.Sheet); err != nil {
		return nil, err
	}
	if w.strings, err = fromPart(parts["xl/sharedstrings.xml"], readStrings); err != nil {
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
		return refuse("berkas kosong", "the file is empty")
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

// partsOf returns the parts of a package by name. Names are compared without case, and some
// programs write backslashes.
func partsOf(z *zip.Reader) map[string]*zip.File {
	parts := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		parts[partName(f.Name)] = f
	}
	return parts
}

func partName(name string) string {
	return strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(name, `\`, "/")), "/")
}

// withoutSheets copies a workbook's small parts.
func withoutSheets(z *zip.Reader) (io.Reader, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		name := partName(f.Name)
		if strings.HasPrefix(name, "xl/") && !strings.HasPrefix(name, "xl/_rels/") && path.Dir(name) != "xl" ||
			name == "xl/sharedstrings.xml" || name == "xl/calcchain.xml" {
			continue
		}
		if f.UncompressedSize64 > maxParts {
			return nil, refuse("bagian %s dari berkas Excel terlalu besar", "part %s of the Excel file is too large", f.Name)
		}
		if err := w.Copy(f); err != nil {
			return nil, sheetFault(err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &out, nil
}

// chooseSheet finds the part that holds the sheet of that name, or the first that is not hidden.
func chooseSheet(x *excelize.File, parts map[string]*zip.File, name string) (*zip.File, error) {
	base, targets, err := sheetTargets(parts)
	if err != nil {
		return nil, err
	}
	var names []string
	var first, alike, exact *zip.File
	for _, s := range x.WorkBook.Sheets.Sheet {
		part := parts[resolvePart(base, targets[s.ID])]
		if part == nil {
			continue // a chart
		}
		names = append(names, s.Name)
		if first == nil && (s.State == "" || s.State == "visible") {
			first = part
		}
		if s.Name == name {
			exact = part
		}
		if strings.EqualFold(strings.TrimSpace(s.Name), strings.TrimSpace(name)) {
			alike = part
		}
	}
	switch {
	case name == "" && first != nil:
		return first, nil
	case exact != nil:
		return exact, nil
	case alike != nil:
		return alike, nil
	case name == "":
		return nil, refuse("buku kerja Excel tidak punya lembar yang terlihat", "the Excel workbook has no visible sheet")
	}
	return nil, refuse("lembar %q tidak ada; yang ada: %s", "there is no sheet %q; there are: %s", name, listed(names))
}

// relationships is a part that says where others are.
type relationships struct {
	Items []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// sheetTargets returns the folder of the workbook part and its worksheets' places by id.
func sheetTargets(parts map[string]*zip.File) (base string, targets map[string]string, err error) {
	var root, book relationships
	if err := decodePart(parts["_rels/.rels"], &root); err != nil {
		return "", nil, err
	}
	main := "xl/workbook.xml"
	for _, r := range root.Items {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = resolvePart("", r.Target)
		}
	}
	base = path.Dir(main)
	if err := decodePart(parts[base+"/_rels/"+path.Base(main)+".rels"], &book); err != nil {
		return "", nil, err
	}
	targets = map[string]string{}
	for _, r := range book.Items {
		if strings.HasSuffix(r.Type, "/worksheet") {
			targets[r.ID] = r.Target
		}
	}
	return base, targets, nil
}

// resolvePart returns the name of the part that target means, seen from a folder.
func resolvePart(base, target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	if target == "" || strings.HasPrefix(target, "/") {
		return partName(target)
	}
	return partName(path.Join(base, target))
}

func decodePart(part *zip.File, v any) (err error) {
	if part == nil {
		return refuse("berkas Excel tidak lengkap: daftar bagiannya tidak ada", "the Excel file is incomplete: the list of its parts is missing")
	}
	r, err := part.Open()
	if err != nil {
		return sheetFault(err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return sheetFault(xml.NewDecoder(io.LimitReader(r, maxParts)).Decode(v))
}

// sheetFault turns what unpackers and the XML reader say of damage into a refusal.
func sheetFault(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return refuse("berkas Excel rusak (%v); simpan ulang lalu kirim ulang", "the Excel file is damaged (%v); save and send it again", err)
	}
	return packingFault(err)
}
