package query

import "bufio"

// jsonWriter writes [JSON] and [NDJSON].
type jsonWriter struct {
	w     *bufio.Writer
	array bool
	any   bool     // a row was written
	names [][]byte // `"name":`
	line  []byte
}

func newJSONWriter(w *bufio.Writer, r *Result, array bool) *jsonWriter {
	j := &jsonWriter{w: w, array: array}
	for _, name := range uniqueNames(r) {
		j.names = append(j.names, append(appendQuoted(nil, name), ':'))
	}
	return j
}

func (j *jsonWriter) write(r *Result) error {
	batch := r.Batch()
	columns := make([]render, batch.NumCols())
	for i, a := range batch.Columns() {
		columns[i] = jsons(a)
	}
	for row := range int(batch.NumRows()) {
		j.line = j.start(j.line[:0])
		for i, column := range columns {
			if i > 0 {
				j.line = append(j.line, ',')
			}
			j.line = column(append(j.line, j.names[i]...), row)
		}
		j.line = append(j.line, '}')
		if !j.array {
			j.line = append(j.line, '\n')
		}
		if _, err := j.w.Write(j.line); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonWriter) start(dst []byte) []byte {
	if j.array {
		if j.any {
			dst = append(dst, ",\n"...)
		} else {
			dst = append(dst, "[\n"...)
		}
	}
	j.any = true
	return append(dst, '{')
}

func (j *jsonWriter) close(*Result) error {
	var end string
	switch {
	case j.array && j.any:
		end = "\n]\n"
	case j.array:
		end = "[]\n"
	}
	_, err := j.w.WriteString(end)
	return err
}
