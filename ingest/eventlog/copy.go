package eventlog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"satudata/ingest/event"
)

// Errors of Copy.
var (
	ErrDiffers    = errors.New("destination of the copy holds something else") // than the source
	ErrRenumbered = errors.New("copy would lower the offsets of messages")
)

// copyBytes is how much Copy holds of one partition at a time, of source and destination each.
const copyBytes = 4 << 20

// Copy copies every topic of src to dst, with its partitions and the order in each of them. It
// copies what src holds when Copy starts: stop the writers first, or run it again.
//
// A position in src stays good in dst: a message never gets a lower offset than it had, so a reader
// that goes on in dst from there skips nothing, and what it may see twice it drops by stream and
// sequence number. Copy stops with ErrRenumbered where that cannot be kept, because src lost its
// beginning or has gaps.
//
// It may be interrupted and run again. Each run compares what dst already has with src, message by
// message, and goes on after it; a run after a complete copy changes nothing and verifies it. A
// message that dst has twice, because a log that was not sure of an append repeated it, counts as
// one. Where dst holds anything else, or has a topic with another number of partitions, Copy stops
// with ErrDiffers, having written nothing to that partition. What dst has beyond the end of src is
// left alone, so that a copy that is already in use can be checked too.
//
// progress, when not nil, is called with the messages of a topic that are known to be in dst.
// Errors: ErrDiffers, ErrRenumbered and those of Log.
func Copy(ctx context.Context, dst, src Log, progress func(topic string, done, total int64)) error {
	topics, err := src.Topics(ctx)
	if err != nil {
		return fmt.Errorf("copy log: %w", err)
	}
	for _, topic := range topics {
		c := copier{dst: dst, src: src, topic: topic, progress: progress}
		if err := c.run(ctx); err != nil {
			return fmt.Errorf("copy topic %s: %w", topic, err)
		}
	}
	return nil
}

// copier copies one topic.
type copier struct {
	dst, src    Log
	topic       string
	progress    func(topic string, done, total int64)
	done, total int64
}

func (c *copier) run(ctx context.Context) error {
	from, err := c.src.Ranges(ctx, c.topic)
	if err != nil {
		return err
	}
	if creator, ok := c.dst.(Creator); ok {
		if err := creator.Create(ctx, c.topic, len(from)); err != nil {
			return err
		}
	}
	to, err := c.dst.Ranges(ctx, c.topic)
	if err != nil && !errors.Is(err, ErrNoTopic) {
		return err
	}
	if len(to) != len(from) {
		return fmt.Errorf("%w: %d partitions instead of %d", ErrDiffers, len(to), len(from))
	}
	for _, r := range from {
		c.total += r.Next - r.First
		if r.First > 0 {
			return fmt.Errorf("%w: the source's partition %d begins at offset %d", ErrRenumbered, r.Partition, r.First)
		}
	}
	c.advance(0)
	for i := range from {
		p := partitionCopy{copier: c, from: from[i], next: to[i].Next}
		p.dst = reader{log: c.dst, topic: c.topic, partition: i, next: to[i].First, end: to[i].Next}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("partition %d: %w", i, err)
		}
	}
	return nil
}

func (c *copier) advance(n int) {
	c.done += int64(n)
	if c.progress != nil {
		c.progress(c.topic, c.done, c.total)
	}
}

// partitionCopy copies one partition: as long as dst has messages they are compared, then the rest
// is appended.
type partitionCopy struct {
	*copier
	from  Range
	dst   reader
	next  int64           // least offset that the next append to dst can get
	seen  map[digest]bool // messages that dst was found to have
	batch []event.Message
	size  int
}

type digest [sha256.Size]byte

func (p *partitionCopy) run(ctx context.Context) error {
	p.seen = make(map[digest]bool)
	src := reader{log: p.src, topic: p.topic, partition: p.from.Partition, next: p.from.First, end: p.from.Next}
	for {
		r, err := src.read(ctx)
		if err != nil {
			return err
		}
		if r == nil {
			return p.flush(ctx)
		}
		there, err := p.compare(ctx, *r)
		switch {
		case err != nil:
			return err
		case there:
			p.advance(1)
			continue
		}
		if p.size += len(r.Message.Value); p.size > copyBytes && len(p.batch) > 0 {
			if err := p.flush(ctx); err != nil {
				return err
			}
			p.size = len(r.Message.Value)
		}
		if at := p.next + int64(len(p.batch)); at < r.Offset {
			return fmt.Errorf("%w: the message at offset %d would get offset %d", ErrRenumbered, r.Offset, at)
		}
		p.batch = append(p.batch, r.Message)
	}
}

// compare says whether dst has the message next. False means that dst ended.
func (p *partitionCopy) compare(ctx context.Context, want Record) (bool, error) {
	for {
		got, err := p.dst.read(ctx)
		if err != nil {
			return false, fmt.Errorf("read destination: %w", err)
		}
		if got == nil {
			return false, nil
		}
		sum := digestOf(got.Message)
		if sum == digestOf(want.Message) && got.Offset >= want.Offset {
			p.seen[sum] = true
			return true, nil
		}
		if !p.seen[sum] {
			return false, fmt.Errorf("%w: offset %d is not the message at offset %d of the source", ErrDiffers, got.Offset, want.Offset)
		}
	}
}

func (p *partitionCopy) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	positions, err := p.copier.dst.Append(ctx, p.topic, p.batch...)
	if err != nil {
		return err
	}
	for i, at := range positions {
		if at.Partition != p.from.Partition {
			return fmt.Errorf("%w: key %q belongs to partition %d there", ErrDiffers, p.batch[i].Key, at.Partition)
		}
		p.next = at.Offset + 1
	}
	p.advance(len(p.batch))
	clear(p.batch) // let go of the values
	p.batch, p.size = p.batch[:0], 0
	return nil
}

// reader reads the offsets [next, end) of a partition one by one.
type reader struct {
	log       Log
	topic     string
	partition int
	next, end int64
	records   []Record
}

// read returns the next record, or nil at the end.
func (r *reader) read(ctx context.Context) (*Record, error) {
	if len(r.records) == 0 {
		if r.next >= r.end {
			return nil, nil
		}
		var err error
		if r.records, err = r.log.Read(ctx, r.topic, r.partition, r.next, copyBytes); err != nil {
			return nil, err
		}
		if len(r.records) == 0 {
			return nil, nil
		}
	}
	record := &r.records[0]
	r.records = r.records[1:]
	if r.next = record.Offset + 1; record.Offset >= r.end {
		return nil, nil
	}
	return record, nil
}

// digestOf identifies a message by all that it holds.
func digestOf(m event.Message) digest {
	h := sha256.New()
	var size [8]byte
	write := func(b []byte) {
		binary.BigEndian.PutUint64(size[:], uint64(len(b)))
		h.Write(size[:])
		h.Write(b)
	}
	write([]byte(m.Key))
	write(m.Value)
	for _, header := range m.Headers {
		write([]byte(header.Key))
		write(header.Value)
	}
	return digest(h.Sum(nil))
}
