package schemas

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ruleError is why a row expression is not one.
type ruleError struct {
	at       int // byte offset in the expression
	say      Sentence
	expected string
}

// Error says why in English.
func (e *ruleError) Error() string { return e.say.EN }

// Bounds on an expression, so that reading or evaluating one cannot exhaust the stack.
const (
	maxDepth = 100  // nesting
	maxRule  = 4096 // bytes
)

// parseRule compiles a row expression against the fields that it may name. The grammar, loosest
// binding first; words are compared without case:
//
//	or      = and { "or" and }
//	and     = not { "and" not }
//	not     = "not" not | compare
//	compare = sum [ ("=" | "<>" | "!=" | "<" | "<=" | ">" | ">=") sum | "is" ["not"] "null" ]
//	sum     = term { ("+" | "-") term }
//	term    = factor { ("*" | "/") factor }
//	factor  = "-" factor | number | 'text' | name | "(" or ")"
func parseRule(rule Rule, fields []Field) (RowRule, *ruleError) {
	return parseExpression(rule, fields, conditionKind, Sentence{"ungkapan bukan syarat", "the expression is not a condition"}, "a = b, a <= b, a is not null")
}

// parseFormula compiles arithmetic against the fields that it may name: sum of the grammar of parseRule.
func parseFormula(text string, fields []Field) (RowRule, *ruleError) {
	return parseExpression(Rule{Expression: text}, fields, numberKind, Sentence{"rumus bukan bilangan", "the formula is not a number"}, "a + b, a / b * 100")
}

// parseExpression compiles an expression that must give a value of kind.
func parseExpression(rule Rule, fields []Field, kind valueKind, otherwise Sentence, expected string) (RowRule, *ruleError) {
	p := &ruleParser{lexer: lexer{text: rule.Expression}, fields: fields, needs: map[int]bool{}}
	if len(rule.Expression) > maxRule {
		return RowRule{}, p.fail(0, Sentence{"ungkapan terlalu panjang", "the expression is too long"}, fmt.Sprintf("<= %d", maxRule))
	}
	p.next()
	t, err := p.or()
	if err == nil && p.token.kind != endToken {
		err = p.fail(p.token.at, sayf("%s tidak terduga", "unexpected %s", p.token), "and, or, akhir/end")
	}
	if err == nil && t.kind != kind {
		err = p.fail(0, otherwise, expected)
	}
	if err != nil {
		return RowRule{}, err
	}
	out := RowRule{Name: rule.Name, Text: rule.Expression, Say: rule.Say, Expr: t.expr}
	for f := range p.needs {
		out.Needs = append(out.Needs, f)
	}
	slices.Sort(out.Needs)
	return out, nil
}

// valueKind is what a part of an expression gives.
type valueKind int

const (
	conditionKind valueKind = iota
	numberKind
	textKind
	dateKind
	timestampKind
)

func (k valueKind) String() string {
	return [...]string{"syarat/condition", "bilangan/number", "teks/text", "tanggal/date", "waktu/timestamp"}[k]
}

// typed is a parsed part of an expression.
type typed struct {
	expr Expr
	kind valueKind
	at   int // where it begins
}

type ruleParser struct {
	lexer
	token  token
	fields []Field
	needs  map[int]bool
	depth  int
}

func (p *ruleParser) next() { p.token = p.lex() }

// fail makes an error at byte offset at; the sentence names the character that people count.
func (p *ruleParser) fail(at int, say Sentence, expected string) *ruleError {
	column := len([]rune(p.text[:at])) + 1
	say.ID = fmt.Sprintf("huruf ke-%d: %s", column, say.ID)
	say.EN = fmt.Sprintf("at character %d: %s", column, say.EN)
	return &ruleError{at, say, expected}
}

// is reports whether the current token is the word or symbol s.
func (p *ruleParser) is(s string) bool {
	return p.token.kind == symbolToken && p.token.text == s ||
		p.token.kind == nameToken && strings.EqualFold(p.token.text, s)
}

// take moves past s when it is the current token.
func (p *ruleParser) take(s string) bool {
	ok := p.is(s)
	if ok {
		p.next()
	}
	return ok
}

func (p *ruleParser) or() (typed, *ruleError)  { return p.conditions(Or, p.and) }
func (p *ruleParser) and() (typed, *ruleError) { return p.conditions(And, p.not) }

// conditions parses conditions joined by op.
func (p *ruleParser) conditions(op Op, part func() (typed, *ruleError)) (typed, *ruleError) {
	l, err := part()
	for err == nil && p.take(string(op)) {
		var r typed
		if r, err = part(); err != nil {
			break
		}
		for _, side := range []typed{l, r} {
			if side.kind != conditionKind {
				return typed{}, p.wrongKind(side, conditionKind)
			}
		}
		l = typed{&Binary{op, l.expr, r.expr}, conditionKind, l.at}
	}
	return l, err
}

func (p *ruleParser) not() (typed, *ruleError) {
	at := p.token.at
	if !p.take("not") {
		return p.compare()
	}
	if err := p.deeper(); err != nil {
		return typed{}, err
	}
	defer func() { p.depth-- }()
	x, err := p.not()
	if err != nil {
		return typed{}, err
	}
	if x.kind != conditionKind {
		return typed{}, p.wrongKind(x, conditionKind)
	}
	return typed{&Not{x.expr}, conditionKind, at}, nil
}

func (p *ruleParser) compare() (typed, *ruleError) {
	if p.token.kind == nameToken {
		if t, ok, err := p.isNull(); ok {
			return t, err
		}
	}
	l, err := p.sum()
	if err != nil {
		return typed{}, err
	}
	if p.is("is") {
		return typed{}, p.fail(p.token.at, Sentence{"is null hanya untuk satu kolom", "is null is for one column only"}, "kolom is null")
	}
	op, ok := comparison(p.token)
	if !ok {
		return l, nil
	}
	p.next()
	r, err := p.sum()
	if err != nil {
		return typed{}, err
	}
	if l.kind != r.kind || l.kind == conditionKind {
		return typed{}, p.fail(r.at, sayf("%s dibandingkan dengan %s", "%s compared with %s", l.kind, r.kind), l.kind.String())
	}
	if _, again := comparison(p.token); again {
		return typed{}, p.fail(p.token.at, Sentence{"perbandingan berantai", "chained comparison"}, "a < b and b < c")
	}
	return typed{&Binary{op, l.expr, r.expr}, conditionKind, l.at}, nil
}

// isNull parses `name is [not] null`, looking ahead so that the name is not counted as a value
// that the rule needs.
func (p *ruleParser) isNull() (t typed, ok bool, err *ruleError) {
	saved, name := *p, p.token
	p.next()
	if !p.take("is") {
		*p = saved
		return typed{}, false, nil
	}
	negated := p.take("not")
	if !p.take("null") {
		return typed{}, true, p.fail(p.token.at, sayf("%s setelah is", "%s after is", p.token), "null, not null")
	}
	field, err := p.field(name)
	return typed{IsNull{field, negated}, conditionKind, name.at}, true, err
}

func comparison(t token) (Op, bool) {
	if t.kind != symbolToken {
		return "", false
	}
	if t.text == "!=" {
		return Ne, true
	}
	switch op := Op(t.text); op {
	case Eq, Ne, Lt, Le, Gt, Ge:
		return op, true
	}
	return "", false
}

func (p *ruleParser) sum() (typed, *ruleError)  { return p.arithmetic(p.term, Add, Sub) }
func (p *ruleParser) term() (typed, *ruleError) { return p.arithmetic(p.factor, Mul, Div) }

// arithmetic parses numbers joined by one of two operators, from the left.
func (p *ruleParser) arithmetic(part func() (typed, *ruleError), ops ...Op) (typed, *ruleError) {
	l, err := part()
	for err == nil && p.token.kind == symbolToken && slices.Contains(ops, Op(p.token.text)) {
		op := Op(p.token.text)
		p.next()
		var r typed
		if r, err = part(); err != nil {
			break
		}
		for _, side := range []typed{l, r} {
			if side.kind != numberKind {
				return typed{}, p.wrongKind(side, numberKind)
			}
		}
		l = typed{&Binary{op, l.expr, r.expr}, numberKind, l.at}
	}
	return l, err
}

func (p *ruleParser) wrongKind(t typed, want valueKind) *ruleError {
	return p.fail(t.at, sayf("%s di tempat %s", "%s where a %s is needed", t.kind, want), want.String())
}

func (p *ruleParser) deeper() *ruleError {
	if p.depth++; p.depth > maxDepth {
		return p.fail(p.token.at, Sentence{"ungkapan terlalu dalam", "the expression nests too deep"}, fmt.Sprint("<= ", maxDepth))
	}
	return nil
}

func (p *ruleParser) factor() (typed, *ruleError) {
	if err := p.deeper(); err != nil {
		return typed{}, err
	}
	defer func() { p.depth-- }()
	t := p.token
	switch {
	case p.take("("):
		x, err := p.or()
		if err == nil && !p.take(")") {
			err = p.fail(p.token.at, sayf("%s tidak terduga", "unexpected %s", p.token), ")")
		}
		return typed{x.expr, x.kind, t.at}, err
	case p.take("-"):
		return p.negative(t.at)
	case t.kind == numberToken:
		p.next()
		n, err := p.number(t)
		return typed{n, numberKind, t.at}, err
	case t.kind == textToken:
		p.next()
		return typed{Text{t.text}, textKind, t.at}, nil
	case t.kind == nameToken && !reserved(t.text):
		p.next()
		return p.value(t)
	}
	return typed{}, p.fail(t.at, sayf("%s tidak terduga", "unexpected %s", t), "kolom/column, bilangan/number, 'teks/text', (")
}

// negative parses what follows a minus sign.
func (p *ruleParser) negative(at int) (typed, *ruleError) {
	x, err := p.factor()
	if err != nil {
		return typed{}, err
	}
	if x.kind != numberKind {
		return typed{}, p.wrongKind(x, numberKind)
	}
	if n, ok := x.expr.(Number); ok && !strings.HasPrefix(n.Text, "-") {
		return typed{Number{"-" + n.Text, n.Whole, -n.Int, -n.Float}, numberKind, at}, nil
	}
	return typed{&Binary{Sub, Number{Text: "0", Whole: true}, x.expr}, numberKind, at}, nil
}

func (p *ruleParser) number(t token) (Number, *ruleError) {
	n := Number{Text: t.text}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil || strings.Count(t.text, ".") > 1 {
		return n, p.fail(t.at, sayf("%q bukan bilangan", "%q is not a number", t.text), "12, 0.5")
	}
	n.Float = f
	n.Int, err = strconv.ParseInt(t.text, 10, 64)
	n.Whole = err == nil
	return n, nil
}

// value is a column used for its value.
func (p *ruleParser) value(t token) (typed, *ruleError) {
	field, err := p.field(t)
	if err != nil {
		return typed{}, err
	}
	p.needs[field] = true
	kind := map[Kind]valueKind{Integer: numberKind, Double: numberKind, Decimal: numberKind, String: textKind, Date: dateKind,
		Timestamp: timestampKind, Boolean: conditionKind}[p.fields[field].Type.Kind]
	return typed{FieldRef{field}, kind, t.at}, nil
}

func (p *ruleParser) field(t token) (int, *ruleError) {
	i := slices.IndexFunc(p.fields, func(f Field) bool { return f.Name == t.text })
	if i < 0 {
		names := make([]string, len(p.fields))
		for i, f := range p.fields {
			names[i] = f.Name
		}
		return 0, p.fail(t.at, sayf("kolom %q tidak ada", "there is no column %q", t.text), DidYouMean(t.text, names))
	}
	return i, nil
}

func reserved(word string) bool {
	return slices.Contains([]string{"and", "or", "not", "is", "null"}, strings.ToLower(word))
}
