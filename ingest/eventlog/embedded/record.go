package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/minio/minlz"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// The layout of a stored record is in the package comment. Values never change their meaning.
const (
	recordVersion = 1
	codecRaw      = 0
	codecZstd     = 1 // no longer written
	codecS2       = 2 // for values that MinLZ does not take
	codecMinLZ    = 3
	trailerSize   = 8 + 4 // time, checksum
)

// maxMessage is the most bytes of key, headers and value together that the log takes. Far above
// event.MaxChunk: it only stops what would not fit in memory several times.
const maxMessage = 64 << 20

// errDamaged says that a stored record is not what was written. Read makes it eventlog.ErrCorrupt
// with the place.
var errDamaged = errors.New("stored record is damaged")

// place is where a record is stored. The checksum covers it, so a record that turns up elsewhere is
// noticed.
type place struct {
	topic     string
	partition int
	offset    int64
}

// codec turns messages into stored records and back. It may be used concurrently.
type codec struct {
	zstd    *zstd.Decoder
	scratch sync.Pool // *[]byte, for what is needed within a call
	bodies  sync.Pool // *[]byte, for encoded records
}

func newCodec() (*codec, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxMessage+1<<20))
	if err != nil {
		return nil, err
	}
	empty := func() any { return new([]byte) }
	return &codec{zstd: dec, scratch: sync.Pool{New: empty}, bodies: sync.Pool{New: empty}}, nil
}

func (c *codec) close() { c.zstd.Close() }

// encode returns the stored form of m but for its trailer, for which there is room, in memory that
// release takes back. It returns eventlog.ErrTooLarge for a message over maxMessage.
func (c *codec) encode(m event.Message) (*[]byte, error) {
	envelope := envelopeLen(m)
	if n := envelope + len(m.Value); n > maxMessage {
		return nil, fmt.Errorf("%w: message of %d bytes, the event log takes at most %d", eventlog.ErrTooLarge, n, maxMessage)
	}
	out := c.bodies.Get().(*[]byte)
	body := slices.Grow((*out)[:0], 2+2*binary.MaxVarintLen32+envelope+packedLen(len(m.Value))+trailerSize)
	body = append(body, recordVersion, codecRaw)
	body = binary.AppendUvarint(body, uint64(len(m.Value)))
	body = binary.AppendUvarint(body, uint64(envelope+len(m.Value)))
	body = appendEnvelope(body, m)
	head := len(body)
	packed, by, err := pack(body[head:cap(body)], m.Value)
	if err != nil {
		return nil, err
	}
	if len(packed) < len(m.Value) {
		body, body[1] = body[:head+len(packed)], by
	} else {
		body = append(body, m.Value...)
	}
	*out = body
	return out, nil
}

// packedLen is how many bytes a value of n takes at most when it is packed.
func packedLen(n int) int { return max(s2.MaxEncodedLen(n), minlz.MaxEncodedLen(n)) }

// pack packs a value into dst, which has room for packedLen, and says with which codec.
func pack(dst, value []byte) (packed []byte, by byte, err error) {
	if len(value) > minlz.MaxBlockSize {
		return s2.Encode(dst, value), codecS2, nil
	}
	packed, err = minlz.Encode(dst, value, minlz.LevelSuperFast)
	return packed, codecMinLZ, err
}

// release takes the memory of an encoded record back.
func (c *codec) release(body *[]byte) {
	if body != nil && cap(*body) <= 2*event.MaxChunk { // a rare giant is not kept
		c.bodies.Put(body)
	}
}

// appendEnvelope appends what stands before the value in a payload: key and headers.
func appendEnvelope(b []byte, m event.Message) []byte {
	b = appendText(b, m.Key)
	b = binary.AppendUvarint(b, uint64(len(m.Headers)))
	for _, h := range m.Headers {
		b = appendText(b, h.Key)
		b = appendText(b, h.Value)
	}
	return b
}

func envelopeLen(m event.Message) int {
	n := textLen(len(m.Key)) + uvarintLen(len(m.Headers))
	for _, h := range m.Headers {
		n += textLen(len(h.Key)) + textLen(len(h.Value))
	}
	return n
}

func textLen(n int) int { return uvarintLen(n) + n }

func uvarintLen(n int) int { return (bits.Len(uint(n)|1) + 6) / 7 }

func appendText[T string | []byte](b []byte, s T) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// seal appends the trailer that binds an encoded record to its place and time.
func seal(body []byte, at place, t time.Time) []byte {
	body = binary.BigEndian.AppendUint64(body, uint64(t.UnixNano()))
	return binary.BigEndian.AppendUint32(body, checksum(body, at))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte, at place) uint32 {
	table := castagnoli
	var where [12]byte
	binary.BigEndian.PutUint64(where[:8], uint64(at.offset))
	binary.BigEndian.PutUint32(where[8:], uint32(at.partition))
	sum := crc32.Update(0, table, b)
	sum = crc32.Update(sum, table, where[:])
	return crc32.Update(sum, table, []byte(at.topic))
}

// stored is a record whose checksum was verified and whose lengths were read, not yet decompressed.
type stored struct {
	time       time.Time
	codec      byte
	valueLen   int
	payloadLen int
	packed     []byte // aliases the stored bytes
}

// open verifies the stored record b of a place and reads its header. Error: errDamaged.
func open(b []byte, at place) (stored, error) {
	if len(b) < 2+trailerSize {
		return stored{}, fmt.Errorf("%w: %d bytes are too few", errDamaged, len(b))
	}
	end := len(b) - 4
	if checksum(b[:end], at) != binary.BigEndian.Uint32(b[end:]) {
		return stored{}, fmt.Errorf("%w: checksum does not match", errDamaged)
	}
	if b[0] != recordVersion {
		return stored{}, fmt.Errorf("%w: record version %d is not known, a newer satudata may have written it", errDamaged, b[0])
	}
	end = len(b) - trailerSize
	s := stored{codec: b[1], time: time.Unix(0, int64(binary.BigEndian.Uint64(b[end:]))).UTC()}
	valueLen, n := binary.Uvarint(b[2:end])
	payloadLen, m := binary.Uvarint(b[min(2+max(n, 0), end):end])
	if n <= 0 || m <= 0 || payloadLen > maxMessage || valueLen > payloadLen {
		return stored{}, fmt.Errorf("%w: lengths are unreadable", errDamaged)
	}
	s.valueLen, s.payloadLen, s.packed = int(valueLen), int(payloadLen), b[2+n+m:end]
	return s, nil
}

// message decompresses s. The result does not alias the stored bytes. Error: errDamaged.
func (c *codec) message(s stored) (event.Message, error) {
	payload, err := c.payload(s)
	if err != nil {
		return event.Message{}, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if len(payload) != s.payloadLen {
		return event.Message{}, fmt.Errorf("%w: %d bytes instead of %d", errDamaged, len(payload), s.payloadLen)
	}
	return parsePayload(payload, s.valueLen)
}

// payload decompresses s. What its codec says about its size is not trusted for more than the
// allocation of what the record says.
func (c *codec) payload(s stored) ([]byte, error) {
	switch s.codec {
	case codecRaw:
		return slices.Clone(s.packed), nil
	case codecZstd:
		return c.zstd.DecodeAll(s.packed, make([]byte, 0, s.payloadLen))
	case codecS2:
		return s.unpack(s2.DecodedLen, s2.Decode)
	case codecMinLZ:
		return s.unpack(minlz.DecodedLen, minlz.Decode)
	}
	return nil, fmt.Errorf("codec %d is not known", s.codec)
}

// unpack is the payload of a record whose value alone is packed.
func (s stored) unpack(length func(packed []byte) (int, error), decode func(dst, packed []byte) ([]byte, error)) ([]byte, error) {
	envelope := s.payloadLen - s.valueLen
	if envelope > len(s.packed) {
		return nil, errors.New("it is too short")
	}
	if n, err := length(s.packed[envelope:]); err != nil || n != s.valueLen {
		return nil, errors.New("its length is not that of its value")
	}
	out := make([]byte, s.payloadLen)
	copy(out, s.packed[:envelope])
	_, err := decode(out[envelope:envelope:s.payloadLen], s.packed[envelope:])
	return out, err
}

// parsePayload reads key, headers and value. Header values and Value alias b.
func parsePayload(b []byte, valueLen int) (event.Message, error) {
	p := payload{rest: b}
	m := event.Message{Key: string(p.text())}
	count := p.number()
	if count > uint64(len(p.rest)) {
		return m, fmt.Errorf("%w: %d headers do not fit", errDamaged, count)
	}
	if count > 0 {
		m.Headers = make([]event.Header, count)
	}
	for i := range m.Headers {
		m.Headers[i] = event.Header{Key: string(p.text()), Value: p.text()}
	}
	if p.broken || len(p.rest) != valueLen {
		return m, fmt.Errorf("%w: lengths do not add up", errDamaged)
	}
	m.Value = p.rest[:len(p.rest):len(p.rest)]
	return m, nil
}

// payload reads lengths and texts and remembers when it ran out.
type payload struct {
	rest   []byte
	broken bool
}

func (p *payload) number() uint64 {
	v, n := binary.Uvarint(p.rest)
	if n <= 0 {
		p.broken, p.rest = true, nil
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *payload) text() []byte {
	n := p.number()
	if n > uint64(len(p.rest)) {
		p.broken, p.rest = true, nil
		return nil
	}
	t := p.rest[:n:n]
	p.rest = p.rest[n:]
	return t
}
