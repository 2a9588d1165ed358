package eventlog_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/eventlog"
)

// damaged is a log without a Check of its own, in which some offsets of partition 1 cannot be read.
type damaged struct {
	eventlog.Log
	offsets map[int64]bool
}

func (d damaged) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if partition != 1 {
		return d.Log.Read(ctx, topic, partition, from, maxBytes)
	}
	if d.offsets[from] {
		return nil, fmt.Errorf("%w: offset %d", eventlog.ErrCorrupt, from)
	}
	records, err := d.Log.Read(ctx, topic, partition, from, maxBytes)
	for i, r := range records {
		if d.offsets[r.Offset] {
			return records[:i], err
		}
	}
	return records, err
}

func TestCheckByReading(t *testing.T) {
	l := open(t, 2)
	for i := range 60 {
		add(t, l, message(i))
	}
	if n := ranges(t, l)[1].Next; n < 12 {
		t.Fatalf("partition 1 holds only %d messages", n)
	}
	for _, c := range []struct {
		name    string
		offsets map[int64]bool
		want    []int64
	}{
		{"sound", nil, nil},
		{"damaged", map[int64]bool{0: true, 5: true, 6: true}, []int64{0, 5, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int64
			err := eventlog.Check(t.Context(), damaged{l, c.offsets}, func(d eventlog.Damage) {
				if d.Topic != topic || d.Partition != 1 {
					t.Errorf("found %v", d)
				}
				got = append(got, d.Offset)
			})
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("Check = %v, found (-want +got):\n%s", err, diff)
			}
		})
	}
}
