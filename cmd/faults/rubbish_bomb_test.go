package faults

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	little "encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bomb is a file that is much larger than it looks, or takes much more to read than it should.
type bomb struct {
	name, source, ending string
	status               string // what must become of it: "received" or "refused"
	say                  string // what the refusal says
	write                func(w io.Writer) error
}

// again writes a text n times.
func again(w io.Writer, text string, n int) error {
	b := bufio.NewWriterSize(w, 1<<20)
	for range n {
		if _, err := b.WriteString(text); err != nil {
			return err
		}
	}
	return b.Flush()
}

// texts writes texts that are repeated.
func texts(of ...any) func(w io.Writer) error {
	return func(w io.Writer) error {
		for i := 0; i < len(of); i += 2 {
			if err := again(w, of[i].(string), of[i+1].(int)); err != nil {
				return err
			}
		}
		return nil
	}
}

// inGzip packs what write writes.
func inGzip(write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		z := gzip.NewWriter(w)
		return errors.Join(write(z), z.Close())
	}
}

// inZip packs what write writes as the only file.
func inZip(name string, write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		z := zip.NewWriter(w)
		f, err := z.Create(name)
		if err == nil {
			err = write(f)
		}
		return errors.Join(err, z.Close())
	}
}

// inWorkbook makes a workbook in which one part is what write writes; %s is where.
func inWorkbook(name, around string, write func(io.Writer) error) func(io.Writer) error {
	return func(w io.Writer) error {
		z := zip.NewWriter(w)
		for _, p := range sheetParts(permits(1, 20)) {
			f, err := z.Create(p.name)
			if err != nil {
				return err
			}
			if p.name != name {
				if _, err := io.WriteString(f, p.text); err != nil {
					return err
				}
				continue
			}
			before, after, _ := strings.Cut(around, "%s")
			if err := errors.Join(again(f, xmlHead+before, 1), write(f), again(f, after, 1)); err != nil {
				return err
			}
		}
		return z.Close()
	}
}

const (
	sheetAround  = `<worksheet xmlns="` + sheetXML + `"><sheetData>%s</sheetData></worksheet>`
	sharedAround = `<sst xmlns="` + sheetXML + `">%s</sst>`
	csvHead      = "id,pemohon,kode,nilai\n"
	header       = `<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c t="s"><v>3</v></c></row>`
)

// wideText is a shared string of 200 kB behind the others.
func wideText(cells, rows int) func(w io.Writer) error {
	return func(w io.Writer) error {
		z := zip.NewWriter(w)
		row := "<row>" + strings.Repeat(`<c t="s"><v>0</v></c>`, cells) + "</row>"
		for _, p := range workbookParts(strings.Repeat(row, rows), "<si><t>"+strings.Repeat("x", 200_000)+"</t></si>") {
			f, err := z.Create(p.name)
			if err == nil {
				_, err = io.WriteString(f, p.text)
			}
			if err != nil {
				return err
			}
		}
		return z.Close()
	}
}

// longTexts are n records with a text of so many words.
func longTexts(n, words int) func(w io.Writer) error {
	return func(w io.Writer) error {
		for i := range n {
			if err := texts(fmt.Sprintf(`{"id":%d,"kode":"3273","nilai":"1","pemohon":"`, i+1), 1, "panjang ", words, "\"}\n", 1)(w); err != nil {
				return err
			}
		}
		return nil
	}
}

// locked is a zip that says that it is locked with a password.
func locked(w io.Writer) error {
	data := pack([]part{{"a.csv", csvHead + "1,a,3273,1\n"}})
	for _, magic := range []struct {
		text string
		at   int
	}{{"PK\x03\x04", 6}, {"PK\x01\x02", 8}} {
		data[bytes.Index(data, []byte(magic.text))+magic.at] |= 1
	}
	_, err := w.Write(data)
	return err
}

// overlapping is a zip of 9,000 files, all of which are the same bytes: 27 GB from a few hundred kB.
func overlapping(w io.Writer) error {
	const n = 9000
	var one bytes.Buffer
	if err := inZip("a0000.csv", texts(csvHead, 1, "1,a,3273,1\n", 300_000))(&one); err != nil {
		return err
	}
	data := one.Bytes()
	at := bytes.LastIndex(data, []byte("PK\x01\x02"))
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	entry, tail := data[at:end], bytes.Clone(data[end:])
	little.LittleEndian.PutUint16(tail[8:], n)
	little.LittleEndian.PutUint16(tail[10:], n)
	little.LittleEndian.PutUint32(tail[12:], uint32(n*len(entry)))
	out := bytes.Clone(data[:at])
	for i := range n {
		out = append(out, bytes.Replace(entry, []byte("a0000"), fmt.Appendf(nil, "a%04d", i), 1)...)
	}
	_, err := w.Write(append(out, tail...))
	return err
}

// manyFiles is a zip of n files.
func manyFiles(n int) func(w io.Writer) error {
	return func(w io.Writer) error {
		z := zip.NewWriter(w)
		for i := range n {
			if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("berkas-%d.csv", i)}); err != nil {
				return err
			}
		}
		return z.Close()
	}
}

// badSum is a gzip whose checksum is wrong.
func badSum(w io.Writer) error {
	data := zipped([]byte(csvHead + "1,a,3273,1\n"))
	data[len(data)-6] ^= 1
	_, err := w.Write(data)
	return err
}

const mega = 1 << 20

var bombs = []bomb{
	{"a gigantic line", "ndjson", ".ndjson", "refused", "longer than 8 MiB", texts(`{"id":1,"pemohon":"`, 1, "panjang ", 12*mega, "\"}\n", 1)},
	{"a gigantic field", "csv", ".csv", "refused", "longer than 8 MiB", texts(csvHead, 1, `1,"`, 1, "panjang ", 12*mega, "\",3273,1\n", 1)},
	{"a quote that does not close", "csv", ".csv", "received", "", texts(csvHead, 1, `1,"`, 1, "panjang\n", 100_000)},
	{"a gigantic header", "csv", ".csv", "refused", "longer than 8 MiB", texts("nama,", 12*mega)},
	{"long lines", "ndjson", ".ndjson", "received", "", longTexts(20, 900_000)},
	{"long texts", "ndjson", ".ndjson", "received", "", longTexts(100, 100_000)},
	{"long lines that are faulty", "ndjson", ".ndjson", "received", "", func(w io.Writer) error {
		for range 40 {
			if err := texts(`{"id":x,"pemohon":"`, 1, "panjang ", 900_000, "\"}\n", 1)(w); err != nil {
				return err
			}
		}
		return nil
	}},
	{"very many columns", "csv", ".csv", "received", "", texts("a,", 100_000, csvHead, 1, ",", 100_003, "\n", 1, strings.Repeat(",", 100_003)+"\n", 200)},
	{"depth", "json", ".json", "refused", "malformed", texts("[", 100_000)},
	{"depth in a line", "ndjson", ".ndjson", "received", "", texts(`{"id":1,"pemohon":`, 1, "[", 100_000, "]", 100_000, "}\n", 1, `{"id":`, 100_000, "\n", 1)},
	{"a gigantic element", "json", ".json", "refused", "longer than 8 MiB", texts(`[{"pemohon":"`, 1, "panjang ", 12*mega, `"}]`, 1)},
	{"gigantic numbers", "ndjson", ".ndjson", "received", "", texts(`{"id":`, 1, "12345678", 500_000, `,"nilai":"`, 1, "9", 3_000_000, "\"}\n", 1, `{"id":1e`, 1, "9", 100_000, "}\n", 1)},
	{"one member after the other", "ndjson", ".ndjson", "received", "", texts(`{"id":1`, 1, `,"a":1`, mega, "}\n", 1)},
	{"quotes", "csv", ".csv", "refused", "quotes", texts(csvHead, 1, `1,"a`+"\n", 5000, `"`, 16*mega)},
	{"empty lines", "csv", ".csv", "received", "", texts(csvHead, 1, "\n", 64*mega, "1,a,3273,1\n", 1)},
	{"empty lines between", "csv", ".csv", "refused", "empty lines", texts("kolom,", 20_000, csvHead, 1, "1\n\n", 300_000)},
	{"packed text", "csv", ".csv.gz", "refused", "expands beyond measure", inGzip(texts(csvHead, 1, "1,a,3273,1\n", 60*mega))},
	{"packed zeros", "csv", ".csv.gz", "refused", "zero byte", inGzip(texts(csvHead, 1, "\x00", 600*mega))},
	{"packed twice", "csv", ".csv.gz", "refused", "zero byte", inGzip(inGzip(texts(csvHead, 1, "1,a,3273,1\n", 20*mega)))},
	{"a bad checksum", "csv", ".csv.gz", "refused", "damaged", badSum},
	{"a zip bomb", "csv", ".zip", "refused", "expands beyond measure", inZip("a.csv", texts(csvHead, 1, "1,a,3273,1\n", 60*mega))},
	{"a zip in a zip", "csv", ".zip", "refused", "no file of the kind", inZip("a.zip", inZip("b.zip", inZip("c.csv", texts(csvHead, 1, "1,a,3273,1\n", mega))))},
	{"a zip of many", "csv", ".zip", "refused", "more than 10000", manyFiles(60_000)},
	{"a zip of very many", "csv", ".zip", "refused", "directory of the zip", manyFiles(300_000)},
	{"a zip of one file many times", "csv", ".zip", "refused", "overlap", overlapping},
	{"a locked zip", "csv", ".zip", "refused", "password", locked},
	{"a gigantic text in a workbook", "xlsx", ".xlsx", "refused", "longer than 8 MiB", inWorkbook("xl/sharedStrings.xml", sharedAround, texts("<si><t>", 1, "panjang ", 100*mega, "</t></si>", 1))},
	{"many texts in a workbook", "xlsx", ".xlsx", "refused", "exceed", inWorkbook("xl/sharedStrings.xml", sharedAround, texts("<si/>", 40*mega))},
	{"large texts in a workbook", "xlsx", ".xlsx", "refused", "exceed", inWorkbook("xl/sharedStrings.xml", sharedAround, texts("<si><t>"+strings.Repeat("0123456789abcdef", 2000)+"</t></si>", 20_000))},
	{"a header of gigantic texts", "xlsx", ".xlsx", "refused", "longer than 8 MiB", wideText(16_384, 2)},
	{"a header of large texts", "xlsx", ".xlsx", "refused", "header is too long", wideText(30, 2)},
	{"rows of gigantic texts", "xlsx", ".xlsx", "refused", "longer than 8 MiB", inWorkbook("xl/worksheets/sheet1.xml", sheetAround, texts(header, 1, `<row>`, 1, `<c t="str"><v>`+strings.Repeat("x", 30_000)+`</v></c>`, 1000, "</row>", 1))},
	{"a wide table of one cell a row", "xlsx", ".xlsx", "refused", "expands beyond measure", inWorkbook("xl/worksheets/sheet1.xml", sheetAround, texts(`<row><c r="XFD1"><v>1</v></c></row>`, 1, `<row><c><v>1</v></c></row>`, 200_000))},
	{"many styles", "xlsx", ".xlsx", "refused", "more than 65536", inWorkbook("xl/styles.xml", `<styleSheet><cellXfs>%s</cellXfs></styleSheet>`, texts(`<xf/>`, 10*mega))},
	{"many sheets", "xlsx", ".xlsx", "refused", "more than 65536", inWorkbook("xl/workbook.xml", `<workbook><sheets>%s</sheets></workbook>`, texts(`<sheet name="a"/>`, 4*mega))},
	{"depth in a workbook", "xlsx", ".xlsx", "refused", "nested too deep", inWorkbook("xl/workbook.xml", `%s`, texts(`<a>`, 4*mega))},
	{"merged cells", "xlsx", ".xlsx", "refused", "overlap", inWorkbook("xl/worksheets/sheet1.xml", `<worksheet><sheetData>`+header+`<row><c><v>1</v></c></row></sheetData><mergeCells>%s</mergeCells></worksheet>`, texts(`<mergeCell ref="A1:XFD9"/>`, 100_000))},
	{"a tag without end", "xlsx", ".xlsx", "refused", "longer than 8 MiB", inWorkbook("xl/worksheets/sheet1.xml", sheetAround, texts("<row ", 1, `a="b" `, 10*mega))},
	{"a sheet of white space", "xlsx", ".xlsx", "refused", "expands beyond measure", inWorkbook("xl/worksheets/sheet1.xml", sheetAround, texts(header, 1, " <row> </row> ", 40*mega))},
}

// TestBombs reads files that are larger than they look, and lands what is taken of them, each in a
// process of its own, which must not take more memory than for any other file. The short form takes
// every sixth.
func TestBombs(t *testing.T) {
	d := newDump(t)
	for i, b := range bombs {
		if !full() && i%6 != 1 {
			continue
		}
		path := filepath.Join(d.dir, "data", fmt.Sprintf("bomb%02d%s", i, b.ending))
		d.peak = 0
		begun := time.Now()
		if err := d.defuse(b, path); err != nil {
			t.Errorf("%s: %v", b.name, err)
		}
		t.Logf("%s: %d MiB, %.1f s", b.name, d.peak>>20, time.Since(begun).Seconds())
	}
	for _, k := range kinds {
		if err := d.ingest(k.source, []string{d.sound(k)}); err != nil {
			t.Errorf("a sound file after the bombs: %v", err)
		}
	}
	if err := d.land(); err != nil {
		t.Fatalf("land: %v", err)
	}
	d.check()
}

// defuse writes a bomb, reads it, and looks at what became of it.
func (d *dump) defuse(b bomb, path string) error {
	write(d.t, path, "")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(b.write(f), f.Close())
	}
	if err != nil {
		return err
	}
	defer os.Remove(path)
	r, err := d.frugal(mostToRead, []int{0, 3}, "ingest", "--json", "--binding", "dpmptsp."+b.source, path)
	if err != nil {
		return err
	}
	var done []taken
	if err := json.Unmarshal([]byte(r.stdout), &done); err != nil {
		return err
	}
	if len(done) != 1 || done[0].Status != b.status {
		return fmt.Errorf("is %.300s", r.stdout)
	}
	if why := done[0].Reason; why != nil && (!bilingual(*why) || !strings.Contains(why.EN, b.say)) {
		return fmt.Errorf("is refused for %+v, not for %q", *why, b.say)
	}
	if b.status == "refused" {
		return nil
	}
	return d.land()
}
