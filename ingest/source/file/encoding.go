package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// charset is how the characters of a text file are stored.
type charset string

const (
	utf8Text    charset = "utf-8"
	windows1252 charset = "windows-1252"
	utf16LE     charset = "utf-16le"
	utf16BE     charset = "utf-16be"
)

// parseEncoding reads the name that a binding declares; the empty name is UTF-8.
func parseEncoding(name string) (charset, error) {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "", "utf-8", "utf8":
		return utf8Text, nil
	case "windows-1252", "cp1252":
		return windows1252, nil
	case "utf-16le", "utf-16":
		return utf16LE, nil
	case "utf-16be":
		return utf16BE, nil
	}
	return "", fmt.Errorf("encoding is %q, want utf-8, windows-1252, utf-16le or utf-16be", name)
}

// marks are the byte order marks.
var marks = []struct {
	mark string
	charset
}{{"\xef\xbb\xbf", utf8Text}, {"\xff\xfe", utf16LE}, {"\xfe\xff", utf16BE}}

// decode returns r as UTF-8 without a byte order mark, and how long that was. A mark goes before what
// the binding declares: it is in the file, and is not there by chance.
func decode(r io.Reader, declared string) (text io.Reader, set charset, mark int, err error) {
	set, err = parseEncoding(declared)
	if err != nil {
		return nil, "", 0, err
	}
	first := make([]byte, 4096)
	n, err := io.ReadFull(r, first)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, "", 0, err
	}
	first = first[:n]
	for _, m := range marks {
		if bytes.HasPrefix(first, []byte(m.mark)) {
			mark = len(m.mark)
			first, set = first[mark:], m.charset
			break
		}
	}
	if set == utf8Text || set == windows1252 {
		if err := refuseBinary(first); err != nil {
			return nil, "", 0, err
		}
	}
	all := io.MultiReader(bytes.NewReader(first), r)
	switch set {
	case windows1252:
		return charmap.Windows1252.NewDecoder().Reader(&narrow{r: all}), set, mark, nil
	case utf16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(all), set, mark, nil
	case utf16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(all), set, mark, nil
	}
	return all, set, mark, nil
}

// narrow reads a text that is said to have one byte per character, and refuses one that is UTF-8: of
// the texts in windows-1252 with anything beyond ASCII, next to none could be read as UTF-8 too.
type narrow struct {
	r     io.Reader
	begun []byte // of a character that goes on in the next block
	wide  bool   // there was a character beyond ASCII
	no    bool   // it is not UTF-8
}

func (u *narrow) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if !u.no {
		u.look(append(u.begun, p[:n]...))
	}
	if errors.Is(err, io.EOF) && u.wide && !u.no && len(u.begun) == 0 {
		return n, refuse("berkas ini UTF-8, bukan windows-1252 seperti yang dinyatakan; hapus `encoding` dari binding",
			"this file is UTF-8, not windows-1252 as declared; remove `encoding` from the binding")
	}
	return n, err
}

// look checks a block. What may be the first bytes of a character is left in begun.
func (u *narrow) look(t []byte) {
	end := len(t)
	for i := end - 1; i >= 0 && i >= end-utf8.UTFMax; i-- {
		if utf8.RuneStart(t[i]) {
			if !utf8.FullRune(t[i:]) {
				end = i
			}
			break
		}
	}
	u.no = !utf8.Valid(t[:end])
	u.wide = u.wide || utf8.RuneCount(t[:end]) < end
	u.begun = append(u.begun[:0], t[end:]...)
}

// fault returns the place of the first byte of t that did not come out of decoding well, or -1.
func (set charset) fault(t []byte) int {
	if n := bytes.IndexByte(t, 0); n >= 0 {
		return n
	}
	if set != utf8Text {
		return bytes.Index(t, []byte("\uFFFD")) // what decoders make of the undecodable
	}
	if utf8.Valid(t) {
		return -1
	}
	n := 0
	for {
		r, size := utf8.DecodeRune(t[n:])
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n += size
	}
}

// refuse says that the byte at place n of a line cannot be read.
func (set charset) refuse(line []byte, n int, row int64) error {
	column := utf8.RuneCount(line[:n]) + 1
	switch {
	case line[n] == 0:
		return refuse("baris %d, karakter ke-%d: ada byte nol, berkas ini bukan teks atau rusak",
			"row %d, character %d: there is a zero byte, this file is not text or is damaged", row, column)
	case set == utf8Text:
		return refuse("baris %d, karakter ke-%d: byte 0x%02X bukan UTF-8; nyatakan `encoding: windows-1252` di binding bila berkas berasal dari Excel atau Windows lama, atau simpan ulang sebagai UTF-8",
			"row %d, character %d: byte 0x%02X is not UTF-8; declare `encoding: windows-1252` in the binding if the file comes from Excel or an old Windows, or save it again as UTF-8", row, column, line[n])
	}
	return refuse("baris %d, karakter ke-%d tidak dapat dibaca sebagai %s; periksa `encoding` di binding",
		"row %d, character %d cannot be read as %s; check `encoding` in the binding", row, column, set)
}
