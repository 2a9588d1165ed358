package schemas

import (
	"cmp"
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// Sentence is something said to a user, in Bahasa Indonesia and in English.
type Sentence struct{ ID, EN string }

// sayf formats both languages with the same arguments.
func sayf(id, en string, args ...any) Sentence {
	return Sentence{fmt.Sprintf(id, args...), fmt.Sprintf(en, args...)}
}

// worded is an error that says why in both languages.
type worded Sentence

// Error says why in English.
func (w worded) Error() string { return w.EN }

// because adds to s why it is so.
func (s Sentence) because(err error) Sentence {
	why := Words(err)
	return Sentence{s.ID + ": " + why.ID, s.EN + ": " + why.EN}
}

// Words are what an error says in both languages: twice its text where this package did not make it.
func Words(err error) Sentence {
	var w worded
	var pattern *syntax.Error
	switch {
	case errors.As(err, &w):
		return Sentence(w)
	case errors.As(err, &pattern):
		where := " `" + pattern.Expr + "`"
		return Sentence{cmp.Or(patternWords[pattern.Code], pattern.Code.String()) + where, pattern.Code.String() + where}
	}
	return Sentence{err.Error(), err.Error()}
}

// patternWords is what is wrong with a regular expression.
var patternWords = map[syntax.ErrorCode]string{
	syntax.ErrInvalidCharClass:      "kelas huruf tidak sah",
	syntax.ErrInvalidCharRange:      "rentang huruf tidak sah",
	syntax.ErrInvalidEscape:         "tanda \\ tidak sah",
	syntax.ErrInvalidPerlOp:         "operator tidak didukung RE2",
	syntax.ErrInvalidRepeatOp:       "pengulangan tidak sah",
	syntax.ErrInvalidRepeatSize:     "banyaknya pengulangan tidak sah",
	syntax.ErrMissingBracket:        "kurang ]",
	syntax.ErrMissingParen:          "kurang )",
	syntax.ErrMissingRepeatArgument: "tidak ada yang diulang sebelum tanda pengulangan",
	syntax.ErrTrailingBackslash:     "tanda \\ di akhir",
	syntax.ErrUnexpectedParen:       ") tanpa (",
}

// Remedies that several faults share.
const (
	patternSay = "pola RE2 yang sah/a valid RE2 pattern: [0-9]{4}"
	twiceSay   = "hapus salah satu/remove one of them"
	alikeSay   = "hapus salah satu; huruf besar dan spasi tidak membedakan/remove one; case and spaces do not tell them apart"
)

// Fault is one thing that is wrong with a contract or a binding.
type Fault struct {
	File     string
	Line     int    // from 1; 0 when the document was not read from text
	Column   int    // from 1, or 0
	Path     string // place in the document: "schema[0].properties[2].logicalType"
	Say      Sentence
	Expected string // what may stand there, or what to do; may be ""
}

// String renders f on one line, as compilers do: "file:line:column: path: what; expected".
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
		if f.Column > 0 {
			fmt.Fprintf(&b, ":%d", f.Column)
		}
	}
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	fmt.Fprintf(&b, "%s (%s)", f.Say.ID, f.Say.EN)
	switch {
	case strings.HasPrefix(f.Expected, nearSay):
		b.WriteString("; " + f.Expected)
	case f.Expected != "":
		b.WriteString("; diharapkan/expected: " + f.Expected)
	}
	return b.String()
}

// Faults is everything that is wrong with a document, in its order. It is the error of
// [ParseContract], [ParseBinding] and [Compile]; use errors.As to take it apart.
type Faults []Fault

// Error renders one fault per line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = x.String()
	}
	return strings.Join(lines, "\n")
}

// err is f as an error: nil when nothing is wrong.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
