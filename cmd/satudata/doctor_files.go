package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satudata/cmd/satudata/ops"
	"satudata/schemas"
)

// configuration reads satudata.yaml and says whether it holds. Where not, the default stands in.
func (x *exam) configuration(dir string, environ map[string]string) bool {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	cfg, err := loadConfig(abs, environ)
	x.w = &workspace{dir: abs, cfg: cfg, zone: time.UTC, log: slog.New(slog.DiscardHandler)}
	switch {
	case err == nil:
		x.well("config", "satudata.yaml terbaca", "satudata.yaml is read")
		return true
	case errors.Is(err, fs.ErrPermission):
		x.trouble(broken, "config", sayFile(err), "not readable", "beri izin baca atas satudata.yaml kepada pengguna ini", "let this user read satudata.yaml")
	default:
		x.trouble(broken, "config", err.Error(), "the configuration cannot be used", "perbaiki satudata.yaml atau variabel SATUDATA_…; `satudata config` menunjukkan kunci yang ada",
			"mend satudata.yaml or the variables SATUDATA_…; `satudata config` shows the keys")
	}
	x.w.cfg = defaultConfig()
	return false
}

func (x *exam) zone() {
	zone, err := time.LoadLocation(x.w.cfg.Zone)
	if err != nil {
		x.trouble(broken, "zona", fmt.Sprintf("zona waktu %q tidak dikenal", x.w.cfg.Zone), err.Error(),
			"tulis nama IANA di zone, misalnya Asia/Jakarta; bila namanya benar, pasang paket tzdata", "write an IANA name such as Asia/Jakarta; if it is one, install the package tzdata")
		return
	}
	x.w.zone = zone
	x.well("zona", "zona waktu "+x.w.cfg.Zone+" dikenal", "the time zone is known")
}

// documents reads and compiles every contract and binding.
func (x *exam) documents() {
	docs, err := x.w.documents()
	faults := unjoin(err)
	ref, err := schemas.LoadReference()
	if err != nil {
		faults = append(faults, err)
	}
	for _, name := range sortedNames(docs.bindings) {
		if err := compiles(docs, docs.bindings[name], ref); err != nil {
			faults = append(faults, err)
		}
	}
	for _, f := range faults {
		x.trouble(broken, "dokumen", sayFile(f), "a contract or binding is at fault", "perbaiki berkas itu; `satudata contract check` memeriksa ulang", "mend the file; `satudata contract check` looks again")
	}
	if len(faults) == 0 {
		x.well("dokumen", fmt.Sprintf("%d kontrak dan %d binding terbaca dan cocok", len(docs.contracts), len(docs.bindings)), "contracts and bindings are read and fit")
	}
}

func compiles(docs documents, b *schemas.Binding, ref *schemas.Reference) error {
	c, err := docs.contractOf(b)
	if err != nil {
		return err
	}
	_, err = schemas.Compile(c, b, ref)
	return err
}

// unjoin takes joined errors apart.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		return many.Unwrap()
	}
	return []error{err}
}

// sources looks whether what up would watch is there.
func (x *exam) sources() {
	docs, _ := x.w.documents() // its faults are found by documents
	bad := 0
	if feeds, err := x.w.feeds(docs, ""); err == nil {
		bad += x.ignored(feeds)
	}
	for i, s := range x.w.cfg.Sources {
		name := fmt.Sprintf("sources[%d] %s", i, s.Binding)
		if docs.bindings[s.Binding] == nil {
			bad++
			x.trouble(broken, "sumber", name+": binding itu tidak ada di folder bindings", "no such binding", "perbaiki namanya di satudata.yaml, atau taruh bindingnya", "mend its name in satudata.yaml, or put the binding there")
		}
		for _, p := range s.Paths {
			path := x.w.resolve(p)
			if err := reachable(path); err != nil {
				bad++
				path = folderOf(path)
				x.trouble(broken, "sumber", name+": "+sayFile(err), "what is to be watched cannot be read", "buat folder "+path+" dan beri izin baca, atau perbaiki paths di satudata.yaml",
					"make that folder and let this user read it, or mend paths in satudata.yaml")
			}
		}
	}
	if bad == 0 {
		x.well("sumber", fmt.Sprintf("%d sumber dapat dibaca", len(x.w.cfg.Sources)), "sources can be read")
	}
}

// ignored looks for files in the folders of the sources that none of them reads, and counts them.
func (x *exam) ignored(feeds []feed) int {
	told := map[string]bool{}
	for _, f := range feeds {
		for _, i := range f.ignored(feeds, false) {
			if !told[i.Path] {
				told[i.Path] = true
				x.trouble(warning, "sumber", fmt.Sprintf("%q tidak dibaca sumber mana pun", i.Path), "no source reads this file", i.Reason.ID, i.Reason.EN)
			}
		}
	}
	return len(told)
}

// folderOf is the folder of a pattern, and any other path itself.
func folderOf(path string) string {
	for strings.ContainsAny(path, "*?[") {
		path = filepath.Dir(path)
	}
	return path
}

// reachable says why what a source names cannot be read: a folder, a file, or the folder of a pattern.
func reachable(path string) error {
	f, err := os.Open(folderOf(path))
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return err
	}
	_, err = f.Readdirnames(1)
	if err != nil && err.Error() == "EOF" {
		err = nil
	}
	return err
}

// stores are the folders that this program writes.
func (x *exam) stores() []string {
	if x.w.cfg.Log.Kind == "embedded" {
		return []string{"log", "lake", "state"}
	}
	return []string{"lake", "state"}
}

// folders looks whether what is written can be written. A folder that is not there yet will be made.
func (x *exam) folders() {
	bad := 0
	for _, name := range x.stores() {
		dir := x.w.path(name)
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			dir = x.w.dir
		} else if err == nil && !info.IsDir() {
			err = &fs.PathError{Op: "open", Path: dir, Err: errors.New("adalah berkas, bukan folder (is a file, not a folder)")}
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = ops.Probe(dir)
		}
		if err != nil {
			bad++
			x.trouble(broken, "folder", fmt.Sprintf("%s tidak dapat ditulis: %s", dir, sayFile(err)), "cannot be written",
				"beri pengguna ini izin tulis (chown, chmod), pastikan disknya tidak penuh dan tidak hanya-baca", "let this user write there (chown, chmod); see that the disk is neither full nor read-only")
		}
	}
	for _, name := range []string{"contracts", "bindings"} {
		if dir := x.w.path(name); !folderExists(dir) {
			x.trouble(warning, "folder", dir+" tidak ada", "is not there", "buat folder itu dan taruh dokumennya; `satudata init` menunjukkan susunannya", "make it and put the documents there; `satudata init` shows the layout")
		}
	}
	if bad == 0 {
		x.well("folder", strings.Join(x.stores(), ", ")+" dapat ditulis", "can be written, durably")
	}
}

// disks looks at the room that is left.
func (x *exam) disks() {
	const low = 1 << 30
	bad := 0
	least, err := humanize.ParseBytes(x.w.cfg.Ops.MinFree)
	if err != nil {
		bad++
		x.trouble(broken, "disk", fmt.Sprintf("ops.minFree %q bukan ukuran", x.w.cfg.Ops.MinFree), "is no size", "tulis misalnya 100MB", "write for example 100MB")
	}
	var d ops.Disk
	for _, name := range append([]string{"."}, x.stores()...) {
		dir := x.w.path(name)
		if !folderExists(dir) {
			continue
		}
		if d, err = ops.DiskOf(dir); err != nil {
			bad++
			x.trouble(broken, "disk", sayFile(err), "the disk cannot be looked at", "periksa apakah disknya terpasang", "see whether the disk is mounted")
			continue
		}
		var v condition
		switch {
		case d.Free < least || d.InodesCounted && d.Inodes == 0:
			v = broken
		case d.Free < low || d.InodesCounted && d.Inodes < inodesLow:
			v = warning
		default:
			continue
		}
		bad++
		x.trouble(v, "disk", fmt.Sprintf("%s: sisa %s dan %d inode", dir, humanize.IBytes(d.Free), d.Inodes), "little room is left",
			"kosongkan atau perbesar disk; `satudata top` menunjukkan dataset yang besar", "make room or enlarge the disk; `satudata top` shows large datasets")
	}
	if bad == 0 {
		x.well("disk", "sisa "+humanize.IBytes(d.Free), "enough room is left")
	}
}
