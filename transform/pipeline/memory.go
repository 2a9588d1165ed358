package pipeline

import (
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// recycler gives out again what was freed, as it is: clearing the buffers of every chunk, and finding
// them again by garbage collection, cost a tenth of decoding. It belongs to one reader, whose records
// are released before somebody else borrows it.
type recycler struct {
	memory.GoAllocator
	free [maxRecycled + 1][][]byte // by the power of two that each holds
}

// Powers of two of the smallest and the largest buffers that are kept: a chunk has none larger, unless
// it unfolds to very much.
const (
	minRecycled = 6
	maxRecycled = 23
)

// Allocate returns a buffer that holds anything.
func (r *recycler) Allocate(size int) []byte {
	power := max(minRecycled, bits.Len(uint(max(size, 1)-1)))
	if power > maxRecycled {
		return r.GoAllocator.Allocate(size)
	}
	if n := len(r.free[power]); n > 0 {
		b := r.free[power][n-1]
		r.free[power] = r.free[power][:n-1]
		return b[:size]
	}
	return r.GoAllocator.Allocate(1 << power)[:size]
}

// Reallocate returns a buffer of another size that holds what b held.
func (r *recycler) Reallocate(size int, b []byte) []byte {
	if cap(b) >= size {
		return b[:size]
	}
	out := r.Allocate(size)
	copy(out, b)
	r.Free(b)
	return out
}

// Free takes a buffer back.
func (r *recycler) Free(b []byte) {
	if power := bits.Len(uint(cap(b))) - 1; power >= minRecycled && power <= maxRecycled && cap(b) == 1<<power {
		r.free[power] = append(r.free[power], b[:cap(b)])
	}
}
