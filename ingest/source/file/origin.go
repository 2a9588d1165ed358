package file

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/zeebo/blake3"

	"satudata/ingest/source"
)

// Limits on what a packed file may unpack to. Text packs at up to 1:50, tables that repeat
// themselves at 1:200; deflate cannot do better than 1:1032, which is where bombs are.
const (
	maxRatio     = 500
	ratioFrom    = 64 << 20  // bytes unpacked before the ratio is looked at
	maxUnpacked  = 256 << 30 // bytes that one delivery may unpack to
	maxWorkbook  = 1 << 30   // bytes of a packed workbook, which must be unpacked as a whole
	gzipMagic    = "\x1f\x8b"
	workbookKind = ".xlsx"
)

// stamp tells states of a file apart.
type stamp struct {
	size int64
	mod  time.Time
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

// origin is stored bytes that can be read from the start as often as needed: a file, or an entry
// of a zip archive.
type origin struct {
	subject string
	file    *os.File
	stamp   stamp
	entry   *zip.File // nil for a file
	packed  bool      // in a zip or with gzip; known once it was opened
}

// name is what the kind is taken from, without .gz.
func (o *origin) name() string {
	n := o.file.Name()
	if o.entry != nil {
		n = o.entry.Name
	}
	return strings.TrimSuffix(strings.ToLower(path.Base(n)), ".gz")
}

// size is the bytes stored.
func (o *origin) size() int64 {
	if o.entry != nil {
		return int64(o.entry.CompressedSize64)
	}
	return o.stamp.size
}

// changed says whether the file is no longer what it was when it was opened.
func (o *origin) changed() (bool, error) {
	info, err := o.file.Stat()
	if err != nil {
		return false, err
	}
	return stampOf(info) != o.stamp, nil
}

// open reads the content from its start, unpacked from .gz and .zip.
func (o *origin) open() (io.ReadCloser, error) {
	r := io.NopCloser(io.NewSectionReader(o.file, 0, o.stamp.size))
	if o.packed = o.entry != nil; o.packed {
		if o.entry.Flags&1 != 0 {
			return nil, refuse("berkas di dalam zip dikunci kata sandi; kirim tanpa kata sandi",
				"the file in the zip is locked with a password; send it without one")
		}
		var err error
		if r, err = o.entry.Open(); err != nil {
			return nil, packingFault(cutShort(err))
		}
		r = &unpacked{r: r, c: r, packed: o.size()}
	}
	b := bufio.NewReaderSize(r, 16)
	magic, err := b.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(packingFault(err), r.Close())
	}
	if string(magic) != gzipMagic {
		if strings.HasSuffix(strings.ToLower(o.subject), ".gz") && len(magic) > 0 {
			err := refuse("nama berkas berakhiran .gz, tetapi isinya bukan gzip", "the file's name ends in .gz, but it is not gzip")
			return nil, errors.Join(err, r.Close())
		}
		return &unpacked{r: b, c: r, packed: -1}, nil
	}
	o.packed = true
	z, err := gzip.NewReader(bufio.NewReaderSize(b, blockSize))
	if err != nil {
		return nil, errors.Join(packingFault(err), r.Close())
	}
	return &unpacked{r: z, c: r, packed: o.size()}, nil
}

// unpacked reads what comes out of an unpacker, and refuses damage and bombs.
type unpacked struct {
	r      io.Reader
	c      io.Closer
	packed int64 // bytes before unpacking, -1 when nothing was unpacked
	n      int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if u.packed < 0 {
		return n, err
	}
	u.n += int64(n)
	if u.n > maxUnpacked || u.n > ratioFrom && u.n/maxRatio > u.packed {
		return n, refuseBomb(u.n, u.packed)
	}
	return n, packingFault(err)
}

func refuseBomb(unpacked, packed int64) error {
	return refuse("berkas terkompresi mengembang tidak wajar: %d MiB dari %d KiB; kirim tanpa kompresi bila memang benar",
		"the compressed file expands beyond measure: %d MiB from %d KiB; send it uncompressed if that is right", unpacked>>20, packed>>10)
}

func (u *unpacked) Close() error { return u.c.Close() }

// mostHashed is how much of a refused file is hashed to know it again. Of a longer one its size and time
// stand for the rest.
const mostHashed = 64 << 20

// refused gives a refusal, or trouble with reading, its subject, and a refusal the fingerprint of what is stored.
func (o *origin) refused(err error) error {
	err = about(o.subject, err)
	var r *source.Refusal
	if !errors.As(err, &r) {
		return err
	}
	if o.entry != nil {
		r.Fingerprint = fmt.Sprintf("crc32:%08x:%d", o.entry.CRC32, o.entry.UncompressedSize64)
		return r
	}
	h := blake3.New()
	if n, err := io.Copy(h, io.NewSectionReader(o.file, 0, min(o.stamp.size, mostHashed))); err != nil {
		return r // it is refused all the same
	} else if n < o.stamp.size {
		fmt.Fprint(h, o.stamp.size, o.stamp.mod.UnixNano())
	}
	r.Fingerprint = "stored:" + hex.EncodeToString(h.Sum(nil))
	return r
}

// cutShort is the end of a file where something was to begin.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
