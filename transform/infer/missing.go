package infer

import (
	"cmp"
	"slices"
	"strings"

	"satudata/schemas"
)

// missingWords are texts that stand for "no value" where figures are expected.
var missingWords = map[string]bool{"-": true, "--": true, "---": true, "–": true, "—": true, "n/a": true, "na": true, "n.a.": true, "n.a": true, "#n/a": true, "nan": true,
	"null": true, "none": true, "nihil": true, "tidak ada": true, "tidak ada data": true, "tidak tersedia": true, "belum ada": true,
	"belum tersedia": true, "data tidak tersedia": true, "tad": true, "kosong": true, "*": true, "**": true, "x": true, ".": true, "..": true, "...": true, "…": true, "?": true, "#ref!": true, "#value!": true, "#div/0!": true}

// missingWord says whether s stands for "no value" where a figure is expected.
func missingWord(s string) bool { return missingWords[schemas.Fold(s)] }

// sign says whether s is made of signs that that stand for nothing else in any column.
func sign(s string) bool { return strings.Trim(s, "-–—.…*?#") == "" }

// findMissing gathers the missing words that stand in columns of figures, dates and codes, and the
// signs wherever they are.
func (d *draft) findMissing() {
	found := map[string]int{}
	rows, kept := 0, map[string]string{}
	for _, c := range d.table.columns {
		n, counts := 0, c.counts(nil)
		words := map[string]int{}
		figures := 0
		for i, k := range counts {
			s := c.texts[i]
			switch {
			case s == "":
			case missingWord(s):
				words[s] += k
			case isFigure(s) || looksDated(s):
				figures += k
				n += k
			default:
				n += k
			}
		}
		for w, k := range words {
			if sign(w) || figures > 0 && figures*4 >= n*3 {
				found[schemas.Fold(w)] += k
				kept[schemas.Fold(w)] = min(cmp.Or(kept[schemas.Fold(w)], w), w)
				rows += k
			}
		}
	}
	for _, w := range kept {
		d.missing = append(d.missing, w)
	}
	slices.Sort(d.missing)
	for _, w := range d.missing {
		k := found[schemas.Fold(w)]
		d.decide("missing", w, Confidence{k, k}, missingZero(w), "%d sel di kolom angka, tanggal atau kode; bukan nol, tetapi tidak diketahui", "%d cells in columns of figures, dates or codes; not zero but unknown", k)
	}
}

// missingZero are the words that some agencies write for zero.
func missingZero(w string) bool {
	return sign(w) || schemas.Fold(w) == "nihil" || schemas.Fold(w) == "tidak ada"
}

func (d *draft) missingSet() map[string]bool {
	set := map[string]bool{"": true}
	for _, w := range d.missing {
		set[schemas.Fold(w)] = true
	}
	return set
}
