package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/segmentio/kafka-go"

	"satudata/ingest/eventlog"
)

// Names of topic settings.
const (
	maxMessageBytes = "max.message.bytes"
	flushMessages   = "flush.messages"
)

// Create implements [eventlog.Creator].
func (l *Log) Create(ctx context.Context, topic string, partitions int) error {
	if err := l.enter(ctx); err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	defer l.calls.Done()
	if err := eventlog.CheckTopic(topic); err != nil {
		return err
	}
	_, err := l.partitions(ctx, topic)
	if errors.Is(err, eventlog.ErrNoTopic) {
		if err = l.create(ctx, topic, partitions); err == nil {
			_, err = l.awaitTopic(ctx, topic)
		}
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// create asks for a topic. It is not an error when it exists already.
func (l *Log) create(ctx context.Context, topic string, partitions int) error {
	config, err := l.topicConfig(ctx, topic, partitions)
	if err != nil {
		return err
	}
	err = l.createAs(ctx, config)
	if errors.Is(err, kafka.InvalidConfiguration) || errors.Is(err, kafka.PolicyViolation) {
		// Hosted clusters decide themselves when they sync and do not let us ask.
		l.o.Logger.Warn("kafka does not take the setting, creating the topic without it", "topic", config.Topic, "setting", flushMessages, "err", err)
		kept := config.ConfigEntries[:0]
		for _, e := range config.ConfigEntries {
			if e.ConfigName != flushMessages {
				kept = append(kept, e)
			}
		}
		config.ConfigEntries = kept
		err = l.createAs(ctx, config)
	}
	if err == nil {
		l.o.Logger.Info("topic created", "topic", config.Topic, "partitions", config.NumPartitions, "replicas", config.ReplicationFactor)
	}
	return err
}

func (l *Log) createAs(ctx context.Context, config kafka.TopicConfig) error {
	return l.retry(ctx, func(ctx context.Context) error {
		r, err := l.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{config}})
		if err != nil {
			return err
		}
		if err := r.Errors[config.Topic]; !errors.Is(err, kafka.TopicAlreadyExists) {
			return err
		}
		return nil
	})
}

// topicConfig returns the settings of a new topic; the package comment explains them.
func (l *Log) topicConfig(ctx context.Context, topic string, partitions int) (kafka.TopicConfig, error) {
	replicas := l.o.ReplicationFactor
	if replicas <= 0 {
		err := l.retry(ctx, func(ctx context.Context) error {
			cluster, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}})
			if err == nil && len(cluster.Brokers) == 0 {
				err = kafka.BrokerNotAvailable
			}
			if err == nil {
				replicas = min(3, len(cluster.Brokers))
			}
			return err
		})
		if err != nil {
			return kafka.TopicConfig{}, err
		}
	}
	retention := max(l.o.Retention.Milliseconds(), 0)
	if topic == eventlog.CatalogTopic {
		partitions, retention = 1, 0
	}
	if retention == 0 {
		retention = -1 // for ever
	}
	c := kafka.TopicConfig{Topic: l.fullName(topic), NumPartitions: partitions, ReplicationFactor: replicas}
	set := func(name, value string) {
		c.ConfigEntries = append(c.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	set("cleanup.policy", "delete")
	set("message.timestamp.type", "LogAppendTime")
	set("retention.ms", strconv.FormatInt(retention, 10))
	set("retention.bytes", "-1")
	set(maxMessageBytes, strconv.Itoa(l.o.MaxMessage))
	if replicas >= 3 {
		set("min.insync.replicas", strconv.Itoa(replicas-1))
	} else {
		set(flushMessages, "1")
	}
	return c, nil
}

// awaitTopic waits until the brokers that were told to make a topic know it.
func (l *Log) awaitTopic(ctx context.Context, topic string) (n int, err error) {
	err = l.retry(ctx, func(ctx context.Context) error {
		n, err = l.partitions(ctx, topic)
		if errors.Is(err, eventlog.ErrNoTopic) {
			return kafka.UnknownTopicOrPartition // for the moment
		}
		return err
	})
	return n, err
}
