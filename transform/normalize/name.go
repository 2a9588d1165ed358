package normalize

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// name reads the name of a person or thing: white space of any kind and length becomes one space,
// zero-width marks go, and mojibake is mended where that is certain. Capitals and quotation marks
// stay as they are.
func (in *input) name(b []byte, _ kind, v *value) (string, *event.Sentence) {
	if isPlain(b) && !bytes.Contains(b, []byte("  ")) {
		v.s = b
		return "", nil
	}
	if !utf8.Valid(b) {
		return quality.RuleType, readable(b)
	}
	for mojibake(b) {
		b = unmojibake(b)
	}
	in.scratch = appendSpaced(in.scratch[:0], b)
	v.s = in.scratch
	if bytes.ContainsRune(b, utf8.RuneError) {
		return quality.RuleType, say("memuat tanda \uFFFD: huruf aslinya hilang karena salah pengodean; kirim ulang dengan pengodean UTF-8", "holds the mark \uFFFD: a letter was lost to a wrong encoding; deliver it again as UTF-8")
	}
	return quality.RuleType, readable(v.s)
}

// appendSpaced appends b to out with white space made single spaces and zero-width marks left out.
func appendSpaced(out, b []byte) []byte {
	space := false
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\u200B' || r == '\uFEFF':
		case unicode.IsSpace(r) && r != '\u0085': // U+0085 is a damaged "…", not a line end
			space = len(out) > 0
		default:
			if space {
				out = append(out, ' ')
				space = false
			}
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

// longestRun is how many characters beyond ASCII, one after the other, are looked at.
const longestRun = 64

// mojibake reports whether b is certain to be UTF-8 that was read as Windows-1252 and written as UTF-8
// again ("CafÃ©"): every character beyond ASCII goes back to one byte, and each run of them is UTF-8 of
// letters and marks that Windows-1252 texts have.
func mojibake(b []byte) bool {
	found := false
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		var buf [longestRun]byte
		run := buf[:0]
		for i < len(b) && b[i] >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(b[i:])
			c, known := windows1252(r)
			if !known || len(run) == longestRun {
				return false
			}
			run = append(run, c)
			i += n
		}
		if !plausible(run) {
			return false
		}
		found = true
	}
	return found
}

// unmojibake undoes it.
func unmojibake(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if c, ok := windows1252(r); ok {
			out = append(out, c)
		} else {
			out = append(out, byte(r)) // ASCII
		}
	}
	return out
}

// plausible reports whether run is UTF-8 of characters that people write names with.
func plausible(run []byte) bool {
	for len(run) > 0 {
		r, n := utf8.DecodeRune(run)
		switch {
		case r == utf8.RuneError:
			return false
		case r >= '\u00A0' && r <= '\u024F', r >= '\u2010' && r <= '\u2044', r == '\u20AC', r == '\u2122', r == '\uFEFF', r == '\u200B':
		default:
			if _, written := windows1252(r); !written || r < '\u00A0' {
				return false
			}
		}
		run = run[n:]
	}
	return true
}

// windows1252 is the byte that Windows-1252 has for r. The control characters U+0080 to U+009F stand
// for themselves, because some readers take the encoding for Latin-1.
func windows1252(r rune) (byte, bool) {
	if r <= 0xFF {
		return byte(r), r >= 0x80
	}
	for i, w := range high1252 {
		if w == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// high1252 are the characters of Windows-1252 from 0x80 to 0x9F; 0 where there is none.
var high1252 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}
