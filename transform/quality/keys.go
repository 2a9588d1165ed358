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
// at 30 million. It is not safe for concurrent use.
type Keys struct {
	plan    *schemas.Plan
	names   string
	classes []string // of the key columns
	shards  [shards]shard
	scratch []byte
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

// Check rejects the accepted observations of rec whose key an earlier one has, and remembers the
// keys of the others. It must run after every other rule. Row gives the row in the source of each
// observation, counted from 1.
func (k *Keys) Check(rec arrow.RecordBatch, row func(obs int) int64, v *Verdicts) {
	if len(k.plan.Key) == 0 {
		return
	}
	cols := make([]arrow.Array, len(k.plan.Key))
	for i, f := range k.plan.Key {
		cols[i] = rec.Column(f)
	}
	for obs := range v.Len() {
		if !v.IsAccepted(obs) {
			continue
		}
		if first := k.add(k.hash(cols, obs), row(obs)); first != 0 {
			v.Add(obs, k.reason(cols, obs, first))
		}
	}
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
			k.add(k.hash(cols, obs), rows.Value(obs))
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
	return n
}

// hash is the hash of the key of obs. Each part says how long it is, so that ("a","bc") and
// ("ab","c") differ.
func (k *Keys) hash(cols []arrow.Array, obs int) xxh3.Uint128 {
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
	return xxh3.Hash128(b)
}

// add remembers h with its row, or returns the row of the key that was there first.
func (k *Keys) add(h xxh3.Uint128, row int64) int64 {
	s := &k.shards[h.Hi>>56]
	if s.used >= len(s.slots)/4*3 {
		s.grow()
	}
	row = min(max(row, 1), math.MaxUint32)
	at := s.find(slot{hi: h.Hi, lo: uint32(h.Lo)})
	if at.row != 0 {
		return int64(at.row)
	}
	*at = slot{hi: h.Hi, lo: uint32(h.Lo), row: uint32(row)}
	s.used++
	return 0
}

// find returns the slot that holds key, or the free one where it belongs.
func (s *shard) find(key slot) *slot {
	i, _ := bits.Mul64(key.hi<<8, uint64(len(s.slots)))
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
