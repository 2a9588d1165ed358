package schemas

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ruleFields are the columns of the expressions under test.
func ruleFields() []Field {
	fields := []Field{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "nama"}, {Name: "mulai"}, {Name: "selesai"}, {Name: "aktif"}, {Name: "nilai"}}
	for i, kind := range []Kind{Integer, Integer, Double, String, Date, Date, Boolean, Decimal} {
		fields[i].Type.Kind = kind
	}
	return fields
}

// show renders an expression with every bracket.
func show(e Expr) string {
	switch e := e.(type) {
	case *Binary:
		return fmt.Sprintf("(%s %s %s)", show(e.L), e.Op, show(e.R))
	case *Not:
		return "not " + show(e.X)
	case IsNull:
		return fmt.Sprintf("$%d null=%v", e.Field, !e.Negated)
	case FieldRef:
		return fmt.Sprintf("$%d", e.Field)
	case Number:
		return e.Text
	case Text:
		return fmt.Sprintf("%q", e.Value)
	}
	return "?"
}

func TestParseRule(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		needs    []int
	}{
		{"a + b = c", "(($0 + $1) = $2)", []int{0, 1, 2}},
		{"a <= b", "($0 <= $1)", []int{0, 1}},
		{"a - b - c = 0", "((($0 - $1) - $2) = 0)", []int{0, 1, 2}},
		{"a + b * c > 1.50", "(($0 + ($1 * $2)) > 1.50)", []int{0, 1, 2}},
		{"(a + b) * c / 2 >= -3", "(((($0 + $1) * $2) / 2) >= -3)", []int{0, 1, 2}},
		{"a != 1 and b <> 2 or c = 3", "((($0 <> 1) and ($1 <> 2)) or ($2 = 3))", []int{0, 1, 2}},
		{"a = 1 AND (b = 2 OR c = 3)", "(($0 = 1) and (($1 = 2) or ($2 = 3)))", []int{0, 1, 2}},
		{"not a = 1 and aktif", "(not ($0 = 1) and $6)", []int{0, 6}},
		{"not (aktif or a < b)", "not ($6 or ($0 < $1))", []int{0, 1, 6}},
		{"a is null", "$0 null=true", nil},
		{"a IS NOT NULL or b > 5", "($0 null=false or ($1 > 5))", []int{1}},
		{"a is null and a = 1", "($0 null=true and ($0 = 1))", []int{0}},
		{"nama <> 'Ma''ruf'", `($3 <> "Ma'ruf")`, []int{3}},
		{"nama='x'", `($3 = "x")`, []int{3}},
		{"mulai <= selesai", "($4 <= $5)", []int{4, 5}},
		{"-a < -(b + 1)", "((0 - $0) < (0 - ($1 + 1)))", []int{0, 1}},
		{"nilai = - 12", "($7 = -12)", []int{7}},
		{"9223372036854775807 >= a", "(9223372036854775807 >= $0)", []int{0}},
	} {
		got, err := parseRule(Rule{Name: "r", Expression: tt.in}, ruleFields())
		if err != nil {
			t.Errorf("parseRule(%q): %v", tt.in, err)
			continue
		}
		if show(got.Expr) != tt.want || !cmp.Equal(got.Needs, tt.needs) || got.Text != tt.in {
			t.Errorf("parseRule(%q) = %s needs %v, want %s needs %v", tt.in, show(got.Expr), got.Needs, tt.want, tt.needs)
		}
	}
}

func TestParseRuleErrors(t *testing.T) {
	for _, tt := range []struct {
		in   string
		at   int
		want string
	}{
		{"", 0, "akhir"},
		{"a", 0, "bukan syarat"},
		{"a + ", 4, "akhir"},
		{"a = b c", 6, `"c"`},
		{"a = x", 4, `"x"`},
		{"A = b", 0, `"A"`},
		{"a = nama", 4, "bilangan/number dibandingkan dengan teks/text"},
		{"mulai = '2024-01-01'", 8, "tanggal/date"},
		{"a < b < c", 6, "berantai"},
		{"(a = b", 6, ")"},
		{"a = b)", 5, ")"},
		{"a and b", 0, "syarat"},
		{"aktif + 1 = 2", 0, "bilangan"},
		{"aktif = aktif", 8, "syarat"},
		{"not a", 4, "syarat"},
		{"nama = 'x", 7, "'x"},
		{"a = 1.2.3", 4, "1.2.3"},
		{"a = 1 ; b", 6, ";"},
		{"a is 5", 5, "null"},
		{"(a + b) is null", 8, "satu kolom"},
		{"z is null", 0, `"z"`},
		{"a = null", 4, "null"},
		{"-nama = 'x'", 1, "bilangan"},
		{"nama = 'é' and q = 1", 16, `"q"`},
		{strings.Repeat("(", 500) + "a = b" + strings.Repeat(")", 500), 100, "terlalu dalam"},
		{strings.Repeat("not ", 500) + "a = b", 0, "terlalu dalam"},
		{"a = b or " + strings.Repeat("a = b or ", 1000) + "a = b", 0, "terlalu panjang"},
	} {
		_, err := parseRule(Rule{Expression: tt.in}, ruleFields())
		if err == nil {
			t.Errorf("parseRule(%.40q) accepts it", tt.in)
			continue
		}
		if tt.want != "terlalu dalam" && err.at != tt.at || !strings.Contains(err.say.ID, tt.want) && !strings.Contains(err.expected, tt.want) {
			t.Errorf("parseRule(%.40q) = at %d: %v; %s, want at %d: %s", tt.in, err.at, err.say, err.expected, tt.at, tt.want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"a + b = c", "not (a is not null) or nama <> 'x''y'", "-(-a) * 2.5 >= nilai", "((((", "'"} {
		f.Add(s)
	}
	fields := ruleFields()
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := parseRule(Rule{Expression: text}, fields)
		if err != nil {
			if err.at < 0 || err.at > len(text) {
				t.Fatalf("error at %d of %d bytes", err.at, len(text))
			}
			return
		}
		if rule.Expr == nil {
			t.Fatalf("parseRule(%q) = %v", text, rule)
		}
	})
}
