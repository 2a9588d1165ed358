package quality

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// TestSpilledKeys: keys that are moved to disk at random moments are found as a map finds them, with
// filters that are wide, narrow and of next to nothing.
func TestSpilledKeys(t *testing.T) {
	for _, filters := range []int64{1 << 30, 40_000, 1} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("filters=%d/seed=%d", filters, seed), func(t *testing.T) { spilledKeys(t, filters, seed) })
		}
	}
}

func spilledKeys(t *testing.T, filters int64, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	p := plan(t)
	p.Key = []int{0}
	k, dir := NewKeys(p), t.TempDir()
	distinct := 1 + random.IntN(60_000)
	known := map[int64]int64{} // key to its first row
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	row := int64(0)
	for range 100 {
		n := random.IntN(1000)
		for range n {
			b.Append(int64(random.IntN(distinct)))
		}
		keys := b.NewInt64Array()
		for obs := range n {
			key := k.hash([]arrow.Array{keys}, obs, row+1)
			row++
			first, err := k.add(key)
			if err != nil {
				t.Fatal(err)
			}
			if want := known[keys.Value(obs)]; first != want {
				t.Fatalf("key %d of row %d was first in row %d, want %d", keys.Value(obs), row, first, want)
			} else if want == 0 {
				known[keys.Value(obs)] = row
			}
		}
		keys.Release()
		if random.IntN(4) == 0 {
			if err := k.Spill(dir, filters); err != nil {
				t.Fatal(err)
			}
		}
	}
	if k.Len() != len(known) {
		t.Errorf("%d keys, want %d", k.Len(), len(known))
	}
	if len(k.spilled) == 0 || len(k.spilled) > 20 {
		t.Errorf("%d files", len(k.spilled))
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the folder holds %v, %v, want nothing that a crash would leave", left, err)
	}
}

// TestSpillFrees: what was moved takes up a small part of the memory that it took.
func TestSpillFrees(t *testing.T) {
	k := NewKeys(plan(t))
	random := rand.New(rand.NewPCG(1, 2))
	const n = 300_000
	for range n {
		if _, err := k.add(slot{hi: random.Uint64(), lo: random.Uint32(), row: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Spill(t.TempDir(), 1<<30); err != nil {
		t.Fatal(err)
	}
	if here, moved := k.Bytes(); here != 0 || moved > n*21/10 {
		t.Errorf("%d keys take up %d bytes and %d beside the disk, want 0 and about two each", n, here, moved)
	}
	vain := 0
	for range n {
		if k.spilled[0].filter.has(slot{hi: random.Uint64(), lo: random.Uint32(), row: 1}) {
			vain++
		}
	}
	if vain > n/100 {
		t.Errorf("the filter lets %d of %d unknown keys pass", vain, n)
	}
}

// BenchmarkSpilledKeys adds keys, all different, when many are on disk.
func BenchmarkSpilledKeys(b *testing.B) {
	for _, moved := range []int{0, 1_000_000, 8_000_000} {
		b.Run(fmt.Sprintf("moved=%d", moved), func(b *testing.B) {
			k := NewKeys(plan(b))
			random := rand.New(rand.NewPCG(1, 2))
			next := func() slot { return slot{hi: random.Uint64(), lo: random.Uint32(), row: 1} }
			for range moved {
				if _, err := k.add(next()); err != nil {
					b.Fatal(err)
				}
			}
			if err := k.Spill(b.TempDir(), 1<<30); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.add(next()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
