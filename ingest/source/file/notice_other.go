//go:build !linux

package file

import "errors"

// Notices tells of changes in folders as they happen. On this system it does not: folders are looked
// at from time to time.
type Notices struct {
	C <-chan Notice
}

// Notice is one change. An empty Path says that some were missed: anything may have changed.
type Notice struct {
	Folder, Path string
	Whole        bool // the file was moved to its place, so nobody is writing it
}

// OpenNotices is [errors.ErrUnsupported].
func OpenNotices() (*Notices, error) { return nil, errors.ErrUnsupported }

// Add is [errors.ErrUnsupported].
func (*Notices) Add(string) error { return errors.ErrUnsupported }

// Close does nothing.
func (*Notices) Close() error { return nil }
