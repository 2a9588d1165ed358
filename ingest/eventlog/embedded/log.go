// Package embedded is the event log of a single machine: one bbolt file, no server.
//
// # On disk
//
// The folder holds log.db, a bbolt database (https://github.com/etcd-io/bbolt), and log.pid, a note
// for people that says which process has it open. In log.db:
//
//	satudata                     bucket
//	  version                    "1": of this layout
//	  topics                     names and numbers of partitions, so that a lost topic is missed
//	topics                       bucket
//	  <topic>                    bucket
//	    <partition>              bucket, 4 bytes big-endian; its sequence is the next offset
//	      <offset>               8 bytes big-endian, gapless from 0
//
// A record of up to inlineMax bytes is the value of its offset. A longer one is the only value,
// under "v", of a bucket at its offset: it then has pages of its own, which no later append
// rewrites, and lies in one piece.
// A record is:
//
//	version   1 byte     1
//	codec     1 byte     0 nothing is compressed, 1 all of the payload, with zstd,
//	                     2 the value, with S2, 3 the value, with MinLZ
//	value     uvarint    bytes of the message's value
//	payload   uvarint    bytes of the payload before compression
//	payload              key, number of headers, (name, value) of each, then the message's value;
//	                     a uvarint length stands before key, names and header values
//	time      8 bytes    when the log took it, Unix nanoseconds, big-endian
//	checksum  4 bytes    CRC-32C over all of the above, offset (8), partition (4), topic; big-endian
//
// Values may be added (a new version, a new codec); what is written never changes its meaning.
//
// MinLZ at its fastest is chosen by measurement on permit records of 230 bytes (NDJSON; CSV of the same in
// brackets), in MB/s of one processor: it packs 970 (750) to 31 % (58 %) and unpacks 2,530 (2,620); S2
// packs 710 (500) to 30 % (52 %) and unpacks 1,890 (1,460); zstd at its fastest packs 300 to 19 %. Nothing at
// all would cost least, but for the disk, which then takes three times the bytes.
//
// # Durability and damage
//
// An append is one bbolt transaction: its pages are synced, then one of two checksummed meta pages
// that point to them is written and synced. A crash in between leaves the state before, and nothing
// was acknowledged. Appends that wait for a running one are stored together by the next one, so
// many writers share its two syncs.
//
// A disk that is full fails the append with eventlog.ErrFull and leaves the log as it was: pages are
// written, never filled through the memory map, which is for reading. A closed log has both meta
// pages lead to all that was appended, so it survives the loss of one.
//
// A damaged record is eventlog.ErrCorrupt with topic, partition and offset, never other data. The
// rest of the file, about a hundredth, is bbolt's and has no checksums: damage there shows as a
// missing offset or as a fault, which are ErrCorrupt too, but it may also hang a read. Check finds
// such damage, and all other. Keep the log on storage that checks itself, or in Kafka with replicas.
//
// # Memory
//
// Records with pages of their own are read from the file, not through the memory map, so that a log
// larger than memory does not fill it.
//
// With Options.TailBytes records are also held in memory from when they are durable until they are
// read, the newest of them when there are more than that: for a process that appends and reads.
package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"satudata/ingest/durable"
	"satudata/ingest/eventlog"
)

var (
	_ eventlog.Log     = (*Log)(nil)
	_ eventlog.Creator = (*Log)(nil)
	_ eventlog.Checker = (*Log)(nil)
)

// Options are the settings of a log; the zero value works.
type Options struct {
	Partitions int              // of a topic that Append creates; 1 when not given
	TailBytes  int              // memory for records that were appended and not read yet; 0: none are kept
	Now        func() time.Time // time.Now when nil
	Logger     *slog.Logger     // discards when nil
}

func (o Options) withDefaults() Options {
	if o.Partitions <= 0 {
		o.Partitions = 1
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Log is an event log in one folder. It implements [eventlog.Log] and [eventlog.Creator].
type Log struct {
	dir   string
	o     Options
	db    *bolt.DB
	file  *os.File // the same file, for reading
	info  os.FileInfo
	codec *codec
	tail  *tail // nil: none is kept

	running sync.RWMutex // held shared by every call, exclusively by Close
	closed  bool         // guarded by running

	committing sync.Mutex // held by the call that writes
	written    bool       // since it was opened; guarded by committing
	mu         sync.Mutex // guards waiting
	waiting    []*batch   // appends that the next commit takes along
}

const (
	fileName      = "log.db"
	layoutVersion = "1"
	// lockWait is how long a second opener waits for the first to go: long enough for a process
	// that is just ending, short enough for a person who waits.
	lockWait = 300 * time.Millisecond
	// mapSize is the file size up to which its memory map stays where it is.
	mapSize = 1 << 40
)

var ( // bucket and key names, see the package comment
	metaBucket   = []byte("satudata")
	versionKey   = []byte("version")
	listKey      = []byte("topics")
	topicsBucket = []byte("topics")
	valueKey     = []byte("v")
)

// Open opens the log in dir, making both when they are missing. Errors: eventlog.ErrLocked when
// another process has it open, eventlog.ErrCorrupt when it is not a log or not whole.
func Open(dir string, o Options) (*Log, error) {
	o = o.withDefaults()
	if err := durable.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("open event log: %w", err)
	}
	path := filepath.Join(dir, fileName)
	db, err := openFile(path)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("open event log: %w", lockedBy(dir))
	case full(err):
		return nil, fmt.Errorf("open event log: %w", fullError(dir, err))
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(syscall.Errno)):
		return nil, fmt.Errorf("open event log: %w", err)
	case err != nil: // bbolt cannot make sense of the file
		return nil, fmt.Errorf("open event log %s: %w: %w", path, eventlog.ErrCorrupt, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open event log: %w", errors.Join(err, db.Close()))
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open event log: %w", errors.Join(err, file.Close(), db.Close()))
	}
	l := &Log{dir: dir, o: o, db: db, file: file, info: info}
	if o.TailBytes > 0 {
		l.tail = newTail(o.TailBytes)
	}
	if err := l.start(); err != nil {
		return nil, fmt.Errorf("open event log %s: %w", path, errors.Join(err, file.Close(), db.Close()))
	}
	o.Logger.Info("event log opened", "path", path)
	return l, nil
}

// openFile opens the file with as much address space as it will ever need, which costs nothing: to
// map a file that has outgrown its map, bbolt waits for all readers, and all others wait for it.
func openFile(path string) (db *bolt.DB, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeFile(path); err != nil {
			return nil, err
		}
	}
	before, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	o := &bolt.Options{Timeout: lockWait, FreelistType: bolt.FreelistMapType, InitialMmapSize: mapSize}
	err = guard(func() (err error) {
		if db, err = bolt.Open(path, 0o644, o); errors.Is(err, syscall.ENOMEM) {
			o.InitialMmapSize = 0 // address space is limited here
			db, err = bolt.Open(path, 0o644, o)
		}
		return err
	})
	if full(err) && (before == nil || before.Size() == 0) {
		err = errors.Join(err, os.Remove(path)) // what was begun is no log, and would pass for a damaged one
	}
	return db, err
}

// makeFile makes the file of a new log, which appears whole or not at all: bbolt makes it in place, where
// a power cut may leave a part of it that passes for a damaged log.
func makeFile(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+fileName+".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	db, err := bolt.Open(f.Name(), 0o644, nil) // writes and syncs what an empty database holds
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	err = durable.Name(f.Name(), path)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, errors.ErrUnsupported) {
		return nil // another process was faster, or bbolt has to make it
	}
	return err
}

// start checks an open database, lays it out when it is new and says who has it.
func (l *Log) start() error {
	if err := l.checkSize(); err != nil {
		return err
	}
	if err := l.layOut(); err != nil {
		return err
	}
	if err := durable.SyncDir(l.dir); err != nil { // who made the file may have been killed before its name was safe
		return err
	}
	var err error
	if l.codec, err = newCodec(); err != nil {
		return err
	}
	if err := writeHolder(l.dir, l.o.Now()); err != nil {
		l.o.Logger.Warn("event log is open without a note of who has it", "path", l.dir, "error", err) // a full disk can still be read
	}
	return nil
}

// checkSize refuses a file that lost its end: reading past it would be a fault.
func (l *Log) checkSize() error {
	info, err := os.Stat(l.db.Path())
	if err != nil {
		return err
	}
	return l.view(func(tx *bolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("%w: the file has %d bytes and should have %d", eventlog.ErrCorrupt, info.Size(), tx.Size())
		}
		return nil
	})
}

// layOut checks the layout of the file and writes it when the file is new. It leaves a file that
// has one untouched, whatever else is wrong with it.
func (l *Log) layOut() error {
	var version string
	var listed bool
	err := l.view(func(tx *bolt.Tx) error {
		if meta := tx.Bucket(metaBucket); meta != nil {
			version = string(meta.Get(versionKey))
			first, _ := meta.Cursor().First()
			listed = string(first) != string(versionKey) // what stands before it is the list, sound or not
		}
		if topics := tx.Bucket(topicsBucket); topics == nil && version == layoutVersion {
			return fmt.Errorf("%w: the topics are missing", eventlog.ErrCorrupt)
		}
		if root, _ := tx.Cursor().First(); root == nil {
			version = "new"
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case version == layoutVersion && listed:
		return nil
	case version == layoutVersion:
		return l.update(makeList)
	case version != "new":
		return fmt.Errorf("%w: layout version %q is not known, a newer satudata may have written it", eventlog.ErrCorrupt, version)
	}
	return l.update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket(metaBucket)
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket(topicsBucket); err != nil {
			return err
		}
		if err := meta.Put(versionKey, []byte(layoutVersion)); err != nil {
			return err
		}
		return makeList(tx)
	})
}

// Close implements [eventlog.Log].
func (l *Log) Close() error {
	l.running.Lock()
	defer l.running.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	var lost error
	if errors.Is(l.inPlace(), eventlog.ErrLost) {
		lost = fmt.Errorf("%w: berkasnya dihapus atau diganti selagi dipakai; kembalikan dari cadangan dengan `satudata restore` "+
			"(its file was removed or replaced while in use: bring it back from a backup by `satudata restore`)", eventlog.ErrLost)
	}
	removeHolder(l.dir)
	l.settle()
	l.codec.close()
	if err := errors.Join(lost, l.file.Close(), l.db.Close()); err != nil {
		return fmt.Errorf("close event log %s: %w", l.dir, err)
	}
	l.o.Logger.Info("event log closed", "path", l.dir)
	return nil
}

// settle commits nothing once more: both meta pages then lead to all that was appended, and it
// survives the loss of one. Where that cannot be done, a log is as safe as before.
func (l *Log) settle() {
	if !l.written {
		return
	}
	if err := l.update(func(*bolt.Tx) error { return nil }); err != nil {
		l.o.Logger.Warn("event log is closed with one meta page behind", "path", l.dir, "error", err)
	}
}

// enter begins a call; when it returns nil the caller calls l.running.RUnlock at its end. It is ErrLost
// once the file was removed or replaced: what would be appended then, nobody could find again.
func (l *Log) enter(ctx context.Context) error {
	if err := l.hold(ctx); err != nil {
		return err
	}
	if err := l.inPlace(); err != nil {
		l.running.RUnlock()
		return err
	}
	return nil
}

// inPlace says whether the file is still the one of its name.
func (l *Log) inPlace() error {
	path := l.db.Path()
	info, err := os.Stat(path)
	if err == nil && os.SameFile(info, l.info) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w: %s dihapus atau diganti selagi dipakai; sebelum menghentikan proses ini, selamatkan isinya dengan `satudata backup`, lalu kembalikan dengan `satudata restore` "+
		"(it was removed or replaced while in use: before you stop this process, save what it holds by `satudata backup`, then bring it back by `satudata restore`)", eventlog.ErrLost, path)
}

// hold is enter for a log that need not be in its place.
func (l *Log) hold(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.running.RLock()
	if l.closed {
		l.running.RUnlock()
		return eventlog.ErrClosed
	}
	return nil
}

// Topics implements [eventlog.Log].
func (l *Log) Topics(ctx context.Context) ([]string, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	defer l.running.RUnlock()
	var topics []string
	err := l.view(func(tx *bolt.Tx) error {
		return tx.Bucket(topicsBucket).ForEachBucket(func(name []byte) error {
			topics = append(topics, string(name))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return topics, nil
}

// Ranges implements [eventlog.Log].
func (l *Log) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	defer l.running.RUnlock()
	var ranges []eventlog.Range
	err := l.view(func(tx *bolt.Tx) error {
		b, err := topicOf(tx, topic)
		if err != nil {
			return err
		}
		for p := range partitions(b) {
			next, err := nextOffset(b.Bucket(partitionKey(p)), place{topic: topic, partition: p})
			if err != nil {
				return err
			}
			ranges = append(ranges, eventlog.Range{Partition: p, Next: next})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	return ranges, nil
}

// partitions counts the partitions of a topic's bucket.
func partitions(topic *bolt.Bucket) int {
	last, _ := topic.Cursor().Last()
	if last == nil {
		return 0
	}
	return int(binary.BigEndian.Uint32(last)) + 1
}

func partitionKey(p int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(p)) }

func offsetKey(offset int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(offset)) }

// nextOffset returns the offset after the last record of a partition, when both places that tell it
// agree.
func nextOffset(p *bolt.Bucket, at place) (int64, error) {
	if p == nil {
		return 0, fmt.Errorf("%w: topic %s partition %d is missing", eventlog.ErrCorrupt, at.topic, at.partition)
	}
	next := int64(p.Sequence())
	var want int64
	if last, _ := p.Cursor().Last(); len(last) == 8 {
		want = int64(binary.BigEndian.Uint64(last)) + 1
	}
	if next != want {
		return 0, fmt.Errorf("%w: topic %s partition %d should end at offset %d and ends at %d", eventlog.ErrCorrupt, at.topic, at.partition, next, want)
	}
	return next, nil
}

// view runs f in a read transaction. Values are only valid inside f.
func (l *Log) view(f func(*bolt.Tx) error) error {
	return guard(func() error { return l.db.View(f) })
}

// update runs f in a write transaction that is durable when it returns nil.
func (l *Log) update(f func(*bolt.Tx) error) error {
	l.written = true
	err := guard(func() error { return l.db.Update(f) })
	if full(err) {
		err = fullError(l.dir, err)
	}
	return err
}

// full says whether storage had no room. bbolt keeps of some errors only their words.
func full(err error) bool {
	return err != nil && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || strings.Contains(err.Error(), syscall.ENOSPC.Error()))
}

// fullError is an ErrFull that says where and what to do. A transaction that found no room leaves
// the log as it was, and the next one may succeed.
func fullError(dir string, err error) error {
	return fmt.Errorf("%w: penyimpanan untuk log peristiwa %s penuh; kosongkan atau perbesar, lalu ulangi; yang sudah diterima tetap utuh"+
		" (its storage is full: make room and try again; what was taken is safe): %w", eventlog.ErrFull, dir, err)
}

// guard runs f. What bbolt does when it meets damaged pages, a panic or a fault in the memory map,
// becomes an ErrCorrupt.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", eventlog.ErrCorrupt, p)
		}
	}()
	return f()
}

// Create implements [eventlog.Creator].
func (l *Log) Create(ctx context.Context, topic string, n int) error {
	if err := l.enter(ctx); err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	defer l.running.RUnlock()
	if err := eventlog.CheckTopic(topic); err != nil {
		return err
	}
	if n < 1 {
		return fmt.Errorf("create topic %s: %d partitions", topic, n)
	}
	l.committing.Lock()
	defer l.committing.Unlock()
	err := l.update(func(tx *bolt.Tx) error {
		_, err := createTopic(tx, topic, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// createTopic returns the bucket of a topic, made with n partitions when it is missing.
func createTopic(tx *bolt.Tx, topic string, n int) (*bolt.Bucket, error) {
	b, err := topicOf(tx, topic)
	if !errors.Is(err, eventlog.ErrNoTopic) {
		return b, err
	}
	if b, err = tx.Bucket(topicsBucket).CreateBucket([]byte(topic)); err != nil {
		return nil, err
	}
	if topic == eventlog.CatalogTopic {
		n = 1
	}
	for p := range n {
		if _, err := b.CreateBucket(partitionKey(p)); err != nil {
			return nil, err
		}
	}
	listed, err := list(tx)
	if err != nil {
		return nil, err
	}
	listed[topic] = n
	return b, tx.Bucket(metaBucket).Put(listKey, appendList(nil, listed))
}

// topicOf returns the bucket of a topic. Errors: eventlog.ErrNoTopic, and eventlog.ErrCorrupt for
// one that has vanished.
func topicOf(tx *bolt.Tx, topic string) (*bolt.Bucket, error) {
	if b := tx.Bucket(topicsBucket).Bucket([]byte(topic)); b != nil {
		return b, nil
	}
	listed, err := list(tx)
	if err != nil {
		return nil, err
	}
	if _, ok := listed[topic]; ok {
		return nil, fmt.Errorf("%w: topic %s is missing", eventlog.ErrCorrupt, topic)
	}
	return nil, eventlog.ErrNoTopic
}

// list returns the list of topics.
func list(tx *bolt.Tx) (map[string]int, error) {
	listed, err := parseList(tx.Bucket(metaBucket).Get(listKey))
	if err != nil {
		return nil, fmt.Errorf("%w: list of topics: %w", eventlog.ErrCorrupt, err)
	}
	return listed, nil
}

// makeList writes the list of topics of a log that has none yet.
func makeList(tx *bolt.Tx) error {
	topics := make(map[string]int)
	all := tx.Bucket(topicsBucket)
	err := all.ForEachBucket(func(name []byte) error {
		topics[string(name)] = partitions(all.Bucket(name))
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(listKey, appendList(nil, topics))
}
