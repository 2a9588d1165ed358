package embedded_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

func TestSecondOpener(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, embedded.Options{})
	start := time.Now()
	_, err := embedded.Open(dir, embedded.Options{})
	if !errors.Is(err, eventlog.ErrLocked) {
		t.Fatalf("second Open = %v, want ErrLocked", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("second Open took %v", took)
	}
	for _, want := range []string{dir, "proses " + strconv.Itoa(os.Getpid()), "process " + strconv.Itoa(os.Getpid()), "hentikan", "stop it"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("message %q does not say %q", err, want)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, embedded.Options{})
}

func TestHolderNote(t *testing.T) {
	dir := t.TempDir()
	note := filepath.Join(dir, "log.pid")
	// Left behind by a killed process: it locks nothing.
	if err := os.WriteFile(note, []byte("1 elsewhere 2020-01-01T00:00:00Z\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, embedded.Options{})
	if got, err := os.ReadFile(note); err != nil || !strings.HasPrefix(string(got), strconv.Itoa(os.Getpid())+" ") {
		t.Errorf("note is %q, %v", got, err)
	}
	// Unreadable as a note: the error still says what to do.
	if err := os.WriteFile(note, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(dir, embedded.Options{}); !errors.Is(err, eventlog.ErrLocked) || !strings.Contains(err.Error(), "proses lain") {
		t.Errorf("second Open = %v", err)
	}
	l.Close()
	if _, err := os.Stat(note); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("note after Close: %v", err)
	}
}
