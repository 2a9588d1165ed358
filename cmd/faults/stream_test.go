package faults

import (
	"bytes"
	"crypto/md5"
	bits "encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// stream delivers more permits than a test can keep: it keeps what is the newest of each, and sums of
// the rest.
type stream struct {
	*office
	path       string // the folder that is watched
	deliveries int
	sent       int
	accepted   int         // of them, all but the faulty ones
	newest     []int32     // of each permit the delivery that brought it last, of numbers from 1
	blocks     map[int]sum // of the accepted, by permits
	rejected   sum
}

// newStream is a stream into the folder masuk of an office.
func newStream(o *office) *stream {
	return &stream{office: o, path: o.inbox(), blocks: map[int]sum{}}
}

// block is how many permits have a sum of their own, so that one that differs says where to look.
const block = 100_000

// sum is a multiset of rows: how many, and the sum of 40 bits of the MD5 of each.
type sum struct{ rows, total int64 }

func (s *sum) add(row []byte) {
	hash := md5.Sum(row)
	s.rows, s.total = s.rows+1, s.total+int64(bits.BigEndian.Uint64(hash[:])>>24)
}

func (s sum) String() string { return fmt.Sprintf("%d,%d", s.rows, s.total) }

// summed is the sum of rows in SQL.
func summed(row string) string {
	return "count(*) || ',' || coalesce(sum(('0x' || left(md5(" + row + "), 10))::BIGINT), 0)"
}

// inbox is the folder that is watched.
func (o *office) inbox() string {
	o.t.Helper()
	path := filepath.Join(o.dir, "masuk")
	if err := os.MkdirAll(path, 0o755); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// send moves a delivery of n permits into the folder that is watched.
func (s *stream) send(n int) {
	s.t.Helper()
	path := s.file(n)
	if err := os.Rename(path, filepath.Join(s.path, filepath.Base(path))); err != nil {
		s.t.Fatal(err)
	}
}

// file writes a delivery of n permits: a quarter of them new, three quarters anew, as far as there are
// known ones.
func (s *stream) file(n int) string {
	s.t.Helper()
	s.deliveries++
	known := len(s.newest)
	again := min(n*3/4, known)
	var b bytes.Buffer
	if again > 0 {
		at, step := rand.IntN(known), known/again
		for i := range again {
			s.permit(&b, (at+i*step)%known)
		}
	}
	for range n - again {
		s.newest = append(s.newest, 0)
		s.permit(&b, len(s.newest)-1)
	}
	s.sent += n
	path := filepath.Join(s.data, fmt.Sprintf("%06d.ndjson", s.deliveries))
	write(s.t, path, b.String())
	return path
}

// permit writes a permit as this delivery has it.
func (s *stream) permit(b *bytes.Buffer, id int) {
	begin := b.Len()
	if id%100 == 0 {
		fmt.Fprintf(b, `{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":"banyak %d"}`, id, id, s.deliveries)
		s.rejected.add(b.Bytes()[begin:])
	} else {
		fmt.Fprintf(b, `{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":"%d"}`, id, id, s.deliveries)
		sum := s.blocks[id/block]
		sum.add(permitRow(id, s.deliveries))
		s.blocks[id/block] = sum
		s.newest[id] = int32(s.deliveries)
		s.accepted++
	}
	b.WriteByte('\n')
}

func permitRow(id, delivery int) []byte {
	return strconv.AppendInt(fmt.Appendf(nil, "%d,Pemohon %d,", id, id), int64(delivery), 10)
}

// check proves that the tables hold what was sent, no row more and none less.
func (s *stream) check() {
	s.t.Helper()
	s.must("land", "--once") // the last delivery may have landed and not been decided
	s.must("verify")
	current := map[int]sum{}
	for id, delivery := range s.newest {
		if delivery > 0 {
			sum := current[id/block]
			sum.add(permitRow(id, int(delivery)))
			current[id/block] = sum
		}
	}
	query := "SELECT (id // " + strconv.Itoa(block) + ") || ',' || " + summed("id || ',' || pemohon || ',' || nilai") + " FROM %s GROUP BY id // " + strconv.Itoa(block)
	compare(s.t, "current state", asAnswered(current), s.slowRows(fmt.Sprintf(query, dataset)))
	compare(s.t, "history", asAnswered(s.blocks), s.slowRows(fmt.Sprintf(query, dataset+"_riwayat")))
	compare(s.t, "rejected", map[string]int{s.rejected.String(): 1}, s.slowRows("SELECT "+summed("mentah")+" FROM "+dataset+"_ditolak"))
}

// asAnswered are sums as a query answers them: block, rows, bits.
func asAnswered(sums map[int]sum) map[string]int {
	out := make(map[string]int, len(sums))
	for n, s := range sums {
		out[strconv.Itoa(n)+","+s.String()] = 1
	}
	return out
}

// slowRows is rows of a query that may take its time.
func (o *office) slowRows(query string) map[string]int {
	o.t.Helper()
	return lines(o.t, o.must("--set", "query.timeout=30m", "query", query, "--format", "csv"))
}

// sizes are the sizes of the files of a folder of the workspace, some of which may be going away.
func (o *office) sizes(folder string) map[string]int64 {
	o.t.Helper()
	sizes := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(o.dir, folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				sizes[path] = info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return sizes
}

// status is a number of KiB that the system tells of the process, 0 once it is gone.
func (p *process) status(name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				p.t.Fatalf("%s: %v", name, err)
			}
			return n
		}
	}
	return 0
}

// TestSums is the comparison of a stream itself: one row that is another changes its sum.
func TestSums(t *testing.T) {
	var a, b sum
	for id := range 1000 {
		a.add(permitRow(id, 1))
		b.add(permitRow(id, 1+id/999))
	}
	if a.rows != b.rows || a.total == b.total {
		t.Errorf("sums %v and %v", a, b)
	}
}
