package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"satudata/ingest/eventlog/kafka/kafkatest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "satudata-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "satudata")
	build := exec.Command("go", "build", "-o", binary, "satudata/cmd/satudata")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build satudata:", err)
		return 1
	}
	return kafkatest.Main(m)
}

// full says whether the long form is asked for.
func full() bool { return os.Getenv("SATUDATA_FAULTS") == "full" }

// beside lets the short form of a test that mostly waits run at the same time as others of its kind.
func beside(t *testing.T) {
	t.Helper()
	if !full() {
		t.Parallel()
	}
}

// times is how often to do something: in `make test`, and in `make test-faults`.
func times(short, long int) int {
	if full() {
		return long
	}
	return short
}
