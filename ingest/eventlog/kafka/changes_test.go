package kafka_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"satudata/ingest/eventlog/kafka"
)

// TestChanges: the number changes with every append and with nothing else, whoever appends, and costs a
// request to each broker, not to each topic.
func TestChanges(t *testing.T) {
	const brokers, topics = 3, 20
	c := fake(t, kfake.NumBrokers(brokers))
	var asked atomic.Int64
	c.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		asked.Add(1)
		return nil, nil, false
	})
	o := kafka.Options{Brokers: c.ListenAddrs(), Prefix: prefix(), Partitions: 4}
	other := open(t, o)
	for i := range topics {
		if _, err := other.Append(t.Context(), fmt.Sprintf("a.b%d", i), msg("v")); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, o) // it knows all topics
	changes := func() int64 {
		t.Helper()
		n, err := l.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	at := changes()
	before := asked.Load()
	if now := changes(); now != at {
		t.Errorf("%d, then %d without an append", at, now)
	}
	if n := asked.Load() - before; n > brokers {
		t.Errorf("%d requests to %d brokers", n, brokers)
	}
	for i := range topics {
		if _, err := other.Append(t.Context(), fmt.Sprintf("a.b%d", i), msg("v")); err != nil {
			t.Fatal(err)
		}
		now := changes()
		if now == at {
			t.Errorf("%d before and after an append to topic %d", at, i)
		}
		at = now
	}
}

// TestChangesWithoutBroker: what cannot be known is never as it was.
func TestChangesWithoutBroker(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: c.ListenAddrs(), Prefix: prefix()})
	if _, err := l.Append(t.Context(), "a.b", msg("v")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	var seen int64
	for range 3 {
		n, err := l.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == seen {
			t.Errorf("%d again, and there is nobody to ask", n)
		}
		seen = n
	}
}
