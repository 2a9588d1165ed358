package kafka_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/kafka"
	"satudata/ingest/eventlog/kafka/kafkatest"
	"satudata/ingest/eventlog/logtest"
)

func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }

func TestConformanceReal(t *testing.T) {
	c := kafkatest.Shared(t)
	logtest.Run(t, harness(kafka.Options{Brokers: c.Brokers}))
}

// TestSecurity opens the listeners of a real broker with right and with wrong credentials.
func TestSecurity(t *testing.T) {
	certs, strangers := kafkatest.Certs(t), kafkatest.Certs(t)
	c := kafkatest.Start(t, kafkatest.Options{Secure: true, Certs: certs})
	file := func(name string) string { return filepath.Join(certs, name) }
	trust := kafka.TLS{CAFile: file("ca.pem")}
	mutual := kafka.TLS{CAFile: file("ca.pem"), CertFile: file("client.pem"), KeyFile: file("client.key")}
	user := func(mechanism string) kafka.SASL {
		return kafka.SASL{Mechanism: mechanism, Username: kafkatest.Username, Password: kafkatest.Password}
	}
	wrong := func(mechanism string) kafka.SASL {
		return kafka.SASL{Mechanism: mechanism, Username: kafkatest.Username, Password: "salah"}
	}
	for _, tc := range []struct {
		name    string
		brokers []string
		tls     kafka.TLS
		sasl    kafka.SASL
		want    error
	}{
		{"PLAIN", c.SASL, kafka.TLS{}, user("PLAIN"), nil},
		{"SCRAM-SHA-256", c.SASL, kafka.TLS{}, user("SCRAM-SHA-256"), nil},
		{"SCRAM-SHA-512", c.SASL, kafka.TLS{}, user("SCRAM-SHA-512"), nil},
		{"TLS with client certificate", c.TLS, mutual, kafka.SASL{}, nil},
		{"TLS and PLAIN", c.SASLTLS, trust, user("PLAIN"), nil},
		{"TLS and SCRAM-SHA-512", c.SASLTLS, trust, user("SCRAM-SHA-512"), nil},
		{"wrong password, PLAIN", c.SASL, kafka.TLS{}, wrong("PLAIN"), eventlog.ErrAccess},
		{"wrong password, SCRAM-SHA-256", c.SASL, kafka.TLS{}, wrong("SCRAM-SHA-256"), eventlog.ErrAccess},
		{"wrong password, SCRAM-SHA-512 and TLS", c.SASLTLS, trust, wrong("SCRAM-SHA-512"), eventlog.ErrAccess},
		{"no client certificate", c.TLS, trust, kafka.SASL{}, eventlog.ErrAccess},
		{"client certificate of strangers", c.TLS, kafka.TLS{CAFile: file("ca.pem"),
			CertFile: filepath.Join(strangers, "client.pem"), KeyFile: filepath.Join(strangers, "client.key")}, kafka.SASL{}, eventlog.ErrAccess},
		{"broker signed by strangers", c.SASLTLS, kafka.TLS{CAFile: filepath.Join(strangers, "ca.pem")}, user("PLAIN"), eventlog.ErrAccess},
		{"broker of another name", c.SASLTLS, kafka.TLS{CAFile: file("ca.pem"), ServerName: "kafka.example.go.id"}, user("PLAIN"), eventlog.ErrAccess},
		{"no credentials", c.SASL, kafka.TLS{}, kafka.SASL{}, eventlog.ErrAccess},
		{"no TLS", c.TLS, kafka.TLS{}, kafka.SASL{}, eventlog.ErrAccess},
		{"TLS where there is none", c.Brokers, trust, kafka.SASL{}, eventlog.ErrAccess},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := kafka.Options{Brokers: tc.brokers, Prefix: prefix(), TLS: tc.tls, SASL: tc.sasl, RetryFor: 3 * time.Minute}
			start := time.Now()
			l, err := kafka.Open(t.Context(), o)
			if err != nil {
				t.Logf("in %v: %v", time.Since(start).Round(time.Millisecond), err)
			}
			switch {
			case err != nil && !strings.Contains(err.Error(), "log.kafka."):
				t.Errorf("Open = %v, want an error that says which setting to look at", err)
			case !errors.Is(err, tc.want):
				t.Errorf("Open = %v, want %v", err, tc.want)
			case time.Since(start) > 2*time.Minute:
				t.Errorf("Open took %v", time.Since(start))
			}
			if err != nil {
				return
			}
			defer l.Close()
			use(t, l)
		})
	}
}

// use writes, reads and joins a group.
func use(t *testing.T, l *kafka.Log) {
	t.Helper()
	positions, err := l.Append(t.Context(), "t", msg("rahasia"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.Read(t.Context(), "t", positions[0].Partition, 0, 1); err != nil || len(got) != 1 {
		t.Errorf("Read = %v, %v", got, err)
	}
	err = l.Assignments(t.Context(), "g", []string{"t"}, func(_ context.Context, assigned map[string][]int) error {
		if len(assigned["t"]) == 0 {
			t.Errorf("assigned %v", assigned)
		}
		return nil
	})
	if err != nil {
		t.Errorf("Assignments = %v", err)
	}
}

// TestDamagedSegment flips a byte in a real broker's file.
func TestDamagedSegment(t *testing.T) {
	c := kafkatest.Start(t, kafkatest.Options{})
	for _, compression := range []string{"zstd", "none"} {
		l := open(t, kafka.Options{Brokers: c.Brokers, Prefix: compression, Partitions: 1, Compression: compression})
		for i := range 3 {
			value := strings.Repeat("kecamatan;jumlah\r\n", 400) + strconv.Itoa(i)
			if _, err := l.Append(t.Context(), "t", event.Message{Key: "k", Value: []byte(value)}); err != nil {
				t.Fatal(err)
			}
		}
		damage(t, c, compression+".t-0")
		got, err := l.Read(t.Context(), "t", 0, 0, 1<<20)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: Read = %d records, %v; want the one before the damage", compression, len(got), err)
		}
		if got, err = l.Read(t.Context(), "t", 0, 1, 1<<20); !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), "topic t partition 0 offset 1") {
			t.Errorf("%s: Read of damaged data = %d records, %v; want ErrCorrupt with its place", compression, len(got), err)
		}
		if got, err = l.Read(t.Context(), "t", 0, 2, 1<<20); err != nil || len(got) != 1 {
			t.Errorf("%s: Read after the damage = %d records, %v", compression, len(got), err)
		}
	}
}

// damage flips a byte in the second batch of a partition's segment.
func damage(t *testing.T, c *kafkatest.Cluster, partition string) {
	t.Helper()
	path := filepath.Join(c.Data(1), partition, "00000000000000000000.log")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var head [12]byte // base offset, length of the rest of the batch
	if _, err := f.ReadAt(head[:], 0); err != nil {
		t.Fatal(err)
	}
	second := int64(len(head)) + int64(binary.BigEndian.Uint32(head[8:]))
	at := second + 61 + 20 // in the records of the second batch
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

// TestBrokersDie ends each of three brokers in turn while two writers append and a reader follows.
// Every acknowledged message is read, in the order of its writer.
func TestBrokersDie(t *testing.T) {
	c := kafkatest.Start(t, kafkatest.Options{Brokers: 3})
	l := open(t, kafka.Options{Brokers: c.Brokers, Partitions: 1, RetryFor: time.Minute})
	if err := l.Create(t.Context(), "t", 1); err != nil {
		t.Fatal(err)
	}
	var writers, reader sync.WaitGroup
	var stop, stopped atomic.Bool
	var acknowledged [2]atomic.Int64
	for w := range acknowledged {
		writers.Go(func() {
			for n := int64(1); !stop.Load(); n++ {
				m := event.Message{Key: strconv.Itoa(w), Value: binary.BigEndian.AppendUint64(make([]byte, n%5000), uint64(n))}
				if _, err := l.Append(t.Context(), "t", m); err != nil {
					t.Errorf("Append = %v", err)
					return
				}
				acknowledged[w].Store(n)
			}
		})
	}
	var read [2]int64 // last number of each writer that the reader met
	caughtUp := func() bool { return read[0] >= acknowledged[0].Load() && read[1] >= acknowledged[1].Load() }
	reader.Go(func() {
		for from := int64(0); !stopped.Load() || !caughtUp(); {
			records, err := l.Read(t.Context(), "t", 0, from, 1<<20)
			if err != nil {
				t.Errorf("Read from %d = %v", from, err)
				return
			}
			for _, r := range records {
				from = r.Offset + 1
				w := int(r.Message.Key[0] - '0')
				n := int64(binary.BigEndian.Uint64(r.Message.Value[len(r.Message.Value)-8:]))
				if n > read[w]+1 {
					t.Errorf("writer %d: %d after %d", w, n, read[w])
				}
				read[w] = max(read[w], n) // one that was sent again comes twice
			}
		}
	})
	for i := 1; i <= 3; i++ {
		c.Kill(t, i)
		time.Sleep(4 * time.Second)
		c.Revive(t, i)
		time.Sleep(2 * time.Second) // it must catch up before another may go
	}
	stop.Store(true)
	writers.Wait()
	stopped.Store(true)
	reader.Wait()
	for w := range acknowledged {
		t.Logf("writer %d: %d acknowledged, %d read", w, acknowledged[w].Load(), read[w])
		if read[w] < acknowledged[w].Load() || read[w] < 10 {
			t.Errorf("writer %d: read up to %d", w, read[w])
		}
	}
}
