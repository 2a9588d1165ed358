package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"satudata/catalog"
	"satudata/ingest/durable"
	"satudata/ingest/event"
	"satudata/schemas"
)

// giveBack writes the rejected records of a delivery as CSV for its OPD to mend and deliver again: the
// cells as they were delivered, under the file's own header and with its delimiter, and behind them
// two columns that no binding reads, the row in the file and what is wrong. Records without a header
// (NDJSON) are one cell. The file begins with a byte order mark, by which Excel knows that it is UTF-8.
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
	fmt.Fprintf(stdout, "%s rekaman yang ditolak ditulis ke %s (rejected records written)\n", number(int64(n)), path)
	return warnFull(ctx, p, d, stdout)
}

// warnFull says that the mended records alone are no delivery, where a delivery replaces what was there.
func warnFull(ctx context.Context, p parts, d catalog.Delivery, out io.Writer) error {
	contract, err := p.cat.ParsedContract(ctx, d.Dataset, d.Contract)
	if err != nil {
		return err
	}
	if contract.Profile.Delivery.Mode == "full" {
		fmt.Fprintln(out, "Kiriman dataset ini menggantikan yang lama: perbaiki di berkas lengkapnya, jangan kirim berkas ini saja (deliveries of this dataset replace: mend the whole file, do not deliver this one alone)")
	}
	return nil
}

func (w *workspace) writeBack(ctx context.Context, p parts, d catalog.Delivery, format event.Format, header string, out io.Writer) (n int, err error) {
	if _, err := io.WriteString(out, "\ufeff"); err != nil {
		return 0, err
	}
	enc := csv.NewWriter(out)
	if format.Type == event.ContentTypeCSV {
		enc.Comma = rune(format.Delimiter)
	}
	width, err := writeHeader(enc, format, header)
	if err != nil {
		return 0, err
	}
	names, err := columnNames(ctx, p, d)
	if err != nil {
		return 0, err
	}
	var pending *rejectedRow // observations of one record come one after the other
	flush := func() error {
		if pending == nil {
			return nil
		}
		n++
		return enc.Write(append(pad(cells(format, pending.Raw), width), strconv.FormatInt(pending.Row, 10), reasonsOf(*pending, names)))
	}
	err = w.rejects(ctx, p, d, 0, func(r rejectedRow) error {
		if pending != nil && pending.Row == r.Row && pending.Raw == r.Raw {
			pending.Reasons = append(pending.Reasons, r.Reasons...)
			return nil
		}
		err := flush()
		pending = &r
		return err
	})
	if err == nil {
		err = flush()
	}
	enc.Flush()
	return n, errors.Join(err, enc.Error())
}

// writeHeader writes the header lines and returns how many cells the last one has.
func writeHeader(enc *csv.Writer, format event.Format, header string) (width int, err error) {
	names := [][]string{{"rekaman"}}
	if header != "" {
		names = nil
		for _, line := range strings.Split(strings.TrimRight(header, "\r\n"), "\n") {
			names = append(names, cells(format, line))
		}
	}
	last := len(names) - 1
	width = len(names[last])
	names[last] = append(names[last], "_baris", "_alasan")
	return width, enc.WriteAll(names)
}

// reasonsOf are the sentences of a record, each once.
func reasonsOf(r rejectedRow, names map[string]string) string {
	var says []string
	for _, why := range r.Reasons {
		if say := field(why.Field, names) + ": " + why.Say.ID; !slices.Contains(says, say) {
			says = append(says, say)
		}
	}
	return strings.Join(says, "; ")
}

func pad(record []string, width int) []string {
	for len(record) < width {
		record = append(record, "")
	}
	return record
}

// columnNames are the names that the columns of a contract have in the files of a delivery's source.
func columnNames(ctx context.Context, p parts, d catalog.Delivery) (map[string]string, error) {
	names := map[string]string{}
	doc, err := p.cat.Binding(ctx, d.Binding)
	if err != nil {
		return nil, err
	}
	binding, err := schemas.ParseBinding(d.Binding, []byte(doc))
	if err != nil {
		return nil, err
	}
	for _, c := range binding.Columns {
		if from := append(slices.Clone(c.Any), c.From); from[0] != "" && from[0] != c.To {
			names[c.To] = from[0]
		}
	}
	return names, nil
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
		dec := json.NewDecoder(strings.NewReader(raw))
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
