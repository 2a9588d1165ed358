package normalize

import (
	"strconv"
	"strings"
	"unicode"

	"satudata/ingest/event"
	"satudata/schemas"
)

// codeDigits is how many digits a code of a level has, dots aside.
var codeDigits = map[string]int{"provinsi": 2, "kabupaten_kota": 4}

// region finds the region whose code b is. What a spreadsheet made of a code is undone where only
// one code can be meant: spaces, "1101.0", "1.101e3".
func region(t *schemas.CodeTable, b []byte) (schemas.Region, *event.Sentence) {
	raw := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, string(b))
	system, want := t.System(), codeDigits[t.Level()]
	code := raw
	if whole, ok := wholeCode(raw); ok && len(whole) == want {
		code = whole
	}
	if r, ok := t.Lookup(code); ok {
		return r, nil
	}
	dotted := strings.Contains(code, ".")
	length := len(strings.ReplaceAll(code, ".", ""))
	switch {
	case strings.Trim(code, "0123456789.") != "":
		return schemas.Region{}, say("bukan kode wilayah; kolom ini dinyatakan berisi kode %s (%d angka)", "not a region code; this column is declared to hold %s codes (%d digits)", system, want)
	case dotted && strings.HasPrefix(system, "bps"):
		return schemas.Region{}, say("kode bertitik adalah kode Kemendagri, padahal kolom ini dinyatakan %s", "a dotted code is a Kemendagri code, but this column is declared as %s", system)
	case dotted && length == want-1:
		return schemas.Region{}, say("angka di belakang titik kurang satu; nol di ujung tampaknya hilang karena kode disimpan sebagai angka. Kirim kode sebagai teks",
			"one digit is missing after the dot; a final zero seems lost because the code was stored as a number. Deliver codes as text")
	case length != want:
		return schemas.Region{}, say("punya %d angka; kode %s tingkat ini %d angka", "has %d digits; %s codes of this level have %d", length, system, want)
	}
	why := t.Explain(code)
	return schemas.Region{}, &event.Sentence{ID: why.ID, EN: why.EN}
}

// wholeCode is the whole number that s writes with a point and zeros or with an exponent.
func wholeCode(s string) (string, bool) {
	if digits([]byte(s), 0) == len(s) {
		return "", false
	}
	whole, frac, point := strings.Cut(s, ".")
	if point && strings.Trim(frac, "0") == "" && frac != "" {
		return whole, true
	}
	if !strings.ContainsAny(s, "eE") {
		return "", false
	}
	f, why := newLocale("plain").parse(make([]byte, 0, len(s)), []byte(s))
	if why != nil || f.negative {
		return "", false
	}
	v, ok := f.int64()
	return strconv.FormatInt(v, 10), ok
}
