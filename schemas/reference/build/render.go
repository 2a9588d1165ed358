package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const upperHeader = `# Provinces and kabupaten/kota by Kemendagri, 2018 to 2025: Permendagri 137/2017, 72/2019, 58/2021, Kepmendagri
# 100.1.1-6117/2022 and 300.2.2-2430/2025, compiled in github.com/cahyadsn/wilayah (MIT licence). Made by the program in build.
# code, first and last vintage, name, later names, what it became after a vintage
`

// render writes every code of the lists once, as the embedded tables have it.
func render(lists []list) (upper, lower string) {
	relations := make([]*relation, len(lists)-1)
	for i := range relations {
		relations[i] = compare(lists[i], lists[i+1])
	}
	codes := map[string]bool{}
	for _, l := range lists {
		for code := range l {
			codes[code] = true
		}
	}
	var up, low strings.Builder
	up.WriteString(upperHeader)
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		b := &low
		if len(code) <= 5 {
			b = &up
		}
		first, last := span(code, lists)
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\t%s\t%s\n", code, vintages[first], vintages[last], lists[first][code],
			laterNames(code, lists[:last+1], first), changes(code, relations, first, last))
	}
	return up.String(), low.String()
}

// span is the first and the last list that has code. The official codes never come back once they
// are gone, and the embedded form leans on it.
func span(code string, lists []list) (first, last int) {
	first = slices.IndexFunc(lists, func(l list) bool { return l[code] != "" })
	last = first
	for last+1 < len(lists) && lists[last+1][code] != "" {
		last++
	}
	if slices.ContainsFunc(lists[last+1:], func(l list) bool { return l[code] != "" }) {
		panic("code " + code + " was gone and came back")
	}
	return first, last
}

func laterNames(code string, lists []list, first int) string {
	var names []string
	for i := first + 1; i < len(lists); i++ {
		if lists[i][code] != lists[i-1][code] {
			names = append(names, vintages[i]+"="+lists[i][code])
		}
	}
	return strings.Join(names, ";")
}

func changes(code string, relations []*relation, first, last int) string {
	var found []string
	for i := first; i <= last && i < len(relations); i++ {
		if to, changed := relations[i].became[code]; changed {
			sign := ">"
			if relations[i].unclear[code] {
				sign = "?"
			}
			found = append(found, vintages[i]+sign+strings.Join(to, ","))
		}
	}
	return strings.Join(found, ";")
}
