package query

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"satudata/ingest/event"
)

// Format is a way to write a result.
type Format string

// The formats. Times are instants in UTC (RFC 3339) in every format but Table, which shows them in
// the engine's zone; a time that was stored without a zone stays without. Decimals are exact.
const (
	// Table is for people: aligned columns, long values cut, the number of rows at the end.
	Table Format = "table"
	// CSV is UTF-8 with a header line, commas and decimal points, quoted as RFC 4180 says, with
	// lines that end in LF. A null is an empty field and an empty text is "". Nested values are
	// JSON. Values are written as they are: a text that a spreadsheet takes for a formula ("=1+1")
	// stays that text.
	CSV Format = "csv"
	// JSON is one array of objects. Numbers keep all their digits, also those beyond 2^53, which
	// some readers round; NaN and the infinities are null.
	JSON Format = "json"
	// NDJSON is one object per line, with values as in JSON.
	NDJSON Format = "ndjson"
	// Parquet keeps the types; nested values become JSON.
	Parquet Format = "parquet"
	// Arrow is an IPC stream with the types as DuckDB gives them.
	Arrow Format = "arrow"
)

// Formats are all formats, in the order in which to name them.
var Formats = []Format{Table, CSV, JSON, NDJSON, Parquet, Arrow}

// ParseFormat returns the format of a name. Its fault is an ErrInvalid that lists the names.
func ParseFormat(name string) (Format, error) {
	var names []string
	for _, f := range Formats {
		if string(f) == name {
			return f, nil
		}
		names = append(names, string(f))
	}
	known := strings.Join(names, ", ")
	return "", &Error{ErrInvalid, event.Sentence{
		ID: fmt.Sprintf("Format %q tidak dikenal; yang ada: %s.", name, known),
		EN: fmt.Sprintf("The format %q is not known; there are: %s.", name, known),
	}, nil}
}

// writer writes the batches of a result; close writes what comes after the last.
type writer interface {
	write(r *Result) error
	close(r *Result) error
}

// Write reads a result to its end and writes it, in memory that does not grow with its rows. When
// the rows end in a fault, which Write then returns, what was written is incomplete and, in all
// formats but CSV, NDJSON and Table, not well-formed. Write does not close the result.
func Write(w io.Writer, f Format, r *Result) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out, err := newWriter(buffered, f, r)
	if err != nil {
		return err
	}
	for r.Next() {
		if err := out.write(r); err != nil {
			return fmt.Errorf("write %s: %w", f, err)
		}
	}
	if r.Err() != nil {
		// What there is goes out, so that people see how far it came.
		_ = buffered.Flush()
		return r.Err()
	}
	if err := out.close(r); err != nil {
		return fmt.Errorf("write %s: %w", f, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", f, err)
	}
	return nil
}

func newWriter(w *bufio.Writer, f Format, r *Result) (writer, error) {
	switch f {
	case Table:
		if r.explain {
			return &planWriter{w: w}, nil
		}
		return newTableWriter(w, r), nil
	case CSV:
		return newCSVWriter(w, r), nil
	case JSON:
		return newJSONWriter(w, r, true), nil
	case NDJSON:
		return newJSONWriter(w, r, false), nil
	case Parquet:
		return newParquetWriter(w, r)
	case Arrow:
		return newArrowWriter(w, r), nil
	}
	_, err := ParseFormat(string(f))
	return nil, err
}

// uniqueNames are the names of the result's columns, with a number behind those that came before:
// objects and files cannot hold two columns of one name.
func uniqueNames(r *Result) []string {
	names := make([]string, r.Schema().NumFields())
	taken := map[string]bool{}
	for i, f := range r.Schema().Fields() {
		names[i] = f.Name
		for n := 1; taken[strings.ToLower(names[i])]; n++ {
			names[i] = fmt.Sprintf("%s_%d", f.Name, n)
		}
		taken[strings.ToLower(names[i])] = true
	}
	return names
}
