package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"satudata/catalog"
	"satudata/catalog/query"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/kafka"
	"satudata/schemas"
	"satudata/schemas/reference"
	"satudata/transform/lake"
)

// Exit codes, for scripts.
const (
	exitOK       = 0
	exitFailure  = 1 // something broke that is nobody's mistake
	exitUsage    = 2 // the command line, the configuration, a contract or a binding is wrong
	exitRefused  = 3 // a delivery was refused as a whole
	exitUnproven = 4 // verify: the counts do not add up, or two workspaces differ
	exitInUse    = 5 // another process has the workspace's event log open
	exitNoAccess = 6 // the event log, the table catalog or files refuse us, cannot be reached, or are damaged
	exitNotFound = 7 // no such dataset, delivery, topic, code; or no single one

	exitInterrupted = 130 // ended by Ctrl-C or SIGTERM before it was done
)

// These end a command whose findings were already printed.
var (
	errRefused  = errors.New("kiriman ditolak (delivery refused)")
	errUnproven = errors.New("hitungan tidak cocok (the counts do not add up)")
	errDiffers  = errors.New("isinya berbeda (what they hold differs)")
	errDamaged  = errors.New("ada tabel yang tidak terbaca; lihat di atas (some tables cannot be read, see above)")
)

// usage is an error of whoever typed or configured.
type usage struct{ msg string }

func (u *usage) Error() string { return u.msg }

func usageError(format string, args ...any) error { return &usage{fmt.Sprintf(format, args...)} }

// unreadable is the error of a file that the command line names and that cannot be read.
func unreadable(err error) error {
	return usageError("%s", sayFile(err))
}

// missingError is an error of whoever named something that is not there.
type missingError struct{ msg string }

func (m *missingError) Error() string { return m.msg }
func (m *missingError) Unwrap() error { return catalog.ErrNotFound }

func missing(format string, args ...any) error { return &missingError{fmt.Sprintf(format, args...)} }

// damagedTables is the error of a dataset whose tables cannot be read. Those of others can.
type damagedTables struct {
	dataset string
	err     error
}

func (d *damagedTables) Error() string {
	return fmt.Sprintf("tabel %[1]s tidak terbaca; hentikan semua proses dan jalankan `satudata repair %[1]s` (its tables cannot be read; stop all processes and run that): %[2]s", d.dataset, say(d.err))
}

// Unwrap gives what happened, and what it comes to.
func (d *damagedTables) Unwrap() []error { return []error{errDamaged, d.err} }

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var u *usage
	var faults schemas.Faults
	var unreachable *net.OpError
	var file *fs.PathError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &u), errors.As(err, &faults), errors.Is(err, catalog.ErrConflict), errors.Is(err, catalog.ErrInvalid),
		errors.Is(err, eventlog.ErrTooLarge), errors.Is(err, kafka.ErrOptions), errors.Is(err, lake.ErrElsewhere), errors.Is(err, query.ErrRefused), errors.Is(err, query.ErrInvalid), errors.Is(err, reference.ErrSystem), errors.Is(err, reference.ErrInvalid):
		return exitUsage
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errUnproven), errors.Is(err, errDiffers):
		return exitUnproven
	case errors.Is(err, eventlog.ErrLocked):
		return exitInUse
	case errors.Is(err, errDamaged), errors.Is(err, lake.ErrUnregistered), errors.Is(err, eventlog.ErrAccess), errors.Is(err, eventlog.ErrLost), errors.Is(err, eventlog.ErrUnreachable), errors.Is(err, lake.ErrUnreachable), lake.ReadOnly(err), errors.Is(err, fs.ErrPermission), errors.As(err, &unreachable),
		errors.Is(err, eventlog.ErrCorrupt), errors.Is(err, eventlog.ErrExpired), errors.Is(err, eventlog.ErrFull), errors.Is(err, query.ErrUnreadable), lake.Damaged(err), lake.DiskFull(err),
		errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &file):
		return exitNoAccess
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, eventlog.ErrNoTopic), errors.Is(err, query.ErrUnknownTable), errors.Is(err, lake.ErrNoSnapshot), errors.Is(err, lake.ErrNotFound),
		errors.Is(err, reference.ErrCode), errors.Is(err, reference.ErrEnded), errors.Is(err, reference.ErrSplit):
		return exitNotFound
	}
	return exitFailure
}

// say renders an error for whoever typed the command. What a query's error knows beyond its sentence
// may name files and is for the log.
func say(err error) string {
	var damaged *damagedTables
	if errors.As(err, &damaged) {
		return damaged.Error()
	}
	var expired *lake.ExpiredError
	if errors.As(err, &expired) {
		since := expired.Since.Truncate(time.Second).Add(time.Second).Format(time.RFC3339) // at or after it
		return fmt.Sprintf("keadaan itu tidak tersimpan lagi, atau snapshot itu bukan milik tabel ini: %[1]s menjangkau sampai %[2]s; pakai --as-of %[2]s atau sesudahnya, dan naikkan lake.keepSnapshots agar lebih lama tersimpan "+
			"(that state is kept no longer, or the snapshot is of another table: the table reaches back to that time; use it or a later one, and raise lake.keepSnapshots to keep more)", expired.Table, since)
	}
	var q *query.Error
	if errors.As(err, &q) {
		return both(q.Say)
	}
	var refusal *catalog.Refusal
	var named *missingError
	if errors.Is(err, catalog.ErrNotFound) && !errors.As(err, &refusal) && !errors.As(err, &named) {
		return fmt.Sprintf("tidak ditemukan: %v", err)
	}
	if errors.Is(err, lake.ErrUnreachable) {
		return fmt.Sprintf("katalog tabel tidak menjawab atau menolak; tidak ada yang hilang: periksa lake.catalog dan servernya, lalu ulangi perintah ini (the table catalog does not answer or refuses; nothing is lost: check it and its server, then run this command again): %v", err)
	}
	switch {
	case lake.Damaged(err):
		return fmt.Sprintf("berkas SQLite ruang kerja rusak; hentikan semua proses dan jalankan `satudata repair`: dibuat lagi dari log (a SQLite file of the workspace is damaged; stop all processes and run that: it is made anew from the log): %s", sayFile(err))
	case errors.Is(err, eventlog.ErrCorrupt):
		return fmt.Sprintf("log peristiwa rusak; hentikan semua proses, simpan salinannya, lalu kembalikan cadangan yang utuh dengan `satudata restore` (the event log is damaged; stop all processes, keep a copy of it, and bring a whole backup back by that): %s", sayFile(err))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("berkas terpotong, berakhir sebelum isinya lengkap; ambil salinan yang utuh (the file is cut short; take a copy that is whole): %s", sayFile(err))
	case errors.Is(err, lake.ErrNotFound):
		return fmt.Sprintf("belum ada tabelnya: belum ada kiriman yang mendarat, atau namanya salah (there is no table of it yet: nothing has landed, or the name is wrong): %s", sayFile(err))
	}
	return sayFile(err)
}

// sayFile says in both languages what the system says in English of a file.
func sayFile(err error) string {
	var file *fs.PathError
	if !errors.As(err, &file) {
		return err.Error()
	}
	why := fmt.Sprintf("tidak dapat dibuka (%v)", file.Err)
	switch {
	case errors.Is(file, fs.ErrNotExist):
		why = "berkas atau folder tidak ada (no such file or folder)"
	case errors.Is(file, fs.ErrPermission):
		why = "tidak boleh dibaca atau ditulis (permission denied)"
	case errors.Is(file, syscall.ENOSPC), errors.Is(file, syscall.EDQUOT):
		why = "tidak ada ruang lagi (no space left)"
	case errors.Is(file, syscall.EROFS):
		why = "hanya dapat dibaca (read-only)"
	case errors.Is(file, syscall.EISDIR):
		why = "adalah folder, bukan berkas (is a folder, not a file)"
	}
	return strings.ReplaceAll(err.Error(), file.Error(), file.Path+": "+why)
}

// both is a sentence in both languages. What follows a colon and is the same in both, such as the words
// of the query engine, stands once.
func both(s event.Sentence) string {
	for i := range s.ID {
		for j := range s.EN {
			if strings.HasPrefix(s.ID[i:], ": ") && strings.HasPrefix(s.EN[j:], ": ") && !open(s.ID[:i]) && alike(s.ID[i:], s.EN[j:]) {
				return s.ID[:i] + " (" + s.EN[:j] + ")" + s.ID[i:]
			}
		}
	}
	return s.ID + " (" + s.EN + ")"
}

// open says whether a text ends within parentheses.
func open(text string) bool { return strings.Count(text, "(") > strings.Count(text, ")") }

// alike says whether two texts are the same but for how they end, such as in "(baris 1, kolom 1)".
func alike(a, b string) bool {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a == b || n >= 20 && 2*n >= len(a)
}
