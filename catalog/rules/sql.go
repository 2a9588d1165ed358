package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"satudata/schemas"
	"satudata/transform/lake"
)

// expression writes expressions of contracts as SQL, with the meaning that [schemas.RowRule] gives
// them: where a divisor is 0 the rule does not apply, and doubles are compared with a tolerance.
type expression struct {
	fields   []schemas.Field
	sum      bool // a column stands for its sum over a group
	divisors []string
	used     []string // columns that were written
}

// applies is the condition, beside more, under which what was written has a value.
func (e *expression) applies(more string) string {
	for _, d := range e.divisors {
		more += " AND " + d + " <> 0"
	}
	return more
}

func (e *expression) condition(x schemas.Expr) string {
	switch x := x.(type) {
	case *schemas.Not:
		return "NOT " + e.condition(x.X)
	case schemas.IsNull:
		if x.Negated {
			return quote(e.fields[x.Field].Name) + " IS NOT NULL"
		}
		return quote(e.fields[x.Field].Name) + " IS NULL"
	case schemas.FieldRef:
		return quote(e.fields[x.Field].Name)
	case *schemas.Binary:
		if x.Op == schemas.And || x.Op == schemas.Or {
			return fmt.Sprintf("(%s %s %s)", e.condition(x.L), x.Op, e.condition(x.R))
		}
		return e.compare(x)
	}
	return "true"
}

// compare writes a comparison.
func (e *expression) compare(x *schemas.Binary) string {
	l, r := e.number(x.L), e.number(x.R)
	if !e.inexact(x.L) && !e.inexact(x.R) {
		return fmt.Sprintf("(%s %s %s)", l, x.Op, r)
	}
	near := "NOT " + apart(l, r, schemas.Tolerance{}, false)
	switch x.Op {
	case schemas.Eq:
		return "(" + near + ")"
	case schemas.Ne:
		return "(NOT " + near + ")"
	case schemas.Le, schemas.Ge:
		return fmt.Sprintf("(%s %s %s OR %s)", l, x.Op, r, near)
	}
	return fmt.Sprintf("(%s %s %s AND NOT %s)", l, x.Op, r, near)
}

// number writes arithmetic, a text or a column. Whole numbers are computed in 128 bits.
func (e *expression) number(x schemas.Expr) string {
	switch x := x.(type) {
	case schemas.Number:
		return "(" + x.Text + ")"
	case schemas.Text:
		return literal(x.Value)
	case schemas.FieldRef:
		f := e.fields[x.Field]
		e.used = append(e.used, f.Name)
		switch {
		case e.sum:
			return "sum(" + quote(f.Name) + ")"
		case f.Type.Kind == schemas.Integer:
			return "CAST(" + quote(f.Name) + " AS HUGEINT)"
		}
		return quote(f.Name)
	case *schemas.Binary:
		l, r := e.number(x.L), e.number(x.R)
		switch {
		case x.Op == schemas.Div:
			e.divisors = append(e.divisors, "("+r+")")
			return fmt.Sprintf("(CAST(%s AS DOUBLE) / nullif(%s, 0))", l, r)
		case x.Op == schemas.Mul && e.inexact(x):
			return fmt.Sprintf("(CAST(%s AS DOUBLE) * %s)", l, r)
		}
		return fmt.Sprintf("(%s %s %s)", l, x.Op, r)
	}
	return "NULL"
}

// inexact says whether an expression is computed in doubles: one takes part, it divides, or it
// multiplies fractions, whose digits might not fit.
func (e *expression) inexact(x schemas.Expr) bool {
	switch x := x.(type) {
	case schemas.FieldRef:
		return e.fields[x.Field].Type.Kind == schemas.Double
	case *schemas.Binary:
		return x.Op == schemas.Div || x.Op == schemas.Mul && (e.fraction(x.L) || e.fraction(x.R)) || e.inexact(x.L) || e.inexact(x.R)
	}
	return false
}

// fraction says whether an expression has digits behind the point.
func (e *expression) fraction(x schemas.Expr) bool {
	switch x := x.(type) {
	case schemas.Number:
		return !x.Whole
	case schemas.FieldRef:
		return e.fields[x.Field].Type.Kind != schemas.Integer
	case *schemas.Binary:
		return e.fraction(x.L) || e.fraction(x.R)
	}
	return false
}

// apart is the condition that two numbers differ by more than the tolerance.
func apart(l, r string, t schemas.Tolerance, exact bool) string {
	allowed := number(t.Value)
	if t.Percent {
		allowed = fmt.Sprintf("%s * abs(%s)", number(t.Value/100), r)
	}
	if exact {
		return fmt.Sprintf("(abs(%s - %s) > %s)", l, r, allowed)
	}
	l, r = "CAST("+l+" AS DOUBLE)", "CAST("+r+" AS DOUBLE)"
	return fmt.Sprintf("(abs(%[1]s - %[2]s) > greatest(%[3]s, 1e-9 * greatest(1, abs(%[1]s), abs(%[2]s))))", l, r, allowed)
}

// filter is the condition that a column is one of values, which are written as texts.
func filter(f schemas.Field, values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = "CAST(" + literal(v) + " AS " + lake.DuckType(f.Type) + ")"
	}
	return quote(f.Name) + " IN (" + strings.Join(parts, ", ") + ")"
}

// same is the condition that columns a have the values of columns b, nulls too.
func same(aliasA string, a []string, aliasB string, b []string) string {
	parts := []string{"true"}
	for i := range a {
		parts = append(parts, aliasA+quote(a[i])+" IS NOT DISTINCT FROM "+aliasB+quote(b[i]))
	}
	return strings.Join(parts, " AND ")
}

// equals is the condition that two columns have the same value; those of kinds that do not compare
// have the same when they are written alike.
func equals(aliasA string, a schemas.Field, aliasB string, b schemas.Field) string {
	l, r := aliasA+quote(a.Name), aliasB+quote(b.Name)
	if compares(a, b) {
		return l + " = " + r
	}
	return "CAST(" + l + " AS VARCHAR) = CAST(" + r + " AS VARCHAR)"
}

// compares says whether the values of two fields compare as they are.
func compares(a, b schemas.Field) bool {
	number := []schemas.Kind{schemas.Integer, schemas.Decimal, schemas.Double}
	return a.Type.Kind == b.Type.Kind || slices.Contains(number, a.Type.Kind) && slices.Contains(number, b.Type.Kind)
}

func notNull(alias string, columns []string) string {
	parts := []string{"true"}
	for _, c := range columns {
		parts = append(parts, alias+quote(c)+" IS NOT NULL")
	}
	return strings.Join(parts, " AND ")
}

func columnList(alias string, columns []string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = alias + quote(c)
	}
	return strings.Join(parts, ", ")
}

// columnsThen is a list that something follows.
func columnsThen(alias string, columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return columnList(alias, columns) + ","
}

func partition(columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return "PARTITION BY " + columnList("", columns)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func quote(name string) string   { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

func literals(texts []string) string {
	parts := make([]string, len(texts))
	for i, t := range texts {
		parts[i] = literal(t)
	}
	return strings.Join(parts, ", ")
}
