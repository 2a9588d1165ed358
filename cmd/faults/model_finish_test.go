package faults

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"satudata/catalog"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// finish lands everything: what was taken is decided upon as it must be, satudata verify finds nothing,
// and a second lake that is landed from the log is the same.
func (m *model) finish(t *rapid.T) {
	m.must(t, m.world.close())
	m.must(t, m.open(drawBatches(t), 1))
	m.landAll(t)
	m.decided(t)
	m.look(t)
	published, err := m.cat.Publications(m.ctx, dataset)
	m.must(t, err)
	if len(m.log) == 0 {
		return
	}
	ref, err := modelReference()
	m.must(t, err)
	report, err := pipeline.Verifier{Log: m.world.log, Lake: m.lakes[0], Governance: m.cat, Reference: ref, Recorded: m.recorded}.Verify(m.ctx)
	m.must(t, err)
	for _, f := range report.Findings {
		t.Errorf("verify: %s", f.Say.EN)
	}
	m.must(t, m.tend(1, true, drawPolicy(t)))
	m.look(t)
	if same, err := m.lakes[0].CheckCurrent(m.ctx, dataset, published); err != nil || !same {
		t.Errorf("CheckCurrent = %t, %v", same, err)
	}
	m.replay(t, published)
}

// decided makes sure that what was taken is published, or returned where it must be, and once.
func (m *model) decided(t *rapid.T) {
	accepted := map[uuid.UUID]bool{}
	for _, l := range m.log {
		accepted[l.chunk.Delivery] = accepted[l.chunk.Delivery] || slices.Contains(l.accepted, true)
	}
	found, err := m.cat.Deliveries(m.ctx, dataset)
	m.must(t, err)
	whole := map[string]int{}
	for _, d := range found {
		want := catalog.Published
		if !accepted[d.ID] || m.parcels[d.Subject].returned {
			want = catalog.Returned
		}
		if d.Status == catalog.Opened || d.Status == catalog.Abandoned {
			continue
		}
		whole[d.Subject]++
		if d.Status != want {
			t.Errorf("delivery %s of %s is %s, want %s", d.ID, d.Subject, d.Status, want)
		}
	}
	for subject, p := range m.parcels {
		if n := whole[subject]; n > 1 || p.taken && n == 0 {
			t.Errorf("%s was taken: %t, and delivered %d times", subject, p.taken, n)
		}
	}
}

func (m *model) recorded(ctx context.Context, _ string) ([]pipeline.Recorded, error) {
	found, err := m.cat.Deliveries(ctx, dataset)
	var out []pipeline.Recorded
	for _, d := range found {
		out = append(out, pipeline.Recorded{Delivery: d.ID, Subject: d.Subject, Whole: d.Status != catalog.Opened, Records: d.Records, Check: d.Check})
	}
	return out, err
}

// replay lands the log in a second lake.
func (m *model) replay(t *rapid.T, published []lake.Publication) {
	second, err := lake.Open(m.ctx, filepath.Join(m.dir, "second"), lake.Options{Threads: 1})
	m.must(t, err)
	defer second.Close()
	ref, err := modelReference()
	m.must(t, err)
	w := pipeline.New(pipeline.Options{Log: m.world.log, Lake: second, Governance: m.cat, Reference: ref, BatchBytes: drawBatches(t)[0], Judge: m.judge})
	m.must(t, w.Drain(m.ctx))
	m.compare(t, second, published, lake.AsOf{}, m.moment(t, second, published))
}
