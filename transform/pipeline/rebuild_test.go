package pipeline_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// TestLost: what the log let go of cannot be landed again from a position before it; what lies
// before the position need not be there.
func TestLost(t *testing.T) {
	r := stocked(t)
	whole := chunk(4, permit(4), 1)
	whole.Delivery = event.Derive("utuh")
	where, err := r.log.Append(t.Context(), topic, chunk(3, permit(3), 1).Message(), whole.Message())
	if err != nil {
		t.Fatal(err)
	}
	stream := whole.Stream
	v := r.verifier(
		pipeline.Recorded{Delivery: other, Whole: true, Records: 3, Stream: stream, FirstSeq: 1, LastSeq: 3},
		pipeline.Recorded{Delivery: whole.Delivery, Whole: true, Records: 1, Stream: stream, FirstSeq: 4, LastSeq: 4})
	cut := expired{r.log, where[1]} // the third chunk is gone too
	for name, tt := range map[string]struct {
		log  eventlog.Log
		at   lake.Positions
		want []uuid.UUID
		gaps map[int]int64
	}{
		"all there":          {log: r.log, gaps: map[int]int64{}},
		"from the beginning": {log: cut, want: []uuid.UUID{other}, gaps: map[int]int64{where[1].Partition: where[1].Offset}},
		"from where it begins": {log: cut, gaps: map[int]int64{},
			at: lake.Positions{Offsets: map[int]int64{where[1].Partition: where[1].Offset}, Streams: map[string]int64{stream: 3}}},
		"damaged": {log: damaged{r.log, where[1]}, want: []uuid.UUID{whole.Delivery}, gaps: map[int]int64{}},
	} {
		v.Log = tt.log
		lost, gaps, err := v.Lost(t.Context(), topic, tt.at)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var ids []uuid.UUID
		for _, d := range lost {
			ids = append(ids, d.Delivery)
		}
		if diff := cmp.Diff(tt.want, ids) + cmp.Diff(tt.gaps, gaps); diff != "" {
			t.Errorf("%s: lost deliveries and where the log begins (-want +got):\n%s", name, diff)
		}
	}
}

// damaged is a log with a damaged record.
type damaged struct {
	eventlog.Log
	at eventlog.Position
}

func (l damaged) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	records, err := l.Log.Read(ctx, topic, partition, from, maxBytes)
	for i, r := range records {
		if partition == l.at.Partition && r.Offset == l.at.Offset {
			if i == 0 {
				return nil, eventlog.ErrCorrupt
			}
			return records[:i], nil
		}
	}
	return records, err
}

// TestVerifyDamagedLog: a damaged record of the log is a finding, and what it was part of is named;
// the rest is verified all the same.
func TestVerifyDamagedLog(t *testing.T) {
	for _, deep := range []bool{false, true} {
		r := stocked(t)
		where, err := r.log.Append(t.Context(), topic, chunk(3, permit(3), 1).Message())
		if err != nil {
			t.Fatal(err)
		}
		r.drain(t)
		v := r.verifier(pipeline.Recorded{Delivery: other, Subject: "f", Whole: true, Records: 3})
		v.Log, v.Deep = damaged{r.log, where[0]}, deep
		report, found := verify(t, v)
		if len(found) != 3 || len(report.Accounts) != 1 || report.Accounts[0].Accepted != 3 {
			t.Errorf("deep %t: findings %q, want the damage, the delivery that misses a record, and its counts; accounts %+v", deep, found, report.Accounts)
		}
	}
}
