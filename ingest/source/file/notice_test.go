package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"satudata/ingest/source/file"
	"satudata/schemas"
)

// listenTo listens to a folder, where the system can.
func listenTo(t *testing.T, folder string) *file.Notices {
	t.Helper()
	n, err := file.OpenNotices()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("the system does not tell of changes")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if err := n.Add(folder); err != nil {
		t.Fatal(err)
	}
	return n
}

// hear returns the next notice of a path.
func hear(t *testing.T, n *file.Notices, path string) file.Notice {
	t.Helper()
	for {
		select {
		case got := <-n.C:
			if got.Path == path {
				return got
			}
		case <-time.After(5 * time.Minute):
			t.Fatalf("nothing is told of %s", path)
		}
	}
}

// TestNotices: writing and moving are told, and told apart; closing ends the telling.
func TestNotices(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	n := listenTo(t, dir)
	path := filepath.Join(dir, "a.csv")
	write(t, dir, "a.csv", "a\n1\n")
	if got := hear(t, n, path); got.Whole || got.Folder != dir {
		t.Errorf("a file being written: %+v", got)
	}
	write(t, other, "b.csv", "a\n1\n")
	moved := filepath.Join(dir, "b.csv")
	if err := os.Rename(filepath.Join(other, "b.csv"), moved); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, n, moved); !got.Whole {
		t.Errorf("a file moved to its place: %+v", got)
	}
	if err := n.Add(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	for i := range 500 { // more than anybody has heard
		write(t, dir, "c.csv", string(rune('a'+i%26)))
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if err := n.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, open := <-n.C; open {
		t.Error("told after it was closed")
	}
}

// TestWhole: a file that was moved to its place is offered at once, others when they have settled.
func TestWhole(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := file.Open([]string{dir}, file.Options{Format: schemas.Format{Type: "csv"}, Watch: true, Settle: time.Minute, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	look := func(want bool) {
		t.Helper()
		if got, err := s.Look(); err != nil || got != want {
			t.Errorf("something to offer: %v, %v; want %v", got, err, want)
		}
	}
	look(false)
	if !s.Due().IsZero() {
		t.Errorf("due %v, nothing is there", s.Due())
	}
	write(t, dir, "written.csv", "a\n1\n")
	look(false)
	if want := now.Add(time.Minute); !s.Due().Equal(want) {
		t.Errorf("due %v, want %v", s.Due(), want)
	}
	write(t, dir, "moved.csv", "a\n2\n")
	look(false) // seen before it was told of
	s.Whole(filepath.Join(dir, "moved.csv"))
	look(true)
	offered := func(want string) {
		t.Helper()
		d, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Info().Subject; got != want {
			t.Errorf("offered %s, want %s", got, want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	offered("moved.csv")
	look(false) // once
	now = now.Add(time.Minute)
	look(true)
	offered("written.csv")
	if !s.Due().IsZero() {
		t.Errorf("due %v, all was offered", s.Due())
	}
}

// TestWholeWaits: a file that was moved to its place is not read before one that was there when the
// watcher began and comes first, unless that one is being written.
func TestWholeWaits(t *testing.T) {
	for name, written := range map[string]bool{"settles": false, "is being written": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			write(t, dir, "1.csv", "a\n1\n")
			s, err := file.Open([]string{dir}, file.Options{Format: schemas.Format{Type: "csv"}, Watch: true, Settle: time.Minute, Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if some, err := s.Look(); err != nil || some {
				t.Fatalf("something to offer: %v, %v; it has not settled", some, err)
			}
			now = now.Add(time.Second)
			write(t, dir, "2.csv", "a\n2\n")
			s.Whole(filepath.Join(dir, "2.csv"))
			if written {
				write(t, dir, "1.csv", "a\n1\n1\n")
			}
			if some, err := s.Look(); err != nil || some != written {
				t.Errorf("something to offer: %v, %v; want %v", some, err, written)
			}
			now = now.Add(time.Minute)
			var order []string
			for some, err := s.Look(); some && err == nil; some, err = s.Look() {
				d, err := s.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				order = append(order, d.Info().Subject)
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{"1.csv", "2.csv"}
			if written {
				want = []string{"2.csv", "1.csv"}
			}
			if !slices.Equal(order, want) {
				t.Errorf("read %v, want %v", order, want)
			}
		})
	}
}
