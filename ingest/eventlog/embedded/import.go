package embedded

import (
	"context"
	"fmt"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

var _ eventlog.Importer = (*Log)(nil)

// Import implements [eventlog.Importer].
func (l *Log) Import(ctx context.Context, topic string, records ...eventlog.Record) error {
	if err := l.enter(ctx); err != nil {
		return fmt.Errorf("import into topic %s: %w", topic, err)
	}
	defer l.running.RUnlock()
	if err := eventlog.CheckTopic(topic); err != nil {
		return err
	}
	msgs, times := make([]event.Message, len(records)), make([]time.Time, len(records))
	for i, r := range records {
		msgs[i], times[i] = r.Message, r.Time
	}
	b, err := l.encode(topic, msgs)
	defer b.release(l.codec)
	if err == nil {
		b.times = times
		err = l.commit(b)
	}
	if err != nil {
		return fmt.Errorf("import into topic %s: %w", topic, err)
	}
	return nil
}
