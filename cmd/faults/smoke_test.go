package faults

import "testing"

// TestNothingBroken is the comparison itself, on a day without faults: it must hold, and must notice
// a row that is missing.
func TestNothingBroken(t *testing.T) {
	o := newOffice(t, "log: {kind: embedded}\n", 1)
	o.deliver(0, 1, 1001)
	o.must("land", "--once")
	o.check()

	if got := o.rows("SELECT id || ',' || pemohon || ',' || nilai FROM " + dataset + " WHERE id <> 500 AND id <> 501"); len(differences(o.sent.accepted, got)) != 1 {
		t.Errorf("a row that is missing was not noticed: %v", differences(o.sent.accepted, got))
	}
}
