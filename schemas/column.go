package schemas

import (
	"fmt"
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
		return Column{}, fmt.Errorf("%q is several columns", s)
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
			return nil, fmt.Errorf("%q is not a position", s)
		}
		first, _ := strconv.Atoi(m[1])
		last := first
		if m[2] != "" {
			last, _ = strconv.Atoi(m[2])
		}
		if first < 1 || last < first || last > maxWide || len(out)+last-first >= maxWide {
			return nil, fmt.Errorf("%q is not a range of positions from 1 to %d", s, maxWide)
		}
		for i := first; i <= last; i++ {
			out = append(out, Column{Name: "#" + strconv.Itoa(i), Position: i})
		}
	}
	return out, nil
}
