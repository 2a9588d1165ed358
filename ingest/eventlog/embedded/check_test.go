package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// furnish makes a log of all that a log may hold: a topic that lies in its parent's page, topics of
// several partitions, with records that share pages and ones with pages of their own, and enough of
// them for branch pages; written in several sessions.
func furnish(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	r := rand.New(rand.NewPCG(5, 6))
	for session := range 3 {
		l, err := Open(dir, Options{Partitions: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range []string{eventlog.CatalogTopic, "bencana.banjir", "kesehatan.stunting"} {
			for i := range 12 {
				msgs := make([]event.Message, 1+r.IntN(30))
				for j := range msgs {
					value := make([]byte, 10+r.IntN(300))
					if j == 0 && i%3 == 0 {
						value = make([]byte, 3000+r.IntN(20000))
					}
					for k := range value {
						value[k] = byte(r.Uint32())
					}
					msgs[j] = event.Message{Key: fmt.Sprint("k", r.IntN(9)), Value: value}
				}
				if _, err := l.Append(t.Context(), topic, msgs...); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := l.Create(t.Context(), fmt.Sprint("kosong.", session), 3); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), fmt.Sprint("kecil.", session), event.Message{Key: "k", Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// damages returns what Check finds in the log of a folder; a log that cannot be opened is one.
func damages(t *testing.T, dir string) (found []eventlog.Damage) {
	t.Helper()
	l, err := Open(dir, Options{})
	if errors.Is(err, eventlog.ErrCorrupt) {
		return []eventlog.Damage{{Reason: err.Error()}}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Check(t.Context(), func(d eventlog.Damage) { found = append(found, d) }); err != nil {
		t.Fatal(err)
	}
	return found
}

// contents is all that reading a log gives, each record as its sum.
func contents(t *testing.T, dir string) map[string][]string {
	t.Helper()
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	topics, err := l.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for _, topic := range topics {
		ranges, err := l.Ranges(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range ranges {
			records, err := l.Read(t.Context(), topic, r.Partition, 0, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			sums := make([]string, len(records))
			for i, r := range records {
				sums[i] = fmt.Sprintf("%d %s %s %x", r.Offset, r.Time, r.Message.Key, crc32.ChecksumIEEE(r.Message.Value))
			}
			all[fmt.Sprint(topic, "/", r.Partition)] = sums
		}
	}
	return all
}

// TestCheckFindsFlips flips a bit somewhere in a log. Either Check finds it, or it does no harm: all
// that is read is what was written.
func TestCheckFindsFlips(t *testing.T) {
	dir := furnish(t)
	if found := damages(t, dir); len(found) > 0 {
		t.Fatalf("Check of a sound log found %v", found)
	}
	want := contents(t, dir)
	good := inUse(t, dir)
	f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	flips, harmless := 600, 0
	if testing.Short() {
		flips = 150
	}
	for i := range flips {
		at := r.IntN(len(good))
		if i%2 == 0 { // the beginnings of pages are where they are described
			at = at/4096*4096 + r.IntN(128)
		}
		bit := byte(1) << r.IntN(8)
		write(t, f, good[at]^bit, at)
		if len(damages(t, dir)) == 0 {
			harmless++
			if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
				t.Errorf("seed %d: bit %#x of byte %d is flipped, which Check does not find, and reading differs:\n%.2000s", seed, bit, at, diff)
			}
		}
		write(t, f, good[at], at)
		now := make([]byte, len(good))
		if _, err := f.ReadAt(now, 0); err != nil || !bytes.Equal(now, good) {
			t.Errorf("seed %d: looking at the log with byte %d flipped has changed it, %v", seed, at, err)
			if err := os.WriteFile(f.Name(), good, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d of %d flips were in bytes that nothing reads", harmless, flips)
}

func write(t *testing.T, f *os.File, b byte, at int) {
	t.Helper()
	if _, err := f.WriteAt([]byte{b}, int64(at)); err != nil {
		t.Fatal(err)
	}
}

// TestCheckNames damages records, and what makes them found.
func TestCheckNames(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(tx *bolt.Tx) error
		want   []string
	}{
		{"a record is gone", func(tx *bolt.Tx) error {
			return tx.Bucket(topicsBucket).Bucket([]byte("bencana.banjir")).Bucket(partitionKey(1)).Delete(offsetKey(7))
		}, []string{"topic bencana.banjir partition 1 offset 7: is missing: offset 8 follows"}},
		{"a record is another", func(tx *bolt.Tx) error {
			p := tx.Bucket(topicsBucket).Bucket([]byte("kecil.1")).Bucket(partitionKey(0))
			return p.Put(offsetKey(0), []byte("not a record at all"))
		}, []string{"topic kecil.1 partition 0 offset 0: stored record is damaged: checksum does not match"}},
		{"the last record is gone", func(tx *bolt.Tx) error {
			return tx.Bucket(topicsBucket).Bucket([]byte("kecil.1")).Bucket(partitionKey(0)).Delete(offsetKey(0))
		}, []string{"topic kecil.1 partition 0 offset 0: should be followed up to offset 1, and nothing is there"}},
		{"a topic is gone", func(tx *bolt.Tx) error {
			return tx.Bucket(topicsBucket).DeleteBucket([]byte("kecil.2"))
		}, []string{"topic kecil.2: should have 2 partitions and has 0"}},
		{"a partition is gone", func(tx *bolt.Tx) error {
			return tx.Bucket(topicsBucket).Bucket([]byte("kosong.0")).DeleteBucket(partitionKey(2))
		}, []string{"topic kosong.0: should have 3 partitions and has 2"}},
		{"the list is gone", func(tx *bolt.Tx) error {
			return tx.Bucket(metaBucket).Put(listKey, []byte("nonsense"))
		}, []string{"list of topics: checksum does not match", "the list of topics is missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := furnish(t)
			db, err := bolt.Open(filepath.Join(dir, fileName), 0o644, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Update(c.damage), db.Close()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range damages(t, dir) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckMeta damages one meta page of a closed log: nothing is lost, and it is found.
func TestCheckMeta(t *testing.T) {
	dir := furnish(t)
	want, good := contents(t, dir), inUse(t, dir)
	for id := range 2 {
		bad := bytes.Clone(good)
		bad[id*os.Getpagesize()+pageHeader+40] ^= 1
		if err := os.WriteFile(filepath.Join(dir, fileName), bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if found := damages(t, dir); len(found) != 1 {
			t.Errorf("meta page %d is damaged, Check found %v", id, found)
		}
		if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
			t.Errorf("meta page %d is damaged, and reading differs:\n%.2000s", id, diff)
		}
	}
}

// TestVanishedTopic loses a topic: it is damage, not a topic that never was.
func TestVanishedTopic(t *testing.T) {
	dir := furnish(t)
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o644, nil)
	if err != nil {
		t.Fatal(err)
	}
	lose := func(tx *bolt.Tx) error { return tx.Bucket(topicsBucket).DeleteBucket([]byte("kecil.2")) }
	if err := errors.Join(db.Update(lose), db.Close()); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, readErr := l.Read(t.Context(), "kecil.2", 0, 0, 1)
	_, appendErr := l.Append(t.Context(), "kecil.2", event.Message{Key: "k"})
	for _, err := range []error{readErr, appendErr} {
		if !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("%v, want ErrCorrupt", err)
		}
	}
	if _, err := l.Read(t.Context(), "tidak.ada", 0, 0, 1); !errors.Is(err, eventlog.ErrNoTopic) {
		t.Errorf("Read of a topic that never was = %v, want ErrNoTopic", err)
	}
}

// TestCheckWhileAppending checks a log that is being appended to.
func TestCheckWhileAppending(t *testing.T) {
	l, err := Open(t.TempDir(), Options{Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error)
	go func() {
		var err error
		for i := 0; i < 200 && err == nil; i++ {
			_, err = l.Append(t.Context(), fmt.Sprint("t", i%3), event.Message{Key: fmt.Sprint(i), Value: make([]byte, i*50)})
		}
		done <- err
	}()
	for running := true; running; {
		select {
		case err := <-done:
			if running = false; err != nil {
				t.Error(err)
			}
		default:
		}
		if err := l.Check(t.Context(), func(d eventlog.Damage) { t.Errorf("found %v", d) }); err != nil {
			t.Fatal(err)
		}
	}
}
