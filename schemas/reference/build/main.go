// Command build makes the embedded code lists of package reference from their sources:
//
//	go generate ./schemas/reference
//
// It reads wilayah_kemendagri_2018.csv.gz … wilayah_kemendagri_2025.csv.gz (columns kode, nama:
// Permendagri 137/2017, 72/2019, 58/2021, Kepmendagri 100.1.1-6117/2022 and 300.2.2-2430/2025, compiled
// in github.com/cahyadsn/wilayah, MIT licence), compares each vintage with the next and writes atas.tsv
// (provinces and kabupaten/kota) and bawah.tsv.zst (kecamatan and villages). How they are compared is
// described in compare.go.
//
// bps2023.tsv beside them is not made here: it is the MFD of 2023 (github.com/zeixs/bps-wilayah-indonesia)
// paired with Kemendagri 2025 by type and name, seven kabupaten/kota by hand (Toba, the five cities of
// Jakarta, Sitaro), and is maintained as it is.
package main

import (
	"compress/gzip"
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// vintages are the years of the lists that are compared, oldest first.
var vintages = []string{"2018", "2020", "2022", "2023", "2025"}

func main() {
	from := flag.String("from", "", "folder with wilayah_kemendagri_YEAR.csv.gz")
	to := flag.String("to", ".", "folder to write atas.tsv and bawah.tsv.zst to")
	flag.Parse()
	if err := build(*from, *to); err != nil {
		log.Fatal(err)
	}
}

func build(from, to string) error {
	upper, lower, err := tables(from)
	if err != nil {
		return err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, "atas.tsv"), []byte(upper), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "bawah.tsv.zst"), enc.EncodeAll([]byte(lower), nil), 0o644)
}

// tables renders the compared vintages: provinces and kabupaten/kota, and what is below them.
func tables(from string) (upper, lower string, err error) {
	lists := make([]list, len(vintages))
	for i, v := range vintages {
		if lists[i], err = readList(filepath.Join(from, "wilayah_kemendagri_"+v+".csv.gz")); err != nil {
			return "", "", err
		}
	}
	upper, lower = render(lists)
	return upper, lower, nil
}

// list is one vintage: code → name.
type list map[string]string

func readList(path string) (list, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	r := csv.NewReader(z)
	r.FieldsPerRecord = 2
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	l := make(list, len(rows))
	for _, row := range rows[1:] {
		name := strings.Join(strings.Fields(row[1]), " ") // the lists have names with stray spaces
		if name == "" || strings.ContainsAny(name, "\t;=") || l[row[0]] != "" {
			return nil, fmt.Errorf("%s: row %q cannot be carried", path, row)
		}
		l[row[0]] = name
	}
	return l, nil
}
