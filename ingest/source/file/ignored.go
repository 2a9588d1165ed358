package file

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"satudata/ingest/event"
)

// Ignored is a file in a folder of a source that the source does not read, and why.
type Ignored struct {
	Path   string
	Reason event.Sentence
}

// FindIgnored returns the files in the folders and beside the patterns of paths that none of them takes.
// Hidden and temporary files, and with Watch those that were just written, are left out. A folder that
// cannot be listed has none: reading it tells the fault.
func FindIgnored(paths []string, o Options) []Ignored {
	o = o.withDefaults()
	s := search{paths: paths, wanted: o.wanted}
	var out []Ignored
	for _, dir := range s.folders() {
		if !slices.ContainsFunc(paths, func(p string) bool {
			return filepath.Clean(p) == dir || strings.ContainsAny(p, "*?[") && pathMatches(filepath.Dir(p), dir)
		}) {
			continue // a file was named in it
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if !e.Type().IsRegular() || passing(e.Name()) || Takes(paths, o, path) {
				continue
			}
			if info, err := e.Info(); err != nil || o.Watch && o.Now().Sub(info.ModTime()) < o.Settle {
				continue
			}
			out = append(out, Ignored{path, o.ignores(e.Name())})
		}
	}
	return out
}

// Takes says whether one of the paths takes a file, going by its name.
func Takes(paths []string, o Options, path string) bool {
	s := search{wanted: o.wanted}
	return slices.ContainsFunc(paths, func(p string) bool {
		return pathMatches(p, path) || filepath.Clean(p) == filepath.Dir(path) && s.taken(filepath.Base(path))
	})
}

// pathMatches says whether path is the one of a pattern, or it is that path.
func pathMatches(pattern, path string) bool {
	matched, err := filepath.Match(filepath.Clean(pattern), path)
	return err == nil && matched || filepath.Clean(pattern) == path
}

// passing says whether a file is of a program at work, or of the system, and no delivery by its name.
func passing(name string) bool {
	name = strings.ToLower(name)
	for _, begin := range []string{".", "~", "#"} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	for _, end := range []string{"~", ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", ".lock"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "thumbs.db" || name == "desktop.ini"
}

// ignores says why a file is not read, and what to do.
func (o Options) ignores(name string) event.Sentence {
	name = strings.ToLower(name)
	endings := strings.Join(kinds[o.Format.Type], ", ")
	switch {
	case o.wanted(name):
		return event.Sentence{ID: "namanya tidak cocok dengan pola sumber di satudata.yaml; ganti namanya atau perbaiki polanya",
			EN: "its name does not fit the pattern of the source in satudata.yaml; rename it or mend the pattern"}
	case strings.HasSuffix(name, ".xls") && o.Format.Type == typeXLSX:
		return event.Sentence{ID: "Excel lama (.xls) tidak dibaca; simpan sebagai .xlsx lalu kirim lagi",
			EN: "old Excel (.xls) is not read; save it as .xlsx and deliver that"}
	case strings.HasSuffix(name, ".xls"):
		return event.Sentence{ID: "Excel lama (.xls) tidak dibaca dan sumber ini mengharapkan " + endings + "; simpan dalam jenis itu, misalnya sebagai CSV, lalu kirim lagi; .xlsx memerlukan binding berjenis xlsx",
			EN: "old Excel (.xls) is not read, and this source takes " + endings + "; save it as such, CSV for example, and deliver that; .xlsx needs a binding of type xlsx"}
	}
	return event.Sentence{ID: "sumber ini hanya membaca berkas " + endings + " (juga dalam .gz dan .zip); simpan dalam jenis itu, atau taruh di folder sumber yang sesuai",
		EN: "this source reads only " + endings + " (also in .gz and .zip); save it as such, or put it into the folder of the source that takes it"}
}
