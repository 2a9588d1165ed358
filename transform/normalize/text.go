package normalize

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"satudata/ingest/event"
	"satudata/schemas"
)

// say makes a sentence; args go into both languages.
func say(id, en string, args ...any) *event.Sentence {
	if len(args) == 0 {
		return &event.Sentence{ID: id, EN: en}
	}
	return &event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}

// trim removes white space around b: no-break spaces and zero-width marks too.
func trim(b []byte) []byte {
	if len(b) > 0 && inkASCII(b[0]) && inkASCII(b[len(b)-1]) {
		return b
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !blank(r) {
			break
		}
		b = b[n:]
	}
	for len(b) > 0 {
		r, n := utf8.DecodeLastRune(b)
		if !blank(r) {
			break
		}
		b = b[:len(b)-n]
	}
	return b
}

// inkASCII reports whether c is an ASCII character that trim keeps.
func inkASCII(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

func blank(r rune) bool { return unicode.IsSpace(r) || r == '\u200B' || r == '\uFEFF' }

// texts is a set of folded texts that is asked for every cell, so a look at the first byte settles
// most.
type texts struct {
	set     map[string]bool
	first   [256]bool // bytes with which a text in the set may begin
	longest int
	scratch []byte
}

func newTexts(set map[string]bool) *texts {
	t := &texts{set: set}
	for s := range set {
		if s == "" {
			continue
		}
		t.longest = max(t.longest, len(s))
		t.first[s[0]] = true
		if c := s[0]; 'a' <= c && c <= 'z' {
			t.first[c-'a'+'A'] = true
		}
		for c := utf8.RuneSelf; c < 256; c++ {
			t.first[c] = true // some fold to ASCII
		}
	}
	return t
}

// has reports whether b, trimmed, folds to a text of the set.
func (t *texts) has(b []byte) bool {
	if len(b) == 0 {
		return t.set[""]
	}
	if !t.first[b[0]] {
		return false
	}
	t.scratch = t.scratch[:0]
	for i, c := range b {
		switch {
		case c >= utf8.RuneSelf:
			return t.set[schemas.Fold(string(b))]
		case c == ' ' || '\t' <= c && c <= '\r':
			if b[i-1] == ' ' || '\t' <= b[i-1] && b[i-1] <= '\r' {
				continue
			}
			c = ' '
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if len(t.scratch) == t.longest {
			return false
		}
		t.scratch = append(t.scratch, c)
	}
	return t.set[string(t.scratch)]
}

// readable says what is wrong with b as text, or nil. Tabs and line ends within are in order (an
// address typed into a spreadsheet cell has them); other control characters are damage.
func readable(b []byte) *event.Sentence {
	if !utf8.Valid(b) {
		return say("teks bukan UTF-8; simpan berkas dengan pengodean UTF-8 atau nyatakan pengodeannya", "the text is not UTF-8; save the file as UTF-8 or declare its encoding")
	}
	for _, r := range string(b) {
		if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' {
			return say("teks memuat karakter kendali U+%04X", "the text holds control character U+%04X", r)
		}
	}
	return nil
}
