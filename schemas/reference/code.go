package reference

import "strings"

// Levels of a region, from the widest.
const (
	Province = "provinsi"
	Regency  = "kabupaten_kota"
	District = "kecamatan"
	Village  = "desa_kelurahan"
)

// Levels returns the levels of regions, from the widest.
func Levels() []string { return []string{Province, Regency, District, Village} }

// dotted brings a Kemendagri code to its dotted form: PP, PP.KK, PP.KK.CC or PP.KK.CC.DDDD. It takes
// that form and the digits alone; anything else is no code.
func dotted(code string) (string, bool) {
	switch len(code) {
	case 2:
		return code, digits(code)
	case 4:
		return code[:2] + "." + code[2:], digits(code)
	case 6:
		return code[:2] + "." + code[2:4] + "." + code[4:], digits(code)
	case 10:
		return code[:2] + "." + code[2:4] + "." + code[4:6] + "." + code[6:], digits(code)
	case 5, 8, 13:
		return code, dotsInPlace(code)
	}
	return "", false
}

// dotsInPlace says whether a code of 5, 8 or 13 characters is digits with dots where Kemendagri puts them.
func dotsInPlace(code string) bool {
	for i := range len(code) {
		if dot := i == 2 || i == 5 || i == 8; dot != (code[i] == '.') || !dot && !digits(code[i:i+1]) {
			return false
		}
	}
	return true
}

// undotted takes the codes of BPS, which are digits only, as they are. A dotted code under a wrong
// declaration is no code of BPS.
func undotted(code string) (string, bool) { return code, digits(code) }

// bpsLevel is the level of a code of BPS: 2, 4, 7 or 10 digits. Of any other it is "".
func bpsLevel(code string) string {
	switch len(code) {
	case 2:
		return Province
	case 4:
		return Regency
	case 7:
		return District
	case 10:
		return Village
	}
	return ""
}

// bpsParent is the code of the region that a code of BPS lies in, "" for a province.
func bpsParent(code string) string {
	switch bpsLevel(code) {
	case Regency:
		return code[:2]
	case District:
		return code[:4]
	case Village:
		return code[:7]
	}
	return ""
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// dottedLevel is the level of a dotted Kemendagri code.
func dottedLevel(code string) string {
	switch len(code) {
	case 2:
		return Province
	case 5:
		return Regency
	case 8:
		return District
	}
	return Village
}

// dottedParent is the code of the region that a dotted Kemendagri code lies in, "" for a province.
func dottedParent(code string) string {
	if i := strings.LastIndexByte(code, '.'); i > 0 {
		return code[:i]
	}
	return ""
}
