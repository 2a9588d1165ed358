package faults

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Calls that change files, and those that would change them behind the back of the model.
const (
	modelled   = "openat,open,creat,close,lseek,write,pwrite64,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
	unmodelled = "writev,pwritev,pwritev2,truncate,sync_file_range,symlink,symlinkat,dup,dup2,dup3,copy_file_range,sendfile,splice,mmap"
)

// call is one system call of a recorded program, with its strings decoded.
type call struct {
	name       string
	args       []string
	result     int64
	begun, end int // lines of the record
}

// record runs a command to its end under strace, and returns what it did.
func record(t *testing.T, c *exec.Cmd) []call {
	t.Helper()
	file := filepath.Join(t.TempDir(), "calls")
	args := []string{"-f", "-qq", "-y", "-xx", "-s", "100000000", "-e", "signal=none", "-e", "trace=" + modelled + "," + unmodelled, "-o", file}
	if r := finish(t, exec.Command("strace", append(append(args, "--"), c.Args...)...)); r.code != 0 {
		t.Fatalf("strace %v: exit code %d\n%s%s", c.Args, r.code, r.stdout, r.stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

// parse reads a record: a line for each call, or two where another thread was heard in between.
func parse(t *testing.T, text string) []call {
	t.Helper()
	type half struct {
		text string
		line int
	}
	open := map[string]half{} // by thread
	var calls []call
	for i, line := range strings.Split(text, "\n") {
		thread, said, _ := strings.Cut(line, " ")
		said = strings.TrimLeft(said, " ")
		begun := i
		if first, ok := strings.CutSuffix(said, " <unfinished ...>"); ok {
			open[thread] = half{first, i}
			if !strings.HasPrefix(first, "close(") {
				continue
			}
			said = first + ") = 0" // another thread may have the descriptor before we hear that it is free
		} else if strings.HasPrefix(said, "<... close ") {
			continue
		} else if rest, ok := strings.CutPrefix(said, "<... "); ok {
			_, rest, _ = strings.Cut(rest, " resumed>")
			said, begun = open[thread].text+rest, open[thread].line
			delete(open, thread)
		}
		name, rest, ok := strings.Cut(said, "(")
		end := strings.LastIndex(rest, ") ")
		if !ok || end < 0 {
			continue // of the end of a thread
		}
		_, result, _ := strings.Cut(rest[end:], "= ")
		number, _, _ := strings.Cut(strings.TrimSpace(result), " ")
		number, _, _ = strings.Cut(number, "<")
		n, err := strconv.ParseInt(number, 0, 64)
		if err != nil || n < 0 {
			continue // it failed, or the program ended in it
		}
		calls = append(calls, call{name: name, args: strings.Split(rest[:end], ", "), result: n, begun: begun, end: i})
	}
	return calls
}

// descriptor is the number of an argument such as 7</path>.
func (c call) descriptor(i int) int {
	number, _, _ := strings.Cut(c.args[i], "<")
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// number is a numeric argument.
func (c call) number(i int) int64 {
	n, err := strconv.ParseInt(c.args[i], 0, 64)
	if err != nil {
		panic(c.name + ": " + err.Error())
	}
	return n
}

// text is a string argument.
func (c call) text(i int) string { return unhex(strings.Trim(c.args[i], `"`)) }

func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// path is the argument i as a path, relative to the folder before it in calls that end in "at".
func (c call) path(i int) string {
	p := c.text(i)
	if !filepath.IsAbs(p) && i > 0 && strings.Contains(c.args[i-1], "<") {
		_, folder, _ := strings.Cut(strings.TrimSuffix(c.args[i-1], ">"), "<")
		p = filepath.Join(unhex(folder), p)
	}
	return filepath.Clean(p)
}

// replay does on a disk what a program did, call by call.
type replay struct {
	t    *testing.T
	disk *disk
	open map[int]*handle // files of the workspace, by descriptor
}

type handle struct {
	node   *node
	at     int64
	append bool
}

// do carries out one call, and says whether it was about the workspace.
func (r *replay) do(c call) bool {
	switch c.name {
	case "openat", "open", "creat":
		return r.opened(c)
	case "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir":
		return r.named(c)
	case "mmap":
		h := r.open[c.descriptor(4)]
		if h != nil && strings.Contains(c.args[2], "PROT_WRITE") && strings.Contains(c.args[3], "MAP_SHARED") && !r.isIndex(h.node) {
			r.t.Fatalf("a file is written by way of memory: %v", c)
		}
		return false
	}
	if !slices.Contains(strings.Split(modelled, ","), c.name) {
		for _, arg := range c.args {
			if strings.Contains(arg, hexed(r.disk.root)) {
				r.t.Fatalf("not in the model: %v", c)
			}
		}
		return false
	}
	h := r.open[c.descriptor(0)]
	if h == nil {
		if strings.Contains(c.args[0], hexed(r.disk.root)) && c.name != "close" {
			r.t.Fatalf("the model does not know the file of %v", c)
		}
		return false
	}
	return r.changed(c, h)
}

func hexed(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString(`\x` + hex.EncodeToString([]byte{c}))
	}
	return b.String()
}

// isIndex says whether a file is SQLite's index of a WAL, which it maps into memory and makes anew.
func (r *replay) isIndex(n *node) bool {
	for _, folder := range []string{"state", "lake"} {
		if r.disk.find(filepath.Join(r.disk.root, folder, "catalog.db-shm")) == n {
			return true
		}
	}
	return false
}

func (r *replay) opened(c call) bool {
	i := 0
	if c.name == "openat" {
		i = 1
	}
	fd, path, flags := int(c.result), c.path(i), "O_CREAT|O_TRUNC"
	if c.name != "creat" {
		flags = c.args[i+1]
	}
	delete(r.open, fd)
	if path != r.disk.root && !strings.HasPrefix(path, r.disk.root+"/") {
		return false
	}
	n := r.disk.find(path)
	made := n == nil
	if made {
		parent, name := r.disk.parent(path)
		if parent == nil || !strings.Contains(flags, "O_CREAT") {
			r.t.Fatalf("the model does not know %s", path)
		}
		n = &node{}
		parent.name(c.end, map[string]*node{name: n})
	} else if strings.Contains(flags, "O_TRUNC") {
		n.edit(edit{at: c.end, cut: true})
	}
	r.open[fd] = &handle{node: n, append: strings.Contains(flags, "O_APPEND")}
	return made || strings.Contains(flags, "O_TRUNC")
}

func (r *replay) named(c call) bool {
	paths := []string{}
	for i, arg := range c.args {
		if strings.HasPrefix(arg, `"`) {
			paths = append(paths, c.path(i))
		}
	}
	path := paths[0]
	if !strings.HasPrefix(path, r.disk.root+"/") {
		return false
	}
	parent, name := r.disk.parent(path)
	switch c.name {
	case "mkdir", "mkdirat":
		parent.name(c.end, map[string]*node{name: newFolder()})
	case "unlink", "unlinkat", "rmdir":
		parent.name(c.end, map[string]*node{name: nil})
	default:
		to, as := r.disk.parent(paths[1])
		if to != parent {
			r.t.Fatalf("the model does not rename or link from folder to folder: %v", paths)
		}
		if strings.HasPrefix(c.name, "link") {
			parent.name(c.end, map[string]*node{as: parent.names[name]})
			return true
		}
		parent.name(c.end, map[string]*node{name: nil, as: parent.names[name]})
	}
	return true
}

func (r *replay) changed(c call, h *handle) bool {
	switch c.name {
	case "close":
		delete(r.open, c.descriptor(0))
		return false
	case "lseek":
		h.at = c.result
		return false
	case "write":
		if h.append {
			h.at = int64(len(h.node.data))
		}
		h.node.edit(edit{at: c.end, off: h.at, data: []byte(c.text(1))[:c.result]})
		h.at += c.result
	case "pwrite64":
		h.node.edit(edit{at: c.end, off: c.number(3), data: []byte(c.text(1))[:c.result]})
	case "ftruncate":
		h.node.edit(edit{at: c.end, off: c.number(1), cut: true})
	case "fallocate":
		if end := c.number(2) + c.number(3); end > int64(len(h.node.data)) {
			h.node.edit(edit{at: c.end, off: end, cut: true})
		}
	case "fsync", "fdatasync":
		h.node.sync(c.begun)
	}
	return true
}
