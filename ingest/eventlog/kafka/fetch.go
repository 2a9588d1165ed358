package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"

	"satudata/ingest/eventlog"
)

// fetch asks the leader of a partition for records. kafka-go finds the leader, connects,
// authenticates and sends it; the answer is read here, as bytes, because the library takes an answer
// apart record by record, and that costs more than all the rest of the road.
type fetch struct {
	*fetchapi.Request
	client  string
	version int16
}

// fetched is what a leader answers.
type fetched struct {
	err  error // kafka.Error
	next int64 // the offset after the last record of the partition
	set  []byte

	*decoded // nil until set is
}

// decoded is what was in a set of batches.
type decoded struct {
	records []eventlog.Record
	end     int64 // the offset after the last of all
	damage  error
}

// decode takes the set apart, unless that was done.
func (r *fetched) decode(from int64) *decoded {
	if r.decoded == nil {
		r.decoded = new(decoded)
		r.records, r.end, r.damage = decodeBatches(r.set, from)
	}
	return r.decoded
}

// ApiKey implements protocol.Message.
func (*fetched) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:staticcheck // the name is the library's

var _ protocol.RawExchanger = (*fetch)(nil)

func newFetch(client, topic string, partition int, offset int64, size int) *fetch {
	return &fetch{client: client, Request: &fetchapi.Request{
		ReplicaID:   -1,
		MaxWaitTime: 1, // ms; an answer without records is an answer
		MaxBytes:    int32(size),
		SessionID:   -1, SessionEpoch: -1,
		Topics: []fetchapi.RequestTopic{{Topic: topic, Partitions: []fetchapi.RequestPartition{{
			Partition:          int32(partition),
			CurrentLeaderEpoch: -1,
			FetchOffset:        offset,
			LogStartOffset:     -1,
			PartitionMaxBytes:  int32(size),
		}}}},
	}}
}

// Required implements protocol.RawExchanger. It keeps the version that the connection speaks.
func (f *fetch) Required(versions map[protocol.ApiKey]int16) bool {
	f.version = versions[protocol.Fetch]
	return true
}

// correlation numbers the requests of this process.
var correlation atomic.Int32

// maxAnswer is more than a broker answers: a batch comes whole, however little is asked for.
const maxAnswer = 1 << 30

// RawExchange implements protocol.RawExchanger.
func (f *fetch) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	id := correlation.Add(1)
	if err := protocol.WriteRequest(rw, f.version, id, f.client, f.Request); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	size, got := int32(binary.BigEndian.Uint32(head[:])), int32(binary.BigEndian.Uint32(head[4:]))
	if got != id || size < 4 || size > maxAnswer {
		return nil, fmt.Errorf("broker answered %d bytes to request %d instead of %d", size, got, id)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	return parseFetched(body, f.version)
}

// errAnswer says that an answer is not as the protocol has it.
var errAnswer = errors.New("broker's answer cannot be read")

// parseFetched takes apart the answer about one partition, as versions 4 to 11 of the protocol have it.
func parseFetched(body []byte, version int16) (*fetched, error) {
	if version < 4 || version > 11 {
		return nil, fmt.Errorf("%w: version %d of fetch; it must be Kafka 0.11 or newer", errAnswer, version)
	}
	a := answer{b: body}
	a.skip(4) // throttled for
	var r fetched
	if version >= 7 {
		if code := a.int16(); code != 0 {
			r.err = kafka.Error(code)
		}
		a.skip(4) // session
	}
	topics := a.int32()
	if r.err != nil {
		return &r, nil
	}
	if topics == 1 {
		a.skip(int(a.int16())) // its name
		topics = a.int32()     // its partitions
	}
	a.skip(4) // its number
	if code := a.int16(); code != 0 {
		r.err = kafka.Error(code)
	}
	r.next = a.int64()
	a.skip(8) // last stable offset
	if version >= 5 {
		a.skip(8) // first offset
	}
	a.skip(16 * int(max(a.int32(), 0))) // aborted transactions
	if version >= 11 {
		a.skip(4) // a replica that would be better
	}
	r.set = a.bytes(int(max(a.int32(), 0)))
	if a.bad || topics != 1 {
		return nil, fmt.Errorf("%w: %d bytes", errAnswer, len(body))
	}
	return &r, nil
}

// answer reads fields of fixed size. After a fault it is bad and reads zeros.
type answer struct {
	b   []byte
	bad bool
}

func (a *answer) bytes(n int) []byte {
	if n < 0 || n > len(a.b) {
		a.bad = true
		return nil
	}
	out := a.b[:n]
	a.b = a.b[n:]
	return out
}

func (a *answer) skip(n int) { a.bytes(n) }

func (a *answer) int16() int16 {
	if b := a.bytes(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (a *answer) int32() int32 {
	if b := a.bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (a *answer) int64() int64 {
	if b := a.bytes(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}
