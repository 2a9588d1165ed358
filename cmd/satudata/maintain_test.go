package main

import (
	"encoding/json"
	"strings"
	"testing"

	"satudata/transform/lake"
)

// TestMaintainCommand maintains the bundled sample: what queries and verify say of it stays the same.
func TestMaintainCommand(t *testing.T) {
	dir := sampleDir(t)
	before := tallies(t, dir)
	out := must(t, "-C", dir, "maintain")
	for _, dataset := range []string{"kesehatan.kasus_dbd", "spbe.indeks"} {
		if !strings.Contains(out, dataset+":") {
			t.Errorf("maintain does not speak of %s:\n%s", dataset, out)
		}
	}
	if len(before) != len(tallies(t, dir)) {
		t.Error("deliveries are others than before")
	}
	must(t, "-C", dir, "verify")
	var again map[string]lake.Maintenance
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "maintain", "--json", "spbe.indeks")), &again); err != nil {
		t.Fatal(err)
	}
	if m, ok := again["spbe.indeks"]; !ok || m.Compacted > 0 || m.Expired > 0 {
		t.Errorf("maintained again: %+v, want nothing to do", again)
	}
	if r := satudata(t, "-C", dir, "maintain", "tidak.ada"); r.code == exitOK || !strings.Contains(r.stderr, "tidak.ada") {
		t.Errorf("a dataset that is not there: exit code %d, %s", r.code, r.stderr)
	}
}
