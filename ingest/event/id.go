package event

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// Namespace is the UUIDv5 namespace of every identifier that must be reproducible.
var Namespace = uuid.MustParse("5a7d0d4e-5ad1-5d17-8a7a-0d0e5a7da7a0")

// Derive returns the UUIDv5 of name: the same name always gives the same id.
func Derive(name string) uuid.UUID { return uuid.NewSHA1(Namespace, []byte(name)) }

// IDs makes UUIDv7 identifiers (RFC 9562, section 5.7) that strictly increase, also when the clock
// is set back: the 74 random bits are used as a counter. It is not safe for concurrent use.
type IDs struct {
	now  func() time.Time
	last uuid.UUID
}

// NewIDs returns a generator whose first id is greater than after. A nil now means time.Now.
func NewIDs(after uuid.UUID, now func() time.Time) *IDs {
	if now == nil {
		now = time.Now
	}
	return &IDs{now: now, last: after}
}

// Next returns a new id, greater than all before it.
func (g *IDs) Next() uuid.UUID {
	ms := uint64(g.now().UnixMilli())
	hi := ms<<16 | 0x7000
	if lastMS := binary.BigEndian.Uint64(g.last[:8]) >> 16; ms <= lastMS {
		g.last = successor(g.last)
		return g.last
	}
	id := uuid.New() // its random bits, under a new timestamp
	binary.BigEndian.PutUint64(id[:8], hi|binary.BigEndian.Uint64(id[:8])&0x0fff)
	g.last = id
	return id
}

// successor is the next larger UUIDv7: it counts in rand_b, then rand_a, then the timestamp.
func successor(id uuid.UUID) uuid.UUID {
	const variant, randB = uint64(2) << 62, uint64(1)<<62 - 1
	lo := binary.BigEndian.Uint64(id[8:])&randB + 1
	hi := binary.BigEndian.Uint64(id[:8])
	if lo > randB {
		lo = 0
		count := (hi>>16<<12 | hi&0x0fff) + 1
		hi = count>>12<<16 | 0x7000 | count&0x0fff
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], variant|lo)
	return id
}
