package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"satudata/ingest/eventlog"
)

// Read implements [eventlog.Log].
func (l *Log) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	defer l.running.RUnlock()
	if l.tail != nil {
		records, err := l.tail.read(place{topic: topic, partition: partition, offset: from}, maxBytes)
		if err != nil || len(records) > 0 {
			return records, err
		}
	}
	var records []eventlog.Record
	err := l.view(func(tx *bolt.Tx) error {
		b, err := topicOf(tx, topic)
		if err != nil {
			return err
		}
		if n := partitions(b); partition < 0 || partition >= n {
			return fmt.Errorf("%w: partition %d of %d", eventlog.ErrNoTopic, partition, n)
		}
		at := place{topic: topic, partition: partition, offset: from}
		records, err = l.read(ctx, b.Bucket(partitionKey(partition)), at, maxBytes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	return records, nil
}

// read returns the records of a partition's bucket from a place on, as [eventlog.Log.Read] does.
// Damage ends what it returns; it is the error of the read that begins there.
func (l *Log) read(ctx context.Context, b *bolt.Bucket, at place, maxBytes int) ([]eventlog.Record, error) {
	next, err := nextOffset(b, at)
	if err != nil {
		return nil, err
	}
	if at.offset < 0 || at.offset > next {
		return nil, fmt.Errorf("%w: partition %d holds offsets 0 to %d, not %d", eventlog.ErrExpired, at.partition, next, at.offset)
	}
	var records []eventlog.Record
	cursor := b.Cursor()
	for key, value := cursor.Seek(offsetKey(at.offset)); at.offset < next; key, value = cursor.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, n, err := l.record(b, key, value, at, maxBytes, len(records) > 0)
		switch {
		case err != nil && len(records) > 0:
			return records, nil
		case err != nil:
			return nil, corrupt(at, err)
		case n > maxBytes && len(records) > 0:
			return records, nil
		}
		records = append(records, r)
		maxBytes -= n
		at.offset++
	}
	return records, nil
}

// record decodes the entry of a partition's bucket that should be the record of a place, and
// returns the length of its value. It skips decompression of an optional one that does not fit.
func (l *Log) record(b *bolt.Bucket, key, value []byte, at place, maxBytes int, optional bool) (eventlog.Record, int, error) {
	if len(key) != 8 || int64(binary.BigEndian.Uint64(key)) != at.offset {
		return eventlog.Record{}, 0, errors.New("stored record is missing")
	}
	if value == nil {
		scratch := l.codec.scratch.Get().(*[]byte)
		defer l.codec.scratch.Put(scratch)
		var err error
		if value, err = l.long(b.Bucket(key), scratch); err != nil {
			return eventlog.Record{}, 0, err
		}
	}
	s, err := open(value, at)
	if err != nil || optional && s.valueLen > maxBytes {
		return eventlog.Record{}, s.valueLen, err
	}
	m, err := l.codec.message(s)
	return eventlog.Record{Offset: at.offset, Time: s.time, Message: m}, s.valueLen, err
}

// long reads the stored record that has a bucket of its own, not through the memory map: the pages
// of a map that were touched count as memory of the process, and a log may be larger than memory.
// The result is valid as long as scratch is not used for something else.
func (l *Log) long(own *bolt.Bucket, scratch *[]byte) ([]byte, error) {
	if own == nil {
		return nil, errors.New("stored record is missing")
	}
	if own.Root() == 0 { // pages are so large that the bucket lies in its parent's
		return own.Get(valueKey), nil
	}
	at := int64(own.Root()) * int64(l.db.Info().PageSize)
	head := make([]byte, pageHeader+elementSize+len(valueKey))
	if _, err := l.file.ReadAt(head, at); err != nil {
		return nil, err
	}
	from, n, err := onlyValue(head, uint64(own.Root()))
	if err != nil {
		return nil, err
	}
	*scratch = slices.Grow((*scratch)[:0], n)[:n]
	if _, err := l.file.ReadAt(*scratch, at+from); err != nil {
		return nil, err
	}
	return *scratch, nil
}

func corrupt(at place, err error) error {
	return fmt.Errorf("%w: topic %s partition %d offset %d: %w", eventlog.ErrCorrupt, at.topic, at.partition, at.offset, err)
}
