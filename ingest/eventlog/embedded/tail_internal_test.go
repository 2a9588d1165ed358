package embedded

import (
	"testing"

	"satudata/ingest/event"
)

// TestTailBounded: what is held stays within its bound, the newest records are those that are held,
// what was read is held no longer, and one partition that nobody reads keeps nothing of the others.
func TestTailBounded(t *testing.T) {
	const most = 10 * (1000 + keptCost)
	tail := newTail(most)
	add := func(partition int, offset int64) {
		payload := payloadOf(event.Message{Value: make([]byte, 998)})
		tail.add([]kept{{at: place{"t", partition, offset}, payload: payload, valueLen: 998}})
		if tail.held > most || len(tail.at) > 10 {
			t.Fatalf("%d bytes, %d records", tail.held, len(tail.at))
		}
	}
	for offset := range int64(100) {
		add(0, offset)
	}
	if got := tail.take(place{"t", 0, 89}, 1<<20); len(got) != 0 {
		t.Errorf("offset 89 is still held")
	}
	if got := tail.take(place{"t", 0, 90}, 3*998); len(got) != 3 {
		t.Errorf("%d records, want 3", len(got))
	}
	if got := tail.take(place{"t", 0, 93}, 1<<20); len(got) != 7 || tail.held != 0 || len(tail.at) != 0 {
		t.Errorf("%d records, and %d bytes are still held", len(got), tail.held)
	}
	add(0, 100) // nobody reads it
	for offset := range int64(1000) {
		add(1, offset)
		if got := tail.take(place{"t", 1, offset}, 1); len(got) != 1 {
			t.Fatalf("offset %d is not held", offset)
		}
	}
	if len(tail.at) != 1 || len(tail.queue) > 100 {
		t.Errorf("%d records, %d in the queue", len(tail.at), len(tail.queue))
	}
}
