package embedded_test

import (
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
)

// TestChanges: the number changes with every append and with nothing else.
func TestChanges(t *testing.T) {
	l, err := embedded.Open(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	changes := func() int64 {
		t.Helper()
		n, err := l.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, topic := range []string{"a.b", "a.b", "c.d"} {
		before := changes()
		if _, err := l.Append(t.Context(), topic, event.Message{Key: "k", Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
		after := changes()
		if before == after {
			t.Errorf("%d before and after an append to %s", before, topic)
		}
		if _, err := l.Ranges(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
		if now := changes(); now != after {
			t.Errorf("%d, then %d without an append", after, now)
		}
	}
}
