package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
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
		if mismatch := l.mismatch(ctx, err); mismatch != nil {
			return mismatch
		}
		tried := time.Since(start)
		if tried+wait > l.o.RetryFor {
			return l.unreachable(tried, err)
		}
		l.o.Logger.Warn("kafka does not answer, trying again", "brokers", l.o.Brokers, "for", tried.Round(time.Second), "at most", l.o.RetryFor, "error", err)
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
	for _, own := range []error{eventlog.ErrNoTopic, eventlog.ErrExpired, eventlog.ErrTooLarge, eventlog.ErrCorrupt, eventlog.ErrAccess, eventlog.ErrClosed, eventlog.ErrUnreachable} {
		if errors.Is(err, own) {
			return err
		}
	}
	if refused(err) {
		return fmt.Errorf("%w: %w%s", eventlog.ErrAccess, err, remedy(err))
	}
	var code kafka.Error
	if !errors.As(err, &code) {
		return nil // the network, or an answer that kafka-go could not read
	}
	switch code {
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return fmt.Errorf("%w: %w%s", eventlog.ErrTooLarge, err, tooLarge)
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

// unreachable is the error of a call that has waited long enough.
func (l *Log) unreachable(tried time.Duration, err error) error {
	took := tried.Round(100 * time.Millisecond)
	return fmt.Errorf("%w: Kafka di %s tidak pulih dalam %v; periksa apakah broker berjalan dan log.kafka.brokers benar"+
		" (did not recover within %v: see whether the brokers run and log.kafka.brokers is right): %w",
		eventlog.ErrUnreachable, strings.Join(l.o.Brokers, ","), took, took, err)
}

// tooLarge says what to do about a message that a topic does not take.
const tooLarge = "; perbesar max.message.bytes pada topik itu, atau perkecil log.chunkBytes di satudata.yaml" +
	" (raise max.message.bytes of the topic, or lower log.chunkBytes in satudata.yaml)"

// remedy says what to do when brokers refuse us, or we them.
func remedy(err error) string {
	var code kafka.Error
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.As(err, &authority):
		return "; sertifikat broker tidak ditandatangani oleh yang kita percaya: periksa log.kafka.tls.ca (the brokers' certificate is signed by none we trust: see log.kafka.tls.ca)"
	case errors.As(err, &host):
		return "; sertifikat broker untuk nama lain: periksa log.kafka.tls.serverName (the brokers' certificate is for another name: see log.kafka.tls.serverName)"
	case !errors.As(err, &code):
		return "; TLS tidak terjalin: periksa log.kafka.tls (TLS is not established: see log.kafka.tls)"
	case code == kafka.TopicAuthorizationFailed, code == kafka.GroupAuthorizationFailed, code == kafka.ClusterAuthorizationFailed:
		return "; pengguna ini tidak diberi izin di Kafka: minta ACL untuknya (this user lacks the permission in Kafka: ask for an ACL)"
	}
	return "; pengguna, sandi atau mekanisme salah: periksa log.kafka.sasl (wrong user, password or mechanism: see log.kafka.sasl)"
}
