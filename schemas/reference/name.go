package reference

import (
	"strings"
	"unicode"
)

// NameKey brings the name of a region to the form in which names are compared as evidence: how it is
// spelled is gone ("KAB. X", "Kabupaten X"; "D U M A I"; "KOTA ADM. JAKARTA PUSAT"), what it is stays
// (a kabupaten is not a kota). It is for votes and for comparing vintages only. Identity comes from
// codes, because names are not unique.
func NameKey(name string) string { return joined(nameWords(name)) }

// bareKey is NameKey without the word that says what the region is, which many lists leave out; ok is
// whether there was one.
func bareKey(name string) (key string, ok bool) {
	words := nameWords(name)
	if len(words) < 2 || !kinds[words[0]] {
		return joined(words), false
	}
	if words = words[1:]; len(words) > 1 && words[0] == "ADMINISTRASI" {
		words = words[1:]
	}
	return joined(words), true
}

// kinds are the words that say what a region is.
var kinds = map[string]bool{
	"KABUPATEN": true, "KOTA": true, "PROVINSI": true, "PROPINSI": true, "PROV": true,
	"KECAMATAN": true, "KEC": true, "KELURAHAN": true, "KEL": true, "DESA": true,
}

// nameWords cuts a name into upper-case words of letters and digits, with the abbreviations written out.
func nameWords(name string) []string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("'’‘`´ʼ", r):
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToUpper(r)
		}
		return ' '
	}, name)
	words := strings.Fields(clean)
	for i, w := range words {
		switch {
		case w == "KAB" && i == 0:
			words[i] = "KABUPATEN"
		case (w == "KODYA" || w == "KOTAMADYA") && i == 0:
			words[i] = "KOTA"
		case w == "ADM":
			words[i] = "ADMINISTRASI"
		case w == "KEP":
			words[i] = "KEPULAUAN"
		}
	}
	return words
}

// joined writes words without spaces, and the long forms that only some lists have as the short ones.
func joined(words []string) string { return longForms.Replace(strings.Join(words, "")) }

var longForms = strings.NewReplacer(
	"KABUPATENADMINISTRASI", "KABUPATEN",
	"KOTAADMINISTRASI", "KOTA",
	"DAERAHKHUSUSIBUKOTA", "DKI",
	"DAERAHISTIMEWAYOGYAKARTA", "DIYOGYAKARTA",
	"NANGGROEACEHDARUSSALAM", "ACEH",
)
