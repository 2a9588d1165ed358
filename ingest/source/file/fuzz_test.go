package file

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"satudata/ingest/source"
	"satudata/schemas"
)

// unified is what input makes of line ends, said in another way.
func unified(s string) string {
	mac := false
	if i := strings.IndexAny(s, "\r\n"); i >= 0 && s[i] == '\r' {
		after := strings.TrimLeft(s[i:], "\r")
		mac = after != "" && after[0] != '\n'
	}
	if mac {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	} else {
		s = strings.TrimRight(s, "\r") + map[bool]string{true: "\n"}[strings.HasSuffix(s, "\r")]
		for strings.Contains(s, "\r\n") {
			s = strings.ReplaceAll(s, "\r\n", "\n")
		}
	}
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return s
}

// drain takes what in holds in bites of n bytes.
func drain(t *testing.T, in *input, n int) string {
	t.Helper()
	var out bytes.Buffer
	for {
		text, err := in.peek(n)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) == 0 {
			return out.String()
		}
		out.Write(text[:min(n, len(text))])
		in.take(min(n, len(text)))
	}
}

func FuzzInput(f *testing.F) {
	for _, s := range []string{"", "a", "a\n", "a\r\nb", "a\rb\rc", "\r", "\r\r", "\r\r\n", "a\n\rb\r\n\r", "a\r\n\r\nb\r", "\n\n\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := unified(s)
		for _, r := range []io.Reader{strings.NewReader(s), iotest.OneByteReader(strings.NewReader(s)), iotest.HalfReader(strings.NewReader(s)), iotest.DataErrReader(strings.NewReader(s))} {
			in := newInput(r, 0, false)
			in.buf = make([]byte, blockSize+8)
			if got := drain(t, in, len(want)+1); got != want {
				t.Fatalf("%T: %q becomes %q, want %q", r, s, got, want)
			}
		}
		if got := drain(t, newInput(iotest.HalfReader(strings.NewReader(s)), 0, true), 3); got != s {
			t.Fatalf("raw: %q becomes %q", s, got)
		}
	})
}

// cutAll cuts s into batches, and its records with their rows.
func cutAll(t *testing.T, kind, s string, size int) (format string, head []byte, records []string, rows []int64, refused bool) {
	t.Helper()
	set := new(charset)
	c, err := cutText(iotest.HalfReader(strings.NewReader(s)), schemas.Format{Type: kind}, size, set)
	var refusal *source.Refusal
	if errors.As(err, &refusal) {
		return "", nil, nil, nil, true
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		b, err := c.next()
		if errors.Is(err, io.EOF) {
			return c.format().String(), head, records, rows, false
		}
		if errors.As(err, &refusal) {
			return "", nil, nil, nil, true
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.data) > size && b.rows != 1 {
			t.Fatalf("%d bytes in %d rows", len(b.data), b.rows)
		}
		head = slices.Clone(b.data[:b.head])
		data := b.data[b.head:]
		for i := range b.rows {
			n := bytes.IndexByte(data, '\n') + 1
			if text, ok := c.(*textCutter); ok && text.csv != nil {
				n = text.csv.measure(data, true).n
			}
			if n <= 0 {
				t.Fatalf("batch of %d rows ends after %d", b.rows, i)
			}
			records, rows = append(records, string(data[:n])), append(rows, b.first+int64(i))
			data = data[n:]
		}
		if len(data) > 0 {
			t.Fatalf("%q is left behind %d rows", data, b.rows)
		}
	}
}

// FuzzCSV cuts a text into large and small batches: the records are the same, none is lost, and
// where encoding/csv finds nothing to object to, they are the ones that it finds.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a,b\n1,\"x\ny\"\n\n3,4", "a\n\"", "a,b\n1,\"x,2\n3,\"y\",4\n", "a;b\r\n\"1\"\"\";2\r\n", "\n\na,b\n\n,\n", "a,b,c\n1,\"A,1\n2,B,2\n3,C,3\n4,D\",4\n", "a\tb\n\"\n\"\t\"\r\"\n"} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, size int) {
		if strings.HasPrefix(s, "\xfe\xff") || strings.HasPrefix(s, "\xff\xfe") {
			return // UTF-16 comes out as another text; decoding has its own tests
		}
		if size < 1 || size > 1000 {
			size = 16
		}
		format, head, records, rows, refused := cutAll(t, typeCSV, s, 1<<20)
		if refused || len(records) == 0 {
			return
		}
		if f2, h2, again, rows2, refused := cutAll(t, typeCSV, s, max(size, 2*len(head))); refused || f2 != format || !bytes.Equal(h2, head) || !slices.Equal(again, records) || !slices.Equal(rows2, rows) {
			t.Fatalf("cut small: %q at %v, cut large: %q at %v", again, rows2, records, rows)
		}
		if !slices.IsSorted(rows) {
			t.Fatalf("rows are %v", rows)
		}
		text := string(head) + strings.Join(records, "")
		if want := unified(strings.TrimPrefix(s, "\uFEFF")); strings.ReplaceAll(text, "\n", "") != strings.ReplaceAll(want, "\n", "") && !strings.HasPrefix(strings.ToLower(want), "sep=") {
			t.Fatalf("%q becomes %q", want, text)
		}
		compareWithCSV(t, format, text, records)
	})
}

// compareWithCSV holds records against what encoding/csv reads of a text of several columns.
func compareWithCSV(t *testing.T, format, text string, records []string) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	if strings.Contains(format, "delimiter=59;") {
		r.Comma = ';'
	} else if !strings.Contains(format, "delimiter=44;") {
		return
	}
	if strings.Contains(text, "\r") || strings.Contains(text, "\x00") {
		return // it takes these for line ends and for text
	}
	want, err := r.ReadAll()
	if err != nil || len(want) == 0 || (len(want[0])-1)*strings.Count(text, "\n") >= 6 {
		return // stray quotes, ragged rows, or texts that could be records
	}
	if len(want) != len(records)+1 {
		t.Fatalf("%q has %d records, encoding/csv finds %d", text, len(records), len(want)-1)
	}
	for i, record := range records {
		r := csv.NewReader(strings.NewReader(record))
		r.Comma = map[bool]rune{true: ';', false: ','}[strings.Contains(format, "delimiter=59;")]
		if got, err := r.Read(); err != nil || !slices.Equal(got, want[i+1]) {
			t.Fatalf("record %d is %q, want %q", i, got, want[i+1])
		}
	}
}

func FuzzNDJSON(f *testing.F) {
	f.Add("{\"a\":1}\n{\"a\":2}\r\n\n3", 10)
	f.Fuzz(func(t *testing.T, s string, size int) {
		if size < 1 || size > 1000 {
			size = 16
		}
		_, _, records, rows, refused := cutAll(t, typeNDJSON, s, 1<<20)
		_, _, again, rows2, refused2 := cutAll(t, typeNDJSON, s, size)
		if refused != refused2 || !slices.Equal(again, records) || !slices.Equal(rows2, rows) {
			t.Fatalf("cut small: %q at %v, cut large: %q at %v", again, rows2, records, rows)
		}
	})
}

// FuzzArray cuts a text into large and small batches; what encoding/json takes for an array is one,
// of the same elements.
func FuzzArray(f *testing.F) {
	for _, s := range []string{"[]", `[{"a":1},{"b":[2,"x\"]"]}]`, " [ 1 , \"a\nb\" , null ] ", `["\\",{"a":{}}]`, `[{"a":1}`, `[{]}]`, `[1 2]`, "[\"\\\n\"]"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, size int) {
		if size < 1 || size > 1000 {
			size = 8
		}
		_, _, records, rows, refused := cutAll(t, typeJSON, s, 1<<20)
		_, _, again, rows2, refused2 := cutAll(t, typeJSON, s, size)
		if refused != refused2 || !slices.Equal(again, records) || !slices.Equal(rows2, rows) {
			t.Fatalf("cut small: %q at %v, cut large: %q at %v", again, rows2, records, rows)
		}
		var want []json.RawMessage
		if json.Unmarshal([]byte(s), &want) != nil || want == nil || strings.Count(s, "[")+strings.Count(s, "{") > maxDepth {
			return
		}
		if refused || len(records) != len(want) {
			t.Fatalf("%q: %d elements, refused %v, want %d", s, len(records), refused, len(want))
		}
		for i := range want {
			var compact bytes.Buffer
			if json.Compact(&compact, want[i]); compact.String()+"\n" != records[i] {
				t.Fatalf("element %d is %q, want %q", i, records[i], compact.String())
			}
		}
	})
}

// FuzzFormatCode reads number formats.
func FuzzFormatCode(f *testing.F) {
	for _, s := range []string{"General", "dd/mm/yyyy", "[h]:mm", `"a`, "[", `\`, "[]0", "0;[Red]d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) { formatOf(code) })
}

// FuzzSheet reads a sheet's XML: every row it hands out is JSON.
func FuzzSheet(f *testing.F) {
	for _, s := range []string{
		`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="3"><c r="C3"><v>1.50</v></c></row></sheetData><mergeCells><mergeCell ref="A1:C1"/></mergeCells></worksheet>`,
		`<x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>a_x000D_</x:t></x:is></x:c></x:row><x:row><x:c t="b"><x:v>1</x:v></x:c></x:row></x:sheetData>`,
		`<sheetData><row><c s="1"><v>45000.5</v></c></row><row><c s="1"><f>A1</f></c></row></sheetData>`,
		`<sheetData/>`, `<sheetData><row r="9"><c r="ZZ9"/></row>`,
	} {
		f.Add(s)
	}
	book := &workbook{strings: new(stringTable), formats: []dateFormat{showsNumber, showsDate}}
	book.strings.add("satu")
	f.Fuzz(func(t *testing.T, s string) {
		merged, err := mergedAreas(strings.NewReader(s))
		if err != nil {
			return
		}
		rows := &sheetRows{d: newTokens(strings.NewReader(s)), book: book}
		c, err := newSheet(rows, schemas.Format{}, 1<<20, merged)
		for err == nil {
			var b batch
			if b, err = c.next(); err != nil {
				break
			}
			for line := range bytes.Lines(b.data) {
				if !json.Valid(line) {
					t.Fatalf("row is %q", line)
				}
			}
		}
	})
}

// FuzzContents reads what a workbook says of itself.
func FuzzContents(f *testing.F) {
	for _, s := range []string{
		`<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" r:id="r1" state="hidden"/></sheets></workbook>`,
		`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="164"/><xf/></cellXfs></styleSheet>`,
		`<?xml version="1.0" encoding="utf-16"?><a/>`, `<!DOCTYPE x [<!ENTITY a "b">]><a>&a;</a>`, `</a></a>`, `<a`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var refusal *source.Refusal
		if _, err := readBook(strings.NewReader(s)); err != nil && !errors.As(err, &refusal) {
			t.Fatal(err)
		}
		if _, err := readFormats(strings.NewReader(s)); err != nil && !errors.As(err, &refusal) {
			t.Fatal(err)
		}
	})
}

// FuzzStrings reads shared strings.
func FuzzStrings(f *testing.F) {
	f.Add(`<sst><si><t>a</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>`)
	f.Fuzz(func(t *testing.T, s string) {
		table, err := readStrings(strings.NewReader(s))
		if err != nil {
			return
		}
		for i := range table.places {
			table.at(strconv.Itoa(i))
		}
	})
}
