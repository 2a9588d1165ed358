package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"

	"satudata/transform/lake"
)

// say renders an error for whoever runs the program: what the disk of the workspace refuses goes
// before what was being written.
func (a *app) say(err error) string {
	dir, aerr := filepath.Abs(a.dir)
	if aerr != nil {
		dir = a.dir
	}
	switch {
	case lake.DiskFull(err), exitCode(err) == exitFailure && crammed(dir):
		return fmt.Sprintf("disk tempat %s penuh; yang sudah diterima tetap aman: sediakan ruang, lalu ulangi perintah ini; `up` dan `land` melanjutkan sendiri (the disk that holds it is full; what was accepted is safe: make room, then run this command again; up and land go on by themselves): %s",
			dir, say(err))
	case lake.ReadOnly(err), forbidden(dir, err):
		return fmt.Sprintf("disk atau berkas di %s tidak dapat dibaca atau ditulis; yang sudah diterima tetap aman: pasang kembali disk itu agar dapat ditulisi, atau perbaiki pemilik dan izin berkasnya untuk pengguna ini, lalu ulangi (the disk or a file there cannot be read or written; what was accepted is safe: mount the disk writable, or mend owner and permissions of the files for this user, then try again): %s",
			dir, say(err))
	}
	return say(err)
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

// crammed says whether a disk has less room than one write of ours needs. Not everybody who meets a
// full disk says so.
func crammed(dir string) bool {
	var disk syscall.Statfs_t
	return syscall.Statfs(dir, &disk) == nil && disk.Bavail*uint64(disk.Bsize) < 64<<10
}
