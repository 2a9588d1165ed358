package schemas

import "strings"

// The identifiers that are not a fixed number of digits: plates, telephone numbers, e-mail addresses.

var badPlate = Sentence{"bukan pelat nomor kendaraan sipil; tulis kode wilayah, nomor dan seri, misalnya D 1234 ABC",
	"not the plate of a civil vehicle; write region, number and series, for example D 1234 ABC"}

// checkPlate reads a civil plate: one or two letters, one to four digits of which the first is not 0,
// at most three letters. Plates of diplomats, soldiers and police have other forms and are refused.
func checkPlate(text string) (canonical string, why Sentence, ok bool) {
	buf := make([]byte, 0, 12)
	var counts [3]int // region letters, digits, series letters
	part, gap := 0, false
	for _, c := range []byte(strings.TrimSpace(text)) {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch digit := c-'0' <= 9; {
		case c == ' ' || c == '-' || c == '.':
			gap = true
			continue
		case !digit && (c < 'A' || c > 'Z'), digit && part == 2:
			return "", badPlate, false
		case digit != (part == 1): // the next part begins
			part++
			buf = append(buf, ' ')
		case gap: // "CD 12 34" is a diplomat's
			return "", badPlate, false
		}
		gap = false
		counts[part]++
		if counts[part] > [...]int{2, 4, 3}[part] || part == 1 && counts[1] == 1 && c == '0' {
			return "", badPlate, false
		}
		buf = append(buf, c)
	}
	if counts[0] == 0 || counts[1] == 0 {
		return "", badPlate, false
	}
	return string(buf), Sentence{}, true
}

var (
	badPhone = Sentence{"bukan satu nomor telepon Indonesia; tulis dengan 0 dan kode wilayah, atau +62, misalnya 081234567890 atau (022) 4231234",
		"not one Indonesian telephone number; write it with 0 and area code, or +62, for example 081234567890 or (022) 4231234"}
	foreignPhone = Sentence{"bukan nomor Indonesia (+62)", "not an Indonesian number (+62)"}
	noTrunk      = Sentence{"tidak jelas: nol di depan hilang, atau kode negara 62, atau tanpa kode wilayah? Tulis dengan 0 dan kode wilayah, atau +62",
		"unclear: a lost leading zero, country code 62, or no area code? Write it with 0 and area code, or +62"}
	phoneDamaged = Sentence{"rusak oleh Excel: nomor telepon disimpan sebagai angka sehingga angka belakangnya hilang; jadikan kolom Teks dan isi kembali dari sumbernya",
		"destroyed by Excel: the telephone number was kept as a number and lost its last digits; make the column Text and fill it in again from its source"}
)

// checkPhone reads an Indonesian telephone number as E.164, "+62…".
//
// A number starts with 0 or +62. Without either, only a mobile number is clear: no area code starts
// with 8 and no local number is as long, so "8123456789" has lost its 0 and "628123456789" lacks its
// plus. A fixed number without either stays unclear ("62…" may be +62 or area 062x) and is refused.
func checkPhone(text string) (canonical string, why Sentence, ok bool) {
	digits, plus, state := phoneDigits(unquoted(text))
	if state == spreadsheet {
		return "", phoneDamaged, false
	} else if state == strange {
		return "", badPhone, false
	}
	var national string
	switch {
	case plus && !strings.HasPrefix(digits, "62"):
		return "", foreignPhone, false
	case plus:
		national = strings.TrimPrefix(digits[2:], "0") // "+62 (0)22 …"
	case strings.HasPrefix(digits, "0"):
		national = digits[1:]
	case strings.HasPrefix(digits, "628"):
		national = digits[2:]
	case strings.HasPrefix(digits, "8") && len(digits) >= 9:
		national = digits
	default:
		return "", noTrunk, false
	}
	if !nationalNumber(national) {
		return "", badPhone, false
	}
	return "+62" + national, Sentence{}, true
}

// nationalNumber reports whether s can follow +62: a mobile number has 9 to 12 digits and starts with
// 8; a fixed one has an area code of two or three digits (its 0 not counted) and five to eight more.
func nationalNumber(s string) bool {
	if s == "" || s[0] < '2' {
		return false
	}
	if s[0] == '8' {
		return len(s) >= 9 && len(s) <= 12
	}
	return len(s) >= 7 && len(s) <= 11
}

// phoneDigits takes the digits out of a number and says whether a plus stands in front.
func phoneDigits(s string) (digits string, plus bool, state spelling) {
	if whole, cut := strings.CutSuffix(s, ".0"); cut && allDigits(whole) {
		s = whole
	}
	buf := make([]byte, 0, 16)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' <= 9:
			buf = append(buf, c)
		case c == '+' && len(buf) == 0 && !plus:
			plus = true
		case (c == 'E' || c == 'e') && powerOfTen(s, i):
			return "", false, spreadsheet
		case c == ',' && strings.ContainsAny(s[i:], "eE"):
		case strings.IndexByte(" -.()", c) < 0:
			return "", false, strange
		}
	}
	return string(buf), plus, separated
}

var badEmail = Sentence{"bukan satu alamat surel; tulis seperti nama@dinas.go.id", "not one e-mail address; write it like nama@dinas.go.id"}

// checkEmail reads an e-mail address of the plain form that mail systems accept everywhere: no quotes,
// comments, addresses by number or letters beyond ASCII. It is stored in lower case.
func checkEmail(text string) (canonical string, why Sentence, ok bool) {
	s := strings.TrimSpace(text)
	local, domain, found := strings.Cut(s, "@")
	if !found || len(local) > 64 || len(domain) > 253 || !atoms(local, "!#$%&'*+-/=?^_`{|}~") {
		return "", badEmail, false
	}
	if !atoms(domain, "-") || strings.HasPrefix(domain, "-") || strings.HasSuffix(domain, "-") ||
		strings.Contains(domain, "-.") || strings.Contains(domain, ".-") {
		return "", badEmail, false
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	if len(top) < 2 || len(top) == len(domain) || strings.ContainsAny(top, "0123456789-") {
		return "", badEmail, false
	}
	return strings.ToLower(s), Sentence{}, true
}

// atoms reports whether s is ASCII letters, digits and marks, in parts that single dots separate.
func atoms(s, marks string) bool {
	last := byte('.')
	for _, c := range []byte(s) {
		switch {
		case c-'0' <= 9 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte(marks, c) >= 0:
		case c == '.' && last != '.':
		default:
			return false
		}
		last = c
	}
	return last != '.'
}
