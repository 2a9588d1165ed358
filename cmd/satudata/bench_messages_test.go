package main

import (
	"strings"
	"testing"

	"satudata/cmd/satudata/bench"
	"satudata/ingest/event"
)

// TestBenchMessages: every message of a topic is a line of headers, key and value, the records without their line ends.
func TestBenchMessages(t *testing.T) {
	dir := t.TempDir()
	if err := bench.Workspace(dir, bench.NDJSON, 2, "log: {chunkBytes: 1}"); err != nil {
		t.Fatal(err)
	}
	if _, err := bench.Fill(dir, bench.NDJSON, 2, 50); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", dir, "ingest")
	lines := strings.Split(strings.TrimSuffix(must(t, "-C", dir, "bench", "messages", bench.Dataset), "\n"), "\n")
	if len(lines) != 50 {
		t.Fatalf("%d lines, want 50", len(lines))
	}
	for _, line := range lines {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || !strings.Contains(fields[0], ",ce_dataset:"+bench.Dataset+",") || !strings.HasSuffix(fields[1], "#0") ||
			!strings.HasPrefix(fields[2], `{"nomor":`) || !strings.HasSuffix(fields[2], "}") {
			t.Errorf("line %q", line)
		}
	}
}

// TestAppendMessage: what would come to be another message on a line is refused.
func TestAppendMessage(t *testing.T) {
	for _, m := range []event.Message{
		{Headers: []event.Header{{Key: "ce_subject", Value: []byte("a,b:c")}}, Value: []byte("{}")},
		{Headers: []event.Header{{Key: "ce_subject", Value: []byte("a\tb")}}, Value: []byte("{}")},
		{Key: "a\tb", Value: []byte("{}")},
		{Value: []byte("{}\n{}\n")},
	} {
		if line, err := appendMessage(nil, m); err == nil {
			t.Errorf("%+v is %q", m, line)
		}
	}
}
