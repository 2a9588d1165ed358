//go:build unix

package lake

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock of a file until it is closed, and says whether it was free.
func tryLock(f *os.File) (free bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
