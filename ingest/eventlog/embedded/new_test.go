package embedded_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

// TestNewIsWhole opens new logs while somebody looks at their files: whoever sees one sees a whole
// database, which is what a power cut leaves too.
func TestNewIsWhole(t *testing.T) {
	whole := 4 * int64(os.Getpagesize())
	for range 50 {
		dir := t.TempDir()
		var over atomic.Bool
		var looking sync.WaitGroup
		looking.Go(func() {
			for !over.Load() {
				if info, err := os.Stat(filepath.Join(dir, "log.db")); err == nil && info.Size() < whole {
					t.Errorf("the file of a new log has %d bytes, a whole one %d", info.Size(), whole)
					return
				}
			}
		})
		open(t, dir, embedded.Options{}).Close()
		over.Store(true)
		looking.Wait()
		if t.Failed() {
			return
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Fatalf("a closed log has the files %v, %v", entries, err)
		}
	}
}

// TestNewByMany opens a new log many times at once: one of them has it, nobody takes it from another.
func TestNewByMany(t *testing.T) {
	dir := t.TempDir()
	var taken atomic.Int64
	var openers sync.WaitGroup
	for range 20 {
		openers.Go(func() {
			l, err := embedded.Open(dir, embedded.Options{})
			if errors.Is(err, eventlog.ErrLocked) {
				return
			}
			if err != nil {
				t.Errorf("Open = %v", err)
				return
			}
			defer l.Close()
			if _, err := l.Append(t.Context(), "t", event.Message{Key: "k"}); err != nil {
				t.Errorf("Append = %v", err)
				return
			}
			taken.Add(1)
		})
	}
	openers.Wait()
	l := open(t, dir, embedded.Options{})
	defer l.Close()
	if got := size(t, l); got != taken.Load() || got == 0 {
		t.Errorf("the log holds %d messages, and %d were acknowledged", got, taken.Load())
	}
}

// TestNewOfEmptyFile opens a log whose file was begun and is empty.
func TestNewOfEmptyFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log.db"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, embedded.Options{})
	if _, err := l.Append(t.Context(), "t", event.Message{Key: "k"}); err != nil {
		t.Error(err)
	}
	l.Close()
}

// size is how many messages the only partition of topic t holds.
func size(t *testing.T, l *embedded.Log) int64 {
	t.Helper()
	ranges, err := l.Ranges(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	return ranges[0].Next - ranges[0].First
}
