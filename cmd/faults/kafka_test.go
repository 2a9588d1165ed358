package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"satudata/ingest/eventlog/kafka/kafkatest"
)

// Exit codes of commands that Kafka fails.
const (
	wrongUse = 2
	noAccess = 6
)

// admin is a client of the brokers that does what only an operator does.
func admin(brokers []string) *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(brokers...), Timeout: 20 * time.Second, Transport: &kafka.Transport{}}
}

// topicOf is the name in Kafka of the topic of the dataset.
func (o *office) topicOf() string {
	o.t.Helper()
	_, rest, _ := strings.Cut(read(o.t, filepath.Join(o.dir, "satudata.yaml")), "prefix: ")
	prefix, _, _ := strings.Cut(rest, ",")
	return prefix + "." + dataset
}

// leader is the broker, counted from 1, that leads the first partition of the dataset.
func (o *office) leader(brokers []string) int {
	o.t.Helper()
	m, err := admin(brokers).Metadata(o.t.Context(), &kafka.MetadataRequest{Topics: []string{o.topicOf()}})
	if err != nil || len(m.Topics) != 1 || len(m.Topics[0].Partitions) == 0 {
		o.t.Fatalf("look up the leader: %v, %+v", err, m)
	}
	return m.Topics[0].Partitions[0].Leader.ID
}

// TestLeaderKilled kills the leader of a partition while a file is read into it, and again while it is
// landed, three times each in the long form and one of the two in the short; and then all brokers,
// while workers run.
func TestLeaderKilled(t *testing.T) {
	beside(t)
	const rows = 10_000
	cluster := kafkatest.Start(t, kafkatest.Options{Brokers: 3})
	o := newOffice(t, strings.Replace(onKafka(cluster.Brokers, 1), "batchBytes: 15000", "batchBytes: 60000", 1), 1)
	o.deliver(0, 0, 2000)
	c := o.hire(3) // of one partition: two of them have nothing to do
	o.awaitPublished(1)
	parts := 1
	next := func() string {
		parts++
		return o.file(0, parts*rows, (parts+1)*rows)
	}
	whileRead := func() {
		reading := o.start("ingest", "--binding", "dpmptsp.izin0", next())
		reading.await("mulai", 1)
		i := o.leader(cluster.Brokers)
		cluster.Kill(t, i)
		<-reading.ended
		if reading.err != nil {
			t.Errorf("ingest ended with %v when a leader died\n%s", reading.err, reading.said())
		}
		cluster.Revive(t, i)
	}
	whileLanded := func() {
		c.forget()
		o.must("ingest", "--binding", "dpmptsp.izin0", next())
		c.busy()
		i := o.leader(cluster.Brokers)
		cluster.Kill(t, i)
		o.awaitPublished(parts)
		cluster.Revive(t, i)
	}
	first := rand.IntN(2)
	for turn := range times(1, 6) {
		if (first+turn)%2 == 0 {
			whileRead()
		} else {
			whileLanded()
		}
	}

	t.Run("worker of the only partition", func(t *testing.T) {
		c.forget()
		o.must("ingest", "--binding", "dpmptsp.izin0", next())
		i := c.busy()
		c.workers[i].kill()
		o.awaitPublished(parts) // by one of those that had nothing to do
		c.workers = append(c.workers[:i], c.workers[i+1:]...)
	})

	t.Run("all brokers", func(t *testing.T) {
		c.forget()
		o.must("ingest", "--binding", "dpmptsp.izin0", next())
		c.busy()
		for i := range 3 {
			cluster.Kill(t, i+1)
		}
		// One that is asked for something gives up after the time that it states; those that run do not.
		r := o.run("--set", "log.kafka.waitFor=3s", "ingest", "--binding", "dpmptsp.izin0", next())
		if r.code != noAccess || !strings.Contains(r.stderr, "periksa apakah broker berjalan") || !strings.Contains(r.stderr, "did not recover within") {
			t.Errorf("ingest without brokers: exit code %d, want %d\n%s", r.code, noAccess, r.stderr)
		}
		time.Sleep(time.Duration(times(1, 60)) * time.Second) // longer than a call waits
		for i, w := range c.workers {
			if w.gone() {
				t.Errorf("worker %d ended with the brokers: %v\n%s", i, w.err, w.said())
			}
		}
		reviveAll(t, cluster, 3)
		o.must("ingest", "--binding", "dpmptsp.izin0", filepath.Join(o.dir, "data", fmt.Sprintf("izin0-%07d-0.ndjson", parts*rows)))
		o.awaitPublished(parts)
	})
	c.dismiss()
	o.check()
}

// TestOutageUnderUp kills the broker beneath `up` for longer than a call waits, twice in the long form, while
// files come. It says what is the matter and what to look at, stays, and reads, lands and publishes by itself
// what came meanwhile when the broker is back.
func TestOutageUnderUp(t *testing.T) {
	beside(t)
	const waitFor, rows = 3 * time.Second, 2000
	cluster := kafkatest.Start(t, kafkatest.Options{})
	config := strings.Replace(onKafka(cluster.Brokers, 2), "sessionTimeout: 6s", "sessionTimeout: 6s, waitFor: "+waitFor.String(), 1)
	o := newOffice(t, config+"sources: [{binding: dpmptsp.izin0, paths: [masuk]}]\n", 1)
	inbox, came := o.inbox(), 0
	come := func() {
		path := o.edition(0, came*rows/2, came*rows/2+rows, came) // half of them are known
		if err := os.Rename(path, filepath.Join(inbox, filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
		came++
	}
	up := o.start("up").running()
	come()
	o.awaitPublished(came)
	for range times(1, 2) {
		come()
		time.Sleep(rand.N(time.Second)) // it may be read, landed, or both
		cluster.Kill(t, 1)
		said := len(up.said())
		come()
		words := []string{"did not recover within", "log.kafka.brokers"}
		for began := time.Now(); !containsAll(up.said()[said:], words); time.Sleep(100 * time.Millisecond) {
			up.alive()
			if time.Since(began) > patience {
				up.trace(fmt.Sprintf("does not say %q", words))
			}
		}
		time.Sleep(2 * waitFor)
		up.alive()
		cluster.Revive(t, 1)
		o.awaitPublished(came)
	}
	up.end()
	o.check()
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// reviveAll starts brokers at the same time: one alone has no quorum and would wait for ever.
func reviveAll(t *testing.T, c *kafkatest.Cluster, n int) {
	t.Helper()
	done := make(chan struct{})
	for i := range n {
		go func() {
			c.Revive(t, i+1)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
}

// TestTooLarge delivers to a topic that takes less than a chunk.
func TestTooLarge(t *testing.T) {
	brokers := kafkatest.Shared(t).Brokers
	o := newOffice(t, strings.Replace(onKafka(brokers, 1), "chunkBytes: 10000", "chunkBytes: 400000", 1), 1)
	_, err := admin(brokers).CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: o.topicOf(), NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "100000"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := o.file(0, 0, 20_000)
	r := o.run("ingest", "--binding", "dpmptsp.izin0", file)
	if r.code != wrongUse || !strings.Contains(r.stderr, "perbesar max.message.bytes") || !strings.Contains(r.stderr, "lower log.chunkBytes") {
		t.Errorf("chunks above what the topic takes: exit code %d, want %d\n%s", r.code, wrongUse, r.stderr)
	}
	if n := o.end(brokers); n != 0 {
		t.Errorf("%d messages were stored all the same", n)
	}
	o.must("--set", "log.chunkBytes=50000", "ingest", "--binding", "dpmptsp.izin0", file) // as the error says
	o.must("land", "--once")
	o.check()
}

// end is the offset behind the last message of the first partition of the dataset.
func (o *office) end(brokers []string) int64 {
	o.t.Helper()
	name := o.topicOf()
	r, err := admin(brokers).ListOffsets(o.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{name: {kafka.LastOffsetOf(0)}}})
	if err != nil {
		o.t.Fatal(err)
	}
	return r.Topics[name][0].LastOffset
}

// TestLogCut takes away from Kafka what was to be landed: by retention, and by deleting the topic.
func TestLogCut(t *testing.T) {
	brokers := kafkatest.Shared(t).Brokers
	for _, c := range []struct {
		name string
		cut  func(o *office)
		says []string
	}{
		{"beginning removed", func(o *office) { o.removeBefore(brokers, o.end(brokers)-1) }, []string{"perpanjang log.kafka.retention", "removed before it landed"}},
		{"topic deleted", func(o *office) { o.deleteTopic(brokers) }, []string{"tidak ada lagi di log", "is gone from the log"}},
		{"topic made again", func(o *office) {
			o.deleteTopic(brokers)
			o.must("ingest", "--binding", "dpmptsp.izin0", o.file(0, 9_000, 9_100))
		}, []string{"topik dihapus dan dibuat lagi", "the topic was deleted and made again"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, onKafka(brokers, 1), 1)
			o.t = t
			o.deliver(0, 1, 2000)
			o.must("land", "--once")
			o.deliver(0, 2000, 4000)
			c.cut(o)
			for range 2 { // at each pass, not only at the first
				r := o.run("land", "--once")
				if r.code == 0 {
					t.Errorf("exit code 0: what is not there was passed over\n%s", r.stdout)
				}
				for _, want := range c.says {
					if !strings.Contains(r.stderr, want) {
						t.Errorf("it does not say %q:\n%s", want, r.stderr)
					}
				}
			}
		})
	}
}

// removeBefore removes the messages before an offset from the first partition, as retention does.
func (o *office) removeBefore(brokers []string, offset int64) {
	o.t.Helper()
	name := o.topicOf()
	_, err := admin(brokers).IncrementalAlterConfigs(o.t.Context(), &kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: name,
		Configs: []kafka.IncrementalAlterConfigsRequestConfig{
			{Name: "segment.bytes", Value: "1048576", ConfigOperation: kafka.ConfigOperationSet},
			{Name: "retention.ms", Value: "1", ConfigOperation: kafka.ConfigOperationSet},
			{Name: "segment.ms", Value: "1", ConfigOperation: kafka.ConfigOperationSet},
		},
	}}})
	if err != nil {
		o.t.Fatal(err)
	}
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(200 * time.Millisecond) {
		r, err := admin(brokers).ListOffsets(o.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{name: {kafka.FirstOffsetOf(0)}}})
		if err == nil && r.Topics[name][0].FirstOffset >= offset {
			return
		}
	}
	o.t.Fatal("retention removed nothing")
}

// deleteTopic deletes the topic and waits until the brokers have forgotten it.
func (o *office) deleteTopic(brokers []string) {
	o.t.Helper()
	name := o.topicOf()
	if _, err := admin(brokers).DeleteTopics(o.t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{name}}); err != nil {
		o.t.Fatal(err)
	}
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(200 * time.Millisecond) {
		m, err := admin(brokers).Metadata(context.Background(), &kafka.MetadataRequest{})
		if err == nil && !strings.Contains(fmt.Sprint(m.Topics), name) {
			return
		}
	}
	o.t.Fatal("the topic is still there")
}

// TestRefused gives wrong credentials, speaks TLS to those who do not, and the reverse: each is told
// at once, in both languages, with exit code 6.
func TestRefused(t *testing.T) {
	certs, strangers := kafkatest.Certs(t), kafkatest.Certs(t)
	c := kafkatest.Start(t, kafkatest.Options{Secure: true, Certs: certs})
	ca := "{ca: " + filepath.Join(certs, "ca.pem") + "}"
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	user := func(password string) string {
		return fmt.Sprintf("{mechanism: scram-sha-512, user: %s, password: %q}", kafkatest.Username, password)
	}
	for _, tt := range []struct {
		name    string
		brokers []string
		more    string // settings of log.kafka
		code    int
		says    []string
	}{
		{"right", c.SASLTLS, "tls: " + ca + ", sasl: " + user(kafkatest.Password), 0, nil},
		{"wrong password", c.SASLTLS, "tls: " + ca + ", sasl: " + user("salah"), noAccess, []string{"sandi atau mekanisme salah", "see log.kafka.sasl"}},
		{"no credentials", c.SASL, "waitFor: 1m", noAccess, []string{"isi log.kafka.sasl", "set log.kafka.sasl"}},
		{"plain to TLS", c.SASLTLS, "sasl: " + user(kafkatest.Password), noAccess, []string{"isi log.kafka.tls", "set log.kafka.tls"}},
		{"TLS to plain", c.Brokers, "tls: " + ca, noAccess, []string{"kosongkan log.kafka.tls", "clear log.kafka.tls"}},
		{"wrong CA", c.SASLTLS, "tls: {ca: " + filepath.Join(strangers, "ca.pem") + "}, sasl: " + user(kafkatest.Password), noAccess, []string{"periksa log.kafka.tls.ca", "see log.kafka.tls.ca"}},
		{"nobody there", []string{nobody.Addr().String()}, "waitFor: 1s", noAccess, []string{"periksa apakah broker berjalan", "whether the brokers run"}},
		{"no address", []string{`"kafka1"`}, "waitFor: 1s", wrongUse, []string{"bukan host:port", "is not host:port"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := strings.Replace(onKafka(tt.brokers, 1), "sessionTimeout: 6s", "sessionTimeout: 6s, "+tt.more, 1)
			o := newOffice(t, config, 1)
			for _, command := range [][]string{{"ingest", "--binding", "dpmptsp.izin0", o.file(0, 0, 100)}, {"land", "--once"}, {"land"}} {
				if len(command) == 1 && tt.code == 0 {
					continue // it would run on
				}
				begun := time.Now()
				r := o.run(command...)
				if r.code != tt.code {
					t.Errorf("%v: exit code %d, want %d\n%s", command, r.code, tt.code, r.stderr)
				}
				for _, want := range tt.says {
					if !strings.Contains(r.stderr, want) {
						t.Errorf("%v does not say %q:\n%s", command, want, r.stderr)
					}
				}
				t.Logf("%s: %v", strconv.Quote(strings.TrimSpace(r.stderr[max(0, len(r.stderr)-300):])), time.Since(begun).Round(time.Millisecond))
			}
			if tt.code == 0 {
				o.check()
			}
		})
	}
}
