package pipeline_test

import (
	"testing"
	"time"

	"satudata/transform/pipeline"
)

// follow starts a worker that follows g and waits for an hour while it grows. What it lands comes from
// the channel, which is closed at the end.
func (r *road) follow(t *testing.T, g *pipeline.Growth) <-chan pipeline.Landed {
	t.Helper()
	r.register(t, "ndjson")
	landed := make(chan pipeline.Landed, 100)
	w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, PollEvery: time.Hour,
		OnLanded: func(l pipeline.Landed) { landed <- l }})
	go func() {
		defer close(landed)
		if err := w.Follow(t.Context(), g, 1); err != nil {
			t.Error(err)
		}
	}()
	return landed
}

// TestFollowFillsBatches: what is appended bit by bit lands as one batch, as long as there is more to come.
func TestFollowFillsBatches(t *testing.T) {
	const chunks = 50
	r, g := openRoad(t, t.TempDir()), pipeline.NewGrowth()
	landed := r.follow(t, g)
	for i := range chunks {
		c := chunk(int64(i)+1, permit(i), 1)
		r.append(t, c.Message())
		g.Add(topic, int64(len(c.Data)))
	}
	g.End()
	first, more := <-landed, 0
	for range landed {
		more++
	}
	if first.Accepted != chunks || more > 0 {
		t.Errorf("the first batch has %d rows and %d follow, want one batch of %d", first.Accepted, more, chunks)
	}
	r.proof(t)
}

// TestFollowGoesOn: what was appended to a topic lands before the end once another topic is appended to.
func TestFollowGoesOn(t *testing.T) {
	r, g := openRoad(t, t.TempDir()), pipeline.NewGrowth()
	landed := r.follow(t, g)
	r.append(t, chunk(1, permit(1), 1).Message())
	g.Add(topic, 1)
	g.Add("perizinan.lain", 1)
	if got := <-landed; got.Accepted != 1 {
		t.Errorf("landed %+v, want one row", got)
	}
	g.End()
	for range landed {
		t.Error("it landed twice")
	}
	r.proof(t)
}
