package eventlog_test

import (
	"testing"

	"satudata/ingest/eventlog"
)

func TestPartitionOf(t *testing.T) {
	// Fixed for ever: these decide where messages are in logs that exist.
	for key, want := range map[string]int{"": 5, "/opd/bpbd/banjir#0": 0, "/opd/disdik/sekolah#0": 11, "/opd/dinkes/puskesmas#0": 12} {
		if got := eventlog.PartitionOf(key, 16); got != want {
			t.Errorf("PartitionOf(%q, 16) = %d, want %d", key, got, want)
		}
	}
	for n := 1; n < 20; n++ {
		if p := eventlog.PartitionOf("k", n); p < 0 || p >= n {
			t.Errorf("PartitionOf(k, %d) = %d", n, p)
		}
	}
}
