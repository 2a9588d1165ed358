package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"satudata/catalog"
	"satudata/ingest/durable"
	"satudata/ingest/event"
)

// giveBack writes the rejected rows of a delivery as CSV for its OPD to mend: the row in the file,
// what is wrong with it, and the cells as they were delivered, under the file's own header. Records
// without a header (NDJSON) are given back whole.
func (w *workspace) giveBack(ctx context.Context, p parts, d catalog.Delivery, path string, stdout io.Writer) error {
	opening, err := p.cat.Opening(ctx, d.ID)
	if err != nil {
		return err
	}
	format, err := event.ParseFormat(opening.ContentType)
	if err != nil {
		return fmt.Errorf("read how delivery %s was opened: %w", d.ID, err)
	}
	if path == "-" {
		_, err := w.writeBack(ctx, p, d, format, opening.Header, stdout)
		return err
	}
	f, err := durable.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	n, err := w.writeBack(ctx, p, d, format, opening.Header, f)
	if err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s baris yang ditolak ditulis ke %s (rejected rows written)\n", number(int64(n)), path)
	return nil
}

func (w *workspace) writeBack(ctx context.Context, p parts, d catalog.Delivery, format event.Format, header string, out io.Writer) (n int, err error) {
	enc := csv.NewWriter(out)
	names := []string{"mentah"}
	lines := strings.Split(strings.TrimRight(header, "\r\n"), "\n")
	if header != "" {
		names = cells(format, lines[len(lines)-1])
	}
	if err := enc.Write(append([]string{"baris", "alasan"}, names...)); err != nil {
		return 0, err
	}
	err = w.rejects(ctx, p, d, 0, func(r rejectedRow) error {
		n++
		says := make([]string, len(r.Reasons))
		for i, why := range r.Reasons {
			says[i] = field(why.Field) + ": " + why.Say.ID
		}
		return enc.Write(append([]string{strconv.FormatInt(r.Row, 10), strings.Join(says, "; ")}, cells(format, r.Raw)...))
	})
	enc.Flush()
	return n, errors.Join(err, enc.Error())
}

// cells takes a record apart as far as it can be; one that cannot is a single cell.
func cells(format event.Format, raw string) []string {
	switch format.Type {
	case event.ContentTypeCSV:
		r := csv.NewReader(strings.NewReader(raw))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(format.Delimiter), true, -1
		if record, err := r.Read(); err == nil {
			return record
		}
	case event.ContentTypeRows:
		dec := json.NewDecoder(bytes.NewReader([]byte(raw)))
		dec.UseNumber()
		var record []any
		if err := dec.Decode(&record); err == nil {
			out := make([]string, len(record))
			for i, v := range record {
				if v != nil {
					out[i] = fmt.Sprint(v)
				}
			}
			return out
		}
	}
	return []string{raw}
}
