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

// narrow returns b with what looks like ASCII made ASCII: full-width digits and letters, no-break and
// other spaces, the typographic minus and hyphens. Zero-width marks go. The result is in scratch when
// there was anything to do. It is for numbers, dates, codes and identifiers, not for prose.
func narrow(scratch *[]byte, b []byte) []byte {
	at := 0
	for at < len(b) && b[at] < utf8.RuneSelf {
		at++
	}
	if at == len(b) {
		return b
	}
	out := append((*scratch)[:0], b[:at]...)
	for b = b[at:]; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, b[0]) // not UTF-8: readable says so, or no reading fits
		case r >= '\uFF01' && r <= '\uFF5E':
			out = append(out, byte(r-'\uFF01'+'!'))
		case r == '\u2212' || r >= '\u2010' && r <= '\u2013':
			out = append(out, '-')
		case r == '\u200B' || r == '\uFEFF':
		case r >= utf8.RuneSelf && unicode.IsSpace(r):
			out = append(out, ' ')
		default:
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	*scratch = out
	return out
}

// texts finds what belongs to a folded text. It is asked for every cell, so a look at the first byte
// settles most.
type texts[V any] struct {
	of      map[string]V
	few     []string  // all of them, when they are few
	first   [256]bool // bytes with which a text may begin
	longest int
	scratch []byte
}

// maxFew is how many texts are compared one by one, rather than looked up.
const maxFew = 8

func newTexts[V any](of map[string]V) *texts[V] {
	t := &texts[V]{of: of}
	for s := range of {
		if s == "" {
			continue
		}
		if len(of) <= maxFew {
			t.few = append(t.few, s)
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

// has reports whether there is anything for b.
func (t *texts[V]) has(b []byte) bool {
	_, ok := t.find(b)
	return ok
}

// find returns what belongs to b, which is trimmed, as schemas.Fold compares.
func (t *texts[V]) find(b []byte) (v V, ok bool) {
	if len(b) == 0 {
		v, ok = t.of[""]
		return v, ok
	}
	if !t.first[b[0]] || t.none(b) {
		return v, false
	}
	t.scratch = t.scratch[:0]
	for i, c := range b {
		switch {
		case c >= utf8.RuneSelf:
			v, ok = t.of[schemas.Fold(string(b))]
			return v, ok
		case c == ' ' || '\t' <= c && c <= '\r':
			if b[i-1] == ' ' || '\t' <= b[i-1] && b[i-1] <= '\r' {
				continue
			}
			c = ' '
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if len(t.scratch) == t.longest {
			return v, false
		}
		t.scratch = append(t.scratch, c)
	}
	v, ok = t.of[string(t.scratch)]
	return v, ok
}

// none is a quick look: it reports whether b, which is not empty, is certain to have nothing. That is so
// when the texts are few, none of b's length has its last letter, and b holds nothing that folds to
// another length.
func (t *texts[V]) none(b []byte) bool {
	last := b[len(b)-1] | 0x20
	for _, s := range t.few {
		if len(s) == len(b) && s[len(s)-1]|0x20 == last {
			return false
		}
	}
	for _, c := range b {
		if c <= ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return len(t.few) > 0
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
