package infer

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// writer writes YAML as people do: keys in their usual order, quotes only where they are needed, a
// comment above what needs a reason.
type writer struct{ bytes.Buffer }

// line writes a line at a depth of two spaces each.
func (w *writer) line(depth int, format string, args ...any) {
	w.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// comment writes text as comment lines of at most 116 letters.
func (w *writer) comment(depth int, text string) {
	indent := strings.Repeat("  ", depth) + "# "
	line := indent
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, text)
	for _, word := range strings.Fields(text) {
		if len([]rune(line))+len([]rune(word)) > 118 && line != indent {
			w.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word + " "
	}
	if line != indent {
		w.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

var (
	// plainForm are texts that need no quotes, also within [ ] and { }.
	plainForm = regexp.MustCompile(`^[\pL_/(][\pL\pN _./()+%@-]*$`)
	// singleForm are texts that stand between single quotes as they are.
	singleForm = regexp.MustCompile(`^[\pL\pN\pP\pS ]*$`)
	// wordForm are plain texts that YAML takes for something else.
	wordForm = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|y|n|null|nan|\.nan|inf)$`)
)

// quoted is s as a YAML scalar.
func quoted(s string) string {
	if plainForm.MatchString(s) && !wordForm.MatchString(s) && !strings.HasSuffix(s, " ") {
		return s
	}
	if strings.Contains(s, `"`) && !strings.Contains(s, "'") && singleForm.MatchString(s) {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r != ' ' && !unicode.IsPrint(r) && r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04X`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// list writes texts as a list on one line.
func list(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = quoted(v)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// custom writes a customProperties list on one line.
func custom(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, "{property: "+pairs[i]+", value: "+pairs[i+1]+"}")
		}
	}
	if out == nil {
		return ""
	}
	return "[" + strings.Join(out, ", ") + "]"
}
