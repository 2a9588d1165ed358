package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"satudata/ingest/eventlog"
)

// probeFor is how long a broker may take to show how it wants to be spoken to.
const probeFor = 2 * time.Second

// mismatch looks for the reason of a connection that brokers close, or never answer, without a word:
// they want TLS and we do not speak it, or the reverse, or they want to know who we are. It asks the
// brokers in other ways, because waiting mends none of these. It returns nil when it finds none, and
// when the brokers took us before: then they only restart.
func (l *Log) mismatch(ctx context.Context, err error) error {
	if l.opened.Load() {
		return nil
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errAnswer) &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		return nil
	}
	for _, broker := range l.o.Brokers {
		why := ""
		switch {
		case l.tls == nil && speaksTLS(ctx, broker):
			why = "broker %s memakai TLS, kita tidak: isi log.kafka.tls (it speaks TLS and we do not: set log.kafka.tls)"
		case l.tls != nil && answers(ctx, broker, &apiversions.Request{}):
			why = "broker %s tidak memakai TLS, kita memakainya: kosongkan log.kafka.tls atau pakai port lain (it speaks no TLS and we do: clear log.kafka.tls, or use another port)"
		case l.tls == nil && l.sasl == nil && answers(ctx, broker, &apiversions.Request{}) &&
			!answers(ctx, broker, &metadata.Request{TopicNames: []string{}}) && answers(ctx, broker, &apiversions.Request{}):
			why = "broker %s menutup koneksi tanpa SASL: isi log.kafka.sasl (it closes connections without SASL: set log.kafka.sasl)"
		default:
			continue
		}
		return fmt.Errorf("%w: "+why, eventlog.ErrAccess, broker)
	}
	return nil
}

// speaksTLS says whether a handshake with a broker gets so far that the broker shows its certificate.
func speaksTLS(ctx context.Context, broker string) bool {
	conn := probe(ctx, broker)
	if conn == nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // nothing was to be kept
	shown := false
	c := tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // nothing is said on this connection but hello
		VerifyConnection:   func(tls.ConnectionState) error { shown = true; return nil },
	})
	_ = c.HandshakeContext(ctx)
	return shown
}

// answers says whether a broker answers a request that is sent without TLS.
func answers(ctx context.Context, broker string, request protocol.Message) bool {
	conn := probe(ctx, broker)
	if conn == nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // nothing was to be kept
	pc := protocol.NewConn(conn, "satudata")
	pc.SetVersions(map[protocol.ApiKey]int16{protocol.ApiVersions: 0, protocol.Metadata: 1})
	_, err := pc.RoundTrip(request)
	return err == nil
}

// probe connects to a broker for a short time. It is nil when nobody is there.
func probe(ctx context.Context, broker string) net.Conn {
	conn, err := (&net.Dialer{Timeout: probeFor}).DialContext(ctx, "tcp", broker)
	if err != nil || conn.SetDeadline(time.Now().Add(probeFor)) != nil {
		return nil
	}
	return conn
}
