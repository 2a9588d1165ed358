package faults

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// kind is a source of the rubbish office: how its files are written when they are sound, and the
// format that its binding declares.
type kind struct {
	source, format string
	ending         string
	sheet          bool
	write          func(r *rand.Rand, rows [][]string) []byte
}

// kinds are the sources, one for every way in which a file is read.
var kinds = []kind{
	{source: "ndjson", format: "{type: ndjson}", ending: ".ndjson", write: func(_ *rand.Rand, rows [][]string) []byte { return []byte(jsonLines(rows)) }},
	{source: "json", format: "{type: json}", ending: ".json", write: func(_ *rand.Rand, rows [][]string) []byte {
		return []byte("[" + strings.ReplaceAll(strings.TrimSuffix(jsonLines(rows), "\n"), "\n", ",\n ") + "]\n")
	}},
	{source: "csv", format: "{type: csv}", ending: ".csv", write: anyCSV},
	{source: "excelcsv", format: `{type: csv, delimiter: ";", encoding: windows-1252}`, ending: ".txt", write: func(_ *rand.Rand, rows [][]string) []byte {
		return bytes.ReplaceAll([]byte(delimited(rows, ";", "\r\n")), []byte("é"), []byte{0xe9})
	}},
	{source: "tsv", format: "{type: csv, delimiter: tab}", ending: ".tsv", write: func(_ *rand.Rand, rows [][]string) []byte { return []byte(delimited(rows, "\t", "\n")) }},
	{source: "utf16", format: "{type: csv, encoding: utf-16le}", ending: ".csv", write: func(_ *rand.Rand, rows [][]string) []byte {
		return wide(delimited(rows, ",", "\n"), false)
	}},
	{source: "xlsx", format: "{type: xlsx}", ending: ".xlsx", sheet: true, write: func(_ *rand.Rand, rows [][]string) []byte { return pack(sheetParts(rows)) }},
}

// anyCSV writes CSV in one of the ways that are told apart by looking at the file.
func anyCSV(r *rand.Rand, rows [][]string) []byte {
	text := delimited(rows, pick(r, ",", ";", "|", "\t"), pick(r, "\n", "\r\n", "\r"))
	switch r.IntN(5) {
	case 0:
		return []byte("\xef\xbb\xbf" + text)
	case 1:
		return append([]byte("\xff\xfe"), wide(text, false)...)
	case 2:
		return append([]byte("\xfe\xff"), wide(text, true)...)
	}
	return []byte(text)
}

// wide is text in UTF-16.
func wide(text string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			u = u<<8 | u>>8
		}
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// title is the header of every table.
var title = []string{"id", "pemohon", "kode", "nilai"}

// permits are rows of which every tenth is faulty.
func permits(first, n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		id := first + i
		amount := fmt.Sprint(id * 7 % 1000)
		if i%10 == 9 {
			amount = "banyak" // not a number
		}
		rows[i] = []string{fmt.Sprint(id), fmt.Sprintf("André, Pemohon %d", id), "3273", amount}
	}
	return rows
}

// jsonLines writes rows as NDJSON.
func jsonLines(rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, `{"id":%s,"pemohon":%q,"kode":%q,"nilai":%q}`+"\n", row[0], row[1], row[2], row[3])
	}
	return b.String()
}

// delimited writes a header and rows as delimited text.
func delimited(rows [][]string, delimiter, end string) string {
	var b strings.Builder
	for _, row := range slices.Insert(slices.Clone(rows), 0, title) {
		for i, cell := range row {
			if i > 0 {
				b.WriteString(delimiter)
			}
			if strings.ContainsAny(cell, delimiter+"\"\n") {
				cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			}
			b.WriteString(cell)
		}
		b.WriteString(end)
	}
	return b.String()
}

// part is a file in a zip.
type part struct{ name, text string }

// Parts that every workbook has.
const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	sheetXML = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
)

// workbookParts are the parts of a workbook around its sheet and shared strings.
func workbookParts(sheet, shared string) []part {
	return []part{
		{"[Content_Types].xml", xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
		{"_rels/.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relation + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", xmlHead + `<workbook xmlns="` + sheetXML + `" xmlns:r="` + relation + `"><sheets><sheet name="Izin" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relation + `/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + relation + `/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="` + relation + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", xmlHead + `<styleSheet xmlns="` + sheetXML + `"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`},
		{"xl/sharedStrings.xml", xmlHead + `<sst xmlns="` + sheetXML + `">` + shared + `</sst>`},
		{"xl/worksheets/sheet1.xml", xmlHead + `<worksheet xmlns="` + sheetXML + `"><sheetData>` + sheet + `</sheetData></worksheet>`},
	}
}

// sheetParts are a workbook of one sheet, with its texts shared.
func sheetParts(rows [][]string) []part {
	var sheet, shared strings.Builder
	n := 0
	for i, row := range slices.Insert(slices.Clone(rows), 0, title) {
		fmt.Fprintf(&sheet, `<row r="%d">`, i+1)
		for j, cell := range row {
			if i > 0 && j == 0 {
				fmt.Fprintf(&sheet, `<c r="A%d"><v>%s</v></c>`, i+1, cell)
				continue
			}
			fmt.Fprintf(&sheet, `<c r="%c%d" t="s"><v>%d</v></c>`, 'A'+j, i+1, n)
			fmt.Fprintf(&shared, `<si><t>%s</t></si>`, cell)
			n++
		}
		sheet.WriteString("</row>")
	}
	return workbookParts(sheet.String(), shared.String())
}

// pack makes a zip.
func pack(parts []part) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range parts {
		f, err := w.Create(p.name)
		if err == nil {
			_, err = io.WriteString(f, p.text)
		}
		if err != nil {
			panic(err) // into memory
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// zipped makes a gzip of data.
func zipped(data []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// mutation spoils bytes.
type mutation struct {
	name string
	do   func(r *rand.Rand, b []byte) []byte
}

// mutations are what happens to the bytes of any file: what disks, networks, editors and scripts do.
var mutations = []mutation{
	{"cut", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b)+1)] }},
	{"cut at the front", func(r *rand.Rand, b []byte) []byte { return b[r.IntN(len(b)+1):] }},
	{"flip", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return b
	}},
	{"other bytes", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		return b
	}},
	{"zero bytes", func(r *rand.Rand, b []byte) []byte { return insert(r, b, make([]byte, 1+r.IntN(5000))) }},
	{"binary", func(r *rand.Rand, b []byte) []byte { return insert(r, b, noise(r, 1+r.IntN(3000))) }},
	{"only binary", func(r *rand.Rand, _ []byte) []byte { return noise(r, r.IntN(5000)) }},
	{"empty", func(*rand.Rand, []byte) []byte { return nil }},
	{"white space", func(r *rand.Rand, _ []byte) []byte {
		return bytes.Repeat([]byte(pick(r, " ", "\n", "\t", "\r\n", "\v", "\ufeff")), r.IntN(9000))
	}},
	{"a piece twice", func(r *rand.Rand, b []byte) []byte { return insert(r, b, slices.Clone(piece(r, b))) }},
	{"a piece gone", func(r *rand.Rand, b []byte) []byte {
		from := r.IntN(len(b))
		return slices.Delete(b, from, from+r.IntN(len(b)-from+1))
	}},
	{"web page", func(r *rand.Rand, b []byte) []byte {
		return append([]byte(pick(r, "<!DOCTYPE html><html><title>502 Bad Gateway\x1b[2J</title>", "\ufeff <table><tr><td>", "<?xml version=\"1.0\"?><a/>")), b...)
	}},
	{"something else in front", func(r *rand.Rand, b []byte) []byte {
		return append([]byte(pick(r, "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "\x1f\x8b\x08", "PK\x03\x04", "%PDF-", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sep=;\n", "[", "{", "\"", "\x00")), b...)
	}},
	{"something else behind", func(r *rand.Rand, b []byte) []byte {
		return append(b, pick(r, "\x1a", "\"", "]", "}", "\\", "\x00", "\xff", "\n\n\n", ",", "[[[", "\r")...)
	}},
	{"every byte zero", func(_ *rand.Rand, b []byte) []byte { clear(b); return b }},
	{"ends with zeros", func(r *rand.Rand, b []byte) []byte { clear(b[r.IntN(len(b)):]); return b }},
	{"half a character", func(r *rand.Rand, b []byte) []byte {
		return insert(r, b, []byte{pick[byte](r, 0xc3, 0xe2, 0xf0, 0x80, 0xff, 0xfe)})
	}},
	{"turned around", func(_ *rand.Rand, b []byte) []byte { slices.Reverse(b); return b }},
}

// textMutations are what happens to texts and to the XML in workbooks.
var textMutations = []mutation{
	{"quotes", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(20) {
			b = insert(r, b, []byte(pick(r, `"`, `""`, `"""`, `'`, `\"`)))
		}
		return b
	}},
	{"only quotes", func(r *rand.Rand, b []byte) []byte { return insert(r, b, bytes.Repeat([]byte(`x,"`), r.IntN(3000))) }},
	{"line ends", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(20) {
			b = insert(r, b, []byte(pick(r, "\r", "\n", "\r\n", "\n\r", "\r\r\n", "\n\n", "\u2028", "\v", "\f")))
		}
		return b
	}},
	{"delimiters", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(20) {
			b = insert(r, b, []byte(pick(r, ",", ";", "\t", "|", ":", ",,,,,,,,", "=")))
		}
		return b
	}},
	{"a number", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, pick(r, `:"3273"`, `273`, `<v>`, `id`), pick(r, ":1e999999999", ":-1e-999999999", ":"+strings.Repeat("9", 5000), ":0."+strings.Repeat("0", 5000)+"1",
			":1e5", ":NaN", ":-Infinity", ":0x10", ":01", ":1.", ":null", ":true", "9223372036854775808", "-9223372036854775809", "-0"))
	}},
	{"another name", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, pick(r, title...), pick(r, "", "id", "ID", " id ", "nilai", "pemohon", "a.b", "\u200bid", strings.Repeat("x", 70000), "i\u0307d"))
	}},
	{"a row twice", func(r *rand.Rand, b []byte) []byte {
		lines := bytes.SplitAfter(b, []byte("\n"))
		line := lines[r.IntN(len(lines))]
		return append(b, bytes.Repeat(line, 1+r.IntN(20))...)
	}},
	{"no header", func(_ *rand.Rand, b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }},
	{"only a header", func(_ *rand.Rand, b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }},
	{"deep", func(r *rand.Rand, b []byte) []byte {
		return insert(r, b, bytes.Repeat([]byte(pick(r, "[", `{"a":`, "<a>", "(")), pick(r, 65, 513, 100_000)))
	}},
	{"a name twice", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `{"id"`, pick(r, `{"id":1,"id"`, `{"ID":1,"id"`, `{"nilai":"1","id"`, `{"":1,"":2,"id"`))
	}},
	{"a wide row", func(r *rand.Rand, b []byte) []byte {
		return insert(r, b, bytes.Repeat([]byte("a,b;c\td"), r.IntN(20000)))
	}},
	{"a long text", func(r *rand.Rand, b []byte) []byte {
		return insert(r, b, bytes.Repeat([]byte("panjang "), r.IntN(100_000)))
	}},
	{"control characters", func(r *rand.Rand, b []byte) []byte {
		return insert(r, b, []byte(pick(r, "\x1b[31m", "\x07", "\x7f", "\u202e", "\ufffd", `\u0000`, `\ud800`, `\udc00\ud800`, `_x0000_`, `_xD800_`, "&#0;", "&lt;", "\u0085")))
	}},
	{"windows-1252", func(_ *rand.Rand, b []byte) []byte { return bytes.ReplaceAll(b, []byte("é"), []byte{0xe9}) }},
	{"utf-8 twice", func(_ *rand.Rand, b []byte) []byte { return bytes.ReplaceAll(b, []byte("é"), []byte("Ã©")) }},
	{"utf-16", func(r *rand.Rand, b []byte) []byte { return wide(string(b), r.IntN(2) == 0) }},
	{"half of utf-16", func(r *rand.Rand, b []byte) []byte { return append(b[:len(b)/2], wide(string(b[len(b)/2:]), false)...) }},
	{"merged lines", func(_ *rand.Rand, b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), nil) }},
	{"empty lines between", func(_ *rand.Rand, b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\n\n\n")) }},
}

// sheetMutations are what happens to the XML of a workbook. Each takes the name of a part and its text.
var sheetMutations = []mutation{
	{"a far cell", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `r="A2"`, pick(r, `r="XFD1048576"`, `r="XFD2"`, `r="XFE2"`, `r="ZZZZZZZZZZ2"`, `r="2"`, `r=""`, `r="a2"`, `r="A0"`))
	}},
	{"a far row", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `<row r="2"`, pick(r, `<row r="1048576"`, `<row r="9223372036854775807"`, `<row r="-1"`, `<row r="99999999999999999999"`, `<row r="1"`, `<row r="x"`))
	}},
	{"entities", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, "<sheetData>", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]><sheetData>&b;&f;`)
	}},
	{"a dimension", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, "<sheetData>", `<dimension ref="A1:XFD1048576"/><cols><col min="1" max="16384"/></cols><sheetData>`)
	}},
	{"merged cells", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, "</sheetData>", `</sheetData><mergeCells>`+strings.Repeat(pick(r, `<mergeCell ref="A1:XFD100"/>`, `<mergeCell ref="A1:B1048576"/>`, `<mergeCell ref="D1:A9"/>`, `<mergeCell ref=":"/>`), r.IntN(100))+`</mergeCells>`)
	}},
	{"a string that is not there", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `t="s"><v>1`, `t="s"><v>`+pick(r, "99999999", "-1", "x", "99999999999999999999"))
	}},
	{"a type of cell", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `t="s"`, pick(r, `t="e"`, `t="d"`, `t="inlineStr"`, `t="b"`, `t="?"`, ``, `t="str"`))
	}},
	{"a style", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `<c r="A3"`, `<c s="`+pick(r, "1", "-1", "99999999", "x")+`" r="A3"`)
	}},
	{"another target", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, `Target="`, `Target="`+pick(r, "../../../../etc/", "/", `\\server\`, "file:///", "xl/xl/xl/", "\u0000"))
	}},
	{"a tag", func(r *rand.Rand, b []byte) []byte {
		return replace(r, b, pick(r, "</row>", "</c>", "<v>", "</sheetData>", "<si>", "</t>", "<sheet "), pick(r, "", "<", "<!--", "<![CDATA[", "<row>", "</c></c></c>"))
	}},
}

// insert puts what somewhere into b.
func insert(r *rand.Rand, b, what []byte) []byte { return slices.Insert(b, r.IntN(len(b)+1), what...) }

// piece is a part of b.
func piece(r *rand.Rand, b []byte) []byte {
	from := r.IntN(len(b) + 1)
	return b[from : from+r.IntN(len(b)-from+1)]
}

// replace replaces one or all places of old.
func replace(r *rand.Rand, b []byte, old, to string) []byte {
	return bytes.Replace(b, []byte(old), []byte(to), pick(r, 1, -1))
}

func noise(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// spoil makes rubbish of a sound file, and says how.
func (k kind) spoil(r *rand.Rand, data []byte) (spoilt []byte, how string) {
	for range 1 + r.IntN(2) {
		if len(data) == 0 {
			break
		}
		m := pick(r, slices.Concat(mutations, textMutations, textMutations)...)
		if k.sheet && r.IntN(4) > 0 {
			data, how = spoilWorkbook(r, data, how)
			continue
		}
		data, how = m.do(r, slices.Clone(data)), how+m.name+"; "
	}
	return data, how
}

// spoilWorkbook spoils a part of a workbook, if it still is one.
func spoilWorkbook(r *rand.Rand, data []byte, how string) ([]byte, string) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) == 0 {
		return data, how + "no workbook any more; "
	}
	at := r.IntN(len(z.File))
	if r.IntN(3) > 0 {
		at = len(z.File) - 1 // the sheet
	}
	var parts []part
	for i, f := range z.File {
		in, err := f.Open()
		if err != nil {
			continue
		}
		text, err := io.ReadAll(in)
		if err == nil && i == at && len(text) > 0 {
			m := pick(r, append(slices.Concat(mutations, textMutations), slices.Concat(sheetMutations, sheetMutations, sheetMutations)...)...)
			text, how = m.do(r, text), how+f.Name+": "+m.name+"; "
		}
		switch {
		case i == at && r.IntN(20) == 0:
			how += f.Name + " left out; "
		case i == at && r.IntN(20) == 0:
			parts, how = append(parts, part{f.Name, string(text)}, part{f.Name, string(text)}), how+f.Name+" twice; "
		default:
			parts = append(parts, part{f.Name, string(text)})
		}
	}
	return pack(parts), how
}

// wrap packs a file, now and then, and returns the ending of its name.
func (k kind) wrap(r *rand.Rand, name string, data []byte) (wrapped []byte, ending string) {
	switch r.IntN(6) {
	case 0:
		return zipped(data), k.ending + ".gz"
	case 1:
		parts := []part{{name + k.ending, string(data)}}
		for range r.IntN(3) {
			parts = append(parts, part{pick(r, "../../../etc/cron.d/x", "/etc/x", `..\x`, "a\nb", "__MACOSX/x", "folder/", "", "a\x1b[2Jb") + k.ending, string(data)})
		}
		return pack(parts), ".zip"
	}
	return data, k.ending
}

// rubbish makes the file of a seed: of which source it is, its name, what it holds and what was done to it.
func rubbish(seed uint64) (k kind, name string, data []byte, how string) {
	r := rand.New(rand.NewPCG(seed, 4))
	k = kinds[seed%uint64(len(kinds))]
	name = fmt.Sprintf("r%06d", seed)
	data = k.write(r, permits(1+r.IntN(900_000), 1+r.IntN(25)))
	before := r.IntN(4) > 0
	if before {
		data, how = k.spoil(r, data)
	}
	data, ending := k.wrap(r, name, data)
	if !before || r.IntN(20) == 0 {
		var more string
		data, more = k.spoil(r, data)
		how += "packed; " + more
	}
	return k, name + ending, data, how
}

// TestRubbishIsReproducible makes the same rubbish of the same seed, and rubbish of all kinds.
func TestRubbishIsReproducible(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(1000) {
		_, name, data, how := rubbish(seed)
		if _, name2, data2, _ := rubbish(seed); name2 != name || !bytes.Equal(data, data2) {
			t.Fatalf("seed %d makes two files", seed)
		}
		for m := range strings.SplitSeq(how, "; ") {
			if _, in, ok := strings.Cut(m, ".xml: "); ok {
				m = in
			}
			seen[m] = true
		}
	}
	for _, m := range slices.Concat(mutations, textMutations, sheetMutations) {
		if !seen[m.name] {
			t.Errorf("of 1000 files none has %q", m.name)
		}
	}
}
