package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satudata/ingest/durable"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
)

func (a *app) backupCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use: "backup --to FOLDER|BERKAS.tar", Short: "Cadangkan ruang kerja, juga selagi dipakai (back a workspace up, also while it is in use)",
		Long: `Menyalin konfigurasi, kontrak, binding, dan log peristiwa seperti adanya pada satu saat; proses yang memegang log
(up, land) menyerahkan salinannya. Tabel tidak ikut: semuanya dibangun ulang dari log oleh satudata restore. Berkas kiriman
di luar log tidak ikut. Salinan diperiksa setiap bytenya sebelum dinyatakan selesai.

(Copies configuration, contracts, bindings, and the event log as it is at one moment; the process that holds the log hands the
copy out. Tables are not copied: satudata restore rebuilds all of them from the log. Every byte of the copy is checked
before it counts. A log in Kafka is read into an embedded one.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if to == "" {
				return usageError("--to perlu disebut: folder baru, atau berkas .tar (is needed: a new folder, or a .tar file)")
			}
			w, err := a.workspace()
			if err != nil {
				return err
			}
			if strings.HasSuffix(to, ".tar") {
				return a.backupFile(c.Context(), w, to)
			}
			return a.backup(c.Context(), w, to, to)
		},
	}
	c.Flags().StringVar(&to, "to", "", "folder baru atau berkas .tar (new folder or .tar file)")
	return c
}

// backup makes a workspace without tables in a folder, for the backup of a name. Its satudata.yaml comes last: one that was not
// made to the end is none.
func (a *app) backup(ctx context.Context, w *workspace, dir, name string) error {
	projected := w.projected(ctx) // before the log is copied, which others may write to
	return w.standalone(dir, func(to *workspace) error {
		if err := w.copyLog(ctx, to); err != nil {
			return err
		}
		held, err := to.checkLog(ctx, projected)
		if err != nil {
			return err
		}
		if err := to.finish(w); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s: cadangan dengan %s pesan, diperiksa setiap bytenya; kembalikan dengan `satudata restore` (backup, messages, every byte checked)\n", name, number(held))
		return nil
	})
}

// copyLog copies the log of w to that of another workspace, by whoever holds it. A holder may end, or
// another begin, while we ask.
func (w *workspace) copyLog(ctx context.Context, to *workspace) (err error) {
	var log eventlog.Log
	for attempt := 0; ; attempt++ {
		log, err = w.openLog(ctx)
		held := errors.Is(err, eventlog.ErrLocked)
		if !held && !errors.Is(err, eventlog.ErrLost) { // who holds a log whose file was removed can still hand it out
			break
		}
		conn, derr := dial(ctx, w.path("log"))
		if derr == nil {
			return receiveLog(ctx, to.path("log"), conn)
		}
		if !held {
			return err
		}
		if attempt == 5 || ctx.Err() != nil {
			return fmt.Errorf("%w; proses itu tidak menyerahkan salinan (the process that holds it hands out no copy): %w", err, derr)
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if held, ok := log.(*sharedLog); ok {
		r, pipe := io.Pipe()
		go func() { pipe.CloseWithError(held.Snapshot(ctx, pipe)) }()
		return errors.Join(embedded.Receive(to.path("log"), r), r.Close())
	}
	dst, err := to.openLog(ctx)
	if err != nil {
		return err
	}
	return errors.Join(eventlog.Extract(ctx, dst.(eventlog.Importer), log, eventlog.Extraction{}), dst.Close())
}

// receiveLog makes a log of what the process at the other end sends. Its end, or that of ctx, ends it.
func receiveLog(ctx context.Context, dir string, conn net.Conn) error {
	hurry := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer hurry()
	err := errors.Join(embedded.Receive(dir, conn), conn.Close())
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// checkLog reads every byte of the log, which must hold as many facts as were projected, and returns how many
// messages it holds.
func (w *workspace) checkLog(ctx context.Context, projected int64) (messages int64, err error) {
	log, err := w.openLog(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	var damage []error
	if err := eventlog.Check(ctx, log, func(d eventlog.Damage) { damage = append(damage, fmt.Errorf("%w: %s", eventlog.ErrCorrupt, d)) }); err != nil {
		return 0, err
	}
	if len(damage) > 0 {
		return 0, errors.Join(damage...)
	}
	if err := whole(ctx, log, "cadangan (the backup)", projected); err != nil {
		return 0, err
	}
	held, err := holdings(ctx, log)
	for _, h := range held {
		messages += h.Next - h.First
	}
	return messages, err
}

// backupFile makes a backup in a folder beside the file and packs it.
func (a *app) backupFile(ctx context.Context, w *workspace, file string) error {
	if _, err := os.Stat(file); err == nil {
		return usageError("%s sudah ada (is there already)", file)
	}
	dir, err := os.MkdirTemp(filepath.Dir(file), ".cadangan-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := a.backup(ctx, w, dir, file); err != nil {
		return err
	}
	f, err := durable.Create(file)
	if err != nil {
		return err
	}
	defer f.Abort()
	t := tar.NewWriter(f)
	if err := t.AddFS(os.DirFS(dir)); err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return f.Commit()
}

func (a *app) restoreCommand() *cobra.Command {
	var into string
	var workers int
	c := &cobra.Command{
		Use: "restore FOLDER|BERKAS.tar --into DIR", Short: "Kembalikan cadangan ke ruang kerja baru (restore a backup into a new workspace)",
		Long: `Membangun ulang semua tabel dari log di cadangan, ke ruang kerja baru dengan log tertanam, lalu memeriksa hitungannya.

(Rebuilds all tables from the log of the backup in a new workspace with an embedded log, and verifies the counts.)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if into == "" {
				return usageError("--into DIR perlu disebut (is needed)")
			}
			return a.restore(c.Context(), args[0], into, workers)
		},
	}
	c.Flags().StringVar(&into, "into", "", "folder baru untuk ruang kerja (new folder for the workspace)")
	c.Flags().IntVar(&workers, "workers", 1, "pekerja yang mendaratkan bersama (workers that land together)")
	return c
}

// restore replays a backup.
func (a *app) restore(ctx context.Context, backup, into string, workers int) error {
	info, err := os.Stat(backup)
	if err != nil {
		return unreadable(err)
	}
	if err := mustBeEmpty(into); err != nil {
		return err
	}
	if !info.IsDir() {
		parent := filepath.Dir(filepath.Clean(into))
		if err := durable.MkdirAll(parent); err != nil {
			return err
		}
		dir, err := os.MkdirTemp(parent, ".cadangan-") // where there must be room for as much anyway
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := unpack(backup, dir); err != nil {
			return err
		}
		backup = dir
	}
	w, err := a.at(backup)
	if err != nil {
		return err
	}
	return a.replay(ctx, w, into, workers, eventlog.Extraction{})
}

// unpack unpacks a .tar file into a folder and nowhere else.
func unpack(file, dir string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for t := tar.NewReader(f); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return usageError("%s bukan cadangan satudata (is not a backup of satudata): %v", file, err)
		}
		if h.FileInfo().IsDir() {
			if err := root.MkdirAll(h.Name, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := unpackFile(root, h, t); err != nil {
			return fmt.Errorf("unpack %s: %w", file, err)
		}
	}
}

func unpackFile(root *os.Root, h *tar.Header, content io.Reader) error {
	if h.Typeflag != tar.TypeReg {
		return fmt.Errorf("%s: %w", h.Name, fs.ErrInvalid)
	}
	if err := root.MkdirAll(filepath.Dir(h.Name), 0o755); err != nil {
		return err
	}
	out, err := root.Create(h.Name)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}
