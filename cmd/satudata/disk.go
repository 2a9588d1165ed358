package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"

	"satudata/ingest/eventlog"
	"satudata/transform/lake"
)

// say renders an error for whoever runs the program: what the disk of the workspace refuses goes
// before what was being written.
func (a *app) say(err error) string {
	dir := a.home()
	switch {
	case a.full(err):
		return fmt.Sprintf("disk tempat %s penuh; yang sudah diterima tetap aman: sediakan ruang, lalu ulangi perintah ini; `up` dan `land` melanjutkan sendiri (the disk that holds it is full; what was accepted is safe: make room, then run this command again; up and land go on by themselves): %s",
			written(dir, err), say(err))
	case lake.ReadOnly(err), forbidden(dir, err):
		return fmt.Sprintf("disk atau berkas di %s tidak dapat dibaca atau ditulis; yang sudah diterima tetap aman: pasang kembali disk itu agar dapat ditulisi, atau perbaiki pemilik dan izin berkasnya untuk pengguna ini, lalu ulangi (the disk or a file there cannot be read or written; what was accepted is safe: mount the disk writable, or mend owner and permissions of the files for this user, then try again): %s",
			dir, say(err))
	}
	return say(err)
}

// full says whether err comes of a full disk.
func (a *app) full(err error) bool {
	return err != nil && (lake.DiskFull(err) || unexplained(err) && crammed(a.home()))
}

// home is the folder of the workspace.
func (a *app) home() string {
	dir, err := filepath.Abs(a.dir)
	if err != nil {
		return a.dir
	}
	return dir
}

// sayAttr renders errors in the log as say does.
func (a *app) sayAttr(_ []string, attr slog.Attr) slog.Attr {
	if err, ok := attr.Value.Any().(error); ok {
		attr.Value = slog.StringValue(a.say(err))
	}
	return attr
}

// forbidden says whether err comes of a file below dir that we may not read or write.
func forbidden(dir string, err error) bool {
	var file *fs.PathError
	return errors.As(err, &file) && errors.Is(file, fs.ErrPermission) && strings.HasPrefix(file.Path, dir+string(filepath.Separator))
}

// written is where it was written that met a full disk: the folder that the error names, as the target of
// a backup, or else the workspace.
func written(dir string, err error) string {
	var file *fs.PathError
	names := strings.Fields(err.Error())
	if errors.As(err, &file) {
		names = []string{file.Path}
	}
	for _, name := range names {
		path, err := filepath.Abs(strings.TrimRight(name, ":;,"))
		if err != nil || file == nil && !filepath.IsAbs(name) || path == dir || strings.HasPrefix(path, dir+string(filepath.Separator)) {
			continue
		}
		for path = filepath.Dir(path); !folderExists(path); path = filepath.Dir(path) { // "/" is always there
		}
		if path != "/" {
			return path
		}
	}
	return dir
}

// unexplained says whether err may come of a full disk though it does not say so.
func unexplained(err error) bool {
	return exitCode(err) == exitFailure || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, eventlog.ErrCorrupt) || lake.Damaged(err)
}

// crammed says whether a disk has less room than one write of ours needs. Not everybody who meets a
// full disk says so.
func crammed(dir string) bool {
	var disk syscall.Statfs_t
	return syscall.Statfs(dir, &disk) == nil && disk.Bavail*uint64(disk.Bsize) < 64<<10
}
