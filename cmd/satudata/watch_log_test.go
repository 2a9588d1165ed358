package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"satudata/schemas"
)

// TestTroubleIsLoggedOnce: the same trouble of a source is logged when it begins, again when it changes,
// and again when it comes back after it has passed.
func TestTroubleIsLoggedOnce(t *testing.T) {
	var out bytes.Buffer
	w := &watcher{w: &workspace{log: slog.New(slog.NewTextHandler(&out, nil))}}
	f := &watched{feed: feed{binding: &schemas.Binding{ID: "opd.sumber"}}, troubles: map[string]string{}}
	for range 3 {
		w.tell(f, interrupted, errors.New("disk is full"))
		w.tell(f, unread, errors.New("contract has ended"))
	}
	w.tell(f, interrupted, errors.New("disk is gone"))
	delete(f.troubles, interrupted)
	w.tell(f, interrupted, errors.New("disk is full"))
	for text, want := range map[string]int{"disk is full": 2, "contract has ended": 1, "disk is gone": 1} {
		if got := strings.Count(out.String(), text); got != want {
			t.Errorf("%q is logged %d times, want %d:\n%s", text, got, want, out.String())
		}
	}
}

// TestLooks: few sources are looked at every five seconds, many together at most twenty times a second.
func TestLooks(t *testing.T) {
	for feeds, want := range map[int]time.Duration{1: 5 * time.Second, 100: 5 * time.Second, 500: 25 * time.Second} {
		if got := lookEvery(feeds); got != want {
			t.Errorf("one of %d sources is looked at every %s, want %s", feeds, got, want)
		}
	}
}
