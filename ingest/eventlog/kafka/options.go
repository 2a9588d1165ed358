package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"satudata/ingest/eventlog"
)

// ErrOptions says that the settings cannot be right, whatever the brokers are.
var ErrOptions = errors.New("settings of kafka are wrong")

// Options are the settings of a log. Brokers must be given; the zero value of the others works.
type Options struct {
	Brokers  []string // "host:port" of some brokers, the others are found
	Prefix   string   // topics are named "<Prefix>.<topic>"; "satudata" when not given
	ClientID string   // how the brokers name us in their logs and quotas; "satudata" when not given
	TLS      TLS
	SASL     SASL

	// These apply to topics that this log creates.

	Partitions        int           // 6 when not given
	ReplicationFactor int           // when not given 3, or as many as there are brokers
	Retention         time.Duration // how long messages are kept; for ever when not positive
	MaxMessage        int           // bytes of the largest message; 16 MiB when not given

	Compression string        // of what is sent: "zstd" (when not given) or "none"
	RetryFor    time.Duration // how long a call tries again while brokers restart or move; 45 s when not given
	// SessionTimeout is how long a worker may be silent before its partitions go to others; the
	// brokers have limits for it. 10 s when not given.
	SessionTimeout time.Duration

	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger     // discards when nil
}

// TLS says how connections are encrypted. The zero value is no TLS.
type TLS struct {
	Enabled    bool   // implied by the others
	CAFile     string // PEM of who signs the brokers' certificates; the system's when empty
	CertFile   string // PEM of our certificate, where brokers want one
	KeyFile    string // PEM of its key
	ServerName string // name in the brokers' certificates, when it is not their address
}

// SASL says how we authenticate. The zero value is not at all.
type SASL struct {
	Mechanism string // "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
	Username  string
	Password  string
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "satudata"
	}
	if o.ClientID == "" {
		o.ClientID = "satudata"
	}
	if o.Partitions <= 0 {
		o.Partitions = 6
	}
	if o.MaxMessage <= 0 {
		o.MaxMessage = 16 << 20
	}
	if o.RetryFor <= 0 {
		o.RetryFor = 45 * time.Second
	}
	if o.SessionTimeout <= 0 {
		o.SessionTimeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// check says what is wrong with the settings that need no broker to tell.
func (o Options) check() error {
	if len(o.Brokers) == 0 {
		return errors.New("no brokers are given")
	}
	for _, b := range o.Brokers { // kafka-go takes a comma for the end of an address, and panics
		host, port, err := net.SplitHostPort(b)
		if n, bad := strconv.Atoi(port); err != nil || host == "" || strings.ContainsAny(host, ", \"'") || bad != nil || n < 1 || n > 65535 {
			return fmt.Errorf("broker %q bukan host:port, misalnya kafka1:9092; satu broker satu unsur dalam daftar (is not host:port; each broker is an element of the list)", b)
		}
	}
	if err := eventlog.CheckTopic(o.Prefix); err != nil {
		return fmt.Errorf("prefix: %w", err)
	}
	if len(o.Prefix) > maxPrefix {
		return fmt.Errorf("prefix %q is longer than %d characters", o.Prefix, maxPrefix)
	}
	return nil
}

// maxPrefix is what Kafka's 249 characters leave beside the longest topic name and a dot.
const maxPrefix = 48

func (o Options) compression() (compress.Compression, error) {
	switch o.Compression {
	case "", "zstd":
		return compress.Zstd, nil
	case "none":
		return compress.None, nil
	}
	return compress.None, fmt.Errorf("compression %q is neither zstd nor none", o.Compression)
}

// config returns the TLS settings for connections, nil for none.
func (t TLS) config() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read CA certificate: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read CA certificate: %s holds no certificate in PEM", t.CAFile)
		}
	}
	if t.CertFile != "" || t.KeyFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

// mechanism returns how connections authenticate, nil for not at all.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch strings.ToUpper(s.Mechanism) {
	case "":
		if s != (SASL{}) {
			return nil, errors.New("a user name or password is given without a SASL mechanism")
		}
		return nil, nil
	case "PLAIN":
		return plain.Mechanism{Username: s.Username, Password: s.Password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.Username, s.Password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.Username, s.Password)
	}
	return nil, fmt.Errorf("SASL mechanism %q is not PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
}
