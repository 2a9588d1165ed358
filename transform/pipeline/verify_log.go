package pipeline

import (
	"context"
	"fmt"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// damage reports that a part of the log is not what was written. The dataset is "" where all may be
// concerned, the topic "" where it is the log's own book-keeping.
func (r *Report) damage(dataset, topic string, err error) {
	r.Findings = append(r.Findings, Finding{dataset, event.Sentence{
		ID: fmt.Sprintf("log peristiwa rusak (topik %q): %v; ambil kembali dari cadangan dengan `satudata restore`, atau minta OPD mengirim ulang kiriman yang kurang", topic, err),
		EN: fmt.Sprintf("the event log is damaged (topic %q): %v; get it back from a backup with `satudata restore`, or ask the OPD to deliver again what is missing", topic, err),
	}})
}

// checkLog looks for damage in every byte of the log.
func (v Verifier) checkLog(ctx context.Context, r *Report) error {
	return eventlog.Check(ctx, v.Log, func(d eventlog.Damage) {
		dataset := d.Topic
		if dataset == eventlog.CatalogTopic {
			dataset = ""
		}
		r.damage(dataset, d.Topic, fmt.Errorf("%w: %s", eventlog.ErrCorrupt, d))
	})
}
