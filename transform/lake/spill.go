package lake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"satudata/ingest/durable"
)

// SpillDir is a folder on the disk of the lake for what does not fit memory.
func (l *Lake) SpillDir() (string, error) {
	dir := filepath.Join(l.dir, ".spill")
	return dir, durable.MkdirAll(dir)
}

// spill is a folder in which this process alone spills. A lock beside it, which the system takes away
// from a process that is killed, tells that it is in use.
type spill struct {
	dir  string
	lock *os.File
}

const (
	spillLock  = ".lock"
	staleSpill = 48 * time.Hour // how old a folder without a lock must be to be removed
)

func newSpill(parent string) (*spill, error) {
	removeStale(parent)
	lock, err := newLock(parent)
	if err != nil {
		return nil, err
	}
	s := &spill{dir: strings.TrimSuffix(lock.Name(), spillLock), lock: lock}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// newLock makes a file with a new name and locks it. Somebody who looks for what killed processes left
// may come between the two, and remove it.
func newLock(parent string) (*os.File, error) {
	for {
		lock, err := os.CreateTemp(parent, "*"+spillLock)
		if err != nil {
			return nil, err
		}
		free, err := tryLock(lock)
		if errors.Is(err, errors.ErrUnsupported) {
			return lock, nil // nobody removes it either
		}
		if err != nil {
			return nil, errors.Join(err, os.Remove(lock.Name()), lock.Close())
		}
		mine, err := lock.Stat()
		if err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		if there, err := os.Stat(lock.Name()); free && err == nil && os.SameFile(mine, there) {
			return lock, nil
		}
		if err := lock.Close(); err != nil {
			return nil, err
		}
	}
}

func (s *spill) close() error {
	return errors.Join(os.RemoveAll(s.dir), os.Remove(s.lock.Name()), s.lock.Close())
}

// removeStale removes what killed processes left: it may be many times the memory of a fold. What
// cannot be removed the next process tries again.
func removeStale(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(parent, e.Name())
		if strings.HasSuffix(path, spillLock) {
			removeUnlocked(path)
			continue
		}
		if _, err := os.Lstat(path + spillLock); err == nil {
			continue // its lock says whether it is in use
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleSpill {
			os.RemoveAll(path)
		}
	}
}

// removeUnlocked removes a folder whose lock nobody holds, and the lock.
func removeUnlocked(path string) {
	lock, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer lock.Close()
	if free, err := tryLock(lock); err == nil && free && os.RemoveAll(strings.TrimSuffix(path, spillLock)) == nil {
		os.Remove(path)
	}
}
