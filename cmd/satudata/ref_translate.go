package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satudata/schemas/reference"
)

// translated is one code of `satudata ref translate`.
type translated struct {
	Code        string                 `json:"kode"`
	Translation *reference.Translation `json:"hasil,omitempty"`
	Trouble     string                 `json:"masalah,omitempty"` // why there is no single answer
}

func (a *app) refTranslateCommand() *cobra.Command {
	var asJSON bool
	var from, to, file, column string
	c := &cobra.Command{
		Use: "translate CODE... --from SYSTEM@VINTAGE --to SYSTEM@VINTAGE", Short: "Terjemahkan kode antara sistem dan vintage (translate codes between systems and vintages)",
		Long: `Menerjemahkan kode dari satu sistem dan vintage ke yang lain, juga dari satu kolom berkas CSV. Wilayah yang dipecah
menyebut semua penggantinya dan tidak dipilihkan; kode keluar 7 bila ada kode tanpa satu jawaban.

(Translates codes from one system and vintage to another, also those of a column of a CSV file. A region that was split names
all that it became, and none is chosen; exit code 7 when a code has no single answer.)`,
		Example: "  satudata ref translate 3171 --from bps@2023 --to kemendagri@2025\n" +
			"  satudata ref translate --file banjir.csv --column kode_kabupaten_kota --from bps@2023 --to kemendagri@2025",
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := a.registry()
			if err != nil {
				return err
			}
			codes, err := codesToTranslate(args, file, column)
			if err != nil {
				return err
			}
			results, trouble := translateAll(r, codes, from, to)
			switch {
			case asJSON:
				err = writeJSON(a.stdout, results)
			case len(results) == 1:
				a.printOne(results[0])
			default:
				err = a.printAll(results)
			}
			return errors.Join(err, trouble)
		},
	}
	f := c.Flags()
	f.StringVar(&from, "from", "", "sistem dan vintage kode (system and vintage of the codes)")
	f.StringVar(&to, "to", reference.Kemendagri, "sistem dan vintage tujuan (system and vintage to translate to)")
	f.StringVar(&file, "file", "", "berkas CSV yang memuat kode (a CSV file with codes)")
	f.StringVar(&column, "column", "", "kolomnya (its column)")
	f.BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// codesToTranslate are those of the command line, or the distinct ones of a column.
func codesToTranslate(args []string, file, column string) ([]string, error) {
	if (file == "") == (len(args) == 0) || (file == "") != (column == "") {
		return nil, usageError("sebutkan kode, atau --file dan --column (name codes, or --file and --column)")
	}
	if file == "" {
		return args, nil
	}
	rows, err := readColumns(file, column)
	if err != nil {
		return nil, err
	}
	var codes []string
	seen := map[string]bool{}
	for _, row := range rows {
		if code := strings.TrimSpace(row[0]); code != "" && !seen[code] {
			seen[code] = true
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// translateAll translates each code. trouble is why some have no single answer.
func translateAll(r *reference.Registry, codes []string, from, to string) (results []translated, trouble error) {
	without := 0
	for _, code := range codes {
		one := translated{Code: code}
		t, err := r.Translate(code, from, to)
		if err == nil {
			one.Translation = &t
			_, err = t.One()
		}
		if err != nil {
			one.Trouble = err.Error()
			trouble = err
			without++
		}
		results = append(results, one)
	}
	if without > 0 && len(codes) > 1 {
		trouble = fmt.Errorf("%d dari %d kode tanpa satu jawaban (codes without a single answer): %w", without, len(codes), trouble)
	}
	return results, trouble
}

// printOne prints what a single code is, one target a line, so that scripts find it at the start.
func (a *app) printOne(t translated) {
	if t.Translation == nil {
		return
	}
	for _, e := range t.Translation.Targets {
		fmt.Fprintf(a.stdout, "%s (%s)%s\n", e.Code, e.Name, partly(t.Translation))
	}
}

func partly(t *reference.Translation) string {
	if t.Part {
		return " — wilayah ini lebih luas atau mencakup kode lain (it is larger, or covers other codes too)"
	}
	return ""
}

func (a *app) printAll(results []translated) error {
	return columns(a.stdout, "KODE|NAMA|MENJADI|NAMA|KETERANGAN", func(print func(...any)) {
		for _, t := range results {
			if t.Translation == nil {
				print(t.Code, "", "-", "", t.Trouble)
				continue
			}
			note := strings.TrimPrefix(partly(t.Translation), " — ")
			if t.Trouble != "" {
				note = "tidak tunggal (not a single one)"
			}
			for _, e := range t.Translation.Targets {
				print(t.Code, t.Translation.From.Name, e.Code, e.Name, note)
			}
		}
	})
}

func (a *app) refChangesCommand() *cobra.Command {
	var asJSON bool
	var from, to, within, level string
	c := &cobra.Command{
		Use: "changes --from SYSTEM@VINTAGE --to SYSTEM@VINTAGE", Short: "Perubahan kode antara dua vintage (what changed between two vintages)",
		Example: "  satudata ref changes --from kemendagri@2022 --to kemendagri@2025 --within 91",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r, err := a.registry()
			if err != nil {
				return err
			}
			found, err := r.Changes(from, to, within)
			if err != nil {
				return err
			}
			if level != "" && !slices.Contains(reference.Levels(), level) {
				return usageError("--level %q: pilih %s (choose one of these)", level, strings.Join(reference.Levels(), ", "))
			}
			found = slices.DeleteFunc(found, func(c reference.Change) bool { return level != "" && c.Level() != level })
			if asJSON {
				return writeJSON(a.stdout, append([]reference.Change{}, found...))
			}
			a.summarizeChanges(found)
			return columns(a.stdout, "PERUBAHAN|KODE|NAMA|MENJADI", func(print func(...any)) {
				for _, c := range found {
					code, name := "-", "-"
					if c.From != nil {
						code, name = c.From.Code, c.From.Name
					}
					print(c.Kind, code, name, reference.Listing(c.To))
				}
			})
		},
	}
	f := c.Flags()
	f.StringVar(&from, "from", "", "vintage lama (older system and vintage)")
	f.StringVar(&to, "to", reference.Kemendagri, "vintage baru (newer system and vintage)")
	f.StringVar(&within, "within", "", "hanya di wilayah berkode ini, dan yang masuk ke situ (only in the region of this code, and what came into it)")
	f.StringVar(&level, "level", "", "hanya tingkat ini: provinsi, kabupaten_kota, kecamatan, desa_kelurahan (only this level)")
	f.BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// summarizeChanges prints a line for each level: how many changes of which kind.
func (a *app) summarizeChanges(found []reference.Change) {
	count := map[string]map[string]int{}
	for _, c := range found {
		if count[c.Level()] == nil {
			count[c.Level()] = map[string]int{}
		}
		count[c.Level()][c.Kind]++
	}
	for _, level := range reference.Levels() {
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(count[level])) {
			kinds = append(kinds, number(int64(count[level][kind]))+" "+kind)
		}
		if kinds != nil {
			fmt.Fprintf(a.stdout, "%s: %s\n", level, strings.Join(kinds, ", "))
		}
	}
	fmt.Fprintln(a.stdout)
}
