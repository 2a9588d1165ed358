package kafka_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/kafka"
)

func values(records []eventlog.Record) []string {
	var v []string
	for _, r := range records {
		v = append(v, string(r.Message.Value))
	}
	return v
}

func msg(value string) event.Message { return event.Message{Key: "k", Value: []byte(value)} }

// TestPassingErrors injects errors that real brokers give for a while. Callers do not see them.
func TestPassingErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		key  kmsg.Key
		err  *kerr.Error
	}{
		{"leader moved, append", kmsg.Produce, kerr.NotLeaderForPartition},
		{"replicas missing", kmsg.Produce, kerr.NotEnoughReplicas},
		{"storage busy", kmsg.Produce, kerr.KafkaStorageError},
		{"unknown for a moment", kmsg.Produce, kerr.UnknownTopicOrPartition},
		{"leader moved, read", kmsg.Fetch, kerr.NotLeaderForPartition},
		{"leader unknown, read", kmsg.Fetch, kerr.LeaderNotAvailable},
		{"fenced", kmsg.Fetch, kerr.FencedLeaderEpoch},
		{"leader moved, offsets", kmsg.ListOffsets, kerr.NotLeaderForPartition},
		{"no controller", kmsg.CreateTopics, kerr.NotController},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster := fake(t, kfake.NumBrokers(2))
			l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1})
			fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{c.key}, Err: c.err, Count: 2})
			if _, err := l.Append(t.Context(), "t", msg("1"), msg("2")); err != nil {
				t.Errorf("Append = %v", err)
			}
			if got, err := l.Ranges(t.Context(), "t"); err != nil || !slices.Equal(got, []eventlog.Range{{Next: 2}}) {
				t.Errorf("Ranges = %v, %v", got, err)
			}
			if got, err := l.Read(t.Context(), "t", 0, 0, 1<<20); err != nil || !slices.Equal(values(got), []string{"1", "2"}) {
				t.Errorf("Read = %v, %v", got, err)
			}
			if fault.Hits() != 2 {
				t.Errorf("the fault was met %d times, want 2", fault.Hits())
			}
		})
	}
}

// TestLostAcknowledgement stores an append whose acknowledgement is lost: it is stored again, whole
// and in order, and the position is that of a stored copy.
func TestLostAcknowledgement(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1})
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut})
	positions, err := l.Append(t.Context(), "t", msg("1"), msg("2"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []eventlog.Position{{Offset: 2}, {Offset: 3}}; !slices.Equal(positions, want) {
		t.Errorf("positions %v, want %v", positions, want)
	}
	got, err := l.Read(t.Context(), "t", 0, 0, 1<<20)
	if want := []string{"1", "2", "1", "2"}; err != nil || !slices.Equal(values(got), want) {
		t.Errorf("stored is %v, %v; want %v", values(got), err, want)
	}

	// A copy of the log with such doubles is the same as the log without.
	src := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1, Prefix: "asal"})
	for _, v := range []string{"1", "2", "3"} {
		if _, err := src.Append(t.Context(), "t", msg(v)); err != nil {
			t.Fatal(err)
		}
	}
	if err := eventlog.Copy(t.Context(), l, src, nil); err != nil {
		t.Errorf("Copy over doubles = %v", err)
	}
	if got, err = l.Read(t.Context(), "t", 0, 4, 1<<20); err != nil || !slices.Equal(values(got), []string{"3"}) {
		t.Errorf("copied were %v, %v; want 3", values(got), err)
	}
}

// TestLastingErrors injects errors that do not pass, and what callers see of them.
func TestLastingErrors(t *testing.T) {
	read := func(ctx context.Context, l *kafka.Log) error {
		_, err := l.Read(ctx, "t", 0, 0, 1)
		return err
	}
	add := func(ctx context.Context, l *kafka.Log) error {
		_, err := l.Append(ctx, "t", msg("x"))
		return err
	}
	create := func(ctx context.Context, l *kafka.Log) error {
		_, err := l.Append(ctx, "new", msg("x"))
		return err
	}
	for _, c := range []struct {
		name string
		call func(context.Context, *kafka.Log) error
		key  kmsg.Key
		err  *kerr.Error
		want error
	}{
		{"may not write", add, kmsg.Produce, kerr.TopicAuthorizationFailed, eventlog.ErrAccess},
		{"may not read", read, kmsg.Fetch, kerr.TopicAuthorizationFailed, eventlog.ErrAccess},
		{"may not create", create, kmsg.CreateTopics, kerr.ClusterAuthorizationFailed, eventlog.ErrAccess},
		{"too large after all", add, kmsg.Produce, kerr.MessageTooLarge, eventlog.ErrTooLarge},
		{"damaged on the broker's disk", read, kmsg.Fetch, kerr.CorruptMessage, eventlog.ErrCorrupt},
		{"setting refused", create, kmsg.CreateTopics, kerr.InvalidReplicationFactor, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster := fake(t, kfake.NumBrokers(1))
			l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1})
			if _, err := l.Append(t.Context(), "t", msg("1")); err != nil {
				t.Fatal(err)
			}
			cluster.Fault(kfake.Fault{Keys: []kmsg.Key{c.key}, Err: c.err, Count: -1})
			start := time.Now()
			err := c.call(t.Context(), l)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if took := time.Since(start); took > 30*time.Second { // of the 45 s that it would wait
				t.Errorf("took %v: what does not pass is not to be waited for", took)
			}
		})
	}
}

// TestSettingRefused creates a topic where a setting may not be given.
func TestSettingRefused(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs()})
	refused := 0
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.PolicyViolation, Count: -1, When: func(r kmsg.Request) bool {
		for _, topic := range r.(*kmsg.CreateTopicsRequest).Topics {
			for _, c := range topic.Configs {
				if c.Name == "flush.messages" {
					refused++
					return true
				}
			}
		}
		return false
	}})
	if _, err := l.Append(t.Context(), "t", msg("1")); err != nil || refused != 1 {
		t.Errorf("Append = %v after %d refusals, want 1", err, refused)
	}
}

func TestRetryIsBounded(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1, RetryFor: time.Second})
	if _, err := l.Append(t.Context(), "t", msg("1")); err != nil {
		t.Fatal(err)
	}
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	start := time.Now()
	if _, err := l.Append(t.Context(), "t", msg("2")); err == nil || !strings.Contains(err.Error(), "did not recover") {
		t.Errorf("Append = %v", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, "t", msg("2")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Append = %v, want the context's error", err)
	}
}

func TestNobodyThere(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	_, err = kafka.Open(t.Context(), kafka.Options{Brokers: []string{free.Addr().String()}, RetryFor: 500 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), free.Addr().String()) {
		t.Errorf("Open = %v", err)
	}

	// One of the brokers is enough.
	cluster := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: []string{free.Addr().String(), cluster.ListenAddrs()[0]}})
	if _, err := l.Append(t.Context(), "t", msg("1")); err != nil {
		t.Errorf("Append = %v", err)
	}
}

// TestLeaderMoves moves leaders about while appending and reading.
func TestLeaderMoves(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(3))
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1})
	for i := range 12 {
		if _, err := l.Append(t.Context(), "t", msg(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
		if err := cluster.MoveTopicPartition("satudata.t", 0, int32(i%3)); err != nil {
			t.Fatal(err)
		}
		if got, err := l.Read(t.Context(), "t", 0, int64(i), 1); err != nil || !slices.Equal(values(got), []string{strconv.Itoa(i)}) {
			t.Fatalf("Read at %d = %v, %v", i, values(got), err)
		}
	}
}

// TestSmallTopic writes to a topic that somebody else made, which takes less than we would.
func TestSmallTopic(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1))
	admin := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), MaxMessage: 300_000})
	if err := admin.Create(t.Context(), "t", 1); err != nil {
		t.Fatal(err)
	}
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs()})
	var msgs []event.Message
	for i := range 5 { // each fits, two together do not
		msgs = append(msgs, event.Message{Key: "k", Value: make([]byte, 200_000+i)})
	}
	if _, err := l.Append(t.Context(), "t", msgs...); err != nil {
		t.Errorf("Append of messages that fit one by one = %v", err)
	}
	if _, err := l.Append(t.Context(), "t", msg("x"), event.Message{Value: make([]byte, 400_000)}); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("Append = %v, want ErrTooLarge", err)
	}
	if got, err := l.Ranges(t.Context(), "t"); err != nil || got[0].Next != 5 {
		t.Errorf("Ranges = %v, %v; want 5 messages", got, err)
	}
}

// TestOtherHandle sees at once what another process did.
func TestOtherHandle(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1))
	a := open(t, kafka.Options{Brokers: cluster.ListenAddrs()})
	b := open(t, kafka.Options{Brokers: cluster.ListenAddrs()})
	if topics, err := b.Topics(t.Context()); err != nil || len(topics) != 0 {
		t.Fatalf("Topics = %v, %v", topics, err)
	}
	positions, err := a.Append(t.Context(), "t", msg("1"))
	if err != nil {
		t.Fatal(err)
	}
	if topics, err := b.Topics(t.Context()); err != nil || !slices.Equal(topics, []string{"t"}) {
		t.Errorf("Topics = %v, %v", topics, err)
	}
	if got, err := b.Read(t.Context(), "t", positions[0].Partition, 0, 1); err != nil || len(got) != 1 {
		t.Errorf("Read = %v, %v", got, err)
	}
	// Another prefix is another log.
	c := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Prefix: "satu"})
	if topics, err := c.Topics(t.Context()); err != nil || len(topics) != 0 {
		t.Errorf("Topics of another prefix = %v, %v", topics, err)
	}
}

// TestExpired reads what retention has removed.
func TestExpired(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1), kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "2000"}))
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1, Retention: time.Millisecond, Compression: "none"})
	for range 20 {
		if _, err := l.Append(t.Context(), "t", event.Message{Key: "k", Value: make([]byte, 500)}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(20 * time.Millisecond)
	cluster.ApplyRetention()
	ranges, err := l.Ranges(t.Context(), "t")
	if err != nil || ranges[0].First == 0 || ranges[0].Next != 20 {
		t.Fatalf("Ranges = %v, %v; want a first offset above 0", ranges, err)
	}
	if _, err := l.Read(t.Context(), "t", 0, 0, 1); !errors.Is(err, eventlog.ErrExpired) {
		t.Errorf("Read = %v, want ErrExpired", err)
	}
	dst := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Prefix: "salinan"})
	if err := eventlog.Copy(t.Context(), dst, l, nil); !errors.Is(err, eventlog.ErrRenumbered) {
		t.Errorf("Copy of a log without its beginning = %v, want ErrRenumbered", err)
	}
}

// TestThrottled gets answers without records for a while.
func TestThrottled(t *testing.T) {
	cluster := fake(t, kfake.NumBrokers(1))
	l := open(t, kafka.Options{Brokers: cluster.ListenAddrs(), Partitions: 1})
	if _, err := l.Append(t.Context(), "t", msg("1")); err != nil {
		t.Fatal(err)
	}
	empty := 0
	cluster.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if empty++; empty > 3 {
			return nil, nil, false
		}
		req := r.(*kmsg.FetchRequest)
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		p := kmsg.NewFetchResponseTopicPartition()
		p.HighWatermark = 1
		resp.Topics = []kmsg.FetchResponseTopic{{Topic: req.Topics[0].Topic, Partitions: []kmsg.FetchResponseTopicPartition{p}}}
		return resp, nil, true
	})
	got, err := l.Read(t.Context(), "t", 0, 0, 1)
	if err != nil || len(got) != 1 {
		t.Errorf("Read = %v, %v; want the record", got, err)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		o    kafka.Options
		want string
	}{
		{"no brokers", kafka.Options{}, "no brokers"},
		{"broker without port", kafka.Options{Brokers: []string{"kafka1"}}, "host:port"},
		{"two brokers in one", kafka.Options{Brokers: []string{"a:1,b:2"}}, "each broker is an element"},
		{"quotes around a broker", kafka.Options{Brokers: []string{`a:1","b:2`}}, "each broker is an element"},
		{"prefix", kafka.Options{Brokers: []string{"x:1"}, Prefix: "a b"}, "prefix"},
		{"long prefix", kafka.Options{Brokers: []string{"x:1"}, Prefix: strings.Repeat("a", 49)}, "longer"},
		{"compression", kafka.Options{Brokers: []string{"x:1"}, Compression: "gzip"}, "compression"},
		{"mechanism", kafka.Options{Brokers: []string{"x:1"}, SASL: kafka.SASL{Mechanism: "GSSAPI"}}, "GSSAPI"},
		{"user without mechanism", kafka.Options{Brokers: []string{"x:1"}, SASL: kafka.SASL{Username: "u"}}, "mechanism"},
		{"CA file", kafka.Options{Brokers: []string{"x:1"}, TLS: kafka.TLS{CAFile: "/nowhere/ca.pem"}}, "/nowhere/ca.pem"},
		{"CA file of another kind", kafka.Options{Brokers: []string{"x:1"}, TLS: kafka.TLS{CAFile: "fault_test.go"}}, "PEM"},
		{"key without certificate", kafka.Options{Brokers: []string{"x:1"}, TLS: kafka.TLS{KeyFile: "key.pem"}}, "client certificate"},
	} {
		if _, err := kafka.Open(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Open = %v, want an error about %q", c.name, err, c.want)
		}
	}
}
