package infer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// sample is what was read of the files.
type sample struct {
	table     *table
	files     []string
	more      bool // not everything was looked at
	decisions []Decision
}

// read finds out how the files are written and reads as many records as make cells cells.
func read(ctx context.Context, paths []string, cells int) (*sample, error) {
	f, d, err := sniff(ctx, paths)
	if err != nil {
		return nil, err
	}
	s := &sample{table: &table{format: f}, decisions: d}
	byName, first := map[string]*column{}, ""
	err = deliveries(ctx, paths, f, func(info source.Info, read func() (source.Batch, error)) error {
		s.files = append(s.files, info.Subject)
		for n := 0; ; n++ {
			b, err := read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			form, err := event.ParseFormat(b.ContentType)
			if err != nil {
				return err
			}
			titles, records, err := normalize.Look(form, b.Data)
			if err != nil {
				return err
			}
			if titles != nil && s.table.columns == nil {
				s.table.head(titles)
				first = info.Header
			}
			if titles != nil && n == 0 && info.Header != first {
				return fmt.Errorf("%s: %w", info.Subject, ErrTwoSources)
			}
			for i, r := range records {
				if r.Fault != nil {
					continue
				}
				if s.table.rows*max(len(s.table.columns), 1) >= cells {
					s.more = true
					return nil
				}
				s.table.add(r, b.FirstRow+int64(i), byName)
			}
		}
	})
	if err == nil && (s.table.rows == 0 || len(s.table.columns) == 0) {
		err = nothing(s.files)
	}
	return s, err
}

// expand replaces folders by the tables in them, by name, so that the first of them says of what kind they
// are. A folder without any is refused.
func expand(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || !info.IsDir() {
			files = append(files, p)
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			return nil, err
		}
		before := len(files)
		for _, e := range entries {
			name := strings.ToLower(e.Name())
			if e.Type().IsRegular() && !strings.HasPrefix(name, ".") && slices.Contains(tableNames, path.Ext(strings.TrimSuffix(name, ".gz"))) {
				files = append(files, filepath.Join(p, e.Name()))
			}
		}
		if len(files) == before {
			return nil, &source.Refusal{Subject: p, Reason: sayf("folder ini tidak berisi berkas tabel (%s); sebutkan berkasnya", "this folder holds no file of a table (%s); name the files", strings.Join(tableNames, " "))}
		}
	}
	return files, nil
}

// tableNames end the names of files that hold tables.
var tableNames = []string{".csv", ".tsv", ".txt", ".xlsx", ".json", ".ndjson", ".jsonl", ".zip"}

// nothing refuses files without anything to propose for.
func nothing(files []string) error {
	return &source.Refusal{Subject: strings.Join(files, ", "), Reason: sayf("tidak satu baris pun dapat dibaca sebagai tabel yang berisi data", "not one row can be read as a table that holds data")}
}

// deliveries calls each with every delivery that paths name.
func deliveries(ctx context.Context, paths []string, f schemas.Format, each func(source.Info, func() (source.Batch, error)) error) (err error) {
	src, err := file.Open(paths, file.Options{Format: f})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	for {
		d, err := src.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = each(d.Info(), func() (source.Batch, error) { return d.Read(ctx) })
		if err = errors.Join(err, d.Close()); err != nil {
			return err
		}
	}
}

// sniff finds the format with which every file can be read: the kind by name and content, the first
// encoding that reads all, the delimiter, and the header rows of the first file.
func sniff(ctx context.Context, paths []string) (f schemas.Format, d []Decision, err error) {
	var refused error
	for _, kind := range kinds(paths) {
		encodings := []string{"", "windows-1252", "utf-16le", "utf-16be"}
		if kind == "xlsx" {
			encodings = encodings[:1]
		}
		for _, encoding := range encodings {
			f = schemas.Format{Type: kind, Encoding: encoding}
			if kind == "csv" {
				f.Delimiter = "," // so that the line under a title is not what decides
			}
			var rows []rawRow
			if kind == "xlsx" {
				f, rows, d, err = chooseSheet(ctx, paths, f)
			} else {
				rows, err = firstRows(ctx, paths, f)
			}
			var refusal *source.Refusal
			if errors.As(err, &refusal) {
				if refused == nil {
					refused = err
				}
				continue
			}
			if err != nil {
				return f, nil, err
			}
			if strings.HasPrefix(encoding, "utf-16") && !readsAsText(rows) || kind == "ndjson" && !slices.ContainsFunc(rows, func(r rawRow) bool { return r.cells != nil }) {
				continue
			}
			f, rest, err := dialect(paths, f, rows)
			return f, append(d, rest...), err
		}
	}
	if refused == nil {
		refused = nothing(paths)
	}
	return f, nil, refused
}

// kinds are the types that the files may be of, by the first one's name and first byte.
func kinds(paths []string) []string {
	if len(paths) == 0 {
		return nil
	}
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(paths[0])), ".gz")
	switch path.Ext(name) {
	case ".xlsx":
		return []string{"xlsx"}
	case ".json":
		return []string{"json", "ndjson"}
	case ".ndjson", ".jsonl":
		return []string{"ndjson", "json"}
	case ".csv", ".tsv", ".txt":
		return []string{"csv"}
	}
	head := make([]byte, 4)
	if h, err := os.Open(paths[0]); err == nil {
		n, _ := io.ReadFull(h, head)
		head = head[:n]
		_ = h.Close()
	}
	switch {
	case strings.HasPrefix(string(head), "{"):
		return []string{"ndjson", "json"}
	case strings.HasPrefix(string(head), "["):
		return []string{"json"}
	case strings.HasPrefix(string(head), "PK") && path.Ext(name) != ".zip":
		return []string{"xlsx"}
	}
	return []string{"csv", "ndjson", "json", "xlsx"}
}

// rawRow is a row as delivered, header rows too.
type rawRow struct {
	number int64 // as a spreadsheet counts
	line   []byte
	cells  []string
	typed  []bool
}

// firstRows are the first rows of the first file, once every file was found readable. Rows of delimited
// text come as lines.
func firstRows(ctx context.Context, paths []string, f schemas.Format) (rows []rawRow, err error) {
	const enough = 1000
	seen := false
	err = deliveries(ctx, paths, f, func(_ source.Info, read func() (source.Batch, error)) error {
		if seen {
			return nil
		}
		seen = true
		for len(rows) < enough {
			b, err := read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			more, err := rawRows(b, len(rows) == 0)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		return nil
	})
	return rows, err
}

// rawRows takes a batch apart; its header row counts when it is the first.
func rawRows(b source.Batch, first bool) (rows []rawRow, err error) {
	f, err := event.ParseFormat(b.ContentType)
	if err != nil {
		return nil, err
	}
	at := b.FirstRow
	if f.Headers > 0 {
		at--
	}
	if f.Type == event.ContentTypeCSV {
		for line := range strings.Lines(string(b.Data)) {
			rows = append(rows, rawRow{number: at, line: []byte(line)})
			at++
		}
	} else {
		titles, records, err := normalize.Look(f, b.Data)
		if err != nil {
			return nil, err
		}
		for _, t := range titles {
			rows = append(rows, rawRow{number: at, cells: t, typed: make([]bool, len(t))})
			at++
		}
		for _, r := range records {
			row := rawRow{number: at}
			for _, c := range r.Cells {
				row.cells, row.typed = append(row.cells, c.Text), append(row.typed, c.Typed)
			}
			rows = append(rows, row)
			at++
		}
	}
	if f.Headers > 0 && !first && len(rows) > 0 {
		rows = rows[1:]
	}
	return rows, nil
}

// readsAsText says whether most characters are ASCII, as in any table of figures: UTF-16 in the wrong
// byte order, or binary data, is not.
func readsAsText(rows []rawRow) bool {
	ascii, all := 0, 0
	for _, r := range rows {
		for _, c := range string(r.line) {
			if all++; c < utf8.RuneSelf {
				ascii++
			}
		}
	}
	return ascii*2 > all
}
