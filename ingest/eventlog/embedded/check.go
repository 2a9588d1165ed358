package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	bolt "go.etcd.io/bbolt"

	"satudata/ingest/eventlog"
)

// Check implements [eventlog.Checker]. It reads the file by itself and goes through every page that
// is in use, so that damage neither hangs it nor hides from it:
//
//   - both meta pages, by their checksums;
//   - every page is what it says it is, is in use once, or is free, and its keys are in order and
//     where they are looked for;
//   - topics and their partitions are those that the list of topics names;
//   - offsets are gapless from 0 to the next one, and every record is whole, by its checksum over
//     content and place.
//
// What it does not look at is bytes that nothing reads: of pages that are free, behind the last
// element of a page, and numbers of bbolt that the log has no use for.
func (l *Log) Check(ctx context.Context, found func(eventlog.Damage)) error {
	if err := l.enter(ctx); err != nil {
		return fmt.Errorf("check event log: %w", err)
	}
	defer l.running.RUnlock()
	c := check{ctx: ctx, codec: l.codec, report: found, topics: make(map[string]int)}
	l.committing.Lock() // meta pages stand still
	committing := sync.OnceFunc(l.committing.Unlock)
	defer committing()
	err := l.view(func(tx *bolt.Tx) error { // keeps the pages of its state from being used anew
		m, err := c.metas(l.file, uint64(tx.ID()), int64(l.db.Info().PageSize))
		committing()
		if err == nil {
			c.pages = newPages(l.file, m)
			c.file()
			err = ctx.Err()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("check event log: %w", err)
	}
	return nil
}

// check is one call of Check.
type check struct {
	ctx    context.Context
	codec  *codec
	report func(eventlog.Damage)
	pages  *pages
	broken bool           // damage was found
	topics map[string]int // and their partitions, as they are
	listed map[string]int // as the list of topics names them; nil when there is no list
	meta   bool           // the bucket with the layout was found
	all    bool           // the bucket with the topics was found
}

func (c *check) found(at place, format string, args ...any) {
	c.broken = true
	c.report(eventlog.Damage{Topic: at.topic, Partition: at.partition, Offset: at.offset, Reason: fmt.Sprintf(format, args...)})
}

// nowhere is the place of damage to the log's own book-keeping.
var nowhere = place{partition: -1, offset: -1}

// metas reads both meta pages, and returns the one of a transaction.
func (c *check) metas(f io.ReaderAt, tx uint64, pageSize int64) (meta, error) {
	var in meta
	for id := range uint64(2) {
		b := make([]byte, pageHeader+metaSize)
		if _, err := f.ReadAt(b, int64(id)*pageSize); err != nil {
			return in, err
		}
		m, err := parseMeta(b, id)
		switch {
		case err != nil:
			c.found(nowhere, "meta page %d: %v; unless the log was closed, what was appended last may be missing", id, err)
		case m.tx == tx:
			in = m
		}
	}
	if in.tx != tx || in.pageSize != pageSize || in.limit < 4 {
		return in, fmt.Errorf("%w: no meta page is of transaction %d", eventlog.ErrCorrupt, tx)
	}
	return in, nil
}

// file goes through all that is in use.
func (c *check) file() {
	root := &tree{pages: c.pages, fault: func(err error) { c.found(nowhere, "%v", err) }}
	root.each = func(e element, level int) {
		switch name := string(e.key); {
		case !e.bucket:
			c.found(nowhere, "entry %q is not known", name)
		case name == string(metaBucket):
			c.meta = true
			c.layout(e, level)
		case name == string(topicsBucket):
			c.all = true
			c.allTopics(e, level)
		default:
			c.found(nowhere, "entry %q is not known", name)
		}
	}
	root.walk(c.pages.root, 0, nil, nil)
	if !c.meta || !c.all {
		c.found(nowhere, "the layout or the topics are missing")
	}
	for name, n := range c.listed {
		if have, ok := c.topics[name]; !ok || have != n {
			c.found(place{name, -1, -1}, "should have %d partitions and has %d", n, have)
		}
	}
	for name := range c.topics {
		if _, ok := c.listed[name]; !ok && c.listed != nil {
			c.found(place{name, -1, -1}, "is not in the list of topics")
		}
	}
	if c.ctx.Err() == nil {
		c.free()
	}
}

// layout checks the bucket that says what file it is.
func (c *check) layout(e element, level int) {
	var version string
	t := &tree{pages: c.pages, fault: func(err error) { c.found(nowhere, "layout: %v", err) }}
	t.each = func(e element, _ int) {
		switch {
		case bytes.Equal(e.key, versionKey) && !e.bucket:
			version = string(e.value)
		case bytes.Equal(e.key, listKey) && !e.bucket:
			var err error
			if c.listed, err = parseList(e.value); err != nil {
				c.found(nowhere, "list of topics: %v", err)
			}
		default:
			c.found(nowhere, "layout: entry %q is not known", e.key)
		}
	}
	t.bucket(e.value, level)
	if version != layoutVersion {
		c.found(nowhere, "layout: version is %q", version)
	}
	if c.listed == nil {
		c.found(nowhere, "the list of topics is missing")
	}
}

// allTopics checks the topics.
func (c *check) allTopics(e element, level int) {
	t := &tree{pages: c.pages, fault: func(err error) { c.found(nowhere, "topics: %v", err) }}
	t.each = func(e element, level int) {
		name := string(e.key)
		if err := eventlog.CheckTopic(name); err != nil || !e.bucket {
			c.found(nowhere, "topics: entry %q is not a topic", name)
			return
		}
		c.topic(name, e, level)
	}
	t.bucket(e.value, level)
}

// topic checks the partitions of a topic.
func (c *check) topic(name string, e element, level int) {
	t := &tree{pages: c.pages, fault: func(err error) { c.found(place{name, -1, -1}, "%v", err) }}
	n := 0
	t.each = func(e element, level int) {
		if !e.bucket || len(e.key) != 4 || int(binary.BigEndian.Uint32(e.key)) != n {
			c.found(place{name, n, -1}, "is missing: there is %x in its place", e.key)
			if len(e.key) != 4 {
				return
			}
			n = int(binary.BigEndian.Uint32(e.key))
		}
		if e.bucket {
			c.partition(place{topic: name, partition: n}, e, level)
		}
		n++
	}
	t.bucket(e.value, level)
	c.topics[name] = n
}

// partition checks the records of a partition.
func (c *check) partition(at place, e element, level int) {
	where := place{at.topic, at.partition, -1}
	t := &tree{pages: c.pages, fault: func(err error) { c.found(where, "%v", err) }}
	t.each = func(e element, level int) {
		if c.ctx.Err() != nil {
			return
		}
		if len(e.key) != 8 {
			c.found(at, "is missing: there is %x in its place", e.key)
			return
		}
		if next := int64(binary.BigEndian.Uint64(e.key)); next != at.offset {
			c.found(at, "is missing: offset %d follows", next)
			if next < at.offset {
				return
			}
			at.offset = next
		}
		c.record(at, e, level)
		at.offset++
	}
	if next := int64(t.bucket(e.value, level)); next != at.offset && c.ctx.Err() == nil {
		c.found(at, "should be followed up to offset %d, and nothing is there", next)
	}
}

// record checks one record.
func (c *check) record(at place, e element, level int) {
	value := e.value
	if e.bucket {
		value = nil
		t := &tree{pages: c.pages, fault: func(err error) { c.found(at, "%v", err) }}
		t.each = func(e element, _ int) {
			if e.bucket || !bytes.Equal(e.key, valueKey) {
				c.found(at, "entry %q is not known", e.key)
				return
			}
			value = e.value
		}
		t.bucket(e.value, level)
	}
	s, err := open(value, at)
	if err == nil {
		_, err = c.codec.message(s)
	}
	if err != nil {
		c.found(at, "%v", err)
	}
}

// free checks that every page that nothing uses is free, and that no other one is.
func (c *check) free() {
	ids, err := c.pages.freeIDs()
	if err != nil {
		c.found(nowhere, "free pages: %v", err)
		return
	}
	for _, id := range ids {
		if id < 2 || id >= c.pages.limit {
			c.found(nowhere, "free pages: page %d does not exist", id)
		} else if !c.pages.use(id, 1) {
			c.found(nowhere, "free pages: page %d is in use", id)
		}
	}
	lost := 0
	for id := uint64(2); id < c.pages.limit; id++ {
		if !c.pages.isUsed(id) {
			lost++
		}
	}
	if lost > 0 && !c.broken && c.pages.freelist != noFreelist {
		c.found(nowhere, "%d pages are neither in use nor free", lost)
	}
}

// The list of topics says which topics there are and how many partitions each has. It is there so
// that a topic which vanishes with its records is missed: names in order, each with its number of
// partitions, then a checksum.

// appendList encodes a list of topics.
func appendList(b []byte, topics map[string]int) []byte {
	names := make([]string, 0, len(topics))
	for name := range topics {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b = binary.AppendUvarint(appendText(b, name), uint64(topics[name]))
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseList decodes a list of topics.
func parseList(b []byte) (map[string]int, error) {
	end := len(b) - 4
	if end < 0 || crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return nil, errors.New("checksum does not match")
	}
	topics := make(map[string]int)
	for p := (payload{rest: b[:end]}); len(p.rest) > 0; {
		topics[string(p.text())] = int(p.number())
		if p.broken {
			return nil, errors.New("lengths do not add up")
		}
	}
	return topics, nil
}
