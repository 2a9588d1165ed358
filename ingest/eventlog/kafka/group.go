package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"satudata/ingest/eventlog"
)

const (
	// topicPoll is how often topics that are still missing are looked for.
	topicPoll = 2 * time.Second
	// handOver is how long a worker may take to give its partitions up: a commit in flight.
	handOver = 30 * time.Second
	// leaveWithin is how long a worker that stops waits for the others in a rebalance.
	leaveWithin = 3 * time.Second
)

// Assignments shares the partitions of topics among all workers that call it with the same group,
// on this machine and others. It calls run with the partitions that are this worker's, none when
// there are more workers than partitions, and again whenever that changes: a worker came or went, or
// a topic was created. run's context ends when it must give its partitions up; it then has half a
// minute to finish. One that takes longer, or whose machine was suspended, may still work on
// partitions that another has by now: what it stores must be guarded by positions, as the lake's
// commits are. Positions are the caller's business; the group stores none.
//
// It returns nil when ctx ends, or when run returns nil although its context has not ended: this
// worker is done then, and its partitions go to the others. It returns an error of run other than
// the end of its context, and what keeps it from joining (eventlog.ErrAccess, or no broker for
// longer than Options.RetryFor).
func (l *Log) Assignments(ctx context.Context, group string, topics []string, run func(ctx context.Context, assigned map[string][]int) error) error {
	if err := l.enter(ctx); err != nil {
		return fmt.Errorf("join group %s: %w", group, err)
	}
	defer l.calls.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-l.life.Done():
			cancel(eventlog.ErrClosed)
		case <-ctx.Done():
		}
	}()
	for ctx.Err() == nil {
		have, err := l.existing(ctx, topics)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("join group %s: %w", group, err)
		}
		m := member{log: l, group: group, have: have, want: topics, run: run}
		done, err := m.join(ctx)
		if err != nil {
			return fmt.Errorf("work in group %s: %w", group, err)
		}
		if done {
			return nil
		}
	}
	if errors.Is(context.Cause(ctx), eventlog.ErrClosed) {
		return fmt.Errorf("work in group %s: %w", group, eventlog.ErrClosed)
	}
	return nil
}

// existing waits until there is one of the topics at least and returns those that there are. A
// group that joined for a topic that does not exist would create it.
func (l *Log) existing(ctx context.Context, topics []string) ([]string, error) {
	for {
		all, err := l.topics(ctx)
		if err != nil {
			return nil, err
		}
		have := slices.DeleteFunc(slices.Clone(topics), func(t string) bool { return !slices.Contains(all, t) })
		if len(have) > 0 {
			return have, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(topicPoll):
		}
	}
}

// member is this worker in a group, for as long as the topics stay the same.
type member struct {
	log        *Log
	group      string
	have, want []string
	run        func(ctx context.Context, assigned map[string][]int) error
}

// join works in the group until ctx ends, a topic is created, or run is done.
func (m *member) join(ctx context.Context) (done bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var conns connections
	g, err := kafka.NewConsumerGroup(m.config(&conns))
	if err != nil {
		cancel()
		return false, err
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		m.awaitTopic(ctx)
		cancel()
	})
	defer func() {
		cancel()
		watching.Wait()
		impatient := time.AfterFunc(leaveWithin, conns.close)
		defer impatient.Stop()
		err = errors.Join(err, g.Close())
	}()

	working := time.Now()
	for {
		gen, err := g.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return false, nil
		case err != nil && verdict(err) != nil && !stale(err):
			return false, verdict(err)
		case err != nil && time.Since(working) > m.log.o.RetryFor:
			return false, m.log.unreachable(time.Since(working), err)
		case err != nil:
			m.log.o.Logger.Warn("kafka group is not to be joined, trying again", "group", m.group, "err", err)
			continue
		}
		if done, err := m.work(ctx, gen); done || err != nil {
			return done, err
		}
		working = time.Now()
	}
}

// stale says whether joining again is the answer to an error that is final elsewhere.
func stale(err error) bool {
	return errors.Is(err, kafka.UnknownMemberId) || errors.Is(err, kafka.IllegalGeneration) ||
		errors.Is(err, kafka.RebalanceInProgress) || errors.Is(err, kafka.MemberIDRequired)
}

// work runs the worker for one generation of the group.
func (m *member) work(ctx context.Context, gen *kafka.Generation) (done bool, err error) {
	assigned := make(map[string][]int)
	for _, topic := range m.have {
		for _, a := range gen.Assignments[m.log.fullName(topic)] {
			assigned[topic] = append(assigned[topic], a.ID)
		}
		slices.Sort(assigned[topic])
	}
	m.log.o.Logger.Info("partitions assigned", "group", m.group, "generation", gen.ID, "assigned", assigned)
	ended := make(chan struct{})
	gen.Start(func(generation context.Context) { // the group waits for it before it joins again
		defer close(ended)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(generation, cancel)()
		err = m.run(ctx, assigned)
		done = err == nil && ctx.Err() == nil
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil
		}
	})
	<-ended
	return done, err
}

// awaitTopic returns when one of the topics that were missing is there, or ctx ends.
func (m *member) awaitTopic(ctx context.Context) {
	if len(m.have) == len(m.want) {
		<-ctx.Done()
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(topicPoll):
		}
		have, err := m.log.existing(ctx, m.want)
		if err == nil && len(have) > len(m.have) {
			return
		}
	}
}

func (m *member) config(conns *connections) kafka.ConsumerGroupConfig {
	o := m.log.o
	c := kafka.ConsumerGroupConfig{
		ID:      m.log.fullName(m.group),
		Brokers: o.Brokers,
		Dialer: &kafka.Dialer{
			ClientID:      o.ClientID,
			Timeout:       requestTimeout / 2,
			DialFunc:      conns.dial,
			TLS:           m.log.tls,
			SASLMechanism: m.log.sasl,
		},
		GroupBalancers:        []kafka.GroupBalancer{spread{}},
		HeartbeatInterval:     min(o.SessionTimeout/4, 3*time.Second),
		SessionTimeout:        o.SessionTimeout,
		RebalanceTimeout:      handOver,
		JoinGroupBackoff:      time.Second,
		WatchPartitionChanges: true,
	}
	for _, topic := range m.have {
		c.Topics = append(c.Topics, m.log.fullName(topic))
	}
	return c
}

// connections are those of a group, so that they can be cut: kafka-go waits in them without looking
// at a context.
type connections struct {
	mu   sync.Mutex
	open []net.Conn
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		c.mu.Lock()
		c.open = append(c.open, conn)
		c.mu.Unlock()
	}
	return conn, err
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		_ = conn.Close() // the reader that waits in it gets the error
	}
	c.open = nil
}

// spread deals all partitions of all topics out in turn. The balancers of kafka-go deal each topic
// by itself, so with topics of one partition the first worker would get them all.
type spread struct{}

// ProtocolName implements kafka.GroupBalancer.
func (spread) ProtocolName() string { return "satudata-spread" }

// UserData implements kafka.GroupBalancer.
func (spread) UserData() ([]byte, error) { return nil, nil }

// AssignGroups implements kafka.GroupBalancer.
func (spread) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	slices.SortFunc(members, func(a, b kafka.GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(partitions, func(a, b kafka.Partition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
	})
	all := make(kafka.GroupMemberAssignments)
	for _, m := range members { // also those who get nothing are told
		all[m.ID] = make(map[string][]int)
	}
	turn := 0
	for _, p := range partitions {
		for range members { // the next in turn who knows the topic: one may not have seen a new one
			m := members[turn%len(members)]
			turn++
			if slices.Contains(m.Topics, p.Topic) {
				all[m.ID][p.Topic] = append(all[m.ID][p.Topic], p.ID)
				break
			}
		}
	}
	return all
}
