package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// fill makes a log of small and large records and returns its folder and, in order, the stored form
// of each record.
func fill(t *testing.T) (dir string, records [][]byte) {
	t.Helper()
	now := time.Unix(1700000000, 0)
	dir = t.TempDir()
	l, err := Open(dir, Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 24 {
		m := event.Message{Key: "k", Headers: []event.Header{{Key: "n", Value: []byte{byte(i)}}}, Value: make([]byte, 20<<(i%12))}
		for j := range m.Value {
			m.Value[j] = "0123456789;"[r.IntN(11)]
		}
		p, err := l.Append(t.Context(), "bencana.banjir", m)
		if err != nil {
			t.Fatal(err)
		}
		body, err := l.codec.encode(m)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, seal(*body, place{"bencana.banjir", 0, p[0].Offset}, now))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, records
}

// inUse returns a log's file without the room that it has for growth.
func inUse(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	n := len(bytes.TrimRight(b, "\x00"))
	return b[:(n+page-1)/page*page]
}

// TestFlippedByte flips one byte of one record at a time. Reading that record is ErrCorrupt with its
// place; the others are as they were.
func TestFlippedByte(t *testing.T) {
	dir, records := fill(t)
	path := filepath.Join(dir, fileName)
	good := inUse(t, dir)
	r := rand.New(rand.NewPCG(3, 4))
	for offset, record := range records {
		if !bytes.Contains(good, record) {
			t.Fatalf("the record at offset %d is not in the file as it was sealed", offset)
		}
		for _, at := range []int{0, 1, 2, r.IntN(len(record)), r.IntN(len(record)), len(record) - 13, len(record) - 1} {
			damaged := bytes.Clone(record)
			damaged[at] ^= 1 << r.IntN(8)
			// Every copy: pages that bbolt has given up may still hold one.
			if err := os.WriteFile(path, bytes.ReplaceAll(good, record, damaged), 0o644); err != nil {
				t.Fatal(err)
			}
			checkDamaged(t, dir, int64(offset), int64(len(records)))
		}
	}
}

func checkDamaged(t *testing.T, dir string, damaged, next int64) {
	t.Helper()
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for offset := range next {
		records, err := l.Read(t.Context(), "bencana.banjir", 0, offset, 0)
		switch {
		case offset != damaged && (err != nil || len(records) != 1 || records[0].Message.Headers[0].Value[0] != byte(offset)):
			t.Errorf("offset %d, damaged is %d: Read = %v, %v", offset, damaged, records, err)
		case offset == damaged && !errors.Is(err, eventlog.ErrCorrupt):
			t.Errorf("offset %d: Read = %v, %v; want ErrCorrupt", offset, records, err)
		case offset == damaged && !strings.Contains(err.Error(), fmt.Sprintf("topic bencana.banjir partition 0 offset %d", offset)):
			t.Errorf("offset %d: Read = %v, want its place", offset, err)
		}
	}
	if damaged > 0 {
		got, err := l.Read(t.Context(), "bencana.banjir", 0, 0, 1<<30)
		if err != nil || int64(len(got)) != damaged {
			t.Errorf("reading all = %d records, %v; want the %d before the damage", len(got), err, damaged)
		}
	}
}

// TestDamagedPages damages what is bbolt's.
func TestDamagedPages(t *testing.T) {
	dir, _ := fill(t)
	good := inUse(t, dir)
	pages := bytes.Clone(good)
	for at := 2 * os.Getpagesize(); at < len(pages); at += os.Getpagesize() {
		pages[at+8] ^= 0x40 // the kind of page
	}
	for name, data := range map[string][]byte{
		"page headers":     pages,
		"cut in half":      good[:len(good)/2],
		"cut to one page":  good[:os.Getpagesize()],
		"another kind":     bytes.Repeat([]byte("kecamatan;jumlah\n"), 4096),
		"zeros":            make([]byte, len(good)),
		"a few bytes long": good[:100],
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o644); err != nil {
				t.Fatal(err)
			}
			l, err := Open(dir, Options{})
			if err == nil {
				_, err = l.Read(t.Context(), "bencana.banjir", 0, 0, 1<<30)
				l.Close()
			}
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("%v, want ErrCorrupt", err)
			}
		})
	}
}

func TestUnknownLayout(t *testing.T) {
	dir, _ := fill(t)
	path, good := filepath.Join(dir, fileName), inUse(t, dir)
	if err := os.WriteFile(path, bytes.ReplaceAll(good, []byte("version1"), []byte("version9")), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), `"9"`) {
		t.Errorf("Open of another layout = %v", err)
	}
}
