package normalize

import (
	"strings"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// ordinal reads a whole number that may be a Roman numeral in capitals, from I to XXXIX. Larger ones
// are refused: a lone C or D is a grade, not a hundred.
func (in *input) ordinal(b []byte, k kind, v *value) (string, *event.Sentence) {
	if k == number || strings.Trim(string(b), "IVXLCDMivxlcdm") != "" {
		return in.number(b, k, v)
	}
	if n := roman(b); n > 0 {
		v.i = int64(n)
		return "", nil
	}
	return quality.RuleType, say("bukan angka Romawi yang baku; yang diterima: I sampai XXXIX, huruf besar (4 ditulis IV), atau angka biasa",
		"not a Roman numeral in its proper form; accepted: I to XXXIX in capitals (4 is IV), or a plain number")
}

// roman is the value of the numeral b from I to XXXIX, or 0 when it is none in its proper form.
func roman(b []byte) int {
	units := [...]string{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"}
	s := string(b)
	tens := len(s) - len(strings.TrimLeft(s, "X"))
	for n, form := range units {
		if tens <= 3 && form == s[min(tens, len(s)):] {
			return tens*10 + n
		}
	}
	return 0
}
