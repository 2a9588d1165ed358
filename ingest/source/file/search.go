package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// found is a file to be read.
type found struct {
	path, subject string
	stamp         stamp
	folder        string // out of which no link may lead; "" for a file that was named
}

// leads returns where the path of a file leads, and says whether that is outside of its folder: whoever
// delivers could have any file of this machine read.
func (f found) leads() (target string, out bool) {
	target, err := filepath.EvalSymlinks(f.path)
	if err != nil {
		return f.path, false // opening it tells the fault
	}
	folder, err := filepath.EvalSymlinks(f.folder)
	return target, err == nil && !within(folder, target)
}

// search finds files.
type search struct {
	paths  []string
	watch  bool
	settle time.Duration
	now    func() time.Time
	wanted func(name string) bool
	looks  map[string]look // of a watched place, by path
	whole  map[string]bool // files of a watched place that were moved there since we last looked, or are held back
	begun  time.Time       // when a watched place was first looked at
	absent []string        // watched places that were not there when they were last looked at
}

// look is what a watcher knows of a file.
type look struct {
	stamp
	since   time.Time // when it was first seen like this
	offered bool      // like this
	again   bool      // it was offered like this in vain, and is at every look
}

// list returns the files to be read, in the order of paths and by name within one. When watching it
// returns only files that were not offered as they are now, and that are whole, or whose size and time have not
// changed for the settling time, seen at least twice.
func (s *search) list() ([]found, error) {
	var all []found
	known := map[string]bool{}
	s.absent = nil
	for _, p := range s.paths {
		fs, err := s.resolve(p)
		if err != nil {
			return nil, err
		}
		for _, f := range fs {
			if !known[f.path] {
				known[f.path] = true
				all = append(all, f)
			}
		}
	}
	tellApart(all)
	for i := range all {
		all[i].subject = printable(all[i].subject)
	}
	if s.watch {
		return s.settled(all), nil
	}
	return all, nil
}

// resolve returns the files of one path.
func (s *search) resolve(p string) ([]found, error) {
	p = filepath.Clean(p)
	info, err := os.Stat(p)
	switch {
	case err == nil && info.IsDir():
		return s.folder(p)
	case err == nil:
		return []found{{path: p, subject: filepath.Base(p), stamp: stampOf(info)}}, nil
	case strings.ContainsAny(p, "*?["):
		return s.glob(p)
	case s.watch && os.IsNotExist(err):
		s.absent = append(s.absent, p)
		return nil, nil
	}
	return nil, err
}

// fixed is the folder in which a pattern begins.
func fixed(pattern string) string {
	for strings.ContainsAny(pattern, "*?[") {
		pattern = filepath.Dir(pattern)
	}
	return pattern
}

// folders are the existing folders in which the files of all paths are, or may appear.
func (s *search) folders() []string {
	var out []string
	for _, p := range s.paths {
		p = filepath.Clean(p)
		if strings.ContainsAny(filepath.Dir(p), "*?[") {
			found, err := filepath.Glob(filepath.Dir(p))
			if err == nil { // else listing it tells the fault
				out = append(out, found...)
			}
			continue
		}
		if info, err := os.Stat(p); err != nil || !info.IsDir() {
			p = filepath.Dir(p)
		}
		out = append(out, p)
	}
	return slices.DeleteFunc(out, func(dir string) bool {
		info, err := os.Stat(dir)
		return err != nil || !info.IsDir()
	})
}

func (s *search) folder(dir string) ([]found, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, err
	}
	var out []found
	for _, e := range entries {
		name := e.Name()
		if !s.taken(name) {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			out = append(out, found{filepath.Join(dir, name), name, stampOf(info), dir})
		}
	}
	return out, nil
}

// taken says whether a file of a folder is read.
func (s *search) taken(name string) bool {
	return s.wanted(name) || strings.HasSuffix(strings.ToLower(name), ".zip") && !strings.HasPrefix(name, ".")
}

// glob returns the files that match, named from the folder in which the pattern begins.
func (s *search) glob(pattern string) ([]found, error) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("pola %q tidak sah (not a valid pattern): %w", pattern, err)
	}
	base := fixed(pattern)
	if _, err := os.Stat(base); s.watch && os.IsNotExist(err) {
		s.absent = append(s.absent, base)
	}
	var out []found
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.IsDir() {
			continue
		}
		subject, err := filepath.Rel(base, name)
		if err != nil {
			return nil, err
		}
		out = append(out, found{name, filepath.ToSlash(subject), stampOf(info), base})
	}
	if len(out) == 0 && !s.watch {
		return nil, &fs.PathError{Op: "glob", Path: pattern, Err: fs.ErrNotExist}
	}
	return out, nil
}

// tellApart names files that share a name by their path from the folder that they have in common:
// the files of several years are often all called data.csv.
func tellApart(all []found) {
	same := map[string][]int{}
	for i, f := range all {
		same[f.subject] = append(same[f.subject], i)
	}
	for _, at := range same {
		if len(at) < 2 {
			continue
		}
		common := filepath.Dir(all[at[0]].path)
		for _, i := range at[1:] {
			for !within(common, all[i].path) {
				common = filepath.Dir(common)
			}
		}
		for _, i := range at {
			if rel, err := filepath.Rel(common, all[i].path); err == nil {
				all[i].subject = filepath.ToSlash(rel)
			}
		}
	}
}

// within says whether path is below dir.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	rel = filepath.ToSlash(rel)
	return err != nil || rel != ".." && !strings.HasPrefix(rel, "../") || filepath.Dir(dir) == dir
}

// settled keeps what a watcher may offer now. A file that was moved there waits for those before it
// that were there when the watcher began and settle: after a restart they are not read the other way
// round. One that is still being written holds nobody back.
func (s *search) settled(all []found) []found {
	now, looks := s.now(), make(map[string]look, len(all))
	if s.looks == nil {
		s.begun = now
	}
	held, waiting := map[string]bool{}, false
	ready := slices.DeleteFunc(all, func(f found) bool {
		l, ok := s.looks[f.path]
		fresh := !ok || l.stamp != f.stamp
		if fresh {
			l = look{stamp: f.stamp, since: now}
		}
		ready := l.again || !l.offered && (s.whole[f.path] && !waiting || !fresh && now.Sub(l.since) >= s.settle)
		l.offered, l.again = l.offered || ready, false
		if s.whole[f.path] && !l.offered {
			held[f.path] = true
		}
		waiting = waiting || !l.offered && l.since.Equal(s.begun)
		looks[f.path] = l
		return !ready
	})
	s.looks, s.whole = looks, held
	return ready
}

// due is when a watched file that is settling may be offered, the zero time when there is none.
func (s *search) due() (at time.Time) {
	for _, l := range s.looks {
		if t := l.since.Add(s.settle); !l.offered && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// forget makes a watcher look at a file anew.
func (s *search) forget(path string) { delete(s.looks, path) }

// again makes a watcher offer a file at the next look, though it has not changed.
func (s *search) again(path string) {
	if l, ok := s.looks[path]; ok {
		l.again = true
		s.looks[path] = l
	}
}
