package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt's file, as far as Check reads it by itself. bbolt trusts its pages: what a flipped bit makes
// of them may send it in circles, past its memory or off its stack. A page is
//
//	id uint64, kind uint16, elements uint16, further pages uint32
//
// followed by its elements and, where they point to, keys and values; numbers are in the byte order
// of the machine, little-endian here. Pages 0 and 1 are meta pages, of which the one with the
// greater transaction is in force.
const (
	pageHeader   = 16
	elementSize  = 16
	bucketHeader = 16 // root page, sequence
	metaSize     = 64 // of a meta page behind its header

	branchPage   = 1
	leafPage     = 2
	metaPage     = 4
	freelistPage = 16

	bucketElement = 1 // flag of a leaf element whose value is a bucket

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = ^uint64(0)
	// maxLevels is far above the levels of any tree, buckets in buckets included.
	maxLevels = 40
)

// meta is what a meta page says.
type meta struct {
	pageSize int64
	root     uint64
	freelist uint64
	limit    uint64 // pages from there on are not in use
	tx       uint64
}

// parseMeta reads the meta page b of that number.
func parseMeta(b []byte, id uint64) (meta, error) {
	le := binary.LittleEndian
	m := b[pageHeader : pageHeader+metaSize]
	h := fnv.New64a()
	h.Write(m[:metaSize-8])
	switch {
	case le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != boltVersion || le.Uint64(m[56:]) != h.Sum64():
		return meta{}, errors.New("checksum does not match")
	case le.Uint64(b) != id || le.Uint16(b[8:]) != metaPage:
		return meta{}, errors.New("its header is wrong")
	}
	return meta{
		pageSize: int64(le.Uint32(m[8:])), root: le.Uint64(m[16:]), freelist: le.Uint64(m[32:]), limit: le.Uint64(m[40:]), tx: le.Uint64(m[48:]),
	}, nil
}

// page is a page that was read.
type page struct {
	id   uint64
	kind uint16
	n    int
	b    []byte // all of it, header and further pages included
}

// pages reads the pages of a state of the file.
type pages struct {
	f io.ReaderAt
	meta
	used    []uint64 // a bit per page that was read
	buffers [maxLevels][]byte
}

func newPages(f io.ReaderAt, m meta) *pages {
	return &pages{f: f, meta: m, used: make([]uint64, m.limit/64+1)}
}

// use notes that pages are in use, and says no when one was so already.
func (p *pages) use(id, n uint64) bool {
	free := true
	for ; n > 0; id, n = id+1, n-1 {
		free = free && p.used[id/64]&(1<<(id%64)) == 0
		p.used[id/64] |= 1 << (id % 64)
	}
	return free
}

func (p *pages) isUsed(id uint64) bool { return p.used[id/64]&(1<<(id%64)) != 0 }

// read reads the page of that number into the buffer of its level. It is an error to meet a page
// twice. What was read is valid until the level is used again.
func (p *pages) read(id uint64, level int) (page, error) {
	if level >= maxLevels {
		return page{}, errors.New("pages are nested too deeply")
	}
	if id < 2 || id >= p.limit {
		return page{}, fmt.Errorf("page %d does not exist", id)
	}
	var h [pageHeader]byte
	if _, err := p.f.ReadAt(h[:], int64(id)*p.pageSize); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	le := binary.LittleEndian
	got := page{id: le.Uint64(h[:]), kind: le.Uint16(h[8:]), n: int(le.Uint16(h[10:]))}
	all := uint64(le.Uint32(h[12:])) + 1
	switch {
	case got.id != id:
		return page{}, fmt.Errorf("page %d says that it is page %d", id, got.id)
	case all > p.limit-id:
		return page{}, fmt.Errorf("page %d should be %d pages long", id, all)
	case !p.use(id, all):
		return page{}, fmt.Errorf("page %d is used twice", id)
	case int64(all)*p.pageSize > 2*maxMessage:
		return page{}, fmt.Errorf("page %d should be %d pages long", id, all)
	}
	n := int(int64(all) * p.pageSize)
	if cap(p.buffers[level]) < n {
		p.buffers[level] = make([]byte, n)
	}
	got.b = p.buffers[level][:n]
	if _, err := p.f.ReadAt(got.b, int64(id)*p.pageSize); err != nil {
		return page{}, fmt.Errorf("read page %d: %w", id, err)
	}
	return got, nil
}

// element is an entry of a page.
type element struct {
	bucket bool
	key    []byte
	value  []byte // on a leaf
	child  uint64 // on a branch
}

// element returns the entry at i, checking that it lies in its page.
func (p page) element(i int) (element, error) {
	at := pageHeader + i*elementSize
	if at+elementSize > len(p.b) {
		return element{}, fmt.Errorf("page %d has no room for its %d elements", p.id, p.n)
	}
	le := binary.LittleEndian
	e := p.b[at:]
	var out element
	var from, key, value uint64
	if p.kind == branchPage {
		from, key, out.child = uint64(le.Uint32(e)), uint64(le.Uint32(e[4:])), le.Uint64(e[8:])
	} else {
		flags := le.Uint32(e)
		if flags > bucketElement {
			return element{}, fmt.Errorf("element %d of page %d is of no known kind", i, p.id)
		}
		out.bucket = flags == bucketElement
		from, key, value = uint64(le.Uint32(e[4:])), uint64(le.Uint32(e[8:])), uint64(le.Uint32(e[12:]))
	}
	from += uint64(at)
	if from < uint64(pageHeader+p.n*elementSize) || from+key+value > uint64(len(p.b)) {
		return element{}, fmt.Errorf("element %d of page %d lies outside of it", i, p.id)
	}
	out.key, out.value = p.b[from:from+key], p.b[from+key:from+key+value]
	return out, nil
}

// tree is a bucket's entries, in order.
type tree struct {
	*pages
	each  func(e element, level int) // called for every entry of a leaf
	fault func(err error)            // called for what is wrong with the pages
	last  []byte
	any   bool
}

// walk goes through the pages from id on. least and below are bounds of the keys there, nil for none.
func (t *tree) walk(id uint64, level int, least, below []byte) {
	p, err := t.read(id, level)
	if err != nil {
		t.fault(err)
		return
	}
	t.entries(p, level, least, below)
}

// entries goes through the entries of a page.
func (t *tree) entries(p page, level int, least, below []byte) {
	if p.kind != branchPage && p.kind != leafPage || p.kind == branchPage && p.n == 0 {
		t.fault(fmt.Errorf("page %d is of kind %d with %d elements", p.id, p.kind, p.n))
		return
	}
	for i := range p.n {
		e, err := p.element(i)
		if err != nil {
			t.fault(err)
			continue
		}
		if bytes.Compare(e.key, least) < 0 || below != nil && bytes.Compare(e.key, below) >= 0 {
			t.fault(fmt.Errorf("page %d holds a key that does not belong there", p.id))
		}
		if p.kind == branchPage {
			until := below
			if i+1 < p.n {
				if next, err := p.element(i + 1); err == nil {
					until = next.key
				}
			}
			t.walk(e.child, level+1, e.key, until)
			continue
		}
		if t.any && bytes.Compare(t.last, e.key) >= 0 {
			t.fault(fmt.Errorf("keys of page %d are out of order", p.id))
		}
		t.last, t.any = append(t.last[:0], e.key...), true
		t.each(e, level)
	}
}

// bucket goes through the bucket that the value of an entry is, and returns its sequence.
func (t *tree) bucket(value []byte, level int) uint64 {
	if len(value) < bucketHeader {
		t.fault(errors.New("bucket is too short"))
		return 0
	}
	le := binary.LittleEndian
	root, sequence := le.Uint64(value), le.Uint64(value[8:])
	if root != 0 {
		t.walk(root, level+1, nil, nil)
		return sequence
	}
	b := value[bucketHeader:] // the bucket is so small that its only page lies in the value
	if len(b) < pageHeader {
		t.fault(errors.New("bucket is too short"))
		return sequence
	}
	t.entries(page{kind: le.Uint16(b[8:]), n: int(le.Uint16(b[10:])), b: b}, level, nil, nil)
	return sequence
}

// freeIDs returns the pages that the file keeps for later use.
func (p *pages) freeIDs() ([]uint64, error) {
	if p.freelist == noFreelist {
		return nil, nil
	}
	list, err := p.read(p.freelist, 0)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	at, n := pageHeader, uint64(list.n)
	if n == 0xffff {
		at, n = at+8, le.Uint64(list.b[at:])
	}
	if list.kind != freelistPage || n > uint64(len(list.b)-at)/8 {
		return nil, fmt.Errorf("page %d is no list of free pages", p.freelist)
	}
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = le.Uint64(list.b[at+8*i:])
	}
	return ids, nil
}

// onlyValue returns where in page id, from its start, the value lies that is all its bucket holds,
// under valueKey. b is the beginning of the page.
func onlyValue(b []byte, id uint64) (from int64, n int, err error) {
	le := binary.LittleEndian
	e := b[pageHeader:]
	at, key, value := le.Uint32(e[4:]), le.Uint32(e[8:]), le.Uint32(e[12:])
	if le.Uint64(b) != id || le.Uint16(b[8:]) != leafPage || le.Uint16(b[10:]) != 1 || le.Uint32(e) != 0 ||
		at != elementSize || int(key) != len(valueKey) || !bytes.Equal(b[pageHeader+elementSize:], valueKey) || value > maxMessage+maxMessage/4 {
		return 0, 0, fmt.Errorf("page %d does not hold the stored record", id)
	}
	return int64(pageHeader + at + key), int(value), nil
}
