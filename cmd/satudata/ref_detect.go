package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"satudata/ingest/durable"
	"satudata/schemas/reference"
)

func (a *app) refDetectCommand() *cobra.Command {
	var asJSON bool
	var code, name string
	c := &cobra.Command{
		Use: "detect FILE.csv --code COLUMN [--name COLUMN]", Short: "Tebak sistem kode sebuah kolom (vote which code system a column uses)",
		Long: `Menghitung sistem, vintage dan tingkat mana yang paling cocok dengan kode, dan dengan nama di sampingnya. Hasilnya
saran: binding tetap harus menyatakan sistemnya.

(Counts which system, vintage and level fit the codes, and the names beside them. It is advice: a binding must still declare its system.)`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if code == "" {
				return usageError("sebutkan kolom kode dengan --code (name the column of codes with --code)")
			}
			r, err := a.registry()
			if err != nil {
				return err
			}
			pairs, err := readPairs(args[0], code, name)
			if err != nil {
				return err
			}
			votes := r.Detect(pairs)
			if asJSON {
				return writeJSON(a.stdout, append([]reference.Vote{}, votes...))
			}
			if len(votes) == 0 {
				fmt.Fprintf(a.stdout, "kolom %s tidak berisi kode wilayah yang dikenal (column %[1]s holds no known region code)\n", code)
				return nil
			}
			return columns(a.stdout, "SISTEM|TINGKAT|DIKENAL|NAMA COCOK|BARIS|ALASAN", func(print func(...any)) {
				for _, v := range votes {
					print(v.System, v.Level, number(int64(v.Known)), number(int64(v.Named)), number(int64(v.Total)), v.Why.ID)
				}
			})
		},
	}
	c.Flags().StringVar(&code, "code", "", "kolom kode (column of codes)")
	c.Flags().StringVar(&name, "name", "", "kolom nama (column of names)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// readPairs counts the distinct pairs of code and name.
func readPairs(file, code, name string) ([]reference.Pair, error) {
	names := []string{code}
	if name != "" {
		names = append(names, name)
	}
	rows, err := readColumns(file, names...)
	if err != nil {
		return nil, err
	}
	var pairs []reference.Pair
	at := map[[2]string]int{}
	for _, row := range rows {
		key := [2]string{row[0]}
		copy(key[:], row)
		i, seen := at[key]
		if !seen {
			i = len(pairs)
			at[key] = i
			pairs = append(pairs, reference.Pair{Code: key[0], Name: key[1]})
		}
		pairs[i].Count++
	}
	return pairs, nil
}

func (a *app) refImportCommand() *cobra.Command {
	var system string
	c := &cobra.Command{
		Use: "import FILE.csv --system SYSTEM@VINTAGE", Short: "Simpan daftar kode sendiri di ruang kerja (keep an agency's own code list in the workspace)",
		Long: `Memeriksa daftar kode dan menyimpannya sebagai reference/SYSTEM@VINTAGE.csv; sesudahnya perintah ref mengenalnya.
Bentuknya CSV dengan kolom kode, nama, dan bila ada induk, berlaku_mulai, berlaku_sampai, pengganti (beberapa, dipisah spasi atau |).

(Checks a code list and keeps it as reference/SYSTEM@VINTAGE.csv; from then on the ref commands know it. It is CSV with the
columns kode, nama and, where there are, induk, berlaku_mulai, berlaku_sampai, pengganti (several, with a space or | between).)`,
		Example: "  satudata ref import sekolah.csv --system sekolah@2024",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			text, err := readPacked(args[0])
			if err != nil {
				return err
			}
			l, err := reference.ReadList(system, bytes.NewReader(text))
			if err != nil {
				return err
			}
			path := w.path(referenceDir, system+".csv")
			if _, err := os.Stat(path); err == nil {
				return usageError("%s sudah ada; hapus dulu bila memang diganti, atau beri vintage lain (it is there already; remove it first if it is to be replaced, or name another vintage)", path)
			}
			if _, err := a.registry(l); err != nil { // it must fit what is known
				return err
			}
			if err := durable.WriteFile(path, text); err != nil {
				return err
			}
			valid, ended := l.Len()
			fmt.Fprintf(a.stdout, "%s: %s kode berlaku, %s berakhir (%[2]s valid codes, %[3]s ended)\n", system, number(int64(valid)), number(int64(ended)))
			return nil
		},
	}
	c.Flags().StringVar(&system, "system", "", "nama daftar: sistem@vintage (name of the list)")
	return c
}
