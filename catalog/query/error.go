package query

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"satudata/ingest/event"
)

// The kinds of fault. Callers tell them apart with errors.Is, and show [Error.Say] to people.
var (
	// ErrRefused says that the statement, a function or a table in it is not open to users.
	ErrRefused = errors.New("statement refused")
	// ErrUnknownTable says that the statement names a table which is not a dataset of the engine.
	ErrUnknownTable = errors.New("unknown table")
	// ErrInvalid says that the SQL cannot be understood: syntax, unknown column, wrong types.
	ErrInvalid = errors.New("invalid SQL")
	// ErrFailed says that the query ended on the data, for example a text that is not a number.
	ErrFailed = errors.New("query failed")
	// ErrTimeout says that the time limit ended the query.
	ErrTimeout = errors.New("query timed out")
	// ErrCanceled says that the caller ended the query.
	ErrCanceled = errors.New("query canceled")
	// ErrMemory says that the query needed more memory or temporary disk space than it may use.
	ErrMemory = errors.New("query needs too much memory")
	// ErrUnreadable says that a table's files could not be read.
	ErrUnreadable = errors.New("table files unreadable")
	// ErrInternal says that the engine itself is at fault.
	ErrInternal = errors.New("query engine fault")
)

// Error is a fault of a query. Say is safe to show to the person who asked; Cause may name files
// and belongs into the log.
type Error struct {
	Kind  error // one of the Err values of this package
	Say   event.Sentence
	Cause error // nil when Say says it all
}

// Error renders e for the log.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%v: %s", e.Kind, e.Say.EN)
	}
	return fmt.Sprintf("%v: %v", e.Kind, e.Cause)
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// refuse makes an ErrRefused from a sentence in both languages.
func refuse(id, en string) *Error {
	return &Error{Kind: ErrRefused, Say: event.Sentence{ID: id, EN: en}}
}

// translate makes an [Error] of what running a statement returned.
func translate(err error) error {
	var known *Error
	var foreign *foreignError
	var duck *duckError
	switch {
	case err == nil || errors.As(err, &known) || errors.As(err, &foreign):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{ErrTimeout, event.Sentence{
			ID: "Kueri dihentikan karena melewati batas waktu. Persempit dengan WHERE atau LIMIT.",
			EN: "The query was stopped at its time limit. Narrow it with WHERE or LIMIT.",
		}, err}
	case errors.Is(err, context.Canceled):
		return &Error{ErrCanceled, event.Sentence{ID: "Kueri dibatalkan.", EN: "The query was canceled."}, err}
	case errors.As(err, &duck):
		return duck.translate()
	}
	return internal(err)
}

// ours is translate for a statement that the engine made: where that is wrong SQL, the person who
// asked is not at fault.
func ours(err error) error {
	err = translate(err)
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrFailed) {
		return internal(err)
	}
	return err
}

func internal(cause error) *Error {
	return &Error{ErrInternal, event.Sentence{ID: "Mesin kueri bermasalah.", EN: "The query engine is at fault."}, cause}
}

// foreignError is a fault of [View.Define], whose owner knows better what to say about it.
type foreignError struct{ error }

func (e *foreignError) Unwrap() error { return e.error }

// duckError is what DuckDB says about a statement: "Binder Error: …".
type duckError struct{ message string }

func (e *duckError) Error() string { return e.message }

// translate goes by the class that DuckDB's message starts with, because preparing a statement
// returns nothing else.
func (e *duckError) translate() *Error {
	class, text, _ := strings.Cut(e.message, ": ")
	switch strings.TrimSuffix(class, " Error") {
	case "Parser", "Syntax", "Binder", "Catalog", "Not implemented", "Invalid type", "Mismatch Type", "Parameter Not Resolved", "Parameter Not Allowed":
		return &Error{ErrInvalid, event.Sentence{
			ID: "SQL tidak dapat dijalankan: " + text,
			EN: "The SQL cannot be run: " + text,
		}, nil}
	case "Conversion", "Out of Range", "Invalid Input", "Divide by Zero", "Decimal", "Expression", "Executor", "Object Size", "Sequence":
		return &Error{ErrFailed, event.Sentence{
			ID: "Kueri gagal pada datanya: " + text,
			EN: "The query failed on the data: " + text,
		}, nil}
	case "Out of Memory":
		return &Error{ErrMemory, event.Sentence{
			ID: "Kueri membutuhkan memori atau ruang sementara melebihi batas. Persempit dengan WHERE, pilih lebih sedikit kolom, atau kelompokkan lebih kasar.",
			EN: "The query needs more memory or temporary space than it may use. Narrow it with WHERE, choose fewer columns, or group more coarsely.",
		}, e}
	case "INTERRUPT":
		// The end of a context is told before. Where one thread fails on the data the others are interrupted, and it
		// may be one of them whose words are heard.
		return &Error{ErrFailed, event.Sentence{
			ID: "Kueri gagal pada datanya, dan mesin kueri tidak menyebut di mana. Jalankan sekali lagi.",
			EN: "The query failed on the data, and the engine does not say where. Run it once more.",
		}, e}
	case "IO", "HTTP", "Permission":
		return &Error{ErrUnreadable, event.Sentence{
			ID: "Berkas data tabel tidak dapat dibaca. Jalankan satudata verify.",
			EN: "The table's data files cannot be read. Run satudata verify.",
		}, e}
	}
	return internal(e)
}
