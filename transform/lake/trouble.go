package lake

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Trouble with the catalog is of three kinds. What passes by itself is tried again: the server asks
// for it, or did not answer, and then nobody knows whether it did what it was asked. All other
// trouble is for somebody to mend.

// passing says whether trouble may be over when one tries again.
func passing(err error) bool { return busy(err) || unanswered(err) }

// busy says whether the catalog did nothing and asks to be asked again.
func busy(err error) bool {
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	server := (*pgconn.PgError)(nil)
	if !errors.As(err, &server) {
		return false
	}
	switch server.Code {
	case "25006", // the server is a standby, as during a failover
		"55P03",          // somebody holds a lock
		"23505", "42P07": // two who make the tables of the catalog at once; their rows never meet in this
		return true
	}
	switch server.Code[:2] {
	case "08", // connection
		"40", // serialization, deadlock
		"53", // no connection, memory or disk left
		"57": // shutdown, start, cancelled by somebody
		return true
	}
	return false
}

// unanswered says whether the answer of a server is missing.
func unanswered(err error) bool {
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE)
}

// DiskFull says whether err comes of a disk that has no room, whoever met it: the lake, DuckDB's
// spills, or a SQLite file.
func DiskFull(err error) bool {
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_FULL {
		return true
	}
	if duck := (*duckdb.Error)(nil); errors.As(err, &duck) && duck.Type == duckdb.ErrorTypeIO {
		return strings.Contains(duck.Msg, syscall.ENOSPC.Error()) || strings.Contains(duck.Msg, "No space left")
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// ReadOnly says whether err comes of a disk that takes no writes, or of a file that we may not write.
func ReadOnly(err error) bool {
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return true
		}
	}
	return errors.Is(err, syscall.EROFS)
}

// Damaged says whether an error is of a SQLite file that is not what SQLite wrote.
func Damaged(err error) bool {
	lite := (*sqlite.Error)(nil)
	if !errors.As(err, &lite) {
		return false
	}
	code := lite.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}
