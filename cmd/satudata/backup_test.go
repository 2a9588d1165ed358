package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBackup backs a workspace up, as a folder and as a file, while another process lands in it. Each
// restored workspace has everything that was in the log, and nothing that came later.
func TestBackup(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("panjang", 20)) // longer than a socket's path may be
	dir := filepath.Join(long, "kota")
	if err := os.MkdirAll(long, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(permitWorkspace(t, "log: {kind: embedded, chunkBytes: 10000}\nlake: {batchBytes: 30000}\n", 1), dir); err != nil {
		t.Fatal(err)
	}
	deliverPermits(t, dir, 1, 0, 20_000)
	landing := startLanding(t, dir)
	<-landing.batches // it is at work, and holds the log
	folder, file := filepath.Join(long, "cadangan"), filepath.Join(t.TempDir(), "cadangan.tar")
	must(t, "-C", dir, "backup", "--to", folder)
	must(t, "-C", dir, "backup", "--to", file)
	landing.kill()

	must(t, "-C", dir, "land", "--once")
	must(t, "-C", dir, "backup", "--to", filepath.Join(long, "lagi")) // nobody holds the log
	kept := filepath.Join(t.TempDir(), "sidik.json")
	writeFile(t, kept, must(t, "-C", dir, "verify", "--digest", "--json"))
	deliverPermits(t, dir, 1, 20_000, 21_000)
	must(t, "-C", dir, "land", "--once")
	for _, backup := range []string{folder, file, filepath.Join(long, "lagi")} {
		into := filepath.Join(t.TempDir(), "pulih")
		must(t, "restore", backup, "--into", into)
		must(t, "-C", into, "land", "--once") // what was not decided then
		must(t, "-C", into, "verify", "--deep")
		if r := satudata(t, "verify", "--same", kept, into); r.code != exitOK {
			t.Errorf("restored from %s: exit code %d\n%s%s", backup, r.code, r.stdout, r.stderr)
		}
	}
}

func TestBackupRefusals(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 1)
	rubbish := filepath.Join(t.TempDir(), "bukan.tar")
	writeFile(t, rubbish, "bukan cadangan")
	full := filepath.Dir(rubbish)
	for _, args := range [][]string{{"backup"}, {"backup", "--to", full}, {"backup", "--to", rubbish}, {"restore", rubbish},
		{"restore", rubbish, "--into", filepath.Join(full, "a")}, {"restore", filepath.Join(full, "tidak-ada"), "--into", filepath.Join(full, "b")}} {
		if r := satudata(t, append([]string{"-C", dir}, args...)...); r.code != exitUsage {
			t.Errorf("%v: exit code %d, want %d\n%s", args, r.code, exitUsage, r.stderr)
		}
	}
}

// TestFullTarget: where the disk of a backup or a restored workspace is full, that one is named, not the
// workspace that has room.
func TestFullTarget(t *testing.T) {
	dir := landedOffice(t)
	backup := filepath.Join(t.TempDir(), "b.tar")
	must(t, "-C", dir, "backup", "--to", backup)
	small := filepath.Join(t.TempDir(), "kecil")
	mountTmpfs(t, small, 1)
	writeFile(t, filepath.Join(small, "penuh"), strings.Repeat("x", 1000<<10))
	for _, args := range [][]string{
		{"-C", dir, "backup", "--to", filepath.Join(small, "b.tar")},
		{"-C", dir, "restore", backup, "--into", filepath.Join(small, "r")},
	} {
		r := satudata(t, args...)
		if r.code != exitNoAccess || !strings.Contains(r.stderr, "disk tempat "+small) || strings.Contains(r.stderr, "disk tempat "+dir) {
			t.Errorf("%s: exit code %d, %s", args[2], r.code, r.stderr)
		}
	}
	a := &app{dir: dir}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "write", Path: filepath.Join(small, "r", "log.db"), Err: syscall.ENOSPC}, small},
		{fmt.Errorf("open event log %s: %w", filepath.Join(small, "r", "log.db"), syscall.ENOSPC), small},
		{&fs.PathError{Op: "write", Path: filepath.Join(dir, "log", "log.db"), Err: syscall.ENOSPC}, dir},
		{syscall.ENOSPC, dir},
	} {
		if got := a.say(tt.err); !strings.Contains(got, "disk tempat "+tt.want+" penuh") {
			t.Errorf("%v: %s", tt.err, got)
		}
	}
}
