package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/pipeline"
)

// boundless is a log that takes and gives messages of one size.
type boundless struct {
	eventlog.Log
	value []byte
}

func (b boundless) Append(context.Context, string, ...event.Message) ([]eventlog.Position, error) {
	return nil, nil
}

func (b boundless) Read(context.Context, string, int, int64, int) ([]eventlog.Record, error) {
	return []eventlog.Record{{Message: event.Message{Value: b.value}}}, nil
}

// TestTellingWaits: an append waits for a landing that is behind until something was read, but not for
// one that stands still, and facts never wait.
func TestTellingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		value := make([]byte, maxAhead+1)
		log := &telling{Log: boundless{value: value}, growth: pipeline.NewGrowth(), read: make(chan struct{}, 1)}
		waits := func(topic string, value []byte) time.Duration {
			begun := time.Now()
			if _, err := log.Append(t.Context(), topic, event.Message{Value: value}); err != nil {
				t.Fatal(err)
			}
			return time.Since(begun)
		}
		if took := waits("t", value); took != 0 {
			t.Errorf("the first append waited %v", took)
		}
		if took := waits(eventlog.CatalogTopic, nil); took != 0 {
			t.Errorf("a fact waited %v", took)
		}
		if took := waits("t", nil); took != aheadWait {
			t.Errorf("beside a landing that stands still an append waited %v, want %v", took, aheadWait)
		}
		go func() {
			time.Sleep(aheadWait / 4)
			if _, err := log.Read(t.Context(), "t", 0, 0, 1); err != nil {
				t.Error(err)
			}
		}()
		if took := waits("t", nil); took != aheadWait/4 {
			t.Errorf("beside a landing that goes on an append waited %v, want %v", took, aheadWait/4)
		}
	})
}
