package normalize

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/schemas"
)

// Schema returns the Arrow schema of plan's fields. Every field may be null: a rejected observation
// has no value where it is faulty.
func Schema(plan *schemas.Plan) *arrow.Schema {
	fields := make([]arrow.Field, len(plan.Fields))
	for i, f := range plan.Fields {
		fields[i] = arrow.Field{Name: f.Name, Type: dataType(f.Type), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func dataType(t schemas.Type) arrow.DataType {
	switch t.Kind {
	case schemas.Integer:
		return arrow.PrimitiveTypes.Int64
	case schemas.Double:
		return arrow.PrimitiveTypes.Float64
	case schemas.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case schemas.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	}
	return arrow.BinaryTypes.String
}

// spread says which observations a decoded value goes to.
type spread struct {
	shape  shape
	rows   int // records
	across int // observations per record
}

type shape uint8

const (
	perCell   shape = iota // value i is observation i
	perRecord              // value i is every observation of record i
	perTitle               // value i is the i-th observation of every record
	constant               // the only value is every observation
)

// values is how many values there are to decode.
func (s spread) values() int {
	switch s.shape {
	case perRecord:
		return s.rows
	case perTitle:
		return s.across
	case constant:
		return 1
	}
	return s.rows * s.across
}

// copies is how many observations take one value.
func (s spread) copies() int { return max(1, s.rows*s.across/max(1, s.values())) }

// value is which value observation obs takes.
func (s spread) value(obs int) int {
	switch s.shape {
	case perRecord:
		return obs / s.across
	case perTitle:
		return obs % s.across
	case constant:
		return 0
	}
	return obs
}

// one reports whether every value is one observation, in order.
func (s spread) one() bool { return s.shape == perCell || s.across == 1 && s.shape == perRecord }

// observations calls do for each observation that takes value i.
func (s spread) observations(i int, do func(obs int)) {
	from, to, step := i, i+1, 1
	switch s.shape {
	case perRecord:
		from, to = i*s.across, (i+1)*s.across
	case perTitle:
		to, step = s.rows*s.across, s.across
	case constant:
		to = s.rows * s.across
	}
	for o := from; o < to; o += step {
		do(o)
	}
}

// value is a decoded value; which part holds it depends on the type.
type value struct {
	null   bool
	i      int64 // Integer, Boolean (0 or 1), Date (days), Timestamp (microseconds)
	f      float64
	d      decimal128.Num
	s      []byte
	region int32 // its place in regions
}

// column gathers the values of a field, in order, before they become an Arrow array. It is reused
// from chunk to chunk; an array never aliases it.
type column interface {
	reset(n int)
	null(i int)
	put(i int, v *value)
	array(mem memory.Allocator, s spread) arrow.Array
}

func newColumn(t schemas.Type) column {
	switch {
	case t.Kind == schemas.Integer || t.Kind == schemas.Timestamp:
		return &fixed[int64]{dtype: dataType(t), take: func(v *value) int64 { return v.i }}
	case t.Kind == schemas.Date:
		return &fixed[int32]{dtype: dataType(t), take: func(v *value) int32 { return int32(v.i) }}
	case t.Kind == schemas.Double:
		return &fixed[float64]{dtype: dataType(t), take: func(v *value) float64 { return v.f }}
	case t.Kind == schemas.Decimal:
		return &fixed[decimal128.Num]{dtype: dataType(t), take: func(v *value) decimal128.Num { return v.d }}
	case t.Kind == schemas.Boolean:
		return &flags{}
	}
	return &words{}
}

// holes notes which values are null.
type holes struct {
	is    []bool
	count int
}

func (h *holes) reset(n int) {
	h.is = resize(h.is, n)
	clear(h.is)
	h.count = 0
}

func (h *holes) add(i int) {
	h.is[i] = true
	h.count++
}

// bitmap returns the validity bitmap over the observations and how many are null, or nil and 0.
func (h *holes) bitmap(mem memory.Allocator, s spread) (*memory.Buffer, int) {
	if h.count == 0 {
		return nil, 0
	}
	n := s.rows * s.across
	buf := memory.NewResizableBuffer(mem)
	buf.Resize(int(bitutil.BytesForBits(int64(n))))
	bits, nulls := buf.Bytes(), 0
	memory.Set(bits, 0xff)
	if s.one() {
		for i, null := range h.is {
			if null {
				bitutil.ClearBit(bits, i)
			}
		}
		return buf, h.count
	}
	for i, null := range h.is {
		if null {
			s.observations(i, func(obs int) {
				bitutil.ClearBit(bits, obs)
				nulls++
			})
		}
	}
	return buf, nulls
}

// finish makes an array of bufs and gives up the caller's hold on them.
func finish(t arrow.DataType, n, nulls int, bufs ...*memory.Buffer) arrow.Array {
	data := array.NewData(t, n, bufs, nil, nulls, 0)
	defer data.Release()
	for _, b := range bufs {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(data)
}

// fixed is a column of values of one width.
type fixed[T int32 | int64 | float64 | decimal128.Num] struct {
	dtype arrow.DataType
	take  func(*value) T
	v     []T
	holes holes
}

func (c *fixed[T]) reset(n int) {
	c.v = resize(c.v, n)
	c.holes.reset(n)
}

func (c *fixed[T]) null(i int) {
	var zero T
	c.v[i] = zero
	c.holes.add(i)
}

func (c *fixed[T]) put(i int, v *value) { c.v[i] = c.take(v) }

func (c *fixed[T]) array(mem memory.Allocator, s spread) arrow.Array {
	n := s.rows * s.across
	valid, nulls := c.holes.bitmap(mem, s)
	buf := memory.NewResizableBuffer(mem)
	var one T
	buf.Resize(n * int(unsafe.Sizeof(one)))
	out := arrow.GetData[T](buf.Bytes())
	if s.one() {
		copy(out, c.v)
	} else {
		for obs := range out {
			out[obs] = c.v[s.value(obs)]
		}
	}
	return finish(c.dtype, n, nulls, valid, buf)
}

// flags is a column of booleans.
type flags struct {
	v     []bool
	holes holes
}

func (c *flags) reset(n int) {
	c.v = resize(c.v, n)
	c.holes.reset(n)
}

func (c *flags) null(i int) {
	c.v[i] = false
	c.holes.add(i)
}

func (c *flags) put(i int, v *value) { c.v[i] = v.i != 0 }

func (c *flags) array(mem memory.Allocator, s spread) arrow.Array {
	n := s.rows * s.across
	valid, nulls := c.holes.bitmap(mem, s)
	buf := memory.NewResizableBuffer(mem)
	buf.Resize(int(bitutil.BytesForBits(int64(n))))
	bits := buf.Bytes()
	clear(bits)
	for obs := range n {
		if c.v[s.value(obs)] {
			bitutil.SetBit(bits, obs)
		}
	}
	return finish(arrow.FixedWidthTypes.Boolean, n, nulls, valid, buf)
}

// words is a column of text.
type words struct {
	ends  []int32
	bytes []byte
	holes holes
}

func (c *words) reset(n int) {
	c.ends, c.bytes = resize(c.ends, n), c.bytes[:0]
	c.holes.reset(n)
}

func (c *words) null(i int) {
	c.ends[i] = int32(len(c.bytes))
	c.holes.add(i)
}

func (c *words) set(i int, b []byte) {
	c.bytes = append(c.bytes, b...)
	c.ends[i] = int32(len(c.bytes))
}

func (c *words) put(i int, v *value) { c.set(i, v.s) }

// text is value i.
func (c *words) text(i int) []byte {
	if i == 0 {
		return c.bytes[:c.ends[0]]
	}
	return c.bytes[c.ends[i-1]:c.ends[i]]
}

func (c *words) array(mem memory.Allocator, s spread) arrow.Array {
	valid, nulls := c.holes.bitmap(mem, s)
	if s.one() {
		t := newText(mem, s.rows*s.across, len(c.bytes))
		copy(t.ends[1:], c.ends)
		copy(t.bytes, c.bytes)
		return t.finish(nulls, valid)
	}
	size := 0
	for i := range c.ends {
		size += len(c.text(i)) * s.copies()
	}
	t := newText(mem, s.rows*s.across, size)
	if s.shape == constant {
		t.repeat(c.text(0))
	} else {
		end := 0
		for obs := range t.ends[1:] {
			end += copy(t.bytes[end:], c.text(s.value(obs)))
			t.ends[obs+1] = int32(end)
		}
	}
	return t.finish(nulls, valid)
}

// regions are the regions that the values of a property are, by their place in a list, so that a
// value is one number however many columns it becomes.
type regions struct {
	list  []schemas.Region
	place map[string]int32 // by Kemendagri code
	at    []int32          // of each value, plus 1; 0 is null
	count []int            // how many values have each place; empty until they are counted
}

// counts counts the values of each place, once for all columns.
func (c *regions) counts() []int {
	if len(c.count) == 0 {
		c.count = resize(c.count, len(c.list)+1)
		clear(c.count)
		for _, at := range c.at {
			c.count[at]++
		}
	}
	return c.count
}

// put returns the place of r.
func (c *regions) put(r schemas.Region) int32 {
	at, ok := c.place[r.KemendagriCode]
	if !ok {
		at = int32(len(c.list))
		c.list = append(c.list, r)
		c.place[r.KemendagriCode] = at
	}
	return at
}

// regionPart is a column of regions: the code or the name in one system. An empty one is null.
type regionPart struct {
	*regions
	part  func(*schemas.Region) string
	texts []string             // by place, "" for null
	words [][2][wordBytes]byte // the beginning of texts
	holes holes
}

// regionParts are the columns of a region, in the order of its fields.
func regionParts() []column {
	c := &regions{place: map[string]int32{}}
	return []column{
		&regionPart{regions: c, part: func(r *schemas.Region) string { return r.KemendagriCode }},
		&regionPart{regions: c, part: func(r *schemas.Region) string { return r.KemendagriName }},
		&regionPart{regions: c, part: func(r *schemas.Region) string { return r.BPSCode }},
		&regionPart{regions: c, part: func(r *schemas.Region) string { return r.BPSName }},
	}
}

func (c *regionPart) reset(n int) {
	c.at = resize(c.at, n)
	c.count = c.count[:0]
}

func (c *regionPart) null(i int)          { c.at[i] = 0 }
func (c *regionPart) put(i int, v *value) { c.at[i] = v.region + 1 }

func (c *regionPart) array(mem memory.Allocator, s spread) arrow.Array {
	if len(c.texts) == 0 {
		c.texts = append(c.texts, "")
	}
	for i := len(c.texts) - 1; i < len(c.list); i++ {
		c.texts = append(c.texts, c.part(&c.list[i]))
	}
	for _, text := range c.texts[len(c.words):] {
		var words [2][wordBytes]byte
		copy(words[1][:], text[copy(words[0][:], text):])
		c.words = append(c.words, words)
	}
	size, empty := 0, 0
	for at, n := range c.counts() {
		size += n * len(c.texts[at])
		if c.texts[at] == "" {
			empty += n
		}
	}
	var valid *memory.Buffer
	nulls := 0
	if empty > 0 {
		c.holes.reset(len(c.at))
		for i, at := range c.at {
			if c.texts[at] == "" {
				c.holes.add(i)
			}
		}
		valid, nulls = c.holes.bitmap(mem, s)
	}
	t := newText(mem, s.rows*s.across, size*s.copies())
	if s.one() {
		c.write(&t)
		return t.finish(nulls, valid)
	}
	end := 0
	for obs := range t.ends[1:] {
		end += copy(t.bytes[end:], c.texts[c.at[s.value(obs)]])
		t.ends[obs+1] = int32(end)
	}
	return t.finish(nulls, valid)
}

// write fills t with one text for each row. A text is written in words of 16 bytes while there is
// room behind it, because most are shorter than two of these and a call for each costs more than
// the bytes that the next one overwrites.
func (c *regionPart) write(t *textArray) {
	end, ends, roomy := 0, t.ends[1:], len(t.bytes)-2*wordBytes
	for obs, at := range c.at {
		text := c.texts[at]
		if end <= roomy && len(text) <= 2*wordBytes {
			words, to := &c.words[at], t.bytes[end:end+2*wordBytes]
			*(*[wordBytes]byte)(to) = words[0]
			if len(text) > wordBytes {
				*(*[wordBytes]byte)(to[wordBytes:]) = words[1]
			}
		} else {
			copy(t.bytes[end:], text)
		}
		end += len(text)
		ends[obs] = int32(end)
	}
}

// wordBytes is how many bytes of a text are written at once.
const wordBytes = 16

// textArray is an Arrow array of text that is being filled.
type textArray struct {
	offsets, data *memory.Buffer
	ends          []int32 // ends[i] is where text i begins
	bytes         []byte
}

// newText returns an array for n texts of size bytes altogether.
func newText(mem memory.Allocator, n, size int) textArray {
	t := textArray{offsets: memory.NewResizableBuffer(mem), data: memory.NewResizableBuffer(mem)}
	t.offsets.Resize((n + 1) * arrow.Int32SizeBytes)
	t.data.Resize(size)
	t.ends, t.bytes = arrow.Int32Traits.CastFromBytes(t.offsets.Bytes()), t.data.Bytes()
	t.ends[0] = 0
	return t
}

// repeat fills t with one text.
func (t *textArray) repeat(text []byte) {
	done := copy(t.bytes, text)
	for done > 0 && done < len(t.bytes) {
		done += copy(t.bytes[done:], t.bytes[:done])
	}
	for i := range t.ends {
		t.ends[i] = int32(i * len(text))
	}
}

func (t *textArray) finish(nulls int, valid *memory.Buffer) arrow.Array {
	return finish(arrow.BinaryTypes.String, len(t.ends)-1, nulls, valid, t.offsets, t.data)
}
