package embedded

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// tail holds what was appended last in memory, for a reader in the same process that follows closely:
// it need not read it from the disk, verify and decompress it. A record is there from when it is
// durable until it is read, or until newer ones take its room; what is not there is read from disk.
//
// A record is kept as the payload that is stored, and taken apart by what takes stored ones apart, so
// that nobody can tell where it was read from.
type tail struct {
	most int // bytes

	mu    sync.Mutex // guards what follows
	held  int        // bytes
	at    map[place]*kept
	queue []*kept // oldest first, with those that are no longer held
}

// kept is a record in memory.
type kept struct {
	at       place
	time     time.Time
	payload  []byte // nil when it is no longer held
	valueLen int
}

// keptCost is what a record takes up beside its payload, so that many small ones are bounded too.
const keptCost = 256

func newTail(most int) *tail { return &tail{most: most, at: map[place]*kept{}} }

// payloadOf is what is stored of m, before compression.
func payloadOf(m event.Message) []byte {
	head := appendEnvelope(make([]byte, 0, envelopeLen(m)), m)
	return bytes.Join([][]byte{head, m.Value}, nil) // its memory is not cleared before it is filled
}

// add takes records that are durable, in the order of their offsets.
func (t *tail) add(records []kept) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range records {
		k := &records[i]
		t.at[k.at] = k
		t.queue = append(t.queue, k)
		t.held += len(k.payload) + keptCost
	}
	for t.held > t.most {
		t.drop(t.queue[0])
		t.queue = t.queue[1:]
	}
	if len(t.queue) > 2*len(t.at)+64 {
		t.queue = slices.DeleteFunc(t.queue, func(k *kept) bool { return k.payload == nil })
	}
}

// drop gives up a record. One that was given up stays so.
func (t *tail) drop(k *kept) {
	if k.payload == nil {
		return
	}
	delete(t.at, k.at)
	t.held -= len(k.payload) + keptCost
	k.payload = nil
}

// read takes the records from a place on, as [eventlog.Log.Read] does; none when the first of them is
// not there.
func (t *tail) read(at place, maxBytes int) ([]eventlog.Record, error) {
	taken := t.take(at, maxBytes)
	if len(taken) == 0 {
		return nil, nil
	}
	records := make([]eventlog.Record, len(taken))
	for i, k := range taken {
		m, err := parsePayload(k.payload, k.valueLen)
		if err != nil {
			return nil, corrupt(k.at, err)
		}
		records[i] = eventlog.Record{Offset: k.at.offset, Time: k.time, Message: m}
	}
	return records, nil
}

// take takes out the records that a read may return.
func (t *tail) take(at place, maxBytes int) (taken []kept) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := t.at[at]; k != nil; k = t.at[at] {
		if k.valueLen > maxBytes && len(taken) > 0 {
			break
		}
		maxBytes -= k.valueLen
		taken = append(taken, *k)
		t.drop(k)
		at.offset++
	}
	return taken
}
