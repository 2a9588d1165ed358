package quality

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func from(first int64) func(int) int64 {
	return func(obs int) int64 { return first + int64(obs) }
}

func check(tb testing.TB, k *Keys, rec arrow.RecordBatch, row func(int) int64, v *Verdicts) {
	tb.Helper()
	if err := k.Check(rec, row, v); err != nil {
		tb.Fatal(err)
	}
}

func TestKeys(t *testing.T) {
	p := plan(t)
	p.Key = []int{5, 0} // s, a
	rec := batch(t, testRow{"s": "x", "a": 1}, testRow{"s": "x", "a": 2}, testRow{"s": "x", "a": 1}, testRow{"s": "y"}, testRow{"s": "y"}, testRow{"s": "x", "a": 2})
	v := NewVerdicts(6)
	v.Add(1, Reason{Field: "x", Rule: RuleType}) // rejected: does not hold its key
	v.PutAside(3)
	k := NewKeys(p)
	check(t, k, rec, from(10), v)
	for obs, want := range []string{"", "tipe", "baris 10 kiriman ini", "", "", ""} {
		got := fmt.Sprint(v.Reasons(obs))
		if want == "" && v.Reasons(obs) != nil || !strings.Contains(got, want) {
			t.Errorf("observation %d: got %s, want …%s…", obs, got, want)
		}
	}
	if r := v.Reasons(2)[0]; r.Field != "s, a" || r.Rule != RuleKey || r.Value != "x, 1" {
		t.Errorf("got %+v", r)
	}
	if k.Len() != 3 {
		t.Errorf("%d keys, want 3", k.Len())
	}
}

// After a restart the keys are read back from the table; verdicts are as if nothing had happened.
func TestKeysLoad(t *testing.T) {
	p := plan(t)
	p.Key = []int{5, 7, 2, 9}
	rows := []testRow{{"s": "a", "t": 5, "d": "1.50", "w": int64(7)}, {"s": "a", "t": 5, "d": "1.50", "w": int64(8)}, {"s": "ab", "d": "1.50"}}
	rec := batch(t, rows...)
	rowNumbers := array.NewInt64Builder(memory.NewGoAllocator())
	defer rowNumbers.Release()
	rowNumbers.AppendValues([]int64{3, 4, 5}, nil)
	numbers := rowNumbers.NewInt64Array()
	defer numbers.Release()
	k := NewKeys(p)
	cols := []arrow.Array{rec.Column(5), rec.Column(7), rec.Column(2), rec.Column(9)}
	if err := k.Load(cols, numbers); err != nil {
		t.Fatal(err)
	}
	if err := k.Load(cols[:1], numbers); err == nil {
		t.Error("too few columns are accepted")
	}
	v := NewVerdicts(3)
	check(t, k, rec, from(100), v)
	for obs, want := range []string{"baris 3", "baris 4", "baris 5"} {
		if got := fmt.Sprint(v.Reasons(obs)); !strings.Contains(got, want) {
			t.Errorf("observation %d: got %s, want %s", obs, got, want)
		}
	}
}

func TestKeysWithoutKey(t *testing.T) {
	v := NewVerdicts(2)
	check(t, NewKeys(plan(t)), batch(t, testRow{"a": 1}, testRow{"a": 1}), from(1), v)
	if v.Rejected() > 0 {
		t.Error("a plan without a key has duplicates")
	}
}

// Many keys, over all growing, none lost and none invented.
func TestKeysMany(t *testing.T) {
	p := plan(t)
	p.Key = []int{0}
	k := NewKeys(p)
	const n = 200_000
	numbers := func(first int) arrow.RecordBatch {
		rows := make([]testRow, 1000)
		for i := range rows {
			rows[i] = testRow{"a": first + i}
		}
		return batch(t, rows...)
	}
	v := NewVerdicts(1000)
	for _, pass := range []struct{ accepted int }{{1000}, {0}} {
		for first := 0; first < n; first += 1000 {
			v.Reset(1000)
			check(t, k, numbers(first), from(int64(first)), v)
			if v.Accepted() != pass.accepted {
				t.Fatalf("from %d: %d accepted, want %d", first, v.Accepted(), pass.accepted)
			}
		}
	}
	if k.Len() != n {
		t.Errorf("%d keys, want %d", k.Len(), n)
	}
}

// TestKeysExpected: room that is made at once is enough, never more than may be taken, and changes no verdict.
func TestKeysExpected(t *testing.T) {
	p := plan(t)
	p.Key = []int{0}
	for _, tt := range []struct {
		name     string
		n, most  int64
		expected bool
	}{
		{"enough", 50_000, 4 << 20, true},
		{"too much", 50_000, 1 << 20, false},
		{"few", 10, 4 << 20, false},
		{"nobody knows", 0, 4 << 20, false},
		{"beyond all", math.MaxInt64, 4 << 20, false},
	} {
		k := NewKeys(p)
		k.Expect(tt.n, tt.most)
		before, _ := k.Bytes()
		if before > tt.most || before > 0 != tt.expected {
			t.Errorf("%s: %d bytes of at most %d", tt.name, before, tt.most)
		}
		v := NewVerdicts(1000)
		for _, accepted := range []int{1000, 0} {
			for first := 0; first < 50_000; first += 1000 {
				rows := make([]testRow, 1000)
				for i := range rows {
					rows[i] = testRow{"a": first + i}
				}
				v.Reset(1000)
				check(t, k, batch(t, rows...), from(int64(first)), v)
				if v.Accepted() != accepted {
					t.Fatalf("%s, from %d: %d accepted, want %d", tt.name, first, v.Accepted(), accepted)
				}
			}
		}
		if after, _ := k.Bytes(); tt.expected && after != before {
			t.Errorf("%s: it grew from %d to %d bytes", tt.name, before, after)
		}
	}
}

// BenchmarkKeys checks keys of a text of twelve bytes, all different.
func BenchmarkKeys(b *testing.B) {
	p := plan(b)
	p.Key = []int{5}
	rows := make([]testRow, 10_000)
	for i := range rows {
		rows[i] = testRow{"s": fmt.Sprintf("IZ-%09d", i)}
	}
	rec := batch(b, rows...)
	v := NewVerdicts(len(rows))
	b.ReportAllocs()
	for b.Loop() {
		v.Reset(len(rows))
		check(b, NewKeys(p), rec, from(1), v)
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRules checks rules that need one pass each.
func BenchmarkRules(b *testing.B) {
	rows := make([]testRow, 2000)
	for i := range rows {
		rows[i] = testRow{"a": i, "b": i, "d": fmt.Sprint(i) + ".50", "x": float64(i), "t": i, "u": i}
	}
	rec := batch(b, rows...)
	c, v := NewChecker(plan(b, "a = b", "d >= 0.5", "t <= u", "x + a >= 0")), NewVerdicts(len(rows))
	b.ReportAllocs()
	for b.Loop() {
		v.Reset(len(rows))
		c.Check(rec, v)
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
