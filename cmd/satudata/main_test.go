package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// asSatudata makes the test binary run one command line instead of the tests, so that a test can
// start, and kill, satudata as a process of its own.
const asSatudata = "SATUDATA_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asSatudata) != "" {
		os.Unsetenv(asSatudata)
		main()
	}
	os.Exit(m.Run())
}

// process prepares satudata as a process of its own, in the workspace dir.
func process(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), asSatudata+"=1")
	return cmd
}

// result is what a command line came to.
type result struct {
	code           int
	stdout, stderr string
}

// satudata runs one command line in this process.
func satudata(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// must runs one command line that has to end well, and returns what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := satudata(t, args...)
	if r.code != exitOK {
		t.Fatalf("satudata %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// ask runs a query that answers one row and decodes it.
func ask[T any](t *testing.T, dir, sql string) T {
	t.Helper()
	var rows []T
	out := must(t, "-C", dir, "query", "--format", "json", sql)
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%s\n%v in %s", sql, err, out)
	}
	if len(rows) != 1 {
		t.Fatalf("%s: %d rows, want 1", sql, len(rows))
	}
	return rows[0]
}
