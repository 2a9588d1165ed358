package faults

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// disk is a model of what a file system promises: what a file holds is safe once the file was synced,
// and a name once its folder was. Whatever else was written may be there after a power cut or not,
// each name and each sector by itself.
type disk struct {
	root string
	top  *node
}

// node is a file or a folder, as programs see it now and as it was synced.
type node struct {
	folder       bool
	names, safe  map[string]*node // of a folder
	renamed      []naming         // since the folder was synced
	data, synced []byte           // of a file
	edits        []edit           // since the file was synced
}

// naming is one change of a folder; a nil node removes a name.
type naming struct {
	at    int // when it was done
	names map[string]*node
}

// edit is one change of a file.
type edit struct {
	at   int
	off  int64
	data []byte
	cut  bool // truncate to off
}

func newFolder() *node {
	return &node{folder: true, names: map[string]*node{}, safe: map[string]*node{}}
}

// load reads a folder in which everything is safe.
func load(t *testing.T, root string) *disk {
	t.Helper()
	d := &disk{root: root, top: newFolder()}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		n := newFolder()
		if !e.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n = &node{data: data, synced: data}
		}
		parent, name := d.parent(path)
		parent.names[name], parent.safe[name] = n, n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// find returns what a path of the model leads to now, nil for nothing.
func (d *disk) find(path string) *node {
	n := d.top
	if path == d.root {
		return n
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(path, d.root+"/"), "/") {
		if n == nil || !n.folder {
			return nil
		}
		n = n.names[name]
	}
	return n
}

// parent returns the folder of a path, and its name there.
func (d *disk) parent(path string) (*node, string) {
	return d.find(filepath.Dir(path)), filepath.Base(path)
}

// name changes names of a folder in one step.
func (n *node) name(at int, names map[string]*node) {
	n.renamed = append(n.renamed, naming{at, names})
	put(n.names, names)
}

func put(names, changed map[string]*node) {
	for name, n := range changed {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

// edit changes a file.
func (n *node) edit(e edit) {
	n.edits = append(n.edits, e)
	n.data = e.onto(bytes.Clone(n.data))
}

// onto carries out the edit on data, which nobody else holds.
func (e edit) onto(data []byte) []byte {
	if e.cut {
		data = data[:min(e.off, int64(len(data)))]
	}
	if end := e.off + int64(len(e.data)); end > int64(len(data)) {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[e.off:], e.data)
	return data
}

// sync makes safe what was done before a moment.
func (n *node) sync(before int) {
	for len(n.renamed) > 0 && n.renamed[0].at < before {
		put(n.safe, n.renamed[0].names)
		n.renamed = n.renamed[1:]
	}
	if len(n.edits) == 0 || n.edits[0].at >= before {
		return
	}
	n.synced = bytes.Clone(n.synced)
	for len(n.edits) > 0 && n.edits[0].at < before {
		n.synced = n.edits[0].onto(n.synced)
		n.edits = n.edits[1:]
	}
}

// outage is what a power cut leaves of that which was not synced.
type outage struct {
	name string
	keep func() bool // whether to keep the next name or sector
}

func outages(r *rand.Rand) []outage {
	return []outage{
		{"only what was synced", func() bool { return false }},
		{"everything that was written", func() bool { return true }},
		{"some of it", func() bool { return r.IntN(2) == 0 }},
	}
}

// tree is what is on a disk: the content of files by their paths; those of folders end with a slash.
type tree map[string][]byte

// after is what is there when the power is back.
func (d *disk) after(o outage) tree {
	t := tree{}
	d.top.collect(t, "", o)
	return t
}

func (n *node) collect(t tree, path string, o outage) {
	if !n.folder {
		t[path] = n.after(o)
		return
	}
	names := maps.Clone(n.safe)
	for _, change := range n.renamed {
		if o.keep() {
			put(names, change.names)
		}
	}
	t[path+"/"] = nil
	for _, name := range slices.Sorted(maps.Keys(names)) { // always in one order: what is kept is drawn by chance
		if !strings.HasSuffix(name, "-shm") { // SQLite's index of its WAL, which is memory and made anew
			names[name].collect(t, path+"/"+name, o)
		}
	}
}

// sum tells trees apart.
func (t tree) sum(seed maphash.Seed) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, path := range slices.Sorted(maps.Keys(t)) {
		fmt.Fprintf(&h, "%q %d ", path, len(t[path]))
		_, _ = h.Write(t[path])
	}
	return h.Sum64()
}

// restore puts the tree on the real disk.
func (t tree) restore(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(root, e.Name())); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(t)) { // a folder comes before what is in it
		if strings.HasSuffix(path, "/") {
			err = os.MkdirAll(root+path, 0o755)
		} else {
			err = os.WriteFile(root+path, t[path], 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unsynced lists what a power cut may take.
func (n *node) unsynced(path string) (list []string) {
	for _, change := range n.renamed {
		for name, to := range change.names {
			list = append(list, fmt.Sprintf("%s: %s (there: %t)", path, name, to != nil))
		}
	}
	if len(n.edits) > 0 {
		list = append(list, fmt.Sprintf("%s: %d edits", path, len(n.edits)))
	}
	for name, child := range n.names {
		list = append(list, child.unsynced(filepath.Join(path, name))...)
	}
	return list
}

// sector is what a disk writes as a whole.
const sector = 512

// after returns what a file holds after an outage.
func (n *node) after(o outage) []byte {
	if len(n.edits) == 0 {
		return n.synced
	}
	data := bytes.Clone(n.synced)
	for _, e := range n.edits {
		if e.cut || len(e.data) == 0 {
			if o.keep() {
				data = e.onto(data)
			}
			continue
		}
		for from := int64(0); from < int64(len(e.data)); {
			to := min(int64(len(e.data)), (e.off+from)/sector*sector+sector-e.off)
			if o.keep() {
				data = edit{off: e.off + from, data: e.data[from:to]}.onto(data)
			}
			from = to
		}
	}
	return data
}

func back(t *testing.T, d *disk, o outage) {
	t.Helper()
	if err := d.after(o).restore(d.root); err != nil {
		t.Fatal(err)
	}
}

// TestDisk makes sure that the model loses what was not synced and nothing else.
func TestDisk(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "f"), "lama")
	d := load(t, root)
	f := d.find(filepath.Join(root, "f"))
	f.edit(edit{at: 1, data: []byte("baru")})
	f.sync(1) // of before the edit
	d.top.name(2, map[string]*node{"g": f, "f": nil})
	for want, o := range map[string]outage{"f=lama": outages(nil)[0], "g=baru": outages(nil)[1]} {
		back(t, d, o)
		name, text, _ := strings.Cut(want, "=")
		if got := read(t, filepath.Join(root, name)); got != text {
			t.Errorf("%s: %s holds %q, want %q", o.name, name, got, text)
		}
	}
	f.sync(2)
	back(t, d, outages(nil)[0])
	if got := read(t, filepath.Join(root, "f")); got != "baru" {
		t.Errorf("the file was synced and its new name was not: it holds %q", got)
	}
	long := edit{off: 100, data: bytes.Repeat([]byte("x"), 1000)}
	torn := &node{synced: make([]byte, 100), edits: []edit{long}}
	n := 0
	got := torn.after(outage{keep: func() bool { n++; return n != 2 }})
	if n != 3 || len(got) != 1100 || got[511] != 'x' || got[512] != 0 || got[1023] != 0 || got[1024] != 'x' {
		t.Errorf("a torn write of %d sectors left %d bytes", n, len(got))
	}
}
