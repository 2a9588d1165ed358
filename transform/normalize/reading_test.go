package normalize

import (
	"bufio"
	"bytes"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"satudata/schemas"
	"satudata/transform/quality"
)

// readingInputs are an input for every reading, and for every type without one, by name.
func readingInputs(t testing.TB) map[string]*schemas.Input {
	t.Helper()
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := ref.Table("kabupaten_kota", "kemendagri@2025")
	if err != nil {
		t.Fatal(err)
	}
	money := schemas.Type{Kind: schemas.Decimal, Precision: 18, Scale: 2}
	out := map[string]*schemas.Input{}
	add := func(name string, r schemas.Reading, typ schemas.Type, edit func(*schemas.Input)) {
		for _, locale := range []string{"plain", "id"} {
			in := &schemas.Input{Property: schemas.Property{Name: "nilai", Type: typ}, Fields: []int{0}, Reading: r, Locale: locale}
			if edit != nil {
				edit(in)
			}
			if !r.Fits(typ) {
				t.Fatalf("%s does not fit %s", r, typ)
			}
			out[name+"/"+locale] = in
		}
	}
	unit := func(u string) func(*schemas.Input) {
		return func(in *schemas.Input) { in.Property.Unit, in.Unit = u, u }
	}
	kind := func(k schemas.Kind) schemas.Type { return schemas.Type{Kind: k} }
	add("rupiah", schemas.ReadRupiah, money, unit("rupiah"))
	add("persen", schemas.ReadPercent, kind(schemas.Double), unit("persen"))
	add("besaran", schemas.ReadQuantity, kind(schemas.Double), unit("ha"))
	add("besaran_bulat", schemas.ReadQuantity, kind(schemas.Integer), unit("kg"))
	add("ya_tidak", schemas.ReadBoolean, kind(schemas.Boolean), nil)
	add("urutan", schemas.ReadOrdinal, kind(schemas.Integer), nil)
	add("lintang", schemas.ReadLatitude, kind(schemas.Double), nil)
	add("bujur", schemas.ReadLongitude, kind(schemas.Double), nil)
	for _, r := range []schemas.Reading{schemas.ReadPhone, schemas.ReadEmail, schemas.ReadNIK, schemas.ReadKK, schemas.ReadNIP,
		schemas.ReadNPSN, schemas.ReadNOP, schemas.ReadPlate, schemas.ReadName} {
		add(string(r), r, kind(schemas.String), nil)
	}
	add("kode", schemas.ReadCode, kind(schemas.String), func(in *schemas.Input) {
		in.Property.Check.Allowed = []string{"01111", "47111", "2.10"}
		in.Allowed = map[string]bool{"01111": true, "47111": true, "2.10": true}
	})
	add("wilayah", "", kind(schemas.String), func(in *schemas.Input) { in.Codes, in.Fields = codes, []int{0, 1, 2, 3} })
	add("teks", "", kind(schemas.String), nil)
	add("bulat", "", kind(schemas.Integer), nil)
	add("pecahan", "", kind(schemas.Double), nil)
	add("desimal", "", money, nil)
	add("tanggal", "", kind(schemas.Date), func(in *schemas.Input) { in.Dates = []string{"DD/MM/YYYY", "D MMMM YYYY"} })
	add("tanggal_seri", "", kind(schemas.Date), func(in *schemas.Input) { in.Dates = []string{schemas.SerialDate} })
	add("waktu", "", kind(schemas.Timestamp), func(in *schemas.Input) { in.Dates = []string{"DD/MM/YYYY HH:mm"} })
	return out
}

// readingPlan has the columns of any of readingInputs.
func readingPlan(in *schemas.Input) *schemas.Plan {
	return &schemas.Plan{Fields: make4(schemas.Field{Name: "nilai", Type: in.Property.Type})}
}

func make4(f schemas.Field) []schemas.Field { return []schemas.Field{f, f, f, f} }

// checkReading decodes given in every way there is: no panic, the short way agrees with the long one,
// a reason is complete, and what is accepted is accepted again as what it became.
func checkReading(t *testing.T, name string, in *schemas.Input, given []byte) {
	t.Helper()
	d := newInput(readingPlan(in), in)
	first := *newInput(readingPlan(in), in).read(given, text)
	first.s = bytes.Clone(first.s)
	g := &grid{data: given}
	c := newCell(text, 0, len(given))
	if isPlain(given) {
		c |= plain
	}
	var why []quality.Reason
	for range 2 { // with an empty memo, and with a full one
		why = why[:0]
		d.decode(g, []cell{c}, 1, func(_ int, r quality.Reason) { why = append(why, r) })
		if (len(why) > 0) != (first.fault != nil) {
			t.Fatalf("%s: %q is decoded with %v, read with %v", name, given, why, first.fault)
		}
	}
	if stored, ok := storedValue(d); ok && first.fault == nil && !first.null && d.canonical(&stored) != d.canonical(&first.value) {
		t.Errorf("%s: %q is decoded as %s, read as %s", name, given, d.canonical(&stored), d.canonical(&first.value))
	}
	switch {
	case first.fault != nil:
		if r := first.fault; r.Rule == "" || r.Say.ID == "" || r.Say.EN == "" || !utf8.ValidString(r.Say.ID) {
			t.Errorf("%s: %q: incomplete reason %+v", name, given, r)
		}
		return
	case first.null:
		return
	}
	if in.Reading.Identifies() && !identifierPatterns()[in.Reading].Match(first.s) {
		t.Errorf("%s: %q became %q, which is not what the element's pattern says", name, given, first.s)
	}
	k := text
	switch in.Property.Type.Kind {
	case schemas.Integer, schemas.Double, schemas.Decimal:
		k = number // contracts write numbers as JSON does
	}
	again := newInput(readingPlan(in), in)
	written := d.canonical(&first.value)
	second := again.read([]byte(written), k)
	if second.fault != nil || second.null || again.canonical(&second.value) != written {
		t.Errorf("%s: %q became %q, which is read as %+v", name, given, written, second)
	}
}

// identifierPatterns are the patterns of the elements that are identifiers.
var identifierPatterns = sync.OnceValue(func() map[schemas.Reading]*regexp.Regexp {
	out := map[schemas.Reading]*regexp.Regexp{}
	for _, e := range schemas.Elements() {
		if e.Reading.Identifies() {
			out[e.Reading] = regexp.MustCompile("^(?:" + e.Check.Pattern + ")$")
		}
	}
	return out
})

// storedValue is what the only cell of d's first column became; not for regions.
func storedValue(d *input) (v value, ok bool) {
	if d.Codes != nil {
		return v, false
	}
	switch c := d.columns[0].(type) {
	case *fixed[int64]:
		v.i = c.v[0]
	case *fixed[int32]:
		v.i = int64(c.v[0])
	case *fixed[float64]:
		v.f = c.v[0]
	case *fixed[decimal128.Num]:
		v.d = c.v[0]
	case *words:
		v.s = c.text(0)
	default:
		return v, false
	}
	return v, true
}

// messyTexts are the texts of testdata/messy.txt.
func messyTexts(t testing.TB) (texts []string) {
	t.Helper()
	f, err := os.Open("testdata/messy.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		line, ok := strings.CutPrefix(s.Text(), "  ")
		if !ok {
			continue
		}
		for _, mark := range []string{" → ", " ✗ "} {
			line, _, _ = strings.Cut(line, mark)
		}
		line = strings.TrimSpace(line)
		if unquoted, err := strconv.Unquote(line); err == nil {
			line = unquoted
		}
		texts = append(texts, strings.TrimPrefix(line, "json:"))
	}
	return texts
}

// Every messy text is given to every reading, whatever it was meant for.
func TestReadingsOfMessyTexts(t *testing.T) {
	given := messyTexts(t)
	if len(given) < 170 {
		t.Fatalf("only %d texts", len(given))
	}
	for name, in := range readingInputs(t) {
		for _, s := range given {
			checkReading(t, name, in, []byte(s))
		}
	}
}

// FuzzReading gives a text to one reading; which says to which.
func FuzzReading(f *testing.F) {
	inputs := readingInputs(f)
	names := slices.Sorted(maps.Keys(inputs))
	for i, s := range messyTexts(f) {
		f.Add([]byte(s), uint8(i%len(names)))
	}
	f.Fuzz(func(t *testing.T, given []byte, which uint8) {
		name := names[int(which)%len(names)]
		checkReading(t, name, inputs[name], given[:min(len(given), 1<<12)])
	})
}
