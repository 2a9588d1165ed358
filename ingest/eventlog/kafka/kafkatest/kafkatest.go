// Package kafkatest gives tests a real Apache Kafka, brought up by deploy/kafka/kafka.sh on loopback
// in a temporary folder.
//
// A package whose tests use [Shared] hands its TestMain over:
//
//	func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }
package kafkatest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Environment that decides where the Kafka of a test comes from.
const (
	brokersEnv = "SATUDATA_TEST_KAFKA"   // "host:port,…": a cluster that is there, for Shared
	requireEnv = "SATUDATA_TEST_REQUIRE" // "all": a test that cannot have its Kafka fails
)

// Options say what cluster to start.
type Options struct {
	Brokers int    // 1 or 3; 1 when not given
	Secure  bool   // listen with SASL too, see [Username]
	Certs   string // folder with broker.pem and ca.pem: listen with TLS too, and with TLS and SASL when Secure
}

// Username and Password are what secure listeners accept, by PLAIN and by SCRAM.
const (
	Username = "satudata"
	Password = "rahasia"
)

// Cluster is a running Kafka.
type Cluster struct {
	Brokers []string // without encryption and authentication
	SASL    []string // SASL without TLS
	TLS     []string // TLS that wants a client certificate
	SASLTLS []string // both, without a client certificate

	dir string
}

// Start starts a cluster for one test, which ends it. The test is skipped when there is no Java or
// Maven here, with a word on what to install; when everything is required it fails.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	unless(t)
	c, err := start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

// shared is the cluster of this process, ended by Main.
var shared struct {
	sync.Once
	*Cluster
	err error
}

// Shared returns a cluster of one broker that the tests of this process share, or the one that
// SATUDATA_TEST_KAFKA names. Tests keep apart by topic prefix. It is skipped as [Start] is.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	if brokers := os.Getenv(brokersEnv); brokers != "" {
		return &Cluster{Brokers: strings.Split(brokers, ",")}
	}
	unless(t)
	shared.Do(func() { shared.Cluster, shared.err = start(Options{}) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Cluster
}

// Main runs the tests and then ends the cluster that they shared. It returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.Cluster != nil {
		shared.stop()
	}
	return code
}

// unless skips or fails a test that cannot have a Kafka here.
func unless(t testing.TB) {
	t.Helper()
	missing := ""
	switch {
	case testing.Short():
		missing = "-short leaves it out"
	case lookPath("java") != nil:
		missing = "java is not installed (Debian: apt-get install default-jre-headless)"
	case lookPath("mvn") != nil && exec.Command(mustScript(t), "fetch").Run() != nil:
		missing = "mvn is not installed (Debian: apt-get install maven)"
	default:
		return
	}
	if os.Getenv(requireEnv) == "all" {
		t.Fatalf("no real Kafka: %s; %s=all does not allow to skip this", missing, requireEnv)
	}
	t.Skipf("SKIPPED, NOT TESTED ON A REAL KAFKA: %s", missing)
}

func lookPath(name string) error {
	_, err := exec.LookPath(name)
	return err
}

func mustScript(t testing.TB) string {
	t.Helper()
	path, err := script()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// script finds kafka.sh from the folder of the test that runs.
func script() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "deploy", "kafka", "kafka.sh")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("deploy/kafka/kafka.sh is not above the test's folder")
}

func start(o Options) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "satudata-kafka-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	// Should this process be killed, the script ends the brokers all the same.
	env := []string{"KAFKA_WATCH=" + strconv.Itoa(os.Getpid()), "KAFKA_PASSWORD=" + Password, "KAFKA_CERTS=" + o.Certs}
	if o.Secure {
		env = append(env, "KAFKA_SECURE=1")
	}
	if err := c.run(env, "up", strconv.Itoa(max(o.Brokers, 1)), dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for name, list := range map[string]*[]string{"": &c.Brokers, ".sasl": &c.SASL, ".tls": &c.TLS, ".sasl_tls": &c.SASLTLS} {
		b, err := os.ReadFile(filepath.Join(dir, "bootstrap"+name))
		if err == nil {
			*list = strings.Split(strings.TrimSpace(string(b)), ",")
		}
	}
	return c, nil
}

// run runs the script. Its output goes to a file: brokers keep what they inherit open.
func (c *Cluster) run(env []string, args ...string) error {
	path, err := script()
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(c.dir, "kafka.sh.log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	if err := errors.Join(err, out.Close()); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("kafka.sh %s: %w\n%s", args[0], err, said)
	}
	return nil
}

// Kill ends broker i, counted from 1, at once.
func (c *Cluster) Kill(t testing.TB, i int) {
	t.Helper()
	if err := c.run(nil, "kill", c.dir, strconv.Itoa(i)); err != nil {
		t.Fatal(err)
	}
}

// Revive starts broker i again and waits until it takes requests.
func (c *Cluster) Revive(t testing.TB, i int) {
	t.Helper()
	if err := c.run(nil, "start", c.dir, strconv.Itoa(i)); err != nil {
		t.Fatal(err)
	}
}

// Data returns the folder of broker i's partitions, one folder each.
func (c *Cluster) Data(i int) string {
	return filepath.Join(c.dir, "broker-"+strconv.Itoa(i), "data")
}

// stop ends all brokers without ceremony: nobody reads their data again.
func (c *Cluster) stop() {
	for i := 1; i <= len(c.Brokers); i++ {
		if err := c.run(nil, "kill", c.dir, strconv.Itoa(i)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if err := os.RemoveAll(c.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
