package pipeline

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// TestRecycler: what is freed is given out again, buffers that are in use are never shared, and the
// addresses are aligned as Arrow wants them.
func TestRecycler(t *testing.T) {
	r := new(recycler)
	var held []*memory.Buffer
	for round := range 3 {
		for i := range 60 {
			b := memory.NewResizableBuffer(r)
			b.Resize(1 + i*i*997)
			b.Resize(1 + i*i*1999)
			memory.Set(b.Bytes(), byte(i))
			held = append(held, b)
		}
		for i, b := range held {
			if want := bytes.Repeat([]byte{byte(i)}, 1+i*i*1999); !bytes.Equal(b.Bytes(), want) {
				t.Fatalf("round %d: buffer %d holds something else", round, i)
			}
			b.Release()
		}
		held = held[:0]
	}
	before := testing.AllocsPerRun(10, func() {
		b := r.Allocate(100_000)
		r.Free(b)
	})
	if before > 0 {
		t.Errorf("%v allocations for what was freed", before)
	}
	if b := r.Allocate(1 << 25); len(b) != 1<<25 {
		t.Errorf("%d bytes", len(b))
	}
}
