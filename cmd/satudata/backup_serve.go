package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"satudata/ingest/eventlog/embedded"
)

// socketName is where, in the folder of an embedded log, the process that holds the log hands out copies
// of it. Whoever connects is sent a snapshot.
const socketName = "log.sock"

// sharedLog is an embedded log that hands out copies of itself while it is open.
type sharedLog struct {
	*embedded.Log
	stop func() error
}

// Close ends the handing out, and then closes the log.
func (l *sharedLog) Close() error { return errors.Join(l.stop(), l.Log.Close()) }

// share begins to hand out copies. Where no socket can be made the log is used without: then it can
// be backed up only while nobody holds it.
func (w *workspace) share(log *embedded.Log) *sharedLog {
	ln, err := listen(w.path("log"))
	if err != nil {
		w.log.Warn("no backup while this process runs: its socket cannot be made", "folder", w.path("log"), "error", err)
		return &sharedLog{log, func() error { return nil }}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					w.log.Warn("no more backups while this process runs", "error", err)
				}
				return
			}
			running.Go(func() {
				if err := errors.Join(log.Snapshot(ctx, hurried(ctx, conn)), conn.Close()); err != nil {
					w.log.Warn("backup was not finished", "error", err)
				}
			})
		}
	})
	return &sharedLog{log, func() error {
		cancel()
		err := ln.Close()
		running.Wait()
		return err
	}}
}

// takeWithin is how long a receiver may take for one write of a copy: until the copy ends, the log
// cannot use again the room of what it no longer holds.
const takeWithin = time.Minute

// hurried writes to a receiver that must go on taking, until ctx ends.
func hurried(ctx context.Context, conn net.Conn) io.Writer {
	return writing(func(b []byte) (int, error) {
		if err := conn.SetWriteDeadline(time.Now().Add(takeWithin)); err != nil {
			return 0, err
		}
		defer context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Now()) })()
		return conn.Write(b)
	})
}

// writing makes an [io.Writer] of a function.
type writing func([]byte) (int, error)

// Write implements [io.Writer].
func (w writing) Write(b []byte) (int, error) { return w(b) }

// listen makes the socket of a folder. One that a killed process left behind is in nobody's way: the
// log is ours.
func listen(dir string) (net.Listener, error) {
	path, release, err := shortPath(dir)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	ln.SetUnlinkOnClose(false) // its path is of a folder that we have closed
	return removing{ln, filepath.Join(dir, socketName)}, nil
}

// removing is a listener that removes its socket.
type removing struct {
	net.Listener
	path string
}

func (l removing) Close() error {
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.Listener.Close())
}

// dial connects to the process that holds the log in a folder.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	path, release, err := shortPath(dir)
	if err != nil {
		return nil, err
	}
	defer release()
	return new(net.Dialer).DialContext(ctx, "unix", path)
}

// shortPath is a path of the socket of a folder that fits the about hundred bytes which a socket's may
// have, also when the folder's own does not.
func shortPath(dir string) (path string, release func(), err error) {
	path = filepath.Join(dir, socketName)
	if len(path) < 100 {
		return path, func() {}, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), socketName), func() { d.Close() }, nil
}
