package bench

import "testing"

func TestParseStat(t *testing.T) {
	got, err := parseStat("42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 9 0 100\n")
	if err != nil || got != 13 {
		t.Errorf("parseStat = %g, %v, want 13 seconds", got, err)
	}
	for _, broken := range []string{"", "42 (up) S 1", "42 (up) S 1 42 42 0 -1 4194560 100 0 0 0 x 66 0"} {
		if got, err := parseStat(broken); err == nil {
			t.Errorf("parseStat(%q) = %g, want an error", broken, got)
		}
	}
}
