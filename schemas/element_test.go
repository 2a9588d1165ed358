package schemas

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestElementList(t *testing.T) {
	all := Elements()
	if len(all) < 80 {
		t.Errorf("%d elements", len(all))
	}
	seen := map[string]string{}
	for _, e := range all {
		for _, text := range []string{"id " + e.ID, "name " + Fold(e.Name), "definition " + Fold(e.Definition)} {
			if other := seen[text]; other != "" {
				t.Errorf("%s and %s have the same %s", e.ID, other, text)
			}
			seen[text] = e.ID
		}
		if e.Region == "" && strings.HasPrefix(Fold(e.Definition), Fold(e.Name)+" ") { // a province is best called one
			t.Errorf("%s: the definition begins with the name", e.ID)
		}
		if !strings.HasSuffix(e.Definition, ".") {
			t.Errorf("%s: the definition does not end: %q", e.ID, e.Definition)
		}
		if len(e.Examples) == 0 || len(e.Counterexamples) == 0 && e.ID != "umum.keterangan" && e.Region == "" {
			t.Errorf("%s: %d examples, %d counterexamples", e.ID, len(e.Examples), len(e.Counterexamples))
		}
		if unit, known := FindUnit(e.Unit); e.Unit != "" && (!known || unit.Symbol != e.Unit) {
			t.Errorf("%s: unit %q is not as the list writes it", e.ID, e.Unit)
		}
		for text, value := range e.Synonyms {
			if e.Check.Allowed != nil && !slices.Contains(e.Check.Allowed, value) {
				t.Errorf("%s: synonym %q leads to %q", e.ID, text, value)
			}
		}
	}
}

// What identifies or describes one person is personal by UU 27/2022, and health specifically so. A
// heading of counts is nobody's.
func TestElementClasses(t *testing.T) {
	personal := []string{"nik", "no_kk", "nip", "ni_pppk", "npwp", "nop", "plat_nomor"}
	health := []string{"orang.golongan_darah", "orang.disabilitas"}
	for _, e := range Elements() {
		want := "umum"
		switch {
		case slices.Contains(health, e.ID):
			want = "pribadi_spesifik"
		case slices.Contains(personal, e.ID) || strings.HasPrefix(e.ID, "orang."):
			want = "pribadi_umum"
		}
		if e.Class != want {
			t.Errorf("%s is %s, want %s", e.ID, e.Class, want)
		}
		trait, ok := FindElement(strings.TrimPrefix(e.ID, "orang."))
		if ok && trait.ID != e.ID && !slices.Equal(trait.Check.Allowed, e.Check.Allowed) {
			t.Errorf("%s and %s have different values and do not join", e.ID, trait.ID)
		}
	}
}

// The same letter is another industry in the other year, so the two are never one element.
func TestIndustryYears(t *testing.T) {
	for _, tt := range []struct{ letter, in2020, in2025 string }{
		{"K", "Keuangan", "Telekomunikasi"}, {"L", "Real Estat", "Keuangan"}, {"P", "Pendidikan", "Pemerintahan"}, {"V", "", "Internasional"},
	} {
		for id, want := range map[string]string{"kbli.2020.kategori": tt.in2020, "kbli.2025.kategori": tt.in2025} {
			e, _ := FindElement(id)
			i := slices.IndexFunc(e.Codes, func(c Code) bool { return c.Code == tt.letter })
			if (i >= 0) != (want != "") || i >= 0 && !strings.Contains(e.Codes[i].Name, want) {
				t.Errorf("%s %s: %d, want %q", id, tt.letter, i, want)
			}
		}
	}
}

// The first two digits of a five-digit code are a division that the classification has.
func TestIndustryDivisions(t *testing.T) {
	divisions := [][2]int{{1, 3}, {5, 9}, {10, 33}, {35, 35}, {36, 39}, {41, 43}, {45, 47}, {49, 53}, {55, 56}, {58, 63}, {64, 66},
		{68, 68}, {69, 75}, {77, 82}, {84, 84}, {85, 85}, {86, 88}, {90, 93}, {94, 96}, {97, 98}, {99, 99}} // of categories A to U
	for _, id := range []string{"kbli.2020.kelompok", "kbli.2025.kelompok"} {
		e, _ := FindElement(id)
		re, err := compilePattern(e.Check.Pattern)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 100 {
			there := slices.ContainsFunc(divisions, func(d [2]int) bool { return d[0] <= n && n <= d[1] })
			if code := fmt.Sprintf("%02d110", n); re.MatchString(code) != there {
				t.Errorf("%s accepts %s: %v", id, code, !there)
			}
		}
	}
}

func TestParseElementsFaults(t *testing.T) {
	const head = "elements:\n  - {id: a, name: A, definition: Uji., type: string, allowed: [X]}\n"
	for _, tt := range []struct{ name, doc, want string }{
		{"unknown key", head + "  - {id: b, name: B, definition: Uji., tipe: string}\n", `"tipe"`},
		{"no definition", head + "  - {id: b, name: B, type: string}\n", "definition"},
		{"type", head + "  - {id: b, name: B, definition: Uji., type: angka}\n", "angka"},
		{"reading", head + "  - {id: b, name: B, definition: Uji., type: string, reading: nikk}\n", "nik"},
		{"class", head + "  - {id: b, name: B, definition: Uji., type: string, classification: rahasia}\n", "rahasia"},
		{"like nothing", head + "  - {id: b, name: B, definition: Uji., like: c}\n", "there is no element"},
		{"like and own values", head + "  - {id: b, name: B, definition: Uji., like: a, allowed: [Y]}\n", "allowed"},
		{"code that means two", head + "  - {id: b, name: B, definition: Uji., type: string, codes: [{code: P, name: Pria}, {code: W, name: Wanita, also: [p]}]}\n", "already"},
		{"code without a name", head + "  - {id: b, name: B, definition: Uji., type: string, codes: [{code: P}]}\n", "name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseElements("elements.yaml", []byte(tt.doc)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
