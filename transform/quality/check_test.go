package quality

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/schemas"
)

// The fields that tests of rules have, by name.
var testFields = []schemas.Field{
	{Name: "a", Type: schemas.Type{Kind: schemas.Integer}},
	{Name: "b", Type: schemas.Type{Kind: schemas.Integer}},
	{Name: "d", Type: schemas.Type{Kind: schemas.Decimal, Precision: 38, Scale: 2}},
	{Name: "e", Type: schemas.Type{Kind: schemas.Decimal, Precision: 10, Scale: 4}},
	{Name: "x", Type: schemas.Type{Kind: schemas.Double}},
	{Name: "s", Type: schemas.Type{Kind: schemas.String}},
	{Name: "ya", Type: schemas.Type{Kind: schemas.Boolean}},
	{Name: "t", Type: schemas.Type{Kind: schemas.Date}},
	{Name: "u", Type: schemas.Type{Kind: schemas.Date}},
	{Name: "w", Type: schemas.Type{Kind: schemas.Timestamp}},
}

// plan compiles rules over testFields.
func plan(t testing.TB, rules ...string) *schemas.Plan {
	t.Helper()
	logical := map[schemas.Kind]string{schemas.Integer: "integer", schemas.Decimal: "number", schemas.Double: "number",
		schemas.String: "string", schemas.Boolean: "boolean", schemas.Date: "date", schemas.Timestamp: "timestamp"}
	var doc strings.Builder
	doc.WriteString(`apiVersion: v3.1.0
kind: DataContract
id: uji.coba
name: Coba
version: 1.0.0
status: active
domain: uji
description: {purpose: uji}
customProperties: [{property: produsenData, value: uji}, {property: kelasAkses, value: publik}, {property: jadwalPemutakhiran, value: tahunan}]
schema:
  - name: coba
    physicalType: table
    logicalType: object
    properties:
`)
	binding := "apiVersion: satudata/v1\nkind: Binding\nid: uji.coba\nversion: 1.0.0\ntitle: Coba\ndataset: uji.coba\ncontract: 1.0.0\nformat: {type: csv}\ncolumns:\n"
	for _, f := range testFields {
		physical := ""
		if f.Type.Kind == schemas.Decimal {
			physical = fmt.Sprintf(`, physicalType: "decimal(%d,%d)"`, f.Type.Precision, f.Type.Scale)
		}
		fmt.Fprintf(&doc, "      - {name: %s, logicalType: %s%s, description: uji}\n", f.Name, logical[f.Type.Kind], physical)
		binding += fmt.Sprintf("  - {to: %s, from: %s}\n", f.Name, f.Name)
	}
	if len(rules) > 0 {
		doc.WriteString("    quality:\n")
	}
	for i, r := range rules {
		fmt.Fprintf(&doc, "      - {type: custom, engine: satudata, name: aturan_%d, implementation: %q}\n", i, r)
	}
	c, err := schemas.ParseContract("contract.yaml", []byte(doc.String()))
	if err != nil {
		t.Fatal(err)
	}
	b, err := schemas.ParseBinding("binding.yaml", []byte(binding))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	p, err := schemas.Compile(c, b, ref)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// values are one row: nil is null.
type testRow map[string]any

// batch makes a record batch of testFields.
func batch(t testing.TB, rows ...testRow) arrow.RecordBatch {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	var fields []arrow.Field
	for _, f := range testFields {
		typ := map[schemas.Kind]arrow.DataType{schemas.Integer: arrow.PrimitiveTypes.Int64, schemas.Double: arrow.PrimitiveTypes.Float64,
			schemas.String: arrow.BinaryTypes.String, schemas.Boolean: arrow.FixedWidthTypes.Boolean, schemas.Date: arrow.FixedWidthTypes.Date32,
			schemas.Timestamp: arrow.FixedWidthTypes.Timestamp_us,
			schemas.Decimal:   &arrow.Decimal128Type{Precision: int32(f.Type.Precision), Scale: int32(f.Type.Scale)}}[f.Type.Kind]
		fields = append(fields, arrow.Field{Name: f.Name, Type: typ, Nullable: true})
	}
	b := array.NewRecordBuilder(mem, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, row := range rows {
		for i, f := range testFields {
			switch v := row[f.Name].(type) {
			case nil:
				b.Field(i).AppendNull()
			case int:
				if d, ok := b.Field(i).(*array.Int64Builder); ok {
					d.Append(int64(v))
				} else {
					b.Field(i).(*array.Date32Builder).Append(arrow.Date32(v))
				}
			case int64:
				if d, ok := b.Field(i).(*array.Int64Builder); ok {
					d.Append(v)
				} else {
					b.Field(i).(*array.TimestampBuilder).Append(arrow.Timestamp(v))
				}
			case float64:
				b.Field(i).(*array.Float64Builder).Append(v)
			case bool:
				b.Field(i).(*array.BooleanBuilder).Append(v)
			default:
				if err := b.Field(i).AppendValueFromString(fmt.Sprint(v)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	rec := b.NewRecordBatch()
	t.Cleanup(func() {
		rec.Release()
		mem.AssertSize(t, 0)
	})
	return rec
}

func TestRowRules(t *testing.T) {
	for _, c := range []struct {
		rule  string
		row   testRow
		holds bool
	}{
		{"a + b = 5", testRow{"a": 2, "b": 3}, true},
		{"a + b = 5", testRow{"a": 2, "b": 4}, false},
		{"a + b = 5", testRow{"a": 2}, true}, // does not apply
		{"a + b > 0", testRow{"a": math.MaxInt64, "b": math.MaxInt64}, true},
		{"a - b > 0", testRow{"a": math.MaxInt64, "b": math.MinInt64}, true},
		{"a * b > 0", testRow{"a": math.MaxInt64, "b": math.MaxInt64}, true},
		{"a * b > 0", testRow{"a": math.MinInt64, "b": -1}, true},
		{"a * b < 0", testRow{"a": math.MinInt64, "b": -1}, false},
		{"a / b = 0.5", testRow{"a": 1, "b": 2}, true},
		{"a / b = 0.3333333333", testRow{"a": 1, "b": 3}, false}, // exact
		{"a / b * 3 = 1", testRow{"a": 1, "b": 3}, true},
		{"a / b = 1", testRow{"a": 1, "b": 0}, true}, // does not apply
		{"x / b > 1", testRow{"x": 1.0, "b": 0}, true},
		{"b = 0 or a / b = 1", testRow{"a": 1, "b": 0}, true},
		{"a > 5 and a / b = 1", testRow{"a": 1, "b": 0}, true}, // does not apply
		{"d = a", testRow{"d": "5.00", "a": 5}, true},
		{"d = a", testRow{"d": "5.01", "a": 5}, false},
		{"d + e = 3.5", testRow{"d": "1.25", "e": "2.2500"}, true},
		{"d * e = 2.8125", testRow{"d": "1.25", "e": "2.2500"}, true},
		{"d > 0", testRow{"d": "123456789012345678901234567890.12"}, true},
		{"d < 0", testRow{"d": "123456789012345678901234567890.12"}, false},
		{"d + d = 246913578024691357802469135780.24", testRow{"d": "123456789012345678901234567890.12"}, true},
		{"x + x = 0.6", testRow{"x": 0.3}, true},
		{"x = 0.3", testRow{"x": 0.1 + 0.2}, true},
		{"x <= 0.3", testRow{"x": 0.1 + 0.2}, true},
		{"x > 0.3", testRow{"x": 0.1 + 0.2}, false},
		{"x <> 0.3", testRow{"x": 0.1 + 0.2}, false},
		{"x = 1000000000000", testRow{"x": 1000000000001.0}, true},
		{"x = 0.001", testRow{"x": 0.0011}, false},
		{"d = x", testRow{"d": "0.30", "x": 0.1 + 0.2}, true},
		{"-a = b", testRow{"a": 2, "b": -2}, true},
		{"a - -2 = 4", testRow{"a": 2}, true},
		{"s = 'x'", testRow{"s": "x"}, true},
		{"s <> 'x'", testRow{"s": "x"}, false},
		{"s >= 'b'", testRow{"s": "a"}, false},
		{"ya or a = 1", testRow{"ya": false, "a": 1}, true},
		{"not ya", testRow{"ya": true}, false},
		{"t <= u", testRow{"t": 5, "u": 4}, false},
		{"t < u", testRow{"t": 4, "u": 5}, true},
		{"w = w", testRow{"w": int64(5)}, true},
		{"s is not null or a is null", testRow{"a": 1}, false},
		{"s is not null or a is null", testRow{}, true},
		{"(a = 1 and b = 2) or not (a <> 3)", testRow{"a": 3, "b": 0}, true},
		{"(a = 1 and b = 2) or not (a <> 3)", testRow{"a": 1, "b": 3}, false},
	} {
		p := plan(t, c.rule)
		v := NewVerdicts(1)
		NewChecker(p).Check(batch(t, c.row), v)
		if v.IsAccepted(0) != c.holds {
			t.Errorf("%s with %v: holds is %t, want %t: %v", c.rule, c.row, v.IsAccepted(0), c.holds, v.Reasons(0))
		}
	}
}

func TestRowRuleReason(t *testing.T) {
	p := plan(t, "d + a = b")
	p.Rules[0].Say = "Bagian dan total tidak cocok."
	v := NewVerdicts(2)
	NewChecker(p).Check(batch(t, testRow{"d": "1.50", "a": 2, "b": 3}, testRow{"d": "1.00", "a": 2, "b": 3}), v)
	got := v.Reasons(0)
	if len(got) != 1 || v.Rejected() != 1 {
		t.Fatalf("got %v", got)
	}
	want := Reason{Field: "a, b, d", Rule: "baris:aturan_0", Value: "a = 2; b = 3; d = 1.50"}
	want.Say.ID = "Bagian dan total tidak cocok. (a = 2; b = 3; d = 1.50)"
	want.Say.EN = "row rule d + a = b does not hold (a = 2; b = 3; d = 1.50)"
	if got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
}

// The compiled parts must say what rational arithmetic says.
func TestFastRulesAgreeWithSlow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		text := randomCondition(r, 3)
		p := plan(t, text)
		rows := make([]testRow, 40)
		for i := range rows {
			rows[i] = randomRow(r)
		}
		rec := batch(t, rows...)
		fast, slow := NewVerdicts(len(rows)), NewVerdicts(len(rows))
		NewChecker(p).Check(rec, fast)
		ru := newRule(p, &p.Rules[0])
		ru.fast = nil
		ru.check(rec, slow)
		for obs := range rows {
			if fast.IsAccepted(obs) != slow.IsAccepted(obs) {
				t.Fatalf("%s with %v: fast says %t, slow %t", text, rows[obs], fast.IsAccepted(obs), slow.IsAccepted(obs))
			}
		}
	}
}

func randomCondition(r *rand.Rand, depth int) string {
	switch n := r.IntN(8); {
	case depth > 0 && n < 3:
		return "(" + randomCondition(r, depth-1) + []string{" and ", " or "}[r.IntN(2)] + randomCondition(r, depth-1) + ")"
	case depth > 0 && n == 3:
		return "not " + randomCondition(r, depth-1)
	case n == 4:
		return []string{"s", "a"}[r.IntN(2)] + []string{" is null", " is not null"}[r.IntN(2)]
	case n == 5:
		return "s " + randomOp(r) + " 'm'"
	}
	return randomNumber(r, 2) + " " + randomOp(r) + " " + randomNumber(r, 2)
}

func randomOp(r *rand.Rand) string {
	return []string{"=", "<>", "<", "<=", ">", ">="}[r.IntN(6)]
}

func randomNumber(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		return "(" + randomNumber(r, depth-1) + []string{" + ", " - ", " * ", " / "}[r.IntN(4)] + randomNumber(r, depth-1) + ")"
	}
	return []string{"a", "b", "d", "e", "x", "1", "2.5", "0", "123456789012.345678"}[r.IntN(9)]
}

func randomRow(r *rand.Rand) testRow {
	whole := func() any {
		switch r.IntN(6) {
		case 0:
			return nil
		case 1:
			return int64(r.Uint64())
		}
		return int64(r.IntN(7) - 3)
	}
	row := testRow{"a": whole(), "b": whole(), "s": []any{nil, "a", "m", "z"}[r.IntN(4)], "x": float64(r.IntN(9)-4) / 2}
	row["d"] = fmt.Sprintf("%d.%02d", r.IntN(9)-4, r.IntN(4)*25)
	if r.IntN(4) == 0 {
		row["d"] = "123456789012345678901234567890.25"
	}
	row["e"] = fmt.Sprintf("%d.2500", r.IntN(9)-4)
	return row
}

func TestBounds(t *testing.T) {
	limit := func(f float64) *float64 { return &f }
	for _, c := range []struct {
		field    string
		min, max *float64
		value    any
		ok       bool
	}{
		{"a", limit(1), limit(3), 1, true},
		{"a", limit(1), limit(3), 4, false},
		{"a", limit(0.5), nil, 0, false},
		{"a", limit(0.5), nil, 1, true},
		{"a", nil, limit(2.5), 3, false},
		{"a", limit(1e30), nil, math.MaxInt64, true}, // out of reach of the type: clamped
		{"a", limit(-1e30), limit(1e30), math.MinInt64, true},
		{"a", limit(1), nil, nil, true},
		{"x", limit(0.1), nil, 0.1, true},
		{"x", limit(0.1), nil, 0.09999, false},
		{"d", limit(0.1), limit(0.29), "0.10", true},
		{"d", limit(0.1), limit(0.29), "0.29", true},
		{"d", limit(0.1), limit(0.29), "0.09", false},
		{"d", limit(0.1), limit(0.29), "0.30", false},
		{"d", limit(math.Inf(-1)), limit(math.Inf(1)), "999999999999999999999999999999999999.99", true},
	} {
		p := plan(t)
		for i := range p.Inputs {
			if p.Inputs[i].Property.Name == c.field {
				p.Inputs[i].Property.Check.Min, p.Inputs[i].Property.Check.Max = c.min, c.max
			}
		}
		v := NewVerdicts(1)
		NewChecker(p).Check(batch(t, testRow{c.field: c.value}), v)
		if v.IsAccepted(0) != c.ok {
			t.Errorf("%s = %v: accepted is %t, want %t: %v", c.field, c.value, v.IsAccepted(0), c.ok, v.Reasons(0))
		}
	}
}

func TestClamp(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 200)
	if i, d := clamp(huge); i != math.MaxInt64 || d != decimal128.GetMaxValue(38) {
		t.Errorf("clamp(2^200) = %d, %v", i, d)
	}
	if i, d := clamp(huge.Neg(huge)); i != math.MinInt64 || d != decimal128.GetMaxValue(38).Negate() {
		t.Errorf("clamp(-2^200) = %d, %v", i, d)
	}
	if i, d := clamp(big.NewInt(-7)); i != -7 || d != decimal128.FromI64(-7) {
		t.Errorf("clamp(-7) = %d, %v", i, d)
	}
}

// A value that is missing is reported once, with the reason why it is.
func TestRequired(t *testing.T) {
	p := plan(t)
	for i := range p.Inputs {
		switch p.Inputs[i].Property.Name {
		case "a":
			p.Inputs[i].Property.Required = true
		case "s":
			p.Inputs[i].Property.Key = 1
		}
	}
	v := NewVerdicts(4)
	v.Add(1, Reason{Field: "a", Rule: RuleType})
	v.Add(2, Reason{Rule: RuleStructure})
	v.PutAside(3)
	rec := batch(t, testRow{}, testRow{}, testRow{}, testRow{})
	NewChecker(p).Check(rec, v)
	for obs, want := range []string{"a:wajib s:wajib", "a:tipe s:wajib", ":struktur", ""} {
		var got []string
		for _, r := range v.Reasons(obs) {
			got = append(got, r.Field+":"+r.Rule)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("observation %d: got %v, want %s", obs, got, want)
		}
	}
	v = NewVerdicts(1)
	NewChecker(p).CheckDeletion(batch(t, testRow{}), v)
	if got := v.Reasons(0); len(got) != 1 || got[0].Field != "s" {
		t.Errorf("deletion: got %v, want s:wajib", got)
	}
}
