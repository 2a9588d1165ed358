package normalize_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"satudata/schemas"
	"satudata/transform/quality"
)

// messy is a value of testdata/messy.txt, which says how to read it, and its verdict.
type messy struct {
	line     int
	given    string
	rejected bool
	want     string // the value; of a rejected one rule and words of the reason, "rule: words"
}

// messyColumn is a part of testdata/messy.txt: the column that its values are delivered to.
type messyColumn struct {
	title, property, reading, binding string
	values                            []messy
}

func readMessy(t testing.TB) []messyColumn {
	t.Helper()
	doc, err := os.ReadFile("testdata/messy.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []messyColumn
	for i, line := range strings.Split(string(doc), "\n") {
		key, rest, _ := strings.Cut(line, " ")
		last := len(out) - 1
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case key == "==":
			out = append(out, messyColumn{title: rest})
		case key == "kolom":
			out[last].property = strings.TrimSpace(rest)
		case key == "bacaan":
			out[last].reading = strings.TrimSpace(rest)
		case key == "binding":
			out[last].binding = strings.TrimSpace(rest)
		case key == "":
			out[last].values = append(out[last].values, readMessyLine(t, i+1, line))
		default:
			t.Fatalf("messy.txt:%d: %q", i+1, line)
		}
	}
	return out
}

func readMessyLine(t testing.TB, number int, line string) messy {
	t.Helper()
	m := messy{line: number}
	var ok bool
	if m.given, m.want, ok = strings.Cut(line, " → "); !ok {
		m.given, m.want, m.rejected = strings.Cut(line, " ✗ ")
	}
	unquote := func(s string) string {
		s = strings.TrimSpace(s)
		if !strings.HasPrefix(s, `"`) || m.rejected && strings.Contains(s, ": ") {
			return s
		}
		text, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("messy.txt:%d: %s: %v", number, s, err)
		}
		return text
	}
	m.given, m.want = unquote(m.given), unquote(m.want)
	if m.want == "(kosong)" {
		m.want = "-"
	}
	return m
}

// plan compiles the column's contract and binding.
func (c messyColumn) plan(t testing.TB) *schemas.Plan {
	t.Helper()
	var keys, customs []string
	customs = append(customs, "{property: x_uji, value: 1}")
	for _, part := range strings.SplitAfter(c.property, ", ") {
		key, value, _ := strings.Cut(strings.TrimSuffix(part, ", "), ": ")
		if key == "elemen" || key == "satuan" {
			customs = append(customs, "{property: "+key+", value: "+value+"}")
		} else {
			keys = append(keys, part)
		}
	}
	property := "- {name: nilai, businessName: nilai, description: uji, " + strings.TrimSuffix(strings.Join(keys, ""), ", ") +
		", customProperties: [" + strings.Join(customs, ", ") + "]}\n"
	plan := compile(t, strings.Replace(property, ", ,", ",", 1), "format: {type: ndjson}\ncolumns:\n  - {to: nilai, from: nilai, "+c.binding+"}\n")
	if c.reading != "" {
		plan.Inputs[0].Reading = schemas.Reading(c.reading)
	}
	return plan
}

func TestMessyValues(t *testing.T) {
	n, seen := 0, map[schemas.Reading]bool{}
	for _, c := range readMessy(t) {
		t.Run(c.title, func(t *testing.T) {
			plan := c.plan(t)
			seen[plan.Inputs[0].Reading] = true
			for _, m := range c.values {
				checkMessy(t, plan, m)
			}
		})
		n += len(c.values)
	}
	if n < 170 {
		t.Errorf("only %d messy values", n)
	}
	for _, r := range []schemas.Reading{schemas.ReadRupiah, schemas.ReadPercent, schemas.ReadQuantity, schemas.ReadBoolean, schemas.ReadOrdinal,
		schemas.ReadLatitude, schemas.ReadLongitude, schemas.ReadPhone, schemas.ReadEmail, schemas.ReadName, schemas.ReadNIK, schemas.ReadKK,
		schemas.ReadNIP, schemas.ReadNPSN, schemas.ReadNOP, schemas.ReadPlate, schemas.ReadCode} {
		if !seen[r] {
			t.Errorf("no messy values are read as %s", r)
		}
	}
}

// checkMessy delivers m as JSON, and as CSV when it is text.
func checkMessy(t *testing.T, plan *schemas.Plan, m messy) {
	t.Helper()
	cell, isJSON := strings.CutPrefix(m.given, "json:")
	if !isJSON {
		quoted, err := json.Marshal(m.given)
		if err != nil {
			t.Fatal(err)
		}
		cell = string(quoted)
		res := run(t, plan, csvFormat, "id,nilai\n1,\""+strings.ReplaceAll(m.given, `"`, `""`)+"\"\n", 1)
		compareMessy(t, "CSV", m, values(res, 0), res.Verdicts.Reasons(0))
	}
	res := run(t, plan, jsonFormat, `{"id":1,"nilai":`+cell+"}\n", 1)
	compareMessy(t, "JSON", m, values(res, 0), res.Verdicts.Reasons(0))
}

func compareMessy(t *testing.T, form string, m messy, got string, reasons []quality.Reason) {
	t.Helper()
	if !m.rejected {
		if got != m.want || len(reasons) > 0 {
			t.Errorf("messy.txt:%d: %s %q: got %q %v, want %q", m.line, form, m.given, got, reasons, m.want)
		}
		return
	}
	rule, words, _ := strings.Cut(m.want, ":")
	words = strings.TrimSpace(words)
	if len(reasons) != 1 || reasons[0].Rule != rule || !strings.Contains(reasons[0].Say.ID, words) {
		t.Errorf("messy.txt:%d: %s %q: got %q %v, want rejection by %s: …%s…", m.line, form, m.given, got, reasons, rule, words)
		return
	}
	if r := reasons[0]; r.Field != "nilai" || r.Say.EN == "" || r.Say.EN == r.Say.ID || r.Value == "" {
		t.Errorf("messy.txt:%d: %q: incomplete reason %+v", m.line, m.given, r)
	}
}
