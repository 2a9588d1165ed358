package schemas

import (
	"strings"
	"unicode"
)

// Named lists the regions of the table that name may mean, however it is spelled: "KAB. BANDUNG",
// "D U M A I". It is for suggestions only, because names are not unique: identity comes from codes.
func (t *CodeTable) Named(name string) []Region {
	var out []Region
	key, bare := nameKey(name)
	for _, r := range t.list {
		full, short := nameKey(r.name(t.system))
		if key == full || key == bare && key == short {
			out = append(out, r)
		}
	}
	return out
}

func nameKey(name string) (full, bare string) {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) > 0 && words[0] == "KAB" {
		words[0] = "KABUPATEN"
	}
	full = strings.NewReplacer("KOTAADMINISTRASI", "KOTA", "KOTAADM", "KOTA").Replace(strings.Join(words, ""))
	return full, strings.TrimPrefix(strings.TrimPrefix(full, "KABUPATEN"), "KOTA")
}
