package normalize

import (
	"bytes"
	"strconv"
	"strings"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// code reads a code of the column's list. What a spreadsheet made of one is undone where only one
// code can be meant; that "2.1" was "2.10" is certain to nobody, because others write "2.01" so.
func (in *input) code(b []byte, _ kind, v *value) (string, *event.Sentence) {
	b = unmark(b)
	if v.s = b; in.Allowed[string(b)] {
		return "", nil
	}
	b, why := undoNumber(b)
	if why != nil {
		return quality.RuleCode, why
	}
	if v.s = b; in.Allowed[string(b)] {
		return "", nil
	} else if in.Allowed == nil {
		return quality.RuleCode, readable(b)
	}
	fits := in.padded(string(b))
	switch len(fits) {
	case 1:
		v.s = []byte(fits[0])
		return "", nil
	case 0:
		return quality.RuleCode, in.unknownCode(string(b))
	}
	return quality.RuleCode, say("bermakna ganda: nol di depan hilang, dapat berarti %s; kirim kode sebagai teks", "ambiguous: leading zeros are lost, it may mean %s; deliver codes as text", in.shown(listing(fits)))
}

// padded lists the codes that are s behind zeros.
func (in *input) padded(s string) (fits []string) {
	if s == "" || digits([]byte(s), 0) != len(s) {
		return nil
	}
	for _, code := range in.Property.Check.Allowed {
		if zeros, ok := strings.CutSuffix(code, s); ok && zeros != "" && strings.Trim(zeros, "0") == "" {
			fits = append(fits, code)
		}
	}
	return fits
}

// unknownCode says that s is no code of the list, and what it may have been.
func (in *input) unknownCode(s string) *event.Sentence {
	whole, part, dotted := strings.Cut(s, ".")
	var near []string
	for _, code := range in.Property.Check.Allowed {
		w, p, ok := strings.Cut(code, ".")
		if dotted && ok && len(p) > len(part) && strings.TrimLeft(w, "0") == strings.TrimLeft(whole, "0") &&
			strings.Trim(p, "0") == strings.Trim(part, "0") {
			near = append(near, code)
		}
	}
	if len(near) > 0 {
		return say("tidak ada di daftar kode; nol tampaknya hilang karena kode disimpan sebagai angka: mungkin %s. Kirim kode sebagai teks",
			"not a code of the list; a zero seems lost because the code was stored as a number: perhaps %s. Deliver codes as text", in.shown(strings.Join(near, ", ")))
	}
	return say("tidak ada di daftar kode; yang ada: %s", "not a code of the list; it has: %s", listing(in.Property.Check.Allowed))
}

// unmark takes off what keeps a code text in a spreadsheet: a leading apostrophe, or ="…".
func unmark(b []byte) []byte {
	if n := len(b); n > 3 && bytes.HasPrefix(b, []byte(`="`)) && b[n-1] == '"' {
		return b[2 : n-1]
	}
	return bytes.TrimPrefix(b, []byte{'\''})
}

// undoNumber is the digits of a code that was stored as a number: "1101.0", "1.101e3". One with an
// exponent that does not show every digit has lost some, or nobody knows that it has not, and is
// refused.
func undoNumber(b []byte) ([]byte, *event.Sentence) {
	whole := digits(b, 0)
	if whole == 0 || whole == len(b) {
		return b, nil
	}
	if rest := string(b[whole:]); rest == ".0" || rest == ".00" {
		return b[:whole], nil
	}
	end := whole
	if b[end] == '.' || b[end] == ',' {
		end = digits(b, end+1)
	}
	if end == len(b) || b[end]|0x20 != 'e' {
		return b, nil
	}
	power := bytes.TrimPrefix(b[end+1:], []byte{'+'})
	if len(power) == 0 || digits(power, 0) != len(power) {
		return b, nil
	}
	if n, _ := strconv.Atoi(string(power)); whole == 1 && n > 0 && n == end-whole-1 {
		return append([]byte{b[0]}, b[whole+1:end]...), nil
	}
	return nil, say("ditulis dengan pangkat (e) sehingga sebagian angkanya hilang; kirim kode sebagai teks", "is written with an exponent (e), so digits are lost; deliver codes as text")
}
