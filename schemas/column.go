package schemas

import (
	"regexp"
	"strconv"
)

// maxWide is the most columns that a binding may unpivot, and the last position it may name: the
// width of a spreadsheet.
const maxWide = 16384

var (
	positionForm   = regexp.MustCompile(`^#([0-9]{1,5})(?:-#([0-9]{1,5}))?$`)
	positionIntent = regexp.MustCompile(`^#[0-9]`)
)

// parseColumn reads a column as bindings write it: a header text, or "#3" for the third.
func parseColumn(s string) (Column, error) {
	columns, err := expandColumns([]string{s})
	if err != nil {
		return Column{}, err
	}
	if len(columns) != 1 {
		return Column{}, worded(Sentence{"beberapa kolom di tempat satu", "several columns where one is needed"})
	}
	return columns[0], nil
}

// expandColumns reads columns, ranges of positions ("#2-#13") as each of theirs.
func expandColumns(list []string) ([]Column, error) {
	var out []Column
	for _, s := range list {
		if !positionIntent.MatchString(s) {
			out = append(out, Column{Name: s})
			continue
		}
		m := positionForm.FindStringSubmatch(s)
		if m == nil {
			return nil, worded(Sentence{"bukan posisi", "not a position"})
		}
		first, _ := strconv.Atoi(m[1])
		last := first
		if m[2] != "" {
			last, _ = strconv.Atoi(m[2])
		}
		if first < 1 || last < first || last > maxWide || len(out)+last-first >= maxWide {
			return nil, worded(sayf("bukan posisi atau rentang dari 1 sampai %d, kecil dahulu", "not a position or range from 1 to %d, the smaller first", maxWide))
		}
		for i := first; i <= last; i++ {
			out = append(out, Column{Name: "#" + strconv.Itoa(i), Position: i})
		}
	}
	return out, nil
}
