package schemas

import "strings"

// Identifies says whether [CheckIdentifier] reads r.
func (r Reading) Identifies() bool {
	switch r {
	case ReadNIK, ReadKK, ReadNIP, ReadNOP, ReadNPSN, ReadPlate, ReadPhone, ReadEmail:
		return true
	}
	return false
}

// CheckIdentifier reads text as the identifier that r names: [ReadNIK], [ReadKK], [ReadNIP],
// [ReadNPSN], [ReadNOP], [ReadPlate], [ReadPhone] or [ReadEmail]. canonical is how it is stored, so
// that the same identifier is the same text in every dataset. What is no such identifier, and what
// could be read only by guessing, is refused: why says what is wrong and how to write it, and never
// repeats text, which may be personal.
//
// It looks at the text alone. That a region prefix is a code of some vintage, or that a birth date
// agrees with another column, is for rules to say. Any other reading is refused.
func CheckIdentifier(r Reading, text string) (canonical string, why Sentence, ok bool) {
	switch r {
	case ReadNIK:
		return checkFigures(text, &nikForm)
	case ReadKK:
		return checkFigures(text, &kkForm)
	case ReadNIP:
		return checkFigures(text, &nipForm)
	case ReadNOP:
		return checkFigures(text, &nopForm)
	case ReadNPSN:
		return checkNPSN(text)
	case ReadPlate:
		return checkPlate(text)
	case ReadPhone:
		return checkPhone(text)
	case ReadEmail:
		return checkEmail(text)
	}
	return "", sayf("%q bukan cara baca pengenal", "%q is not the reading of an identifier", string(r)), false
}

// figureForm is an identifier of a fixed number of digits.
type figureForm struct {
	name   string
	length int
	serial int // where the number in sequence starts, which is never all zeros; it ends at until
	until  int
	check  func(digits string) (Sentence, bool)

	size, damaged, foreign, none Sentence // what is said of a wrong length, of spreadsheets, of letters, of serial 0
}

// newFigureForm words what is said of every identifier of digits, once.
func newFigureForm(f figureForm) figureForm {
	f.size = sayf("%s terdiri atas %d angka; tulis semua angkanya, tanpa huruf", "a %s has %d digits; write all of them, without letters", f.name, f.length)
	f.foreign = sayf("%s hanya berisi angka (%d), boleh dipisah titik, spasi atau tanda hubung", "a %s holds digits only (%d), which dots, spaces or hyphens may part", f.name, f.length)
	f.damaged = sayf("rusak oleh Excel: %s disimpan sebagai angka sehingga angka belakangnya hilang; jadikan kolom Teks dan isi kembali dari sumbernya",
		"destroyed by Excel: the %s was kept as a number and lost its last digits; make the column Text and fill it in again from its source", f.name)
	f.none = sayf("nomor urut %s tidak pernah nol; biasanya Excel mengganti angka belakang dengan nol: jadikan kolom Teks dan isi kembali dari sumbernya",
		"the serial number of a %s is never zero; mostly Excel made its last digits zero: make the column Text and fill it in again from its source", f.name)
	return f
}

var (
	nikForm = newFigureForm(figureForm{name: "NIK", length: 16, serial: 12, until: 16, check: checkNIK})
	kkForm  = newFigureForm(figureForm{name: "nomor KK", length: 16, serial: 12, until: 16, check: checkKK})
	nipForm = newFigureForm(figureForm{name: "NIP", length: 18, serial: 15, until: 18, check: checkNIP})
	nopForm = newFigureForm(figureForm{name: "NOP", length: 18, serial: 13, until: 17, check: checkNOP})
)

// checkFigures reads an identifier of digits only.
func checkFigures(text string, f *figureForm) (canonical string, why Sentence, ok bool) {
	digits := text
	if !allDigits(text) {
		var state spelling
		if digits, state = gatherDigits(text); state == spreadsheet {
			return "", f.damaged, false
		} else if state == strange {
			return "", f.foreign, false
		}
	}
	if len(digits) != f.length {
		return "", f.size, false
	}
	if zeros(digits[f.serial:f.until]) {
		return "", f.none, false
	}
	if why, ok := f.check(digits); !ok {
		return "", why, false
	}
	return digits, Sentence{}, true
}

// spelling is how an identifier of digits is written.
type spelling int

const (
	separated   spelling = iota // digits with separators, or what a data frame makes of them ("….0")
	spreadsheet                 // a number as spreadsheets round it: "3,27301E+15"
	strange                     // something else
)

// lastExact is the largest whole number up to which a double, the number of spreadsheets and data
// frames, holds every one. A longer number that passed through one is not what it was.
const lastExact = "9007199254740992"

// gatherDigits takes the digits out of text: an apostrophe before them (Excel's mark of text),
// separators between them and ".0" behind them (a data frame's mark of a number) fall away.
func gatherDigits(text string) (string, spelling) {
	text = unquoted(text)
	if whole, cut := strings.CutSuffix(text, ".0"); cut && allDigits(whole) && len(whole) > 3 {
		if len(whole) > len(lastExact) || len(whole) == len(lastExact) && whole > lastExact {
			return "", spreadsheet
		}
		return whole, separated
	}
	buf := make([]byte, 0, 24)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c-'0' <= 9:
			buf = append(buf, c)
		case c == 'E' || c == 'e':
			if powerOfTen(text, i) {
				return "", spreadsheet
			}
			return "", strange
		case c != ' ' && c != '.' && c != '-':
			if c == ',' && strings.ContainsAny(text[i:], "eE") {
				continue // decided at the letter
			}
			return "", strange
		}
	}
	return string(buf), separated
}

// powerOfTen reports whether text is digits with an exponent that starts at i.
func powerOfTen(text string, i int) bool {
	exponent := strings.TrimLeft(text[i+1:], "+-")
	return i > 0 && exponent != "" && allDigits(exponent) && allDigits(strings.NewReplacer(".", "", ",", "").Replace(text[:i]))
}

// unquoted is text without white space around it and without the apostrophe in front with which
// spreadsheets mark text.
func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 0 && (text[0] == '\'' || text[0] == '`') {
		return text[1:]
	}
	return strings.TrimPrefix(text, "’")
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

func zeros(s string) bool { return strings.Trim(s, "0") == "" }

// figure is the number that the digits s write.
func figure(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// monthLengths are the days of each month in a leap year.
var monthLengths = [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// shortDate reports whether day, month and the last two digits of a year are a date. Which century is
// not said, and of two a hundred years apart one has 29 February where the digits divide by four.
func shortDate(day, month, year int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= monthLengths[month-1] && (month != 2 || day < 29 || year%4 == 0)
}

var (
	badBirth = Sentence{"angka ke-7 sampai ke-12 NIK bukan tanggal lahir (hari, bulan, tahun; hari perempuan ditambah 40)",
		"digits 7 to 12 of the NIK are no birth date (day, month, year; 40 is added to a woman's day)"}
	badIssue = Sentence{"angka ke-7 sampai ke-12 nomor KK bukan tanggal terbit (hari, bulan, tahun)",
		"digits 7 to 12 of the family card's number are no date of issue (day, month, year)"}
	nikAsKK = Sentence{"bukan nomor KK: harinya ditambah 40 seperti pada NIK perempuan; periksa apakah kolom NIK dan nomor KK tertukar",
		"not a family card's number: 40 is added to its day, as in a woman's NIK; see whether the columns NIK and nomor KK are swapped"}
)

// checkNIK checks a NIK's birth date: day (a woman's plus 40), month and year at digits 7 to 12.
// There is no check digit.
func checkNIK(d string) (Sentence, bool) {
	day := figure(d[6:8])
	if day > 40 {
		day -= 40
	}
	return badBirth, shortDate(day, figure(d[8:10]), figure(d[10:12]))
}

// checkKK checks the date of issue of a family card's number.
func checkKK(d string) (Sentence, bool) {
	day, month, year := figure(d[6:8]), figure(d[8:10]), figure(d[10:12])
	if day > 40 && shortDate(day-40, month, year) {
		return nikAsKK, false
	}
	return badIssue, shortDate(day, month, year)
}

// ofOurTime reports whether a year can stand in the number of someone who serves or has served.
func ofOurTime(year int) bool { return year >= 1900 && year < 2100 }

// leastAge is the age in years below which nobody becomes a civil servant.
const leastAge = 17

var (
	badNIPBirth = Sentence{"angka ke-1 sampai ke-8 NIP bukan tanggal lahir (tahun, bulan, hari)", "digits 1 to 8 of the NIP are no birth date (year, month, day)"}
	badNIPStart = Sentence{"angka ke-9 sampai ke-14 NIP bukan tahun dan bulan pengangkatan CPNS; nomor induk PPPK memakai elemen ni_pppk",
		"digits 9 to 14 of the NIP are no year and month of appointment; the number of a PPPK takes the element ni_pppk"}
	tooYoung = Sentence{"menurut NIP pengangkatan CPNS terjadi sebelum umur 17 tahun; periksa tanggal lahir dan pengangkatannya",
		"by the NIP the appointment was before the age of 17; see to its birth date and appointment"}
	badNIPSex = Sentence{"angka ke-15 NIP bukan 1 (laki-laki) atau 2 (perempuan)", "digit 15 of the NIP is neither 1 (man) nor 2 (woman)"}
)

// checkNIP checks the number of a civil servant (PNS): birth date, month of appointment, sex. The
// number of a PPPK looks alike but has a mark where the month stands, and is refused.
func checkNIP(d string) (Sentence, bool) {
	year, month, day := figure(d[:4]), figure(d[4:6]), figure(d[6:8])
	if !ofOurTime(year) || !shortDate(day, month, year%100) || month == 2 && day == 29 && year == 1900 {
		return badNIPBirth, false
	}
	startYear, startMonth := figure(d[8:12]), figure(d[12:14])
	if !ofOurTime(startYear) || startMonth < 1 || startMonth > 12 {
		return badNIPStart, false
	}
	if (startYear*12+startMonth)-(year*12+month) < leastAge*12 {
		return tooYoung, false
	}
	return badNIPSex, d[14] == '1' || d[14] == '2'
}

var badNOP = Sentence{"angka terakhir NOP bukan 0, 7 atau 9; tulis 18 angka atau bentuk PP.KK.KKK.KKK.BBB-NNNN.J",
	"the last digit of the NOP is not 0, 7 or 9; write 18 digits or PP.KK.KKK.KKK.BBB-NNNN.J"}

// checkNOP checks the special mark of a tax object's number. Its region part follows BPS, not
// Kemendagri, and is not checked.
func checkNOP(d string) (Sentence, bool) {
	return badNOP, d[17] == '0' || d[17] == '7' || d[17] == '9'
}

var badNPSN = Sentence{"NPSN terdiri atas 8 angka, K atau P dan 7 angka, atau 6 angka (perguruan tinggi)",
	"an NPSN has 8 digits, K or P and 7 digits, or 6 digits (university)"}

// checkNPSN reads the number of a school: eight digits, K or P and seven, or six of a university. A
// number of seven digits has lost one, but nobody knows which.
func checkNPSN(text string) (canonical string, why Sentence, ok bool) {
	s := unquoted(text)
	if whole, cut := strings.CutSuffix(s, ".0"); cut && allDigits(whole) {
		s = whole
	}
	switch {
	case (len(s) == 8 || len(s) == 6) && allDigits(s) && !zeros(s):
		return s, Sentence{}, true
	case len(s) == 8 && strings.IndexByte("KkPp", s[0]) >= 0 && allDigits(s[1:]):
		return strings.ToUpper(s), Sentence{}, true
	}
	return "", badNPSN, false
}
