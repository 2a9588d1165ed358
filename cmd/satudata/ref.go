package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satudata/schemas/reference"
)

// refCommand answers questions about kode referensi.
func (a *app) refCommand() *cobra.Command {
	return group(&cobra.Command{Use: "ref", Short: "Kode referensi (reference codes)"},
		a.refLookupCommand(),
		a.refSearchCommand(),
		a.refTranslateCommand(),
		a.refChangesCommand(),
		a.refDetectCommand(),
		a.refSystemsCommand(),
		a.refImportCommand(),
		a.refElementsCommand(),
	)
}

// referenceDir is where a workspace keeps the code lists that were imported: they serve the ref
// commands. Bindings use what the program carries, so that a log lands alike everywhere.
const referenceDir = "reference"

// registry is the code lists that the program carries, with those of the workspace and more.
func (a *app) registry(more ...*reference.List) (*reference.Registry, error) {
	r, err := reference.Load()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(a.dir, referenceDir, "*@*.csv"))
	if err != nil || len(files)+len(more) == 0 {
		return r, err
	}
	lists := slices.Clone(more)
	for _, file := range files {
		l, err := readList(strings.TrimSuffix(filepath.Base(file), ".csv"), file)
		if err != nil {
			return nil, err
		}
		lists = append(lists, l)
	}
	return r.With(lists...)
}

func readList(name, file string) (*reference.List, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := reference.ReadList(name, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

// maxUnpacked is the most bytes that a gzip file of a command line may unpack to.
const maxUnpacked = 256 << 20

// readPacked reads a file of the command line, unpacked where it is gzip.
func readPacked(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(err)
	}
	if !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	}
	if err != nil {
		return nil, usageError("%s: gzip rusak atau terpotong, kirim ulang berkasnya (broken or cut gzip, send the file again): %v", file, err)
	}
	if len(text) > maxUnpacked {
		return nil, usageError("%s: isinya lebih dari %d MiB (its content is over %[2]d MiB)", file, maxUnpacked>>20)
	}
	return text, nil
}

// readColumns reads columns of a CSV file by the names in its first line, found exactly or in another
// case. Comma, semicolon and tab are understood.
func readColumns(file string, names ...string) ([][]string, error) {
	text, err := readPacked(file)
	if err != nil {
		return nil, err
	}
	body := strings.TrimPrefix(string(text), "\uFEFF")
	r := csv.NewReader(strings.NewReader(body))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	head, _, _ := strings.Cut(body, "\n")
	for _, comma := range ";\t" {
		if strings.Count(head, string(comma)) > strings.Count(head, string(r.Comma)) {
			r.Comma = comma
		}
	}
	header, err := r.Read()
	if err != nil {
		return nil, usageError("%s: tidak dapat dibaca sebagai CSV (not readable as CSV): %v", file, err)
	}
	at := make([]int, len(names))
	for i, name := range names {
		at[i] = slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		if at[i] < 0 {
			return nil, usageError("%s: tidak ada kolom %q; yang ada: %s (no such column; there are these)", file, name, strings.Join(header, ", "))
		}
	}
	var rows [][]string
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, usageError("%s: tidak dapat dibaca sebagai CSV (not readable as CSV): %v", file, err)
		}
		row := make([]string, len(at))
		for i, c := range at {
			if c < len(record) {
				row[i] = record[c]
			}
		}
		rows = append(rows, row)
	}
}
