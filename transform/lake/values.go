package lake

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
)

// values are the values of a page in work, nulls left out. There is one implementation per physical
// form; the typed ones are filled directly from Arrow's buffers.
type values interface {
	size() int // bytes held, about what the page will have before it is compressed
	// encode writes the values in the memory of dst.
	encode(dst []byte) ([]byte, format.Encoding, error)
	// bounds are the least and the largest value, plain-encoded; nil when there are none.
	bounds() (low, high []byte)
	// hashes appends the Bloom filter hash of each value.
	hashes(dst []uint64) []uint64
	reset()
}

// int64s are integers, times and decimals of up to 18 digits.
type int64s struct{ v []int64 }

func (p *int64s) size() int { return 8 * len(p.v) }

func (p *int64s) encode(dst []byte) ([]byte, format.Encoding, error) {
	out, err := new(delta.BinaryPackedEncoding).EncodeInt64(dst, p.v)
	return out, format.DeltaBinaryPacked, err
}

func (p *int64s) bounds() (low, high []byte) {
	if len(p.v) == 0 {
		return nil, nil
	}
	a, b := extremes(p.v)
	return binary.LittleEndian.AppendUint64(nil, uint64(a)), binary.LittleEndian.AppendUint64(nil, uint64(b))
}

func (p *int64s) hashes(dst []uint64) []uint64 {
	for _, v := range p.v {
		dst = append(dst, bloom.XXH64{}.Sum64Uint64(uint64(v)))
	}
	return dst
}

func (p *int64s) reset() { p.v = p.v[:0] }

// int32s are dates and decimals of up to 9 digits.
type int32s struct{ v []int32 }

func (p *int32s) size() int { return 4 * len(p.v) }

func (p *int32s) encode(dst []byte) ([]byte, format.Encoding, error) {
	out, err := new(delta.BinaryPackedEncoding).EncodeInt32(dst, p.v)
	return out, format.DeltaBinaryPacked, err
}

func (p *int32s) bounds() (low, high []byte) {
	if len(p.v) == 0 {
		return nil, nil
	}
	a, b := extremes(p.v)
	return binary.LittleEndian.AppendUint32(nil, uint32(a)), binary.LittleEndian.AppendUint32(nil, uint32(b))
}

func (p *int32s) hashes(dst []uint64) []uint64 {
	for _, v := range p.v {
		dst = append(dst, bloom.XXH64{}.Sum64Uint32(uint32(v)))
	}
	return dst
}

func (p *int32s) reset() { p.v = p.v[:0] }

// extremes are the least and the largest of some values.
func extremes[T cmp.Ordered](v []T) (low, high T) {
	low, high = v[0], v[0]
	for _, x := range v {
		low, high = min(low, x), max(high, x)
	}
	return low, high
}

// doubles are floating-point numbers.
type doubles struct{ v []float64 }

func (p *doubles) size() int { return 8 * len(p.v) }

func (p *doubles) encode(dst []byte) ([]byte, format.Encoding, error) {
	dst = dst[:0]
	for _, v := range p.v {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst, format.Plain, nil
}

// bounds leaves out not-a-numbers, which have no order, and counts both zeros, as Parquet asks.
func (p *doubles) bounds() (low, high []byte) {
	a, b := math.Inf(1), math.Inf(-1)
	for _, v := range p.v {
		if v < a {
			a = v
		}
		if v > b {
			b = v
		}
	}
	if a > b {
		return nil, nil
	}
	if a == 0 {
		a = math.Copysign(0, -1)
	}
	if b == 0 {
		b = 0
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(a)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(b))
}

func (p *doubles) hashes(dst []uint64) []uint64 {
	for _, v := range p.v {
		dst = append(dst, bloom.XXH64{}.Sum64Uint64(math.Float64bits(v)))
	}
	return dst
}

func (p *doubles) reset() { p.v = p.v[:0] }

// bools are truth values.
type bools struct{ v []bool }

func (p *bools) size() int { return len(p.v)/8 + 1 }

func (p *bools) encode(dst []byte) ([]byte, format.Encoding, error) {
	dst = append(dst[:0], make([]byte, (len(p.v)+7)/8)...)
	for i, v := range p.v {
		if v {
			dst[i/8] |= 1 << (i % 8)
		}
	}
	return dst, format.Plain, nil
}

func (p *bools) bounds() (low, high []byte) {
	if len(p.v) == 0 {
		return nil, nil
	}
	low, high = []byte{1}, []byte{0}
	for _, v := range p.v {
		if v {
			high[0] = 1
		} else {
			low[0] = 0
		}
	}
	return low, high
}

func (p *bools) hashes(dst []uint64) []uint64 { return dst } // a filter on two values filters nothing

func (p *bools) reset() { p.v = p.v[:0] }

// fixed are decimals of more than 18 digits, big-endian two's complement of width bytes each.
type fixed struct {
	width int
	v     []byte
}

func (p *fixed) size() int { return len(p.v) }

func (p *fixed) encode(dst []byte) ([]byte, format.Encoding, error) {
	return append(dst[:0], p.v...), format.Plain, nil
}

func (p *fixed) bounds() (low, high []byte) {
	for at := 0; at < len(p.v); at += p.width {
		v := p.v[at : at+p.width]
		if low == nil || compareSigned(v, low) < 0 {
			low = v
		}
		if high == nil || compareSigned(v, high) > 0 {
			high = v
		}
	}
	return bytes.Clone(low), bytes.Clone(high)
}

// compareSigned orders big-endian two's complement numbers of one width.
func compareSigned(a, b []byte) int {
	return cmp.Or(cmp.Compare(int8(a[0]), int8(b[0])), bytes.Compare(a, b))
}

func (p *fixed) hashes(dst []uint64) []uint64 {
	for at := 0; at < len(p.v); at += p.width {
		dst = append(dst, bloom.XXH64{}.Sum64(p.v[at:at+p.width]))
	}
	return dst
}

func (p *fixed) reset() { p.v = p.v[:0] }

// texts are strings written one after the other.
type texts struct {
	data    []byte
	offsets []uint32 // where each begins, and the end of the last
}

func newTexts() *texts { return &texts{offsets: []uint32{0}} }

func (p *texts) len() int { return len(p.offsets) - 1 }

func (p *texts) at(i int) []byte { return p.data[p.offsets[i]:p.offsets[i+1]] }

func (p *texts) add(b []byte) {
	p.data = append(p.data, b...)
	p.offsets = append(p.offsets, uint32(len(p.data)))
}

func (p *texts) size() int { return len(p.data) + 4*p.len() }

// encode puts the lengths before the texts, not between them: what is packed is smaller, and packing
// it is twice as fast, for texts alone look alike.
func (p *texts) encode(dst []byte) ([]byte, format.Encoding, error) {
	out, err := new(delta.LengthByteArrayEncoding).EncodeByteArray(dst, p.data, p.offsets)
	return out, format.DeltaLengthByteArray, err
}

// bounds compares the first eight bytes of each text before the rest: most are in between.
func (p *texts) bounds() (low, high []byte) {
	if p.len() == 0 {
		return nil, nil
	}
	low, high = p.at(0), p.at(0)
	first, last := prefix(low), prefix(high)
	for i := 1; i < p.len(); i++ {
		b := p.at(i)
		x := prefix(b)
		if x <= first && bytes.Compare(b, low) < 0 {
			low, first = b, x
		} else if x >= last && bytes.Compare(b, high) > 0 {
			high, last = b, x
		}
	}
	return bytes.Clone(low), bytes.Clone(high)
}

// prefix is the first eight bytes of b, zeros after its end, as a number of the same order.
func prefix(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var x uint64
	for i, c := range b {
		x |= uint64(c) << (56 - 8*i)
	}
	return x
}

func (p *texts) hashes(dst []uint64) []uint64 {
	for i := range p.len() {
		dst = append(dst, bloom.XXH64{}.Sum64(p.at(i)))
	}
	return dst
}

func (p *texts) reset() { p.data, p.offsets = p.data[:0], p.offsets[:1] }

// words are strings that repeat: a page holds their numbers in a dictionary of the row group.
type words struct {
	dictionary
	v    []int32
	page int32   // number of the page in work
	seen []int32 // for each word, the last page that held it
}

func (p *words) add(b []byte) { p.v = append(p.v, p.index(b)) }

func (p *words) size() int { return 2 * len(p.v) }

func (p *words) encode(dst []byte) ([]byte, format.Encoding, error) {
	out, err := new(rle.DictionaryEncoding).EncodeInt32(dst, p.v)
	return out, format.RLEDictionary, err
}

func (p *words) bounds() (low, high []byte) {
	p.page++
	p.seen = append(p.seen, make([]int32, p.len()-len(p.seen))...)
	for _, i := range p.v {
		if p.seen[i] == p.page {
			continue
		}
		p.seen[i] = p.page
		b := p.at(int(i))
		if low == nil || bytes.Compare(b, low) < 0 {
			low = b
		}
		if high == nil || bytes.Compare(b, high) > 0 {
			high = b
		}
	}
	if low == nil {
		return nil, nil
	}
	return append([]byte{}, low...), append([]byte{}, high...)
}

func (p *words) hashes(dst []uint64) []uint64 { return dst } // the row group's dictionary is hashed at its end

func (p *words) reset() { p.v = p.v[:0] }

// restart empties the dictionary for the next row group.
func (p *words) restart() {
	p.clear()
	p.reset()
	p.page, p.seen = 0, p.seen[:0]
}

// dictionary numbers texts in the order in which it meets them.
type dictionary struct {
	texts
	known []label  // of each text
	slots []uint32 // number + 1 of the text whose hash leads here, a power of two of them
	seed  maphash.Seed
	salt  uint64
}

// label tells most texts apart without a look at them: it is all that there is to know of one of at
// most 16 bytes, and of a longer one its hash. Most of what repeats is short, and is asked for once for
// each value.
type label struct {
	a, b uint64
	n    int
}

func newDictionary() dictionary {
	d := dictionary{texts: *newTexts(), slots: make([]uint32, 64), seed: maphash.MakeSeed()}
	d.salt = maphash.Bytes(d.seed, nil)
	return d
}

func (d *dictionary) label(text []byte) label {
	n := len(text)
	switch {
	case n > 16:
		return label{a: maphash.Bytes(d.seed, text), n: n}
	case n >= 8:
		return label{binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:]), n}
	case n >= 4:
		return label{uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:])), n}
	case n > 0:
		return label{uint64(text[0]) | uint64(text[n/2])<<8, uint64(text[n-1]), n}
	}
	return label{}
}

// home is where a text of a label belongs.
func (d *dictionary) home(l label) uint64 {
	high, low := bits.Mul64(l.a^d.salt, l.b^bits.RotateLeft64(d.salt, 32)^uint64(l.n))
	return (high ^ low) & uint64(len(d.slots)-1)
}

// index is the number of a text, which is added when it is new.
func (d *dictionary) index(text []byte) int32 {
	l := d.label(text)
	for at := d.home(l); ; at = (at + 1) & uint64(len(d.slots)-1) {
		n := d.slots[at]
		if n == 0 {
			break
		}
		if d.known[n-1] == l && (l.n <= 16 || bytes.Equal(d.at(int(n-1)), text)) {
			return int32(n - 1)
		}
	}
	d.texts.add(text)
	d.known = append(d.known, l)
	if 2*len(d.known) > len(d.slots) {
		d.slots = make([]uint32, 2*len(d.slots))
		for i := range d.known[:len(d.known)-1] {
			d.place(i)
		}
	}
	d.place(len(d.known) - 1)
	return int32(len(d.known) - 1)
}

// place enters text number i into the slots.
func (d *dictionary) place(i int) {
	at := d.home(d.known[i])
	for d.slots[at] != 0 {
		at = (at + 1) & uint64(len(d.slots)-1)
	}
	d.slots[at] = uint32(i + 1)
}

func (d *dictionary) clear() {
	d.texts.reset()
	d.known = d.known[:0]
	clear(d.slots)
}
