package lake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestSpill: a folder that is in use stays, what a killed process left goes.
func TestSpill(t *testing.T) {
	parent := t.TempDir()
	alive, err := newSpill(parent)
	if err != nil {
		t.Fatal(err)
	}
	killed, err := newSpill(parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed.dir, "spilled"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := killed.lock.Close(); err != nil { // as the system does
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"young": time.Hour, "old": 3 * staleSpill} {
		dir := filepath.Join(parent, name)
		if err := errors.Join(os.Mkdir(dir, 0o700), os.Chtimes(dir, time.Now().Add(-age), time.Now().Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	removeStale(parent)
	for path, stays := range map[string]bool{alive.dir: true, alive.lock.Name(): true, killed.dir: false, killed.lock.Name(): false,
		filepath.Join(parent, "young"): true, filepath.Join(parent, "old"): false} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) == stays {
			t.Errorf("%s: %v; want it to stay: %v", path, err, stays)
		}
	}
	if err := alive.close(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(parent, filepath.Base(alive.dir)+"*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestSpillsBeginAtOnce: nobody takes the folder that another one is about to lock for one left behind.
func TestSpillsBeginAtOnce(t *testing.T) {
	parent := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				s, err := newSpill(parent)
				if err == nil {
					err = s.close()
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
