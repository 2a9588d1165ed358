package pipeline

import (
	"math/rand/v2"
	"testing"
)

// TestNumbers adds numbers in random order, some of them twice, and compares with a set.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var n numbers
		set := map[int64]bool{}
		for range r.IntN(40) {
			seq := r.Int64N(20) + 1
			if isNew := n.add(seq); isNew == set[seq] {
				t.Fatalf("add(%d) = %t with %v", seq, isNew, set)
			}
			set[seq] = true
		}
		for first := range int64(22) {
			for last := first; last < 22; last++ {
				want := false
				for seq := first; seq <= last; seq++ {
					want = want || set[seq]
				}
				if got := n.any(first, last); got != want {
					t.Fatalf("any(%d, %d) of %v = %t", first, last, n, got)
				}
			}
		}
		for i := range n {
			if i > 0 && n[i-1].last+1 >= n[i].first {
				t.Fatalf("runs that are one: %v", n)
			}
		}
	}
}
