package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"satudata/schemas/schemastest"
)

// both are words that an error about a full disk, or one that cannot be written, must say.
var (
	fullWords     = []string{"penuh", "is full", "sediakan ruang", "make room"}
	readOnlyWords = []string{"tidak dapat dibaca atau ditulis", "cannot be read or written", "izin berkas", "permissions"}
)

// volume is a small disk of its own, in memory, that holds a workspace.
type volume struct {
	t   *testing.T
	dir string
}

// newVolume mounts a disk. The test is skipped where it may not.
func newVolume(t *testing.T, bytes int64) *volume {
	t.Helper()
	v := &volume{t: t, dir: t.TempDir()}
	if err := syscall.Mount("tmpfs", v.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", bytes)); err != nil {
		schemastest.Without(t, fmt.Sprintf("a small disk: a tmpfs cannot be mounted (run as root): %v", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(v.dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return v
}

// free is how much room there is.
func (v *volume) free() int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(v.dir, &s); err != nil {
		v.t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

func (v *volume) ballast() string { return filepath.Join(v.dir, "ballast") }

// fill takes all room but some bytes.
func (v *volume) fill(leave int64) {
	v.t.Helper()
	f, err := os.Create(v.ballast())
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	for size := int64(0); v.free() > leave; { // somebody may take room beside us
		more := v.free() - leave
		err := syscall.Fallocate(int(f.Fd()), 0, size, more)
		if err == nil {
			size += more
		} else if !errors.Is(err, syscall.ENOSPC) {
			v.t.Fatal(err)
		}
	}
}

// clear makes room.
func (v *volume) clear() {
	v.t.Helper()
	if err := os.Remove(v.ballast()); err != nil {
		v.t.Fatal(err)
	}
}

// remount makes the disk read-only or writable.
func (v *volume) remount(flags uintptr) {
	v.t.Helper()
	if err := syscall.Mount("", v.dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
		v.t.Fatal(err)
	}
}

// officeOn makes a workspace on a volume; what it delivers is elsewhere.
func officeOn(v *volume, config string) *office {
	o := newOffice(v.t, config, 1)
	o.data = v.t.TempDir()
	o.dir = filepath.Join(v.dir, "ruang")
	o.fill(config)
	return o
}

// roomFor is how much room the nth fault leaves: none at first, then as much as some of the writes need,
// mostly the first ones.
func roomFor(n int) int64 {
	if n == 0 {
		return 0
	}
	return 4096 * int64(rand.IntN(200)>>rand.IntN(6))
}

// onSmallDisk folds at every landing, and sorts with so little memory that it spills.
const onSmallDisk = "log: {kind: embedded, chunkBytes: 8192}\nlake: {batchBytes: 65536, foldShare: 0, foldMemory: 32MB}\nquery: {memory: 64MB}\n"

// suffers makes sure that a command either did what it should or says clearly what kept it.
func suffers(t *testing.T, what string, r result, words []string, codes ...int) (failed bool) {
	t.Helper()
	if r.code == 0 {
		return false
	}
	ok := false
	for _, code := range codes {
		ok = ok || r.code == code
	}
	for _, w := range words {
		ok = ok && strings.Contains(r.stderr, w)
	}
	if !ok || strings.Contains(r.stderr, "goroutine ") {
		t.Errorf("%s: exit code %d, which does not say %q\n%.3000s", what, r.code, words, r.stderr)
	}
	return true
}

// TestDiskFull lets commands run into a full disk at any write: each time there is another amount of
// room left. When there is room again they do what they could not.
func TestDiskFull(t *testing.T) {
	v := newVolume(t, 128<<20)
	o := officeOn(v, onSmallDisk)
	o.deliver(0, 1, 101)
	o.must("land", "--once")
	const rows = 400
	failed := map[string]int{}
	for i := range times(8, 400) {
		first := 1001 + i*rows
		file := o.file(0, first, first+rows)
		ingest := []string{"ingest", "--binding", "dpmptsp.izin0", file}
		room := roomFor(i / 2)
		if i%2 == 0 {
			v.fill(room)
			if suffers(t, fmt.Sprintf("ingest with %d bytes of room", room), o.run(ingest...), fullWords, noAccess) {
				failed["ingest"]++
			}
			v.clear()
		}
		o.must(ingest...)
		v.fill(roomFor(i))
		if suffers(t, "land", o.run("land", "--once"), fullWords, noAccess) {
			failed["land"]++
		}
		v.clear()
		o.must("land", "--once")
		if t.Failed() {
			t.Fatalf("delivery %d", i)
		}
	}
	o.check()
	t.Logf("failed for want of room: %v", failed)
	if failed["ingest"] == 0 || failed["land"] == 0 {
		t.Errorf("the disk was not full: %v", failed)
	}
}

// TestDiskFullWhileUp fills the disk under `up`, which goes on by itself when there is room.
func TestDiskFullWhileUp(t *testing.T) {
	beside(t)
	v := newVolume(t, 128<<20)
	inbox := t.TempDir()
	o := officeOn(v, onSmallDisk+fmt.Sprintf("sources: [{binding: dpmptsp.izin0, paths: [%q]}]\n", inbox))
	o.data = inbox
	o.file(0, 1, 101)
	up := o.start("up").running()
	o.awaitPublished(1)
	for i := range times(3, 60) {
		v.fill(roomFor(i))
		o.file(0, 1001+i*400, 1401+i*400)
		for began := time.Now(); i == 0 && !strings.Contains(up.said(), fullWords[0]) && time.Since(began) < patience; {
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Duration(2000+rand.IntN(2000)) * time.Millisecond) // it reads a file that has not changed for two seconds
		up.alive()
		v.clear()
		o.awaitPublished(i + 2) // nothing else comes that would make it try again
	}
	said := up.end()
	for _, w := range fullWords {
		if !strings.Contains(said, w) {
			t.Errorf("up does not say %q:\n%.3000s", w, said)
		}
	}
	o.must("ingest") // whatever was given up is recorded as such
	if list := o.must("deliveries"); strings.Contains(list, "dibaca ") {
		t.Errorf("deliveries are being read for ever:\n%s", list)
	}
	o.check()
}

// TestReadOnly takes the right to write away while `up` runs, and gives it back.
func TestReadOnly(t *testing.T) {
	v := newVolume(t, 128<<20)
	o := officeOn(v, onSmallDisk)
	o.deliver(0, 1, 101)
	v.remount(syscall.MS_RDONLY)
	file := o.file(0, 1001, 1401)
	ingest := []string{"ingest", "--binding", "dpmptsp.izin0", file}
	for _, args := range [][]string{ingest, {"land", "--once"}} {
		if !suffers(t, args[0], o.run(args...), readOnlyWords, noAccess) {
			t.Errorf("%s wrote to a read-only disk", args[0])
		}
	}
	v.remount(0)
	o.must("land", "--once")
	o.must(ingest...)
	o.must("land", "--once")
	o.check()
}

// TestPermissionLost runs as somebody who may not write, or not read, one part of the workspace after
// the other: four of them in the short form.
func TestPermissionLost(t *testing.T) {
	if os.Getuid() != 0 {
		schemastest.Without(t, "another user: only root can run a command as one")
	}
	v := newVolume(t, 128<<20)
	o := officeOn(v, onSmallDisk)
	own := func(uid int) {
		err := filepath.WalkDir(o.dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, uid)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	for _, dir := range []string{filepath.Dir(binary), filepath.Dir(v.dir), filepath.Dir(o.data)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o.as = &syscall.Credential{Uid: nobody, Gid: nobody}
	own(nobody)
	parts := []string{"log", "log/log.db", "lake", "lake/catalog.db", "state", "state/catalog.db", "lake/publik", "lake/internal"}
	rand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for i, part := range parts[:times(4, len(parts))] {
		first := 1001 + i*400
		if i == 0 {
			first = 1
		}
		file := o.file(0, first, first+200)
		ingest := []string{"ingest", "--binding", "dpmptsp.izin0", file}
		if i == 0 { // there is nothing yet whose rights could be lost
			o.must(ingest...)
			o.must("land", "--once")
		}
		path := filepath.Join(o.dir, part)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []os.FileMode{0, info.Mode().Perm() &^ 0o222} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			suffers(t, fmt.Sprintf("ingest with %s at %v", part, mode), o.run(ingest...), readOnlyWords, noAccess)
			suffers(t, fmt.Sprintf("land with %s at %v", part, mode), o.run("land", "--once"), readOnlyWords, noAccess)
			if err := os.Chmod(path, info.Mode().Perm()); err != nil {
				t.Fatal(err)
			}
		}
		o.must(ingest...)
		o.must("land", "--once")
	}
	o.check()
}

// TestFilePermission watches a folder in which a file may not be read at first. That is no fault of the
// delivery: it is held up, not refused, and read when it may be.
func TestFilePermission(t *testing.T) {
	if os.Getuid() != 0 {
		schemastest.Without(t, "another user: only root can run a command as one")
	}
	inbox := t.TempDir()
	o := newOffice(t, fmt.Sprintf("log: {kind: embedded}\nsources: [{binding: dpmptsp.izin0, paths: [%q]}]\n", inbox), 1)
	o.data = inbox
	const nobody = 65534
	for _, dir := range []string{filepath.Dir(binary), filepath.Dir(o.dir), filepath.Dir(inbox)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(o.dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	o.as = &syscall.Credential{Uid: nobody, Gid: nobody}
	locked := o.file(0, 1, 101)
	o.file(0, 1001, 1101)
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	if r := o.run("ingest"); r.code != 6 || !strings.Contains(r.stderr, "hak aksesnya") || !strings.Contains(r.stderr, filepath.Base(locked)) {
		t.Errorf("ingest: exit code %d\n%s", r.code, r.stderr)
	}
	up := o.start("up").running()
	o.awaitPublished(1)
	for began := time.Now(); !strings.Contains(up.said(), "held up") && time.Since(began) < patience; {
		time.Sleep(100 * time.Millisecond)
	}
	if err := os.Chmod(locked, 0o644); err != nil {
		t.Fatal(err)
	}
	o.awaitPublished(2)
	up.end()
	if list := o.must("deliveries"); strings.Contains(list, "ditolak") {
		t.Errorf("a file that could not be read is a refused delivery:\n%s", list)
	}
	o.check()
}

// TestTwoProcesses starts a second process on a workspace: whoever comes second is refused.
func TestTwoProcesses(t *testing.T) {
	o := newOffice(t, "log: {kind: embedded}\n", 1)
	o.deliver(0, 1, 101)
	for _, first := range []string{"land", "up"} {
		worker := o.start(first).running()
		o.await(worker, 99)
		for _, second := range [][]string{{"land", "--once"}, {"up"}, {"verify"}, {"ingest", "--binding", "dpmptsp.izin0", o.file(0, 1, 1)}} {
			r := o.run(second...)
			if r.code != 5 || !strings.Contains(r.stderr, "sedang dipakai") || !strings.Contains(r.stderr, "in use") {
				t.Errorf("%s beside %s: exit code %d\n%s", second[0], first, r.code, r.stderr)
			}
		}
		worker.end()
	}
	o.check()
}
