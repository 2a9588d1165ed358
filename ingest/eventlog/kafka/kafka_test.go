package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/kafka"
	"satudata/ingest/eventlog/logtest"
)

func open(t testing.TB, o kafka.Options) *kafka.Log {
	t.Helper()
	l, err := kafka.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fake starts a Kafka in this process.
func fake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestConformanceFake(t *testing.T) {
	for _, compression := range []string{"zstd", "none"} {
		t.Run(compression, func(t *testing.T) {
			c := fake(t, kfake.NumBrokers(3))
			logtest.Run(t, harness(kafka.Options{Brokers: c.ListenAddrs(), Compression: compression}))
		})
	}
}

// harness runs the suite against a cluster, with a prefix of its own for each log.
func harness(o kafka.Options) logtest.Harness {
	o.Partitions = logtest.Partitions
	return logtest.Harness{
		New: func(t *testing.T) func() eventlog.Log {
			o.Prefix = prefix()
			return func() eventlog.Log { return open(t, o) }
		},
		TooLarge: 17 << 20,
	}
}

// prefix returns a topic prefix that no other test has.
func prefix() string { return "uji" + time.Now().Format("150405.000000000") }
