package schemas

// RowRule is a row expression compiled against a table's fields. A row breaks it when Expr is
// false. It does not apply to a row in which one of Needs is null or a divisor is 0.
//
// Integers and decimals compare exactly. Where a double takes part, "=" and its kin allow for a
// difference of 1e-9 of the larger magnitude (of 1, below 1): 0.1 + 0.2 = 0.3 holds.
type RowRule struct {
	Name  string
	Text  string // the expression as written
	Say   string // what it means, in Bahasa Indonesia, or ""
	Expr  Expr
	Needs []int // indexes of Fields whose value the expression uses, ascending; those it only asks "is null" are not in it
}

// Expr is a node of a parsed row expression: *Binary, *Not, IsNull, FieldRef, Number or Text.
type Expr interface{ node() }

// Op is an operator of a [Binary] expression.
type Op string

// The operators. Arithmetic takes numbers and gives a number; comparison takes two values of one
// kind and gives a condition; And and Or take and give conditions.
const (
	Add Op = "+"
	Sub Op = "-"
	Mul Op = "*"
	Div Op = "/"
	Eq  Op = "="
	Ne  Op = "<>"
	Lt  Op = "<"
	Le  Op = "<="
	Gt  Op = ">"
	Ge  Op = ">="
	And Op = "and"
	Or  Op = "or"
)

// Binary applies Op to L and R.
type Binary struct {
	Op   Op
	L, R Expr
}

// Not is true where X is false.
type Not struct{ X Expr }

// IsNull is true where the field is null (or is not, when Negated).
type IsNull struct {
	Field   int
	Negated bool
}

// FieldRef is the value of a field of the row.
type FieldRef struct{ Field int }

// Number is a numeric literal. Int holds it when Whole, Float always (rounded when it must be).
type Number struct {
	Text  string // as written, with a sign when negated: exact for decimals
	Whole bool
	Int   int64
	Float float64
}

// Text is a text literal.
type Text struct{ Value string }

func (*Binary) node()  {}
func (*Not) node()     {}
func (IsNull) node()   {}
func (FieldRef) node() {}
func (Number) node()   {}
func (Text) node()     {}
