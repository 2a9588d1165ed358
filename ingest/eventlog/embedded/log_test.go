package embedded_test

import (
	"testing"

	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/eventlog/logtest"
)

func open(t testing.TB, dir string, o embedded.Options) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestConformance(t *testing.T) {
	logtest.Run(t, logtest.Harness{
		New: func(t *testing.T) func() eventlog.Log {
			dir := t.TempDir()
			return func() eventlog.Log { return open(t, dir, embedded.Options{Partitions: logtest.Partitions}) }
		},
		TooLarge: 65 << 20,
	})
}
