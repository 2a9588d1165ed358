package embedded_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/schemas/schemastest"
)

// smallDisk is a file system of that many bytes.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes))
	if errors.Is(err, syscall.EPERM) {
		schemastest.Without(t, "the right to mount a small disk, which root has")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// ballast takes all the room of a disk but some pages.
func ballast(t *testing.T, dir string, free int) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, os.Getpagesize())
	n := int64(0)
	for err == nil {
		_, err = f.Write(page)
		n += int64(len(page))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(max(n-int64(len(page))*int64(free+1), 0)); err != nil {
		t.Fatal(err)
	}
}

// TestFull appends to a disk on which, time after time, only so many pages are free. An append that
// finds no room says so and changes nothing; when there is room, the next one succeeds.
func TestFull(t *testing.T) {
	dir := smallDisk(t, 4<<20)
	l := open(t, filepath.Join(dir, "log"), embedded.Options{})
	taken, refused := 0, 0
	add := func(size int) error {
		_, err := l.Append(t.Context(), "t", event.Message{Key: fmt.Sprint(taken), Value: noise(size, taken)})
		if err == nil {
			taken++
		}
		return err
	}
	for free := range 24 {
		ballast(t, dir, free)
		for _, size := range []int{40_000, 1000, 10} {
			err := add(size)
			for n := 0; err == nil && n < 20; n++ {
				err = add(size)
			}
			if err == nil {
				continue
			}
			refused++
			if !errors.Is(err, eventlog.ErrFull) || !strings.Contains(err.Error(), filepath.Join(dir, "log")) {
				t.Fatalf("Append on a full disk = %v", err)
			}
			holds(t, l, taken)
		}
		if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
			t.Fatal(err)
		}
		if err := add(1000); err != nil {
			t.Fatalf("Append with room again = %v", err)
		}
	}
	if refused < 24 {
		t.Errorf("only %d appends were refused", refused)
	}
	ballast(t, dir, 0)
	if err := l.Close(); err != nil {
		t.Errorf("Close on a full disk = %v", err)
	}
	l = open(t, filepath.Join(dir, "log"), embedded.Options{})
	holds(t, l, taken)
	t.Logf("%d taken, %d refused", taken, refused)
	l.Close()
}

// TestFullAtFirst opens a new log where there is no room, and again when there is.
func TestFullAtFirst(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	for free := range 12 {
		ballast(t, dir, free)
		if l, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{}); err == nil {
			l.Close()
		} else if !errors.Is(err, eventlog.ErrFull) {
			t.Fatalf("Open with %d free pages = %v", free, err)
		}
		if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, filepath.Join(dir, "log"), embedded.Options{})
	if _, err := l.Append(t.Context(), "t", event.Message{Key: "k"}); err != nil {
		t.Error(err)
	}
	l.Close()
}

// holds checks that a log is sound and has what it took.
func holds(t *testing.T, l *embedded.Log, taken int) {
	t.Helper()
	if err := l.Check(t.Context(), func(d eventlog.Damage) { t.Errorf("found %v", d) }); err != nil {
		t.Fatal(err)
	}
	if taken == 0 {
		return
	}
	records, err := l.Read(t.Context(), "t", 0, 0, 1<<30)
	if err != nil || len(records) != taken {
		t.Fatalf("%d records, %v; want %d", len(records), err, taken)
	}
	for i, r := range records {
		if r.Message.Key != fmt.Sprint(i) || string(r.Message.Value) != string(noise(len(r.Message.Value), i)) {
			t.Fatalf("record %d is another", i)
		}
	}
}

// noise returns bytes that no codec packs.
func noise(n, seed int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}
