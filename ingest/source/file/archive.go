package file

import (
	"archive/zip"
	"io"
	"math"
	"path"
	"strings"
)

// Limits on an archive: every file in it is a delivery of its own.
const (
	maxEntries   = 10_000
	maxDirectory = 16 << 20 // bytes of its table of contents
)

// archive is a zip whose entries are offered one by one.
type archive struct {
	*origin
	entries []*zip.File
}

func openArchive(o *origin, wanted func(string) bool) (*archive, error) {
	if o.stamp.size == 0 {
		return nil, refuse("berkas kosong; ekspor ulang dari aplikasinya, lalu kirim lagi", "the file is empty: export it anew and deliver it again")
	}
	z, err := openZip(o.file, o.stamp.size)
	if err != nil {
		return nil, refuseDamaged(err, "arsip zip rusak atau terpotong (%v); kirim ulang", "the zip archive is damaged or cut short (%v); send it again")
	}
	a := &archive{origin: o}
	var others []string
	var stored uint64
	for _, e := range z.File {
		name := strings.ReplaceAll(e.Name, `\`, "/")
		switch {
		case strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/"):
		case wanted(name):
			a.entries = append(a.entries, e)
			stored += e.CompressedSize64
		default:
			others = append(others, printable(path.Base(name)))
		}
	}
	if len(a.entries) == 0 {
		return nil, refuse("arsip zip tidak memuat berkas yang dinyatakan binding; isinya: %s",
			"the zip archive has no file of the kind that the binding says; it holds: %s", listed(others))
	}
	if len(a.entries) > maxEntries {
		return nil, refuse("arsip zip memuat %d berkas, lebih dari %d; bagi menjadi beberapa arsip",
			"the zip archive has %d files, more than %d; divide it into several archives", len(a.entries), maxEntries)
	}
	if stored > uint64(o.stamp.size) { // else each would be unpacked by itself, for as long as that takes
		return nil, refuse("berkas-berkas di dalam arsip zip bertumpang tindih: arsipnya rusak atau dibuat untuk merusak",
			"the files in the zip archive overlap: it is damaged or meant to do damage")
	}
	return a, nil
}

// openZip reads the directory of a zip, which is held in memory.
func openZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	d := &directory{ReaderAt: r, left: maxDirectory}
	z, err := zip.NewReader(d, size)
	if d.left < 0 {
		err = refuse("daftar isi zip lebih besar dari %d MiB; bagi menjadi beberapa arsip", "the directory of the zip is larger than %d MiB; divide it into several archives", maxDirectory>>20)
	}
	d.left = math.MaxInt64 // what comes now is content
	return z, err
}

// directory is a file of which only so much may be read.
type directory struct {
	io.ReaderAt
	left int64
}

func (d *directory) ReadAt(p []byte, off int64) (int, error) {
	if d.left -= int64(len(p)); d.left < 0 {
		return 0, zip.ErrFormat
	}
	return d.ReaderAt.ReadAt(p, off)
}

// next returns the next entry, or nil.
func (a *archive) next() *origin {
	if len(a.entries) == 0 {
		return nil
	}
	e := a.entries[0]
	a.entries = a.entries[1:]
	name := strings.ReplaceAll(e.Name, `\`, "/")
	return &origin{subject: a.subject + "/" + printable(name), file: a.file, stamp: a.stamp, entry: e}
}

// listed names at most five things.
func listed(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	if more := len(names) - 5; more > 0 {
		names = append(names[:5:5], "…")
	}
	for i, n := range names {
		if len(n) > 100 {
			names[i] = strings.ToValidUTF8(n[:100], "") + "…"
		}
	}
	return strings.Join(names, ", ")
}
