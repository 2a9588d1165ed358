package schemas

import "strings"

// SerialDate is the layout of dates that a spreadsheet gave out as numbers: days from 30 December
// 1899, the time of day as a fraction. Only a binding that declares it has bare numbers read so.
const SerialDate = "serial"

// checkLayout says what is wrong with a date layout. A layout is made of YYYY, MMMM (the month's
// name), MMM (its first letters), MM, M, DD, D, HH, mm, ss, and characters that are not letters; or it
// is [SerialDate]. Years have four digits: which century "24" is would be a guess.
func checkLayout(layout string) error {
	if layout == SerialDate {
		return nil
	}
	seen := map[byte]int{}
	for rest := layout; rest != ""; {
		word := layoutWord(rest)
		if word == "" {
			c := rest[0]
			if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' && !(c == 'T' && seen['D'] > 0) {
				return worded(sayf("%q tidak dikenal", "%q is unknown", rest))
			}
			rest = rest[1:]
			continue
		}
		if seen[word[0]]++; seen[word[0]] > 1 {
			return worded(sayf("%q ditulis dua kali", "%q stands twice", word))
		}
		rest = rest[len(word):]
	}
	for _, part := range []byte("YMD") {
		if seen[part] == 0 {
			return worded(Sentence{"tidak ada tahun (YYYY), bulan (MM) atau hari (DD)", "it has no year (YYYY), month (MM) or day (DD)"})
		}
	}
	return nil
}

// layoutWord is the word that s begins with, or "".
func layoutWord(s string) string {
	for _, w := range []string{"YYYY", "MMMM", "MMM", "MM", "M", "DD", "D", "HH", "mm", "ss"} {
		if strings.HasPrefix(s, w) {
			return w
		}
	}
	return ""
}
