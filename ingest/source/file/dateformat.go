package file

import (
	"math"
	"strings"
	"time"
)

// dateFormat is what a number format shows of a date serial.
type dateFormat uint8

const (
	showsNumber dateFormat = 0
	showsDate   dateFormat = 1
	showsTime   dateFormat = 2
)

// builtin is what the number formats show that files name by number only (ECMA-376 part 1, 18.8.30).
func builtin(id int) dateFormat {
	switch {
	case id == 22:
		return showsDate | showsTime
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return showsDate
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return showsTime
	}
	return showsNumber
}

// formatOf reads a number format code. Elapsed time ([h]:mm) counts as a number.
func formatOf(code string) dateFormat {
	var out dateFormat
	month := false
	for i := 0; i < len(code); i++ {
		switch c := code[i] | 0x20; {
		case code[i] == ';': // what follows is for negative numbers
			i = len(code)
		case code[i] == '\\' || code[i] == '_' || code[i] == '*':
			i++ // the next character stands for itself
		case code[i] == '"':
			n := strings.IndexByte(code[i+1:], '"')
			if n < 0 {
				return out
			}
			i += n + 1
		case code[i] == '[':
			n := strings.IndexByte(code[i:], ']')
			if n < 0 {
				return out
			}
			if elapsed := strings.ToLower(code[i+1 : i+n]); elapsed != "" && strings.Trim(elapsed, elapsed[:1]) == "" && strings.Contains("hms", elapsed[:1]) {
				return showsNumber
			}
			i += n
		case c == 'y' || c == 'd':
			out |= showsDate
		case c == 'h' || c == 's':
			out |= showsTime
		case c == 'm':
			month = true
		}
	}
	if out == showsNumber && month {
		out = showsDate
	}
	return out
}

// appendDate appends a date serial as an ISO 8601 JSON string, or reports that it is none: before
// the first day, or 29 February 1900, which only spreadsheets know.
func appendDate(out []byte, serial float64, f dateFormat, date1904 bool) ([]byte, bool) {
	const day = 24 * 60 * 60
	if serial < 0 || serial > 2958466 { // 31 December 9999
		return out, false
	}
	seconds := int64(math.Round(serial * day))
	days := seconds / day
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case f == showsTime && days == 0:
	case date1904:
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 0 || days == 60:
		return out, false
	case days < 60:
		start = start.AddDate(0, 0, 1)
	}
	t := start.AddDate(0, 0, int(days)).Add(time.Duration(seconds%day) * time.Second)
	layout := `"2006-01-02T15:04:05"`
	switch {
	case f == showsTime && days == 0:
		layout = `"15:04:05"`
	case f == showsDate && seconds%day == 0:
		layout = `"2006-01-02"`
	}
	return t.AppendFormat(out, layout), true
}
