package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/pipeline"
)

// TestStreamsThatMoved: streams that go on in other partitions, because the topic got more of them, land
// whole, in whatever order partitions come, and verify says so.
func TestStreamsThatMoved(t *testing.T) {
	keyTo := func(partition int) string {
		for i := 0; ; i++ {
			if key := fmt.Sprint(i); eventlog.PartitionOf(key, 3) == partition {
				return key
			}
		}
	}
	for name, land := range map[string]func(*road) error{
		"one worker": func(r *road) error { return r.worker(1000).Drain(t.Context()) },
		"a worker for each": func(r *road) error {
			o := pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, BatchBytes: 1000}
			return pipeline.Rebuild(t.Context(), o, 3, topic)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := openRoad(t, t.TempDir())
			r.register(t, "ndjson")
			if err := r.log.Create(t.Context(), topic, 3); err != nil {
				t.Fatal(err)
			}
			var msgs []event.Message
			for seq := range 30 {
				for stream, places := range []string{"210", "120", "012"} { // partitions, each for ten chunks
					c := chunk(int64(seq+1), permit(100*stream+seq), 1)
					c.Stream = fmt.Sprintf("/opd/dpmptsp/%d#0", stream)
					c.Delivery = event.Derive(c.Stream)
					m := c.Message()
					m.Key = keyTo(int(places[seq/10] - '0'))
					msgs = append(msgs, m)
				}
			}
			r.append(t, append(msgs, msgs[len(msgs)-9:]...)...) // some are sent again
			if err := land(r); err != nil {
				t.Fatal(err)
			}
			got := r.proof(t)
			if diff := cmp.Diff([]int64{90, 90, 0}, []int64{got.Read, got.Accepted, got.InFlight}); diff != "" {
				t.Errorf("read, accepted, in flight (-want +got):\n%s", diff)
			}
		})
	}
}
