package quality

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/zeebo/xxh3"

	"satudata/ingest/event"
	"satudata/schemas"
)

// Keys notices when a key occurs twice within one delivery: the first accepted observation keeps
// it, each later one is rejected. It remembers 16 bytes a key: 96 bits of a hash and the source row.
// Two different keys are taken for one with a probability of about n²/2^97, less than one in 10^14
// at 30 million. What it holds in memory can be moved to a file, see [Keys.Spill]; that changes no
// verdict. It is not safe for concurrent use.
type Keys struct {
	plan    *schemas.Plan
	names   string
	classes []string // of the key columns
	shards  [shards]shard
	spilled []*sorted
	scratch []byte
	hashes  []slot  // scratch: of the observations that are being checked
	obs     []int32 // scratch: their numbers
	touched uint32
}

// shards is how many tables the keys are spread over, so that growing never copies much at once.
const shards = 256

// shard is an open-addressing hash table with linear probing.
type shard struct {
	slots []slot
	used  int
}

// slot holds a key; row 0 means that it is free.
type slot struct {
	hi  uint64
	lo  uint32
	row uint32
}

// NewKeys returns the keys of a delivery of which nothing has been read. For a plan without a key
// nothing is ever noticed.
func NewKeys(plan *schemas.Plan) *Keys {
	k := &Keys{plan: plan, classes: classes(plan, plan.Key)}
	for i, f := range plan.Key {
		if i > 0 {
			k.names += ", "
		}
		k.names += plan.Fields[f].Name
	}
	return k
}

// Expect makes room for n keys at once, instead of growing to that step by step, unless that takes more
// than most bytes. It is for keys of which none is there yet.
func (k *Keys) Expect(n, most int64) {
	each := n/shards + 6*int64(math.Sqrt(float64(n/shards))) // by chance a shard gets more than others
	slots := each/3*4 + 16
	if len(k.plan.Key) == 0 || n < 1024 || n > most || shards*slots*slotBytes > most {
		return
	}
	for i := range k.shards {
		k.shards[i].slots = make([]slot, slots)
	}
}

// Check rejects the accepted observations of rec whose key an earlier one has, and remembers the
// keys of the others. It must run after every other rule. Row gives the row in the source of each
// observation, counted from 1.
func (k *Keys) Check(rec arrow.RecordBatch, row func(obs int) int64, v *Verdicts) error {
	return k.CheckRange(rec, 0, v.Len(), row, v)
}

// CheckRange is Check for the observations from on, up to but not with to. An error tells of what was
// moved to a file and cannot be read.
func (k *Keys) CheckRange(rec arrow.RecordBatch, from, to int, row func(obs int) int64, v *Verdicts) error {
	if len(k.plan.Key) == 0 {
		return nil
	}
	cols := make([]arrow.Array, 0, 8)
	for _, f := range k.plan.Key {
		cols = append(cols, rec.Column(f))
	}
	k.hashes, k.obs = k.hashes[:0], k.obs[:0]
	for obs := from; obs < to; obs++ {
		if v.IsAccepted(obs) {
			k.hashes, k.obs = append(k.hashes, k.hash(cols, obs, row(obs))), append(k.obs, int32(obs))
		}
	}
	for i := range k.hashes {
		if i%ahead == 0 {
			k.touch(k.hashes[i:min(i+ahead, len(k.hashes))])
		}
		first, err := k.add(k.hashes[i])
		if err != nil {
			return err
		}
		if obs := int(k.obs[i]); first != 0 {
			v.Add(obs, k.reason(cols, obs, first))
		}
	}
	return nil
}

// ahead is how many keys are looked for at once: the processor waits for memory once for all of them.
const ahead = 32

// touch brings the places of some keys into the processor's cache.
func (k *Keys) touch(keys []slot) {
	sum := uint32(0)
	for _, key := range keys {
		if s := &k.shards[key.hi>>56]; len(s.slots) > 0 {
			sum += s.slots[s.home(key)].row
		}
		for _, f := range k.spilled {
			sum += uint32(f.filter.block(key)[0])
		}
	}
	k.touched += sum // so that the compiler does not leave it all out
}

// Load remembers keys that were accepted before, in another process: cols are the key columns in
// the order of the plan's key, rows the row in the source of each.
func (k *Keys) Load(cols []arrow.Array, rows *array.Int64) error {
	if len(cols) != len(k.plan.Key) {
		return fmt.Errorf("load keys: %d columns, the key has %d", len(cols), len(k.plan.Key))
	}
	for i, c := range cols {
		if c.Len() != rows.Len() {
			return fmt.Errorf("load keys: column %d has %d values for %d rows", i, c.Len(), rows.Len())
		}
	}
	if len(cols) > 0 {
		for obs := range rows.Len() {
			if _, err := k.add(k.hash(cols, obs, rows.Value(obs))); err != nil {
				return err
			}
		}
	}
	return nil
}

// Len is how many keys are remembered.
func (k *Keys) Len() int {
	n := 0
	for i := range k.shards {
		n += k.shards[i].used
	}
	for _, f := range k.spilled {
		n += f.n
	}
	return n
}

// hash is the key of obs, of a row of the source. Each part says how long it is, so that ("a","bc")
// and ("ab","c") differ.
func (k *Keys) hash(cols []arrow.Array, obs int, row int64) slot {
	b := k.scratch[:0]
	for _, col := range cols {
		if col.IsNull(obs) {
			b = append(b, 0)
			continue
		}
		switch a := col.(type) {
		case *array.String:
			s := a.Value(obs)
			b = binary.AppendUvarint(b, uint64(len(s))+1)
			b = append(b, s...)
		case *array.Int64:
			b = binary.LittleEndian.AppendUint64(append(b, 1), uint64(a.Value(obs)))
		case *array.Date32:
			b = binary.LittleEndian.AppendUint32(append(b, 1), uint32(a.Value(obs)))
		case *array.Timestamp:
			b = binary.LittleEndian.AppendUint64(append(b, 1), uint64(a.Value(obs)))
		case *array.Decimal128:
			b = binary.LittleEndian.AppendUint64(append(b, 1), a.Value(obs).LowBits())
			b = binary.LittleEndian.AppendUint64(b, uint64(a.Value(obs).HighBits()))
		default:
			s := col.ValueStr(obs)
			b = binary.AppendUvarint(b, uint64(len(s))+1)
			b = append(b, s...)
		}
	}
	k.scratch = b
	h := xxh3.Hash128(b)
	return slot{hi: h.Hi, lo: uint32(h.Lo), row: uint32(min(max(row, 1), math.MaxUint32))}
}

// add remembers a key, or returns the row of the one that was there first.
func (k *Keys) add(key slot) (first int64, err error) {
	for _, f := range k.spilled {
		if row, err := f.find(key); err != nil || row != 0 {
			return int64(row), err
		}
	}
	s := &k.shards[key.hi>>56]
	if s.used >= len(s.slots)/4*3 {
		s.grow()
	}
	at := s.find(key)
	if at.row != 0 {
		return int64(at.row), nil
	}
	*at = key
	s.used++
	return 0, nil
}

// home is where a key belongs.
func (s *shard) home(key slot) uint64 {
	i, _ := bits.Mul64(key.hi<<8, uint64(len(s.slots)))
	return i
}

// find returns the slot that holds key, or the free one where it belongs.
func (s *shard) find(key slot) *slot {
	i := s.home(key)
	for {
		at := &s.slots[i]
		if at.row == 0 || at.hi == key.hi && at.lo == key.lo {
			return at
		}
		if i++; i == uint64(len(s.slots)) {
			i = 0
		}
	}
}

// grow makes room for half as many keys again.
func (s *shard) grow() {
	old := s.slots
	s.slots = make([]slot, max(16, (len(old)*3/2+7)/8*8))
	for _, key := range old {
		if key.row != 0 {
			*s.find(key) = key
		}
	}
}

// reason says that the key of obs was used by the source row first.
func (k *Keys) reason(cols []arrow.Array, obs int, first int64) Reason {
	value := ""
	for i, c := range cols {
		if i > 0 {
			value += ", "
		}
		value += Shown(k.classes[i], []byte(display(c, obs)))
	}
	value = Excerpt([]byte(value))
	return Reason{Field: k.names, Rule: RuleKey, Value: value, Say: event.Sentence{
		ID: fmt.Sprintf("kunci ganda: %s (%s) sudah ada di baris %d kiriman ini", k.names, value, first),
		EN: fmt.Sprintf("duplicate key: %s (%s) is already in row %d of this delivery", k.names, value, first),
	}}
}
