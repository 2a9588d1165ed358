package embedded_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

// TestLost removes or replaces the file of an open log: it takes nothing more, gives nothing more out but a
// copy of itself, and says so when it is closed.
func TestLost(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		dir := t.TempDir()
		l, err := embedded.Open(dir, embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := event.Message{Key: "a", Value: []byte("satu")}
		if _, err := l.Append(t.Context(), "uji.satu", m); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "log.db")); err != nil {
			t.Fatal(err)
		}
		if replaced {
			if err := os.WriteFile(filepath.Join(dir, "log.db"), []byte("lain"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Append(t.Context(), "uji.satu", m); !errors.Is(err, eventlog.ErrLost) {
			t.Errorf("Append: %v", err)
		}
		if _, err := l.Read(t.Context(), "uji.satu", 0, 0, 1<<20); !errors.Is(err, eventlog.ErrLost) {
			t.Errorf("Read: %v", err)
		}
		var saved bytes.Buffer
		if err := l.Snapshot(t.Context(), &saved); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); !errors.Is(err, eventlog.ErrLost) {
			t.Errorf("Close: %v", err)
		}
		to := t.TempDir()
		if err := embedded.Receive(to, &saved); err != nil {
			t.Fatal(err)
		}
		again, err := embedded.Open(to, embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		records, err := again.Read(t.Context(), "uji.satu", 0, 0, 1<<20)
		if err != nil || len(records) != 1 || string(records[0].Message.Value) != "satu" {
			t.Errorf("saved: %v, %v", records, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
