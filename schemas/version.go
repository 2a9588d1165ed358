package schemas

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$`)

// version is a semantic version without pre-release part.
type version struct{ major, minor, patch int }

// parseVersion reads "1.2.3".
func parseVersion(s string) (version, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return version{}, false
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // versionForm lets only short digits through
	}
	return version{n[0], n[1], n[2]}, true
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor), cmp.Compare(v.patch, w.patch))
}

// CompareVersions orders semantic versions: it is negative when a is older than b. What is no version
// is older than any, and such texts are ordered as texts.
func CompareVersions(a, b string) int {
	v, vok := parseVersion(a)
	w, wok := parseVersion(b)
	switch {
	case vok && wok:
		return v.compare(w)
	case vok:
		return 1
	case wok:
		return -1
	}
	return strings.Compare(a, b)
}
