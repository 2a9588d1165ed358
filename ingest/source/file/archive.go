package file

import (
	"archive/zip"
	"path"
	"strings"
)

// archive is a zip whose entries are offered one by one.
type archive struct {
	*origin
	entries []*zip.File
}

func openArchive(o *origin, wanted func(string) bool) (*archive, error) {
	z, err := zip.NewReader(o.file, o.stamp.size)
	if err != nil {
		if o.stamp.size == 0 {
			return nil, refuse("berkas kosong", "the file is empty")
		}
		return nil, refuse("arsip zip rusak atau terpotong (%v); kirim ulang", "the zip archive is damaged or cut short (%v); send it again", err)
	}
	a := &archive{origin: o}
	var others []string
	for _, e := range z.File {
		name := strings.ReplaceAll(e.Name, `\`, "/")
		switch {
		case strings.HasSuffix(name, "/") || strings.HasPrefix(name, "__MACOSX/"):
		case wanted(name):
			a.entries = append(a.entries, e)
		default:
			others = append(others, path.Base(name))
		}
	}
	if len(a.entries) == 0 {
		return nil, refuse("arsip zip tidak memuat berkas yang dinyatakan binding; isinya: %s",
			"the zip archive has no file of the kind that the binding says; it holds: %s", listed(others))
	}
	return a, nil
}

// next returns the next entry, or nil.
func (a *archive) next() *origin {
	if len(a.entries) == 0 {
		return nil
	}
	e := a.entries[0]
	a.entries = a.entries[1:]
	name := strings.ReplaceAll(e.Name, `\`, "/")
	return &origin{subject: a.subject + "/" + name, file: a.file, stamp: a.stamp, entry: e}
}

// listed names at most five things.
func listed(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	if more := len(names) - 5; more > 0 {
		names = append(names[:5:5], "…")
	}
	return strings.Join(names, ", ")
}
