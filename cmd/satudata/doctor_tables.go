package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// dataFiles looks whether the files that the newest versions of the tables name are there and can be
// read. That there are versions, and that the catalog can be read, lake has looked at.
func (x *exam) dataFiles(ctx context.Context) {
	if !folderExists(x.w.path("lake")) {
		return
	}
	l, err := x.w.openLake(ctx)
	if err != nil {
		return
	}
	defer func() { _ = l.Close() }()
	datasets, err := l.Datasets(ctx)
	if err != nil {
		return
	}
	bad := 0
	for _, d := range datasets {
		faults, err := l.CheckFiles(ctx, d)
		if err == nil && len(faults) == 0 {
			continue
		}
		bad++
		const doID, doEN = "hentikan semua proses dan jalankan `satudata repair %[1]s`: dipulihkan dari log; bila soal izin, beri pengguna ini izin baca", "stop all processes and run `satudata repair %[1]s`: it is mended from the log; if permission is denied, let this user read it"
		id, en := "", "the files that the metadata names cannot be read"
		if err != nil {
			id = d + ": " + sayFile(err)
		} else {
			f := faults[0]
			id = fmt.Sprintf("%s: %d berkas bermasalah, di antaranya %s %s", f.Table, len(faults), f.File, f.Problem.ID)
			en = fmt.Sprintf("%d files are at fault; the first one %s", len(faults), f.Problem.EN)
		}
		x.trouble(broken, "tabel", id, en, fmt.Sprintf(doID, d), fmt.Sprintf(doEN, d))
	}
	if bad == 0 && len(datasets) > 0 {
		x.well("tabel", "berkas datanya ada dan dapat dibaca", "the data files are there and can be read")
	}
}

// tableFolders looks whether the folders of the tables can be written; nothing is written to them.
func (x *exam) tableFolders() {
	root := x.w.path("lake")
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == root {
			return nil // lake itself is one of the folders; what cannot be listed, its files tell
		}
		if err := unix.Access(path, unix.W_OK|unix.X_OK); err != nil {
			x.trouble(broken, "folder", fmt.Sprintf("%s tidak dapat ditulis: %v", path, err), "the folder of a table cannot be written, so nothing lands in it",
				"beri pengguna ini izin tulis atas folder itu dan isinya (chown -R, chmod -R), pastikan disknya tidak hanya-baca", "let this user write it and what it holds (chown -R, chmod -R); see that the disk is not read-only")
			return filepath.SkipDir
		}
		return nil
	})
}
