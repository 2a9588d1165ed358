package schemas

import (
	"fmt"
	"strings"
)

type tokenKind int

const (
	endToken tokenKind = iota
	nameToken
	numberToken
	textToken // text without its quotes
	symbolToken
	badToken
)

// token is one word of a row expression; at is its byte offset.
type token struct {
	kind tokenKind
	text string
	at   int
}

func (t token) String() string {
	if t.kind == endToken {
		return "akhir/end"
	}
	return fmt.Sprintf("%q", t.text)
}

// lexer cuts a row expression into tokens.
type lexer struct {
	text string
	pos  int
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	digits  = "0123456789"
)

// lex returns the next token and moves past it.
func (l *lexer) lex() token {
	l.span(" \t\r\n")
	at := l.pos
	if at == len(l.text) {
		return token{endToken, "", at}
	}
	switch c := l.text[at]; {
	case strings.IndexByte(letters, c) >= 0:
		return token{nameToken, l.span(letters + digits), at}
	case strings.IndexByte(digits, c) >= 0:
		return token{numberToken, l.span(digits + "."), at}
	case c == '\'':
		return l.quoted()
	}
	for _, s := range []string{"<=", ">=", "<>", "!=", "=", "<", ">", "+", "-", "*", "/", "(", ")"} {
		if strings.HasPrefix(l.text[at:], s) {
			l.pos += len(s)
			return token{symbolToken, s, at}
		}
	}
	l.pos = len(l.text)
	return token{badToken, l.text[at:], at}
}

// span moves past the bytes that are in set and returns them.
func (l *lexer) span(set string) string {
	rest := l.text[l.pos:]
	n := len(rest) - len(strings.TrimLeft(rest, set))
	l.pos += n
	return rest[:n]
}

// quoted reads 'text'; two quotes inside are one.
func (l *lexer) quoted() token {
	at := l.pos
	var b strings.Builder
	for i := at + 1; i < len(l.text); i++ {
		if l.text[i] != '\'' {
			b.WriteByte(l.text[i])
			continue
		}
		if i+1 < len(l.text) && l.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		l.pos = i + 1
		return token{textToken, b.String(), at}
	}
	l.pos = len(l.text)
	return token{badToken, l.text[at:], at}
}
