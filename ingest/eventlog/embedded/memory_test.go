package embedded_test

import (
	"bufio"
	"fmt"
	"os"
	"testing"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
)

// mapped is the bytes of files that this process has in memory through maps.
func mapped(t *testing.T) (kb int) {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip("only Linux tells what a process has mapped: ", err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if n, _ := fmt.Sscanf(s.Text(), "RssFile: %d kB", &kb); n == 1 {
			return kb
		}
	}
	t.Fatal("RssFile is missing")
	return 0
}

// TestReadMemory reads a log of 96 MiB: it must not end up in the memory of the process.
func TestReadMemory(t *testing.T) {
	l := open(t, t.TempDir(), embedded.Options{})
	const count = 192
	for i := 0; i < count; i += 8 {
		msgs := make([]event.Message, 8)
		for j := range msgs {
			msgs[j] = event.Message{Key: "k", Value: noise(512<<10, i+j)}
		}
		if _, err := l.Append(t.Context(), "t", msgs...); err != nil {
			t.Fatal(err)
		}
	}
	before := mapped(t)
	for from := int64(0); from < count; {
		records, err := l.Read(t.Context(), "t", 0, from, 4<<20)
		if err != nil {
			t.Fatal(err)
		}
		from += int64(len(records))
	}
	if grown := mapped(t) - before; grown > 24<<10 {
		t.Errorf("reading 96 MiB made %d MiB of files part of the process's memory", grown>>10)
	}
}
