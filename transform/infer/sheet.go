package infer

import (
	"context"
	"errors"
	"strings"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/schemas"
)

// chooseSheet takes the sheet of a workbook that holds most cells under a header, and leaves the
// format as it is when that is the first one.
func chooseSheet(ctx context.Context, paths []string, f schemas.Format) (schemas.Format, []rawRow, []Decision, error) {
	rows, err := firstRows(ctx, paths, f)
	names, serr := file.Sheets(paths[0])
	if serr != nil || len(names) < 2 { // a packed workbook is read by its first sheet
		return f, rows, nil, err
	}
	best, most, total := names[0], tableSize(rows), tableSize(rows)
	for _, name := range names[1:] {
		one := f
		one.Sheet = name
		r, serr := firstRows(ctx, paths, one)
		var refusal *source.Refusal
		if errors.As(serr, &refusal) {
			continue // an empty sheet, say
		}
		if serr != nil {
			return f, nil, nil, serr
		}
		n := tableSize(r)
		total += n
		if n > most {
			best, most, rows, err = name, n, r, nil
		}
	}
	if best != names[0] {
		f.Sheet = best
	}
	return f, rows, []Decision{{"format", "sheet: " + best, Confidence{most, total}, true,
		sayf("lembar dengan sel berisi terbanyak; yang ada: %s", "the sheet with most filled cells; there are: %s", strings.Join(names, ", "))}}, err
}

// tableSize is how many cells a sheet has in the rows that a header can be told from, 0 where none can.
func tableSize(rows []rawRow) (n int) {
	if _, err := findHeader(rows); err != nil {
		return 0
	}
	for _, r := range rows {
		if r.distinct() > 1 {
			n += r.filled()
		}
	}
	return n
}
