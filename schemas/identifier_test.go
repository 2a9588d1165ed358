package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// identifiers are texts with the canonical form each must get, or a word of the reason in English.
var identifiers = []struct {
	reading Reading
	text    string
	want    string // canonical, or "" where it is refused
	why     string
}{
	{ReadNIK, "3273014107900001", "3273014107900001", ""},
	{ReadNIK, "3273012902960003", "3273012902960003", ""},
	{ReadNIK, "3273012902000003", "3273012902000003", ""}, // 2000 has 29 February
	{ReadNIK, " 3273 0141 0790 0001 ", "3273014107900001", ""},
	{ReadNIK, "327301.410790.0001", "3273014107900001", ""},
	{ReadNIK, "'3273014107900001", "3273014107900001", ""},
	{ReadNIK, "3273014107900001.0", "3273014107900001", ""},
	{ReadNIK, "9171014107900001.0", "", "Excel"}, // beyond what a double holds exactly
	{ReadNIK, "3273014107900000", "", "Excel"},
	{ReadNIK, "3,27301E+15", "", "Excel"},
	{ReadNIK, "3.2730141079E+15", "", "Excel"},
	{ReadNIK, "3.27E15", "", "Excel"},
	{ReadNIK, "3273013202900001", "", "birth date"},
	{ReadNIK, "3273017202900001", "", "birth date"},
	{ReadNIK, "3273010002900001", "", "birth date"},
	{ReadNIK, "3273014002900001", "", "birth date"}, // day 40 is neither 40 nor 0 of a woman
	{ReadNIK, "3273013102900001", "", "birth date"},
	{ReadNIK, "3273012902950003", "", "birth date"},
	{ReadNIK, "3273014113900001", "", "birth date"},
	{ReadNIK, "327301410790001", "", "16 digits"},
	{ReadNIK, "32730141079000011", "", "16 digits"},
	{ReadNIK, "327301410790000X", "", "digits only"},
	{ReadNIK, "327301E", "", "digits only"},
	{ReadNIK, "E+15", "", "digits only"},
	{ReadNIK, "", "", "16 digits"},
	{ReadKK, "3273010203150007", "3273010203150007", ""},
	{ReadKK, "3273014203150007", "", "swapped"},
	{ReadKK, "3273013203150007", "", "date of issue"},
	{ReadKK, "3273010203150000", "", "Excel"},
	{ReadKK, "32730102031500", "", "16 digits"},
	{ReadNIP, "198503122010121002", "198503122010121002", ""},
	{ReadNIP, "19850312 201012 1 002", "198503122010121002", ""},
	{ReadNIP, "198503122010123002", "", "neither 1"},
	{ReadNIP, "198503122010121000", "", "Excel"},
	{ReadNIP, "198503122010121002.0", "", "Excel"},
	{ReadNIP, "1,98503E+17", "", "Excel"},
	{ReadNIP, "198502302010121002", "", "birth date"},
	{ReadNIP, "190002292010121002", "", "birth date"},
	{ReadNIP, "198503122000121002", "", "before the age"},
	{ReadNIP, "198503122002021002", "", "before the age"},
	{ReadNIP, "198503122002031002", "198503122002031002", ""},
	{ReadNIP, "198902252024211013", "", "ni_pppk"},
	{ReadNIP, "132123456", "", "18 digits"}, // the number of before 2007
	{ReadNPSN, "20219246", "20219246", ""},
	{ReadNPSN, "20219246.0", "20219246", ""},
	{ReadNPSN, "p9908765", "P9908765", ""},
	{ReadNPSN, "K5660001", "K5660001", ""},
	{ReadNPSN, "041001", "041001", ""},
	{ReadNPSN, "2021924", "", "8 digits"},
	{ReadNPSN, "Q9908765", "", "8 digits"},
	{ReadNPSN, "202192461234", "", "8 digits"},
	{ReadNPSN, "00000000", "", "8 digits"},
	{ReadNOP, "327306000100500120", "327306000100500120", ""},
	{ReadNOP, "32.73.060.001.005-0012.0", "327306000100500120", ""},
	{ReadNOP, "32.73.060.001.005-0012.7", "327306000100500127", ""},
	{ReadNOP, "327306000100500123", "", "0, 7 or 9"},
	{ReadNOP, "327306000100500000", "", "Excel"},
	{ReadNOP, "32.73.060.001.005-0012", "", "18 digits"},
	{ReadPlate, "D 1234 ABC", "D 1234 ABC", ""},
	{ReadPlate, "d1234abc", "D 1234 ABC", ""},
	{ReadPlate, "DB-1-A", "DB 1 A", ""},
	{ReadPlate, "B 2", "B 2", ""},
	{ReadPlate, "D 0123 AB", "", "plate"},
	{ReadPlate, "D 12345 AB", "", "plate"},
	{ReadPlate, "CD 12 34", "", "plate"},
	{ReadPlate, "ABC 123", "", "plate"},
	{ReadPlate, "D ABC", "", "plate"},
	{ReadPlate, "1234", "", "plate"},
	{ReadPlate, "D 12 AB 3", "", "plate"},
	{ReadPlate, "D 12 ABCD", "", "plate"},
	{ReadPlate, "D 12 É", "", "plate"},
	{ReadPlate, "", "", "plate"},
	{ReadPhone, "081234567890", "+6281234567890", ""},
	{ReadPhone, "0812-3456-7890", "+6281234567890", ""},
	{ReadPhone, "+62 812 3456 7890", "+6281234567890", ""},
	{ReadPhone, "6281234567890", "+6281234567890", ""},
	{ReadPhone, "81234567890", "+6281234567890", ""},
	{ReadPhone, "81234567890.0", "+6281234567890", ""},
	{ReadPhone, "(022) 4231234", "+62224231234", ""},
	{ReadPhone, "+62 (0)22 4231234", "+62224231234", ""},
	{ReadPhone, "224231234", "", "unclear"},
	{ReadPhone, "62224231234", "", "unclear"},
	{ReadPhone, "4231234", "", "unclear"},
	{ReadPhone, "81234567", "", "unclear"},
	{ReadPhone, "8,12346E+10", "", "Excel"},
	{ReadPhone, "+60123456789", "", "not an Indonesian"},
	{ReadPhone, "022-4231234 / 022-4231235", "", "not one"},
	{ReadPhone, "08123", "", "not one"},
	{ReadPhone, "0812345678901234", "", "not one"},
	{ReadPhone, "00224231234", "", "not one"},
	{ReadPhone, "tidak ada", "", "not one"},
	{ReadPhone, "+", "", "not an Indonesian"},
	{ReadEmail, "Nama.Orang@Dinas.Bandung.go.id ", "nama.orang@dinas.bandung.go.id", ""},
	{ReadEmail, "a+b@c-d.id", "a+b@c-d.id", ""},
	{ReadEmail, "nama@gmail,com", "", "e-mail"},
	{ReadEmail, "nama@gmail", "", "e-mail"},
	{ReadEmail, "nama[at]gmail.com", "", "e-mail"},
	{ReadEmail, "a@b.id;c@d.id", "", "e-mail"},
	{ReadEmail, "a@b@c.id", "", "e-mail"},
	{ReadEmail, ".a@b.id", "", "e-mail"},
	{ReadEmail, "a.@b.id", "", "e-mail"},
	{ReadEmail, "a..b@c.id", "", "e-mail"},
	{ReadEmail, "a@-b.id", "", "e-mail"},
	{ReadEmail, "a@b-.id", "", "e-mail"},
	{ReadEmail, "a@10.0.0.1", "", "e-mail"},
	{ReadEmail, "nama orang@b.id", "", "e-mail"},
	{ReadEmail, "@b.id", "", "e-mail"},
	{ReadEmail, strings.Repeat("a", 65) + "@b.id", "", "e-mail"},
	{ReadRupiah, "1", "", "not the reading"},
}

func TestCheckIdentifier(t *testing.T) {
	for _, tt := range identifiers {
		got, why, ok := CheckIdentifier(tt.reading, tt.text)
		if got != tt.want || ok != (tt.want != "") || !ok && !strings.Contains(why.EN, tt.why) || ok != (why == Sentence{}) {
			t.Errorf("%s %q = %q, %v, %q, want %q %q", tt.reading, tt.text, got, ok, why.EN, tt.want, tt.why)
		}
		if len(tt.text) > 8 && strings.Contains(why.ID+why.EN, tt.text) {
			t.Errorf("%s %q: the reason repeats it", tt.reading, tt.text)
		}
	}
}

// What is refused is said in both languages; what is accepted is accepted again as it is stored, and
// has the pattern that other tools are told of.
func FuzzCheckIdentifier(f *testing.F) {
	readings := []Reading{ReadNIK, ReadKK, ReadNIP, ReadNPSN, ReadNOP, ReadPlate, ReadPhone, ReadEmail}
	for _, tt := range identifiers {
		f.Add(tt.text)
	}
	f.Add("198503122110121002") // appointed in 2110
	forms := map[Reading]*regexp.Regexp{}
	for _, e := range Elements() {
		if slices.Contains(readings, e.Reading) && e.Check.Pattern != "" {
			forms[e.Reading] = regexp.MustCompile("^(?:" + e.Check.Pattern + ")$")
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range readings {
			got, why, ok := CheckIdentifier(r, text)
			if !ok {
				if got != "" || why.ID == "" || why.EN == "" {
					t.Fatalf("%s %q: %q, %+v", r, text, got, why)
				}
				continue
			}
			if form := forms[r]; form != nil && !form.MatchString(got) {
				t.Fatalf("%s %q = %q, which its element's pattern refuses", r, text, got)
			}
			again, _, ok := CheckIdentifier(r, got)
			if !ok || again != got {
				t.Fatalf("%s %q = %q, and that %q, %v", r, text, got, again, ok)
			}
		}
	})
}

func BenchmarkCheckIdentifier(b *testing.B) {
	for _, tt := range []struct {
		reading Reading
		text    string
	}{
		{ReadNIK, "3273014107900001"}, {ReadNIK, "3273 0141 0790 0001"}, {ReadNIP, "198503122010121002"}, {ReadNPSN, "20219246"},
		{ReadNOP, "32.73.060.001.005-0012.0"}, {ReadPlate, "D 1234 ABC"}, {ReadPhone, "0812-3456-7890"}, {ReadEmail, "nama@dinas.go.id"},
	} {
		b.Run(fmt.Sprintf("%s/length=%d", tt.reading, len(tt.text)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := CheckIdentifier(tt.reading, tt.text); !ok {
					b.Fatal("refused")
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "values/s")
		})
	}
}

// TestIdentifies: the readings that say they are identifiers are those that CheckIdentifier reads.
func TestIdentifies(t *testing.T) {
	for _, name := range readings() {
		_, why, _ := CheckIdentifier(Reading(name), "x")
		if refused := strings.Contains(why.EN, "not the reading of an identifier"); refused == Reading(name).Identifies() {
			t.Errorf("%s: identifies %t, but CheckIdentifier says %q", name, Reading(name).Identifies(), why.EN)
		}
	}
}
