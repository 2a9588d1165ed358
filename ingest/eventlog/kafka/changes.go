package kafka

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	offsetsapi "github.com/segmentio/kafka-go/protocol/listoffsets"
)

// Changes is a number that is another one after every append: who finds it as it was need not look at
// the topics. It costs one request to each broker, however many topics there are; a new topic is seen
// after some seconds, when the library has asked for what there is. Where a broker does not answer it
// is another number each time, so that whoever asks looks, and finds what the matter is.
func (l *Log) Changes(ctx context.Context) (int64, error) {
	if err := l.enter(ctx); err != nil {
		return 0, fmt.Errorf("look for changes: %w", err)
	}
	defer l.calls.Done()
	asking, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := l.transport.RoundTrip(asking, l.client.Addr, ends{l.o.Prefix + "."})
	if at, ok := r.(endsAnswer); err == nil && ok {
		return int64(at), nil
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("look for changes: %w", err)
	}
	return time.Now().UnixNano(), nil
}

// ends asks all leaders where the partitions end of the topics that have a prefix. The library would
// send a request for each partition.
type ends struct{ prefix string }

// ApiKey implements protocol.Message.
func (ends) ApiKey() protocol.ApiKey { return protocol.ListOffsets } //nolint:staticcheck // the name is the library's

var _ protocol.Splitter = ends{}

// Split implements protocol.Splitter: a request for each leader.
func (e ends) Split(cluster protocol.Cluster) ([]protocol.Message, protocol.Merger, error) {
	leaders := map[int32]*offsetsapi.Request{}
	for _, topic := range slices.Sorted(maps.Keys(cluster.Topics)) {
		if !strings.HasPrefix(topic, e.prefix) {
			continue
		}
		for _, p := range cluster.Topics[topic].Partitions {
			if p.Leader < 0 {
				return nil, nil, kafka.LeaderNotAvailable
			}
			r := leaders[p.Leader]
			if r == nil {
				r = &offsetsapi.Request{ReplicaID: -1}
				leaders[p.Leader] = r
			}
			if n := len(r.Topics); n == 0 || r.Topics[n-1].Topic != topic {
				r.Topics = append(r.Topics, offsetsapi.RequestTopic{Topic: topic})
			}
			t := &r.Topics[len(r.Topics)-1]
			t.Partitions = append(t.Partitions, offsetsapi.RequestPartition{Partition: p.ID, CurrentLeaderEpoch: -1, Timestamp: kafka.LastOffset})
		}
	}
	var requests []protocol.Message
	for _, leader := range slices.Sorted(maps.Keys(leaders)) {
		requests = append(requests, leaders[leader])
	}
	return requests, endsAnswer(0), nil
}

// endsAnswer sums up where all partitions end.
type endsAnswer int64

// ApiKey implements protocol.Message.
func (endsAnswer) ApiKey() protocol.ApiKey { return protocol.ListOffsets } //nolint:staticcheck // the name is the library's

// Merge implements protocol.Merger. The sum does not depend on the order of the answers.
func (endsAnswer) Merge(_ []protocol.Message, results []any) (protocol.Message, error) {
	sum := endsAnswer(1) // 0 would say that nothing is known
	for _, result := range results {
		m, err := protocol.Result(result)
		if err != nil {
			return nil, err
		}
		for _, t := range m.(*offsetsapi.Response).Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					return nil, kafka.Error(p.ErrorCode)
				}
				h := fnv.New64a()
				fmt.Fprintf(h, "%s %d %d", t.Topic, p.Partition, p.Offset)
				sum += endsAnswer(h.Sum64())
			}
		}
	}
	return sum, nil
}
