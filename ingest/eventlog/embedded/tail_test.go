package embedded_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/eventlog/logtest"
)

// TestTailConformance: a log that keeps its newest records in memory is a log like any other.
func TestTailConformance(t *testing.T) {
	for _, most := range []int{1 << 10, 1 << 20} {
		logtest.Run(t, logtest.Harness{
			New: func(t *testing.T) func() eventlog.Log {
				dir := t.TempDir()
				return func() eventlog.Log {
					return open(t, dir, embedded.Options{Partitions: logtest.Partitions, TailBytes: most})
				}
			},
			TooLarge: 65 << 20,
		})
	}
}

// TestTailIsWhatTheDiskHolds reads records from memory as far as they are there, and all of them from
// disk, after the memory that they were appended from was used for something else.
func TestTailIsWhatTheDiskHolds(t *testing.T) {
	for _, most := range []int{1, 20 << 10, 1 << 20} {
		dir := t.TempDir()
		zone := time.FixedZone("WIB", 7*3600)
		l := open(t, dir, embedded.Options{TailBytes: most, Now: func() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 123, zone) }})
		for i := range 30 {
			m := event.Message{Key: "k", Value: noise(i*i*5, i)}
			switch i % 3 {
			case 0:
				m.Headers = []event.Header{{Key: "a", Value: fmt.Append(nil, i)}, {Key: "empty"}}
			case 1:
				m.Headers = []event.Header{}
			}
			if _, err := l.Append(t.Context(), "t", m); err != nil {
				t.Fatal(err)
			}
			clear(m.Value)
			for _, h := range m.Headers {
				clear(h.Value)
			}
		}
		first, again := readAll(t, l, 5000), readAll(t, l, 5000) // the second time nothing is left in memory
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		disk := readAll(t, open(t, dir, embedded.Options{}), 5000)
		if diff := cmp.Diff(disk, first); diff != "" || len(disk) == 0 {
			t.Errorf("with %d bytes in memory (-disk +memory):\n%s", most, diff)
		}
		if diff := cmp.Diff(disk, again); diff != "" {
			t.Errorf("with %d bytes in memory, read again (-disk +read):\n%s", most, diff)
		}
	}
}

// readAll reads topic t in pieces, which come out the same wherever they are read from.
func readAll(t *testing.T, l *embedded.Log, maxBytes int) (pieces [][]eventlog.Record) {
	t.Helper()
	for from := int64(0); ; {
		records, err := l.Read(t.Context(), "t", 0, from, maxBytes)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return pieces
		}
		pieces = append(pieces, records)
		from += int64(len(records))
	}
}
