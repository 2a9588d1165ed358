package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"satudata/ingest/durable"
)

// Snapshot writes the log as it is at one moment: the length of its file in 8 bytes, big-endian, and the
// file. Appends and reads go on meanwhile; an append that makes the file grow much may wait for the
// end, so w should be quick. A log whose file was removed while it is open can be saved by it.
func (l *Log) Snapshot(ctx context.Context, w io.Writer) error {
	if err := l.hold(ctx); err != nil {
		return fmt.Errorf("copy event log: %w", err)
	}
	defer l.running.RUnlock()
	err := l.view(func(tx *bolt.Tx) error {
		if _, err := w.Write(binary.BigEndian.AppendUint64(nil, uint64(tx.Size()))); err != nil {
			return err
		}
		_, err := tx.WriteTo(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("copy event log: %w", err)
	}
	return nil
}

// Receive makes a log in dir of what Snapshot writes, durable when it returns. It returns
// io.ErrUnexpectedEOF, and makes nothing, when that is not all there.
func Receive(dir string, r io.Reader) error {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return fmt.Errorf("receive event log: %w", io.ErrUnexpectedEOF)
	}
	f, err := durable.Create(filepath.Join(dir, fileName))
	if err != nil {
		return fmt.Errorf("receive event log: %w", err)
	}
	defer f.Abort()
	want := int64(binary.BigEndian.Uint64(size[:]))
	n, err := io.Copy(f, io.LimitReader(r, want))
	if err == nil && n < want {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = f.Commit()
	}
	if err != nil {
		return fmt.Errorf("receive event log: %w", err)
	}
	return nil
}
