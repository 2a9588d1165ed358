package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"satudata/ingest/eventlog"
)

// Waits between attempts grow from the first to the last.
const (
	firstWait = 50 * time.Millisecond
	lastWait  = 2 * time.Second
)

// retry calls f until it succeeds, fails for good, or Options.RetryFor is over. The error is that of
// ctx, one of package eventlog, or what Kafka said.
func (l *Log) retry(ctx context.Context, f func(context.Context) error) error {
	start := time.Now()
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err = l.cause(ctx, err)
		if final := verdict(err); final != nil {
			return final
		}
		tried := time.Since(start)
		if tried+wait > l.o.RetryFor {
			return fmt.Errorf("kafka did not recover within %v: %w%s", tried.Round(time.Millisecond), err, hint(err))
		}
		l.o.Logger.Warn("kafka call failed, trying again", "err", err, "in", wait)
		// New connections learn where leaders are now; the old ones would remember for seconds.
		l.transport.CloseIdleConnections()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// cause looks behind an error that only says that nothing is known of a topic: kafka-go answers so
// too when it has reached no broker.
func (l *Log) cause(ctx context.Context, err error) error {
	if !errors.Is(err, protocol.ErrNoTopic) {
		return err
	}
	if _, behind := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}}); behind != nil {
		return behind
	}
	return err
}

// verdict returns the error to give to the caller when err will not pass by itself, else nil.
func verdict(err error) error {
	for _, own := range []error{eventlog.ErrNoTopic, eventlog.ErrExpired, eventlog.ErrTooLarge, eventlog.ErrCorrupt, eventlog.ErrAccess, eventlog.ErrClosed} {
		if errors.Is(err, own) {
			return err
		}
	}
	if refused(err) {
		return fmt.Errorf("%w: %w", eventlog.ErrAccess, err)
	}
	var code kafka.Error
	if !errors.As(err, &code) {
		return nil // the network, or an answer that kafka-go could not read
	}
	switch code {
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return fmt.Errorf("%w: %w", eventlog.ErrTooLarge, err)
	case kafka.Unknown, kafka.BrokerNotAvailable, kafka.ReplicaNotAvailable, kafka.StaleControllerEpoch, kafka.UnknownTopicOrPartition:
		return nil
	}
	if code.Temporary() {
		return nil
	}
	return err
}

// refused says whether brokers refuse us, or we them.
func refused(err error) bool {
	var code kafka.Error
	if errors.As(err, &code) {
		switch code {
		case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
			kafka.BrokerAuthorizationFailed, kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism,
			kafka.IllegalSASLState, kafka.SecurityDisabled, kafka.UnacceptableCredential, kafka.PrincipalDeserializationFailure:
			return true
		}
		return false
	}
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		authority    x509.UnknownAuthorityError
		host         x509.HostnameError
		invalid      x509.CertificateInvalidError
		alert        *net.OpError
	)
	if errors.As(err, &alert) && alert.Op == "remote error" { // how crypto/tls reports the broker's alert
		return true
	}
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &authority) ||
		errors.As(err, &host) || errors.As(err, &invalid)
}

// hint explains what brokers do not: they only close the connection.
func hint(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return " (broker menutup koneksi; mungkin ia memerlukan TLS atau SASL, atau sebaliknya" +
			"; the broker closes the connection: it may want TLS or SASL, or want none)"
	}
	return ""
}
