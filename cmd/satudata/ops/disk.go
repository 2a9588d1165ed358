package ops

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"satudata/ingest/event"
)

// Disk is how much room a file system has for whoever is not root.
type Disk struct {
	Free, Total   uint64 // bytes
	Inodes        uint64 // free
	InodesCounted bool   // some file systems have no fixed number of them
	ReadOnly      bool
}

// DiskOf looks at the file system that a folder is on.
func DiskOf(dir string) (Disk, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Disk{}, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	size := uint64(s.Bsize)
	return Disk{Free: s.Bavail * size, Total: s.Blocks * size, Inodes: s.Ffree, InodesCounted: s.Files > 0,
		ReadOnly: s.Flags&unix.ST_RDONLY != 0}, nil
}

// CheckFolder is a check that a folder takes a file durably and has room.
func CheckFolder(name, dir string, least uint64) Check {
	return Check{Name: name, Run: func(context.Context) (event.Sentence, error) {
		d, err := DiskOf(dir)
		if err != nil {
			return event.Sentence{}, err
		}
		if err := Probe(dir); err != nil {
			return event.Sentence{}, err
		}
		if d.Free < least {
			return event.Sentence{}, fmt.Errorf("%s: sisa ruang %d MiB, paling sedikit %d MiB; kosongkan atau perbesar disk (free space is below the least; make room)",
				dir, d.Free>>20, least>>20)
		}
		return say(fmt.Sprintf("dapat ditulis, sisa ruang %d MiB", d.Free>>20), fmt.Sprintf("can be written, %d MiB free", d.Free>>20)), nil
	}}
}

// Probe writes a small file in dir, durably, and removes it.
func Probe(dir string) (err error) {
	f, err := os.CreateTemp(dir, ".periksa-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, 8<<10))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
