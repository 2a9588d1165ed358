package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"

	"satudata/catalog"
	"satudata/catalog/query"
	"satudata/ingest/eventlog"
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
	exitUnproven = 4 // verify: the counts do not add up
	exitInUse    = 5 // another process has the workspace's event log open
	exitNoAccess = 6 // the event log refuses us, or cannot be reached
	exitNotFound = 7 // no such dataset, delivery, topic, code; or no single one

	exitInterrupted = 130 // ended by Ctrl-C or SIGTERM before it was done
)

// errRefused and errUnproven end a command whose findings were already printed.
var (
	errRefused  = errors.New("kiriman ditolak (delivery refused)")
	errUnproven = errors.New("hitungan tidak cocok (the counts do not add up)")
)

// usage is an error of whoever typed or configured.
type usage struct{ msg string }

func (u *usage) Error() string { return u.msg }

func usageError(format string, args ...any) error { return &usage{fmt.Sprintf(format, args...)} }

// unreadable is the error of a file that the command line names and that cannot be read.
func unreadable(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) && errors.Is(err, fs.ErrNotExist) {
		return usageError("berkas tidak dapat dibaca (the file cannot be read): %s: tidak ada (no such file)", at.Path)
	}
	return usageError("berkas tidak dapat dibaca (the file cannot be read): %v", err)
}

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var u *usage
	var faults schemas.Faults
	var unreachable *net.OpError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &u), errors.As(err, &faults), errors.Is(err, catalog.ErrConflict), errors.Is(err, catalog.ErrInvalid),
		errors.Is(err, lake.ErrElsewhere), errors.Is(err, query.ErrRefused), errors.Is(err, query.ErrInvalid), errors.Is(err, reference.ErrSystem), errors.Is(err, reference.ErrInvalid):
		return exitUsage
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errUnproven):
		return exitUnproven
	case errors.Is(err, eventlog.ErrLocked):
		return exitInUse
	case errors.Is(err, eventlog.ErrAccess), errors.Is(err, fs.ErrPermission), errors.As(err, &unreachable):
		return exitNoAccess
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, eventlog.ErrNoTopic), errors.Is(err, query.ErrUnknownTable), errors.Is(err, lake.ErrNoSnapshot),
		errors.Is(err, reference.ErrCode), errors.Is(err, reference.ErrEnded), errors.Is(err, reference.ErrSplit):
		return exitNotFound
	}
	return exitFailure
}

// say renders an error for whoever typed the command. What a query's error knows beyond its sentence
// may name files and is for the log.
func say(err error) string {
	var q *query.Error
	if errors.As(err, &q) {
		return fmt.Sprintf("%s (%s)", q.Say.ID, q.Say.EN)
	}
	var refusal *catalog.Refusal
	if errors.Is(err, catalog.ErrNotFound) && !errors.As(err, &refusal) {
		return fmt.Sprintf("tidak ditemukan: %v", err)
	}
	return err.Error()
}
