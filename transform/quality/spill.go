package quality

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
)

// Bytes is how much memory the keys take up: those that [Keys.Spill] would move, and what is there
// for those that it has moved.
func (k *Keys) Bytes() (here, moved int64) {
	for i := range k.shards {
		here += int64(cap(k.shards[i].slots)) * slotBytes
	}
	for _, f := range k.spilled {
		moved += f.bytes()
	}
	return here, moved
}

// Spill moves the keys that are in memory to a file in dir, sorted. What stays is a filter of two
// bytes a key, or of as much less as lets all filters take up about filters bytes: then more look-ups
// go to the file in vain. The file has no name, so nothing of it is left when the process ends, however
// it ends.
//
// Files of which one is not twice as large as the next are merged: so there are few, and a key is
// rewritten seldom.
func (k *Keys) Spill(dir string, filters int64) error {
	n := 0
	for i := range k.shards {
		n += k.shards[i].used
	}
	if n == 0 {
		return nil
	}
	room := min(2, float64(filters)/float64(k.Len())) // bytes of filter a key
	f, err := sort(dir, n, room, k.drain)
	if err != nil {
		return fmt.Errorf("move keys to disk: %w", err)
	}
	k.spilled = append(k.spilled, f)
	for len(k.spilled) > 1 {
		a, b := k.spilled[len(k.spilled)-2], k.spilled[len(k.spilled)-1]
		if a.n >= 2*b.n {
			break
		}
		if f, err = sort(dir, a.n+b.n, room, func(put func(slot) error) error { return merge(a, b, put) }); err != nil {
			return fmt.Errorf("merge keys on disk: %w", err)
		}
		k.spilled = append(k.spilled[:len(k.spilled)-2], f)
		if err := errors.Join(a.file.Close(), b.file.Close()); err != nil {
			return fmt.Errorf("merge keys on disk: %w", err)
		}
	}
	return nil
}

// drain gives away the keys in memory in order, and their memory.
func (k *Keys) drain(put func(slot) error) error {
	var keys []slot
	for i := range k.shards {
		s := &k.shards[i]
		keys = keys[:0]
		for _, key := range s.slots {
			if key.row != 0 {
				keys = append(keys, key)
			}
		}
		slices.SortFunc(keys, compareSlots)
		for _, key := range keys {
			if err := put(key); err != nil {
				return err
			}
		}
	}
	clear(k.shards[:])
	return nil
}

func compareSlots(a, b slot) int {
	if a.hi != b.hi {
		return cmp.Compare(a.hi, b.hi)
	}
	return cmp.Compare(a.lo, b.lo)
}

// slotBytes is the size of a key in a file, pageSlots how many are read at once.
const (
	slotBytes = 16
	pageSlots = 256
)

// sorted is a file of keys in order, with what is needed to look one up by one read.
type sorted struct {
	file   *os.File
	n      int
	firsts []uint64 // hi of the first key of each page
	filter filter
	page   []byte // scratch
}

func (f *sorted) bytes() int64 { return int64(8*len(f.firsts) + 64*len(f.filter) + len(f.page)) }

// sort writes a file of n keys that fill puts in order, with room bytes of filter for each.
func sort(dir string, n int, room float64, fill func(put func(slot) error) error) (f *sorted, err error) {
	file, err := os.CreateTemp(dir, "kunci-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	f = &sorted{file: file, filter: newFilter(int64(float64(n) * room)), page: make([]byte, pageSlots*slotBytes)}
	out := bufio.NewWriterSize(file, 256<<10)
	err = fill(func(key slot) error {
		if f.n%pageSlots == 0 {
			f.firsts = append(f.firsts, key.hi)
		}
		f.n++
		f.filter.add(key)
		var b [slotBytes]byte
		binary.LittleEndian.PutUint64(b[:], key.hi)
		binary.LittleEndian.PutUint32(b[8:], key.lo)
		binary.LittleEndian.PutUint32(b[12:], key.row)
		_, err := out.Write(b[:])
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, out.Flush()
}

func decodeSlot(b []byte) slot {
	return slot{hi: binary.LittleEndian.Uint64(b), lo: binary.LittleEndian.Uint32(b[8:]), row: binary.LittleEndian.Uint32(b[12:])}
}

// find returns the row of a key, 0 when the file does not have it.
func (f *sorted) find(key slot) (row uint32, err error) {
	if !f.filter.has(key) {
		return 0, nil
	}
	// The last page that begins before the key has it, or the one after, when that begins with its hi.
	at, _ := slices.BinarySearch(f.firsts, key.hi)
	for at = max(at-1, 0); at < len(f.firsts) && f.firsts[at] <= key.hi; at++ {
		n, err := f.file.ReadAt(f.page, int64(at)*pageSlots*slotBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("look up key on disk: %w", err)
		}
		page := f.page[:n/slotBytes*slotBytes]
		low, high := 0, len(page)/slotBytes
		for low < high {
			mid := (low + high) / 2
			switch s := decodeSlot(page[mid*slotBytes:]); compareSlots(s, key) {
			case 0:
				return s.row, nil
			case -1:
				low = mid + 1
			default:
				high = mid
			}
		}
	}
	return 0, nil
}

// merge puts the keys of two files in order. No key is in both.
func merge(a, b *sorted, put func(slot) error) error {
	x, y := a.all(), b.all()
	for !x.done || !y.done {
		from := x
		if x.done || !y.done && compareSlots(y.key, x.key) < 0 {
			from = y
		}
		if err := put(from.key); err != nil {
			return err
		}
		if from.next(); from.err != nil {
			return from.err
		}
	}
	return errors.Join(x.err, y.err)
}

// scan reads the keys of a file in order.
type scan struct {
	in   *bufio.Reader
	key  slot
	done bool
	err  error
}

func (f *sorted) all() *scan {
	s := &scan{in: bufio.NewReaderSize(io.NewSectionReader(f.file, 0, int64(f.n)*slotBytes), 256<<10)}
	s.next()
	return s
}

func (s *scan) next() {
	var b [slotBytes]byte
	switch _, err := io.ReadFull(s.in, b[:]); {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		s.done = true
	case err != nil:
		s.done, s.err = true, err
	default:
		s.key = decodeSlot(b[:])
	}
}

// filter is a Bloom filter whose bits for one key are in one block, which is a line of the
// processor's cache. What it does not have, the file does not have.
type filter [][8]uint64

func newFilter(bytes int64) filter { return make(filter, max(1, bytes/64)) }

// bitsOfKey is how many bits a key has, each chosen by 9 bits of its hash.
const bitsOfKey = 6

func (f filter) block(key slot) *[8]uint64 {
	i, _ := bits.Mul64(key.hi, uint64(len(f)))
	return &f[i]
}

func (key slot) bits() uint64 { return (key.hi ^ uint64(key.lo)<<32) * 0x9e3779b97f4a7c15 >> 8 }

func (f filter) add(key slot) {
	b, h := f.block(key), key.bits()
	for range bitsOfKey {
		b[h>>6&7] |= 1 << (h & 63)
		h >>= 9
	}
}

func (f filter) has(key slot) bool {
	b, h := f.block(key), key.bits()
	for range bitsOfKey {
		if b[h>>6&7]&(1<<(h&63)) == 0 {
			return false
		}
		h >>= 9
	}
	return true
}
