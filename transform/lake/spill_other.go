//go:build !unix

package lake

import (
	"errors"
	"os"
)

// tryLock says that the system has no such locks: nothing is removed.
func tryLock(*os.File) (free bool, err error) { return false, errors.ErrUnsupported }
