package file_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
)

// withoutRights makes this goroutine read files as somebody without rights, until the test ends.
func withoutRights(t *testing.T, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	if _, _, err := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0); err != 0 {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0) })
}

// offered is what a source offers until it has nothing or cannot go on.
func offered(t *testing.T, s source.Source) (subjects []string, err error) {
	t.Helper()
	for {
		d, err := s.Next(t.Context())
		var refusal *source.Refusal
		switch {
		case errors.Is(err, io.EOF):
			return subjects, nil
		case errors.As(err, &refusal):
			subjects = append(subjects, "! "+refusal.Subject)
		case err != nil:
			return subjects, err
		default:
			subjects = append(subjects, d.Info().Subject)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestNotPermitted: a file that may not be read is no refused delivery, keeps nobody from the others, and is
// tried at every look until it may.
func TestNotPermitted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.csv", "a\n1\n")
	locked := write(t, dir, "b.csv", "a\n1\n")
	write(t, dir, "c.csv", "")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	withoutRights(t, dir)
	now := time.Now()
	for _, watch := range []bool{false, true} {
		s, err := file.Open([]string{dir}, file.Options{Watch: watch, Settle: time.Second, Now: func() time.Time { now = now.Add(2 * time.Second); return now }})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if watch {
			if got, err := offered(t, s); got != nil || err != nil {
				t.Fatalf("files that settle: %v, %v", got, err)
			}
		}
		got, err := offered(t, s)
		if diff := cmp.Diff([]string{"a.csv", "! c.csv"}, got); diff != "" {
			t.Errorf("watch %v (-want +got):\n%s", watch, diff)
		}
		for _, word := range []string{"b.csv", "hak akses", "permissions"} {
			if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), word) {
				t.Errorf("watch %v: got %v, want no permission, with %q", watch, err, word)
			}
		}
		if !watch {
			continue
		}
		if some, err := s.Look(); !some || err != nil {
			t.Errorf("the file is not tried again: %v", err)
		}
		if got, err := offered(t, s); got != nil || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("tried again: %v, %v", got, err)
		}
		if due := s.Due(); !due.IsZero() {
			t.Errorf("it is due at %v, want when the watcher likes", due)
		}
	}
}

// TestRefusedContent: a refusal knows what was refused, whatever the time of the file.
func TestRefusedContent(t *testing.T) {
	dir := t.TempDir()
	refused := func(name, data string) string {
		t.Helper()
		got := read(t, file.Options{}, write(t, dir, name, data))
		if len(got) != 1 || got[0].Refusal == nil || got[0].Refusal.Fingerprint == "" {
			t.Fatalf("%s: got %+v, want a refusal with a fingerprint", name, got)
		}
		return got[0].Refusal.Fingerprint
	}
	for name, data := range map[string][2]string{
		"a.csv": {"<html>a</html>", "<html>b</html>"}, "b.zip": {"PK", "PKPK"}, "c.zip": {zipped("x.csv", "<html>a</html>"), zipped("x.csv", "<html>b</html>")},
	} {
		if first, again, other := refused(name, data[0]), refused(name, data[0]), refused(name, data[1]); again != first || other == first {
			t.Errorf("%s: the fingerprints are %s, the same again %s, and another %s", name, first, again, other)
		}
	}
}
