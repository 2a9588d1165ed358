// Package file reads the files that an OPD delivers: CSV, NDJSON, JSON arrays and XLSX, also inside
// .gz and .zip, named by a path, a glob or a folder that may be watched.
//
// # Two passes
//
// Next reads a file to its end before it offers it: records and batches are counted, the
// fingerprint is made, and everything that makes a file unfit as a whole (an empty file, a web page
// named .csv, a truncated archive, a wrong encoding) is found while nothing has been handed out.
// Read then goes over the file again and cuts the same batches; of a text that is stored as it is
// handed out, the places of the batches are remembered and only read. Neither holds more of the file
// than a few blocks, except for the shared strings of a workbook.
//
// # Fingerprint
//
// It is the BLAKE3 sum of the content type, the header lines once, and the records, as they are handed
// out: unpacked, as UTF-8, without byte order mark, every line ended by one LF (also a line end
// inside quotes), empty lines and skipped rows left out. So the same table with other newlines, a
// byte order mark, in UTF-16 or packed has the same fingerprint.
//
// # Rows
//
// A record's row is the one that a spreadsheet shows: from 1, skipped rows, header rows and empty
// lines counted, a record with line ends inside quotes being one row. For a JSON array it is the
// element.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/schemas"
)

// Values of schemas.Format.Type.
const (
	typeCSV    = "csv"
	typeNDJSON = "ndjson"
	typeJSON   = "json"
	typeXLSX   = "xlsx"
)

// kinds are the name endings that files of a type have.
var kinds = map[string][]string{
	typeCSV:    {".csv", ".tsv", ".txt"},
	typeNDJSON: {".ndjson", ".jsonl"},
	typeJSON:   {".json"},
	typeXLSX:   {workbookKind},
}

// Options are how files are found and read.
type Options struct {
	Format   schemas.Format   // of every file; an empty Type goes by the name's ending
	Watch    bool             // after io.EOF, Next looks again for files that are new or changed
	Settle   time.Duration    // watching: how long a file must not have changed before it is read; default 2 s
	Now      func() time.Time // default time.Now
	MaxChunk int              // most bytes of a batch; default event.MaxChunk
}

// Source offers files as deliveries.
type Source struct {
	o       Options
	search  search
	queue   []found
	listed  bool
	archive *archive     // the zip whose entries are being offered
	last    string       // path of the file that was opened last
	held    []*heldError // files that could not be read and are no worse for it
	current *delivery
}

// Open finds the files that paths name: files, globs and folders, of which it takes the files whose
// names end as the format's do. Without Watch, a path that names nothing is an error.
func Open(paths []string, o Options) (*Source, error) {
	if err := checkFormat(o.Format); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s := &Source{o: o, search: search{paths: paths, watch: o.Watch, settle: o.Settle, now: o.Now, wanted: o.wanted}}
	if !o.Watch {
		var err error
		if s.queue, err = s.search.list(); err != nil {
			return nil, err
		}
		s.listed = true
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Settle == 0 {
		o.Settle = 2 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxChunk == 0 {
		o.MaxChunk = event.MaxChunk
	}
	return o
}

// wanted says whether a file found in a folder or an archive is of the right kind.
func (o Options) wanted(name string) bool {
	name = strings.ToLower(path.Base(filepath.ToSlash(name)))
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") {
		return false // hidden, or the lock of a workbook that somebody has open
	}
	return kindOf(strings.TrimSuffix(name, ".gz"), o.Format.Type) != ""
}

// kindOf returns the type of a file by its name, among the declared one or all; "" for none.
func kindOf(name, declared string) string {
	for kind, endings := range kinds {
		if declared != "" && kind != declared {
			continue
		}
		for _, ending := range endings {
			if strings.HasSuffix(name, ending) {
				return kind
			}
		}
	}
	return ""
}

// Next implements [source.Source].
func (s *Source) Next(ctx context.Context) (source.Delivery, error) {
	if s.current != nil && s.current.closed != nil {
		return nil, errors.New("the delivery before was not closed")
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d, err := s.next(ctx)
		switch {
		case err == nil && d != nil:
			s.current = d
			return d, nil
		case err == nil, errors.Is(err, errUnfinished), s.hold(err):
			continue
		case errors.Is(err, io.EOF) && len(s.held) > 0:
			return nil, s.trouble()
		}
		return nil, err
	}
}

// next returns what comes next, or nil when one must look further.
func (s *Source) next(ctx context.Context) (*delivery, error) {
	o, err := s.origin()
	if err != nil || o == nil {
		return nil, err
	}
	return s.deliver(ctx, o)
}

// hold keeps trouble with one file for when the others were offered, and says whether err is such.
func (s *Source) hold(err error) bool {
	var h *heldError
	if !errors.As(err, &h) {
		return false
	}
	h.path = s.last
	s.held = append(s.held, h)
	return true
}

// trouble is why files could not be read, of many the first ones. A watcher tries them again at the next look.
func (s *Source) trouble() error {
	const most = 5
	var errs []error
	for i, h := range s.held {
		s.search.again(h.path)
		if i < most {
			errs = append(errs, h)
		}
	}
	if more := len(s.held) - most; more > 0 {
		errs = append(errs, fmt.Errorf("dan %d berkas lain (and as many other files)", more))
	}
	s.held, s.last = nil, ""
	return errors.Join(errs...)
}

// Look looks for files of a watched place and says whether Next has something to offer.
func (s *Source) Look() (bool, error) {
	if s.archive != nil || len(s.queue) > 0 {
		return true, nil
	}
	var err error
	s.queue, err = s.search.list()
	return len(s.queue) > 0, err
}

// Absent says which watched places were not there at the last look, nil when all were. It is an
// fs.ErrNotExist; the others are read meanwhile.
func (s *Source) Absent() error {
	var errs []error
	for _, p := range s.search.absent {
		errs = append(errs, &fs.PathError{Op: "watch", Path: p, Err: fs.ErrNotExist})
	}
	return errors.Join(errs...)
}

// Whole says that a file was just moved to its place, so that it need not settle: see [Notice].
func (s *Source) Whole(path string) {
	if s.search.whole == nil {
		s.search.whole = map[string]bool{}
	}
	s.search.whole[filepath.Clean(path)] = true
}

// Due is when a watched file that is settling may be offered, the zero time when there is none.
func (s *Source) Due() time.Time { return s.search.due() }

// Folders are where a watched place's files are, to be listened to with [Notices].
func (s *Source) Folders() []string { return s.search.folders() }

// Close implements [source.Source]. It may be called twice.
func (s *Source) Close() error {
	var err error
	if s.current != nil {
		err = s.current.Close()
	}
	err = errors.Join(err, s.closeArchive())
	s.queue, s.listed, s.o.Watch = nil, true, false
	return err
}

func (s *Source) closeArchive() error {
	if s.archive == nil {
		return nil
	}
	err := s.archive.file.Close()
	s.archive = nil
	return err
}

// origin returns what comes next, io.EOF when there is nothing, or nil when one must look further.
func (s *Source) origin() (*origin, error) {
	if s.archive != nil {
		if o := s.archive.next(); o != nil {
			return o, nil
		}
		return nil, s.closeArchive()
	}
	if len(s.queue) == 0 {
		if s.listed && !s.o.Watch {
			return nil, io.EOF
		}
		var err error
		if s.queue, err = s.search.list(); err != nil {
			return nil, err
		}
		s.listed = true
		if len(s.queue) == 0 {
			return nil, io.EOF
		}
	}
	f := s.queue[0]
	s.queue = s.queue[1:]
	return s.openFile(f)
}

// Retry implements [source.Retrier]: a watcher offers a file that did not change again only when it is told to.
func (s *Source) Retry() { s.search.again(s.last) }

// openFile opens a file that was found; a zip archive becomes the origin of the ones that follow.
func (s *Source) openFile(f found) (*origin, error) {
	s.last = f.path
	h, info, err := openFound(f)
	if err != nil {
		return nil, about(f.subject, unfit(err))
	}
	o := &origin{subject: f.subject, file: h, stamp: stampOf(info)}
	if s.o.Watch && o.stamp != f.stamp {
		s.search.forget(f.path) // it is being written again
		return nil, h.Close()
	}
	if !strings.HasSuffix(strings.ToLower(f.path), ".zip") {
		return o, nil
	}
	if s.archive, err = openArchive(o, s.o.wanted); err != nil {
		return nil, errors.Join(o.refused(unfit(err)), h.Close())
	}
	return nil, nil
}

// openFound opens a file that was found, refusing one to which a link leads out of the folder.
func openFound(f found) (*os.File, fs.FileInfo, error) {
	if f.folder == "" {
		return openRegular(f.path)
	}
	target, out := f.leads()
	if out {
		return nil, nil, &source.Refusal{Fingerprint: "link:" + target, Reason: event.Sentence{
			ID: "tautan (symbolic link) ke luar folder sumber, yaitu ke " + printable(target) + ", tidak dibaca; kirim berkasnya sendiri",
			EN: "a symbolic link that leads out of the source's folder, to " + printable(target) + ", is not read; deliver the file itself"}}
	}
	h, info, err := openRegular(f.path)
	if err != nil {
		return nil, nil, err
	}
	if same, err := os.Stat(target); err != nil || !os.SameFile(same, info) {
		return nil, nil, errors.Join(refuse("berkas diganti saat dibuka; kirim ulang", "the file was replaced while it was opened; send it again"), h.Close())
	}
	return h, info, nil
}

// openRegular opens a file, refusing what is none.
func openRegular(name string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, nil, refuse("bukan berkas biasa", "not a regular file")
	}
	if err != nil {
		return nil, nil, openFault(err)
	}
	h, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a pipe, and to open one waits
	if err != nil {
		return nil, nil, openFault(err)
	}
	if info, err = h.Stat(); err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return h, info, nil
}

func openFault(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("berkas sudah tidak ada", "the file is gone")
	}
	return err
}

// about gives a refusal, or trouble with reading, its subject.
func about(subject string, err error) error {
	var r *source.Refusal
	var h *heldError
	switch {
	case errors.As(err, &r):
		return &source.Refusal{Subject: subject, Reason: r.Reason, Fingerprint: r.Fingerprint}
	case errors.As(err, &h):
		return &heldError{subject: subject, err: h.err}
	}
	return err
}

// deliver inspects o.
func (s *Source) deliver(ctx context.Context, o *origin) (*delivery, error) {
	d := &delivery{origin: o, info: source.Info{Subject: o.subject, Bytes: o.size()}}
	d.closed = func() error { return nil }
	if o.entry == nil {
		d.closed = o.file.Close
	}
	err := s.prepare(d)
	if err == nil {
		err = d.inspect(ctx)
	}
	if err == nil {
		return d, nil
	}
	if changed, serr := o.changed(); s.o.Watch && serr == nil && changed {
		s.search.forget(o.file.Name())
		err = errUnfinished
	}
	return nil, errors.Join(o.refused(unfit(err)), d.Close())
}

// errUnfinished says that a watched file is still being written.
var errUnfinished = errors.New("file is still being written")

// prepare decides how d is cut.
func (s *Source) prepare(d *delivery) error {
	f := s.o.Format
	if f.Type == "" {
		f.Type = kindOf(d.origin.name(), "")
	}
	switch f.Type {
	case "":
		return refuse("jenis berkas tidak dikenali dari namanya; nyatakan `format.type` di binding",
			"the kind of file cannot be told from its name; declare `format.type` in the binding")
	case typeXLSX:
		return prepareWorkbook(d, f, s.o.MaxChunk)
	}
	d.set = new(charset)
	d.open = func() (cutter, io.Closer, error) {
		r, err := d.origin.open()
		if err != nil {
			return nil, nil, err
		}
		c, err := cutText(r, f, s.o.MaxChunk, d.set)
		if err != nil {
			return nil, nil, errors.Join(err, r.Close())
		}
		return c, r, nil
	}
	return nil
}

// cutText begins to cut a text.
func cutText(r io.Reader, f schemas.Format, max int, set *charset) (cutter, error) {
	text, found, mark, err := decode(r, f.Encoding)
	if err != nil {
		return nil, err
	}
	*set = found
	in := newInput(text, int64(mark), f.Type == typeJSON)
	switch f.Type {
	case typeNDJSON:
		return newNDJSON(in, max)
	case typeJSON:
		return newArray(in, max)
	}
	return newCSV(in, f, max)
}
