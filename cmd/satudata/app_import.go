package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/event"
)

// applicationColumns are the columns of a list of applications, in any order; all but the first three
// may be left out.
func applicationColumns() []string {
	return []string{"id", "nama", "opd", "keterangan", "menghasilkan", "memakai", "url"}
}

func (a *app) appImportCommand() *cobra.Command {
	var d decision
	c := &cobra.Command{
		Use: "import FILE.csv", Short: "Daftarkan atau perbarui banyak aplikasi (register or update many applications)", Args: cobra.ExactArgs(1),
		Long: `Membaca daftar aplikasi: CSV dengan judul id, nama, opd, dan bila ada keterangan, menghasilkan, memakai, url; dataset dalam
satu sel dipisah spasi. Semua baris diperiksa dahulu; bila satu saja salah, tidak ada yang didaftarkan.

(Reads a list of applications: CSV with the header id, nama, opd and optionally keterangan, menghasilkan, memakai, url; datasets
in a cell are separated by spaces. All rows are checked first; when one is wrong, none is registered.)`,
		RunE: func(c *cobra.Command, args []string) error {
			list, err := readApplications(args[0])
			if err != nil {
				return err
			}
			return a.decide(c, &d, func(ctx context.Context, _ *workspace, cat *catalog.Catalog, cmd catalog.Command) error {
				if err := checkOwners(ctx, cat, args[0], list); err != nil {
					return err
				}
				facts := make([]event.Application, len(list))
				for i, l := range list {
					facts[i] = l.Application
				}
				done, err := cat.ImportApplications(ctx, facts, cmd)
				if err != nil {
					return err
				}
				return d.show(a.stdout, done, "%d didaftarkan, %d diperbarui, %d tetap (registered, updated, unchanged)", done.Registered, done.Updated, done.Same)
			})
		},
	}
	d.plainFlags(c, false)
	return c
}

// listed is an application of a list, and its line there.
type listed struct {
	event.Application
	line int
}

// readApplications reads a list of applications and reports everything that is wrong with it.
func readApplications(file string) ([]listed, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, usageError("%s bukan UTF-8; simpan sebagai CSV UTF-8 (is not UTF-8; save it as CSV UTF-8)", file)
	}
	r := csv.NewReader(bytes.NewReader(data))
	if head, _, _ := bytes.Cut(data, []byte("\n")); bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		r.Comma = ';'
	}
	at, err := readHeader(r, file)
	if err != nil {
		return nil, err
	}
	var list []listed
	var wrong []error
	lines := map[string]int{} // of each id
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, usageError("%s: %v", file, err)
		}
		line, _ := r.FieldPos(0)
		cell := func(column string) string {
			if i, ok := at[column]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		l := listed{event.Application{ID: cell("id"), Name: cell("nama"), Owner: cell("opd"), Description: cell("keterangan"), URL: cell("url"),
			Produces: words(cell("menghasilkan")), Consumes: words(cell("memakai"))}, line}
		for _, say := range catalog.CheckApplication(l.Application) {
			wrong = append(wrong, usageError("%s:%d: %s (%s)", file, line, say.ID, say.EN))
		}
		if first, twice := lines[l.ID]; twice {
			wrong = append(wrong, usageError("%s:%d: id %q sudah ada di baris %d (this id is on that line already)", file, line, l.ID, first))
		}
		lines[l.ID] = line
		list = append(list, l)
	}
	if len(list) == 0 {
		wrong = append(wrong, usageError("%s tidak berisi aplikasi (holds no applications)", file))
	}
	return list, errors.Join(wrong...)
}

// words takes datasets apart; nil for none.
func words(cell string) []string {
	f := strings.Fields(cell)
	if len(f) == 0 {
		return nil
	}
	return f
}

// readHeader reads the header and returns where each column is.
func readHeader(r *csv.Reader, file string) (map[string]int, error) {
	header, err := r.Read()
	if err != nil {
		return nil, usageError("%s: judul kolom tidak terbaca: %v (header unreadable)", file, err)
	}
	at := map[string]int{}
	for i, h := range header {
		name := strings.ToLower(strings.TrimSpace(h))
		if _, twice := at[name]; twice || !slices.Contains(applicationColumns(), name) {
			return nil, usageError("%s:1: kolom %q tidak dikenal atau ada dua; yang dikenal: %s (unknown or doubled column)", file, h, strings.Join(applicationColumns(), ", "))
		}
		at[name] = i
	}
	for _, need := range applicationColumns()[:3] {
		if _, ok := at[need]; !ok {
			return nil, usageError("%s:1: kolom %s tidak ada (this column is missing)", file, need)
		}
	}
	return at, nil
}

// checkOwners finds the lines whose OPD is not registered.
func checkOwners(ctx context.Context, cat *catalog.Catalog, file string, list []listed) error {
	all, err := cat.Organisations(ctx)
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for _, o := range all {
		open[o.ID] = o.Closed == ""
	}
	var wrong []error
	for _, l := range list {
		if !open[l.Owner] {
			wrong = append(wrong, usageError("%s:%d: organisasi %q tidak terdaftar; daftarkan dengan `satudata org add %s` (organisation is not registered)", file, l.line, l.Owner, l.Owner))
		}
	}
	return errors.Join(wrong...)
}
