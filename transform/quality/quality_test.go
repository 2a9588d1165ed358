package quality

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
)

func TestReasonJSON(t *testing.T) {
	r := Reason{Field: "jumlah", Rule: RuleType, Value: "x", Say: event.Sentence{ID: "bukan angka", EN: "not a number"}}
	got, err := json.Marshal([]Reason{r})
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"kolom":"jumlah","aturan":"tipe","nilai":"x","pesan":"bukan angka","pesan_en":"not a number"}]`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var back []Reason
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Reason{r}, back); diff != "" {
		t.Error(diff)
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{"", ""},
		{"a\nb\tc", "a b c"},
		{"a\xffb", "a\uFFFDb"},
		{"a\u2028b\u0085", "a b "},
		{strings.Repeat("é", 80), strings.Repeat("é", 80)},
		{strings.Repeat("é", 81), strings.Repeat("é", 80) + "…"},
	} {
		if got := Excerpt([]byte(c.given)); got != c.want {
			t.Errorf("Excerpt(%q) = %q, want %q", c.given, got, c.want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	v := NewVerdicts(4)
	a, b := Reason{Field: "a", Rule: RuleType}, Reason{Field: "b", Rule: RuleRange}
	v.Add(1, a)
	v.PutAside(2)
	v.Add(3, b)
	v.Add(1, b)
	v.Add(2, a)   // of what is set aside nothing is said
	v.PutAside(3) // what is rejected stays rejected
	if v.Len() != 4 || v.Accepted() != 1 || v.Rejected() != 2 || v.SetAside() != 1 {
		t.Errorf("%d: %d accepted, %d rejected, %d set aside", v.Len(), v.Accepted(), v.Rejected(), v.SetAside())
	}
	for obs, want := range [][]Reason{nil, {a, b}, nil, {b}} {
		if diff := cmp.Diff(want, v.Reasons(obs)); diff != "" {
			t.Errorf("observation %d: %s", obs, diff)
		}
		if v.IsAccepted(obs) != (obs == 0) || v.IsRejected(obs) != (obs%2 == 1) || v.IsAside(obs) != (obs == 2) {
			t.Errorf("observation %d has the wrong fate", obs)
		}
	}
	if !v.explained(1, "a") || !v.explained(1, "b") || v.explained(3, "a") || v.explained(0, "a") {
		t.Error("explained is wrong")
	}
	v.Add(3, Reason{Rule: RuleStructure})
	if !v.explained(3, "a") {
		t.Error("a record that cannot be taken apart explains every missing value")
	}
	for _, n := range []int{2, 8} {
		v.Reset(n)
		if v.Len() != n || v.Accepted() != n || v.Reasons(1) != nil {
			t.Errorf("after Reset(%d): %d observations, %d accepted, %v", n, v.Len(), v.Accepted(), v.Reasons(1))
		}
	}
}
