// Package durable makes files appear whole or not at all: written under a temporary name, synced,
// renamed, and the folder synced. Nothing else in satudata renames or syncs files.
package durable

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// File is a file that does not exist under its name until Commit.
type File struct {
	*bufio.Writer
	f    *os.File
	path string
}

// Create begins a file at path, making its folder when it is missing. The caller ends it with
// Commit or Abort.
func Create(path string) (*File, error) {
	if err := MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return nil, err
	}
	return &File{Writer: bufio.NewWriterSize(f, 256<<10), f: f, path: path}, nil
}

// Commit makes the file durable under its name, replacing one that was there. After an error the
// old file is still there and the temporary one is removed.
func (f *File) Commit() error {
	err := f.Flush()
	if err == nil {
		err = f.f.Chmod(0o644)
	}
	if err == nil {
		err = f.f.Sync()
	}
	if cerr := f.f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.f.Name())
		return fmt.Errorf("commit file %s: %w", f.path, err)
	}
	return SyncDir(filepath.Dir(f.path))
}

// CommitAs is Commit under another name in the same folder, for a name that depends on what the file
// holds.
func (f *File) CommitAs(path string) error {
	f.path = path
	return f.Commit()
}

// Name gives a file that was synced a second name in its folder, durable when it returns, and leaves
// one that is there: os.ErrExist. Where storage knows no second names it is errors.ErrUnsupported.
func Name(from, to string) error {
	err := os.Link(from, to)
	if errors.Is(err, os.ErrPermission) { // some file systems say it so
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	if err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// Abort drops the file. It may be called after Commit, where it does nothing.
func (f *File) Abort() {
	if f.f.Close() == nil {
		os.Remove(f.f.Name())
	}
}

// WriteFile makes data durable under path.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// MkdirAll makes dir and its missing parents, each durable in its parent.
func MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("make folder %s: %w", dir, os.ErrExist)
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Writable makes sure that a file may be read and written, if it is there. SQLite opens one that may
// only be read all the same, and leaves files beside it that cannot be written either.
func Writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}
