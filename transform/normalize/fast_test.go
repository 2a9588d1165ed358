package normalize

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// Numbers as people and programs write them, good and bad.
var writtenFigures = []string{
	"0", "-0", "7", "-7", "+7", "007", "12345678901234567", "999999999999999999", "1000000000000000000", "9223372036854775807",
	"-9223372036854775808", "9223372036854775808", "0.5", "-0.5", ".5", "5.", "1.25", "1,25", "1.234", "1.234.567", "1,234,567.8",
	"1.234.567,8", "123456789012345.25", "0.1", "0.30000000000000004", "9007199254740993", "1e5", "1E-5", "1e", "e5", "1e99999",
	"", "-", "+", ".", ",", "1-2", "--1", "0x10", "١٢", "1 000", "12345678901234567890123456789012345678", "0.000000000000000001",
	"123456789.123456789", "000000000000000000000001", "99.995", "-99.99",
}

func TestFastAgreesWithSlow(t *testing.T) {
	given := append([]string{}, writtenFigures...)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		s := make([]byte, r.IntN(20))
		for i := range s {
			s[i] = "0123456789.,-"[min(r.IntN(16), 12)]
		}
		given = append(given, string(s))
	}
	scratch := make([]byte, 0, 64)
	typ := schemas.Type{Kind: schemas.Decimal, Precision: 12, Scale: 2}
	for _, name := range []string{"plain", "id", "en"} {
		l := newLocale(name)
		for _, s := range given {
			b := []byte(s)
			slow := func(typ schemas.Type) (v value, why *event.Sentence) {
				why = l.number(scratch, b, text, typ, &v)
				return v, why
			}
			if got, ok := l.fastInteger(b); ok {
				if want, why := slow(schemas.Type{Kind: schemas.Integer}); why != nil || got != want.i {
					t.Errorf("%s: fastInteger(%q) = %d, number says %d %v", name, s, got, want.i, why)
				}
			}
			if got, ok := l.fastDouble(b); ok {
				if want, why := slow(schemas.Type{Kind: schemas.Double}); why != nil || got != want.f {
					t.Errorf("%s: fastDouble(%q) = %v, number says %v %v", name, s, got, want.f, why)
				}
			}
			if got, ok := l.fastDecimal(b, typ); ok {
				if want, why := slow(typ); why != nil || got != want.d {
					t.Errorf("%s: fastDecimal(%q) = %v, number says %v %v", name, s, got, want.d, why)
				}
			}
			checkDouble(t, l, s)
		}
	}
}

// checkDouble compares plain numbers with the standard library's reading.
func checkDouble(t *testing.T, l locale, s string) {
	t.Helper()
	var v value
	why := l.number(nil, []byte(s), text, schemas.Type{Kind: schemas.Double}, &v)
	got := v.f
	if l.name != "plain" || why != nil {
		return
	}
	want, err := strconv.ParseFloat(strings.ReplaceAll(s, " ", ""), 64)
	if err != nil || got != want {
		t.Errorf("double(%q) = %v, strconv says %v %v", s, got, want, err)
	}
}

func TestDays(t *testing.T) {
	for d := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 10000; d = d.AddDate(0, 0, 17) {
		s := []byte(d.Format(time.DateOnly))
		want := int32(d.Unix() / 86400)
		if got, ok := fastDate(s, text); !ok || got != want {
			t.Fatalf("fastDate(%s) = %d %t, want %d", s, got, ok, want)
		}
		if c, ok := isoDate(s); !ok || int32(c.days()) != want {
			t.Fatalf("isoDate(%s) = %d %t, want %d", s, c.days(), ok, want)
		}
	}
	for _, s := range []string{"0000-01-01", "2023-02-29", "1900-02-29", "2024-04-31", "2024-00-01", "2024-01-00", "2024-1-010", "2024/01/01", "20a4-01-01"} {
		if _, ok := fastDate([]byte(s), text); ok {
			t.Errorf("fastDate(%s) is accepted", s)
		}
		if _, ok := isoDate([]byte(s)); ok {
			t.Errorf("isoDate(%s) is accepted", s)
		}
	}
}

// Times around the changes of offset of zones that had some.
func TestTimestampsInZone(t *testing.T) {
	for _, name := range []string{"Asia/Jakarta", "Asia/Jayapura", "Europe/Amsterdam", "America/New_York", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		d := newDates(nil, zone)
		r := rand.New(rand.NewPCG(3, 4))
		for range 20000 {
			at := time.Unix(r.Int64N(5e9)-3e9, 0).In(zone)
			s := []byte(at.Format("2006-01-02T15:04:05"))
			want := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone).UnixMicro()
			if got, why := d.timestamp(s, text); why != nil || got != want {
				t.Fatalf("%s: timestamp(%s) = %d %v, want %d", name, s, got, why, want)
			}
			if got, ok := d.fastTimestamp(s, text); ok && got != want {
				t.Fatalf("%s: fastTimestamp(%s) = %d, want %d", name, s, got, want)
			}
		}
	}
}

func TestFastTimestampAgreesWithSlow(t *testing.T) {
	d := newDates(nil, time.FixedZone("WIB", 7*3600))
	fast := 0
	for _, s := range []string{"2024-05-01T07:00:00Z", "2024-05-01 07:00:00", "2024-05-01T07:00:00+07:00", "2024-05-01T07:00:00-03:30", "2024-05-01T07:00:00.5Z",
		"2024-05-01T07:00:60Z", "2024-05-01T24:00:00Z", "2024-05-01T07:00:00+15:00", "2024-05-01T07:00:00+07:60", "2024-05-01T07:00:00 0700", "2024-02-30T07:00:00Z", "2024-05-01t07:00:00z", "2024-05-01T07:00"} {
		want, why := d.timestamp([]byte(s), text)
		got, ok := d.fastTimestamp([]byte(s), text)
		if ok && (why != nil || got != want) {
			t.Errorf("fastTimestamp(%s) = %d, timestamp says %d %v", s, got, want, why)
		}
		if ok {
			fast++
		}
	}
	if fast < 3 {
		t.Errorf("only %d took the fast way", fast)
	}
}

func FuzzTexts(f *testing.F) {
	f.Add("tidak ada", " Tidak \u00a0ADA")
	f.Add("-", "-")
	f.Add("k", "\u212a") // the Kelvin sign folds to k
	f.Add("n/a", "N/\u200bA")
	f.Fuzz(func(t *testing.T, entry, given string) {
		set := newTexts(map[string]bool{"": true, schemas.Fold(entry): true, "x  y": true})
		b := trim([]byte(given))
		if got, want := set.has(b), set.of[schemas.Fold(string(b))]; got != want {
			t.Errorf("has(%q) = %t with %q, Fold says %t", b, got, entry, want)
		}
	})
}

func FuzzOdd(f *testing.F) {
	f.Add([]byte("abcdefgh"), byte('"'))
	f.Add([]byte{0x7f, 0xff, 0x00, 0x1f, 0x20, 0x80, '"', '\\'}, byte(0))
	f.Fuzz(func(t *testing.T, b []byte, c byte) {
		for len(b) < 8 {
			b = append(b, 'a')
		}
		w := binary.LittleEndian.Uint64(b)
		first := func(is func(byte) bool) int {
			for i, c := range b[:8] {
				if is(c) {
					return i
				}
			}
			return 8
		}
		if got, want := lowest(odd(w)), first(func(c byte) bool { return c < ' ' || c >= 0x7f }); got != want {
			t.Errorf("odd(%q): first at %d, want %d", b[:8], got, want)
		}
		if got, want := lowest(equal(w, c)), first(func(d byte) bool { return d == c }); got != want {
			t.Errorf("equal(%q, %q): first at %d, want %d", b[:8], c, got, want)
		}
		if isPlain(b) != (strings.IndexFunc(string(b), func(r rune) bool { return r < ' ' || r >= 0x7f }) < 0) {
			t.Errorf("isPlain(%q) = %t", b, isPlain(b))
		}
	})
}

func lowest(m uint64) int {
	for i := range 8 {
		if m>>(8*i)&0x80 != 0 {
			return i
		}
	}
	return 8
}

// FuzzJSON compares the scanner with encoding/json on one value.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u00e9\ud83d\ude00",null,true,false,{}]}`, `"\ud83d"`, `01`, `-`, `1e5`, `[1,]`, `{"a" : 1 , "b":[ ]}`, "\"\x7f\"", "\"tab\\t\"", "\"\xff\"", `"\u12"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := scanner{grid: &grid{data: data}}
		start := s.space(0)
		c, i := s.value(start, 0)
		if i >= 0 && s.space(i) != len(data) {
			i = -1
		}
		if i >= 0 && !json.Valid(data) {
			t.Fatalf("%q is accepted, encoding/json refuses it", data)
		}
		// encoding/json also accepts line feeds between tokens, deeper nesting and bad UTF-8.
		if i < 0 && json.Valid(data) && !strings.ContainsAny(string(data), "\n[{\\") && strings.ToValidUTF8(string(data), "") == string(data) {
			t.Fatalf("%q is refused: %v", data, s.bad.say)
		}
		var want string
		if i >= 0 && json.Unmarshal(data, &want) == nil && c.kind() == text && string(s.bytes(c)) != want {
			t.Errorf("%q: got %q, want %q", data, s.bytes(c), want)
		}
	})
}

// FuzzFields checks that fields without quotes are what lies between delimiters and line ends.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"a,b\nc,d", "\"a\"\"b\",c\r\n\n,,\r\n", "\"open,\nx", "a\"b,\"c\"d\n", "\r\r\n", ",", "\"\"\n"} {
		f.Add([]byte(s), byte(','))
	}
	f.Fuzz(func(t *testing.T, data []byte, delimiter byte) {
		if delimiter == '"' || delimiter == '\n' || delimiter == '\r' || delimiter >= 0x80 {
			return
		}
		d := fields{grid: &grid{data: data}, delimiter: delimiter}
		var got []string
		for d.record() {
			for d.last = false; !d.last; {
				start := d.at
				got = append(got, string(d.bytes(d.next())))
				if d.at < start {
					t.Fatalf("%q: the field at %d ends at %d", data, start, d.at)
				}
			}
		}
		if bytes.IndexByte(data, '"') >= 0 {
			return
		}
		var want []string
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 {
				for cell := range bytes.SplitSeq(line, []byte{delimiter}) {
					want = append(want, string(cell))
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
	})
}

// A column that hardly repeats gives up remembering, and decodes as before.
func TestMemoInVain(t *testing.T) {
	field := schemas.Type{Kind: schemas.String}
	in := newInput(&schemas.Plan{Fields: []schemas.Field{{Type: field}}},
		&schemas.Input{Property: schemas.Property{Name: "nik", Type: field}, Fields: []int{0}, Synonyms: map[string]string{"x1": "satu"}})
	for round := range 3 {
		g := &grid{}
		cells := make([]cell, maxDistinct)
		for i := range cells {
			cells[i] = g.text("X" + strconv.Itoa(i+round*2*maxDistinct))
		}
		cells[0] = g.text("X1")
		in.decode(g, cells, 1, func(int, quality.Reason) { t.Error("rejected") })
		if got := string(in.columns[0].(*words).text(0)); got != "satu" {
			t.Errorf("round %d: got %q, want satu", round, got)
		}
		if gaveUp := in.memo == nil; gaveUp != (round == 2) {
			t.Errorf("round %d: memo is %v", round, in.memo)
		}
	}
}
