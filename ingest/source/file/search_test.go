package file_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/ingest/source/sourcetest"
	"satudata/schemas"
)

func subjects(all []sourcetest.Delivered) []string {
	var out []string
	for _, d := range all {
		if d.Refusal != nil {
			out = append(out, "! "+d.Refusal.Subject)
		} else {
			out = append(out, d.Info.Subject)
		}
	}
	return out
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a.csv", "x.json", "y.TXT", "~$a.csv", ".a.csv", "2022/data.csv", "2023/data.csv", "2023/lain.csv", "2023/sub.csv/x.csv"} {
		write(t, dir, name, "a\n1\n")
	}
	write(t, dir, "a.csv.gz", gzipped("a\n1\n"))
	for _, c := range []struct {
		name  string
		paths []string
		want  []string
	}{
		{"file", []string{"x.json"}, []string{"x.json"}},
		{"two, in that order", []string{"b.csv", "a.csv"}, []string{"b.csv", "a.csv"}},
		{"the same twice", []string{"b.csv", "./b.csv", "2022/../b.csv"}, []string{"b.csv"}},
		{"folder", []string{"."}, []string{"a.csv", "a.csv.gz", "b.csv", "y.TXT"}},
		{"glob", []string{"*.csv"}, []string{".a.csv", "a.csv", "b.csv", "~$a.csv"}},
		{"glob over folders", []string{"*/data.csv"}, []string{"2022/data.csv", "2023/data.csv"}},
		{"glob in a folder", []string{"2023/*.csv"}, []string{"data.csv", "lain.csv"}},
		{"same names", []string{"2022/data.csv", "2023/data.csv", "b.csv"}, []string{"2022/data.csv", "2023/data.csv", "b.csv"}},
		{"folders with the same names", []string{"2022", "2023"}, []string{"2022/data.csv", "2023/data.csv", "lain.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for _, p := range c.paths {
				paths = append(paths, dir+"/"+p)
			}
			s, err := file.Open(paths, file.Options{Format: schemas.Format{Type: "csv"}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, subjects(sourcetest.ReadAll(t, s))); diff != "" {
				t.Errorf("subjects (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWatch looks at a folder again and again while files come, grow and change.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	s, err := file.Open([]string{dir}, file.Options{Format: schemas.Format{Type: "csv"}, Watch: true, Settle: time.Second, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	look := func(want ...string) {
		t.Helper()
		var got []string
		for {
			d, err := s.Next(t.Context())
			var refusal *source.Refusal
			if errors.Is(err, io.EOF) {
				break
			}
			if errors.As(err, &refusal) {
				got = append(got, "! "+refusal.Subject)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, d.Info().Subject)
			d.Close()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", now.Format("04:05"), diff)
		}
		now = now.Add(600 * time.Millisecond)
	}
	touched := now
	put := func(name, data string) {
		t.Helper()
		path := write(t, dir, name, data)
		touched = touched.Add(time.Second)
		if err := os.Chtimes(path, touched, touched); err != nil {
			t.Fatal(err)
		}
	}
	look()
	put("a.csv", "a\n1\n")
	look() // seen the first time
	look() // for 0.6 s
	look("a.csv")
	look()
	put("b.csv", "a\n")
	put("c.zip", zipped("x.csv", "a\n1\n", "y.csv", ""))
	look()
	put("b.csv", "a\n1\n")
	look() // grew
	look("c.zip/x.csv", "! c.zip/y.csv")
	look("b.csv")
	put("a.csv", "a\n2\n")
	put("d.csv", "")
	look()
	look()
	look("a.csv", "! d.csv")
	look() // a refused file is not offered again either
	os.Remove(filepath.Join(dir, "a.csv"))
	look()
	put("a.csv", "a\n2\n")
	look()
	look()
	look("a.csv")
}

// TestWatchMissingFolder: what is watched may come later, and goes.
func TestWatchMissingFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "masuk")
	s, err := file.Open([]string{dir, filepath.Join(dir, "*.csv")}, file.Options{Watch: true, Settle: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want io.EOF", err)
	}
	write(t, dir, "a.csv", "a\n1\n")
	s.Next(t.Context())
	d, err := s.Next(t.Context())
	if err != nil || d.Info().Subject != "a.csv" {
		t.Fatalf("got %v, %v", d, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("after close: got %v, want io.EOF", err)
	}
}

// TestRetry offers a watched file once, and once more when it could not be taken.
func TestRetry(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.csv", "a\n1\n")
	now := time.Now()
	s, err := file.Open([]string{dir}, file.Options{Watch: true, Settle: time.Second, Now: func() time.Time { now = now.Add(2 * time.Second); return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	offers := func() (n int) {
		for range 4 {
			if d, err := s.Next(t.Context()); err == nil {
				n++
				d.Close()
			}
		}
		return n
	}
	if n := offers(); n != 1 {
		t.Errorf("the file was offered %d times", n)
	}
	s.Retry()
	if n := offers(); n != 1 {
		t.Errorf("after Retry the file was offered %d times", n)
	}
}

// TestLinks: a link is read where it leads to a file of the same folder, which may be a link itself, and
// refused where it leads out.
func TestLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, dir, "kiriman/a.csv", "a\n1\n")
	secret := write(t, outside, "rahasia.csv", "a\n1\n")
	folder := filepath.Join(dir, "kiriman")
	for name, target := range map[string]string{"b.csv": "a.csv", "c.csv": filepath.Join(folder, "a.csv"), "d.csv": secret, "e.csv": "../rahasia.csv", "f.csv": "d.csv"} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "rahasia.csv", "a\n1\n")
	linked := filepath.Join(dir, "tautan")
	if err := os.Symlink(folder, linked); err != nil {
		t.Fatal(err)
	}
	want := []string{"a.csv", "b.csv", "c.csv", "! d.csv", "! e.csv", "! f.csv"}
	for _, path := range []string{folder, linked, filepath.Join(folder, "*.csv"), filepath.Join(linked, "*.csv")} {
		all := read(t, format("csv"), path)
		if diff := cmp.Diff(want, subjects(all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if r := all[3].Refusal; !strings.Contains(r.Reason.ID, "ke luar folder sumber") || !strings.Contains(r.Reason.EN, secret) || r.Fingerprint == "" {
			t.Errorf("refused for %+v", r)
		}
	}
	if got := subjects(read(t, format("csv"), filepath.Join(folder, "d.csv"))); !cmp.Equal(got, []string{"d.csv"}) {
		t.Errorf("a link that was named itself: %v", got)
	}
}

// TestFindIgnored: what no path takes is named with its reason, but for what is hidden or being written.
func TestFindIgnored(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.csv", "b.csv.gz", "c.zip", "lama.XLS", "baru.xlsx", "catatan.pdf", ".d.csv", "~$e.xlsx", "f.csv.part", "g.tmp", "#h.csv#", "Thumbs.db", "sub/i.xls"} {
		write(t, dir, name, "a\n1\n")
	}
	for _, c := range []struct {
		name, kind string
		paths      []string
		watch      bool
		want       map[string]string // reason by name
	}{
		{"folder of CSV", "csv", []string{"."}, false, map[string]string{"lama.XLS": "misalnya sebagai CSV", "baru.xlsx": "hanya membaca berkas .csv", "catatan.pdf": "hanya membaca"}},
		{"folder of XLSX", "xlsx", []string{"."}, false, map[string]string{"lama.XLS": "simpan sebagai .xlsx", "a.csv": "hanya membaca berkas .xlsx", "b.csv.gz": "hanya membaca", "catatan.pdf": "hanya membaca"}},
		{"pattern", "csv", []string{"a*"}, false, map[string]string{"lama.XLS": "CSV", "baru.xlsx": "hanya", "catatan.pdf": "hanya", "b.csv.gz": "pola", "c.zip": "hanya"}},
		{"a named file", "csv", []string{"a.csv"}, false, nil},
		{"just written", "csv", []string{"."}, true, nil},
		{"missing", "csv", []string{"tidak/ada"}, false, nil},
	} {
		var paths []string
		for _, p := range c.paths {
			paths = append(paths, filepath.Join(dir, p))
		}
		found := file.FindIgnored(paths, file.Options{Format: schemas.Format{Type: c.kind}, Watch: c.watch, Settle: time.Hour})
		for _, f := range found {
			name := filepath.Base(f.Path)
			if why := c.want[name]; why == "" || !strings.Contains(f.Reason.ID, why) || f.Reason.EN == "" {
				t.Errorf("%s: %s is ignored for %+v, want %q", c.name, name, f.Reason, why)
			}
		}
		if len(found) != len(c.want) {
			t.Errorf("%s: %d files are ignored, want %d", c.name, len(found), len(c.want))
		}
	}
}
