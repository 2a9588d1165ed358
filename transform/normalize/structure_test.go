package normalize_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// pair is a plan of a text and a whole number.
func pair(t testing.TB) *schemas.Plan {
	return compile(t, property("nama", "string", "required: true")+property("jumlah", "integer", ""),
		"format: {type: csv}\ncolumns:\n  - {to: nama, from: Nama}\n  - {to: jumlah, any: [Jumlah, Total]}\n")
}

// structures are payloads with what each of their observations must become: values, or "!" and the
// rules that it breaks with a part of the first sentence.
var structures = []struct {
	name   string
	format event.Format
	data   string
	want   []string
}{
	{"plain", csvFormat, "Nama,Jumlah\na,1\nb,2\n", []string{"a|1", "b|2"}},
	{"no final newline", csvFormat, "Nama,Jumlah\na,1\nb,2", []string{"a|1", "b|2"}},
	{"CRLF", csvFormat, "Nama,Jumlah\r\na,1\r\nb,2\r\n", []string{"a|1", "b|2"}},
	{"CR at the end", csvFormat, "Nama,Jumlah\r\na,1\r\nb,2\r", []string{"a|1", "b|2"}},
	{"BOM", csvFormat, "\ufeffNama,Jumlah\na,1\n", []string{"a|1"}},
	{"empty lines", csvFormat, "\nNama,Jumlah\n\na,1\n\r\n\nb,2\n\n", []string{"a|1", "b|2"}},
	{"quoted", csvFormat, "\"Nama\",Jumlah\n\"a, b\",\"1\"\n\"say \"\"hi\"\"\",2\n\"two\nlines\",3\n", []string{"a, b|1", "say \"hi\"|2", "two\nlines|3"}},
	{"empty quoted", csvFormat, "Nama,Jumlah\na,\"\"\n\"\",1\n", []string{"a|-", "!nama:wajib wajib diisi"}},
	{"quote within", csvFormat, "Nama,Jumlah\npipa 5\" x,1\n", []string{"pipa 5\" x|1"}},
	{"text behind quote", csvFormat, "Nama,Jumlah\n\"a\"b,1\nc,2\n", []string{"!:struktur kutip", "c|2"}},
	{"open quote", csvFormat, "Nama,Jumlah\na,1\n\"b,2\n", []string{"a|1", "!:struktur kutip"}},
	{"too few cells", csvFormat, "Nama,x,Jumlah\na,1\nb,,2\n", []string{"!:struktur baris punya 2 kolom, seharusnya 3", "b|2"}},
	{"too many cells", csvFormat, "Nama,Jumlah\na,1,x\nb,2,, ,\n", []string{"!:struktur baris punya 3 kolom, seharusnya 2", "b|2"}},
	{"blank line", csvFormat, "Nama,Jumlah\n \na,1\n", []string{"!:struktur baris punya 1 kolom", "a|1"}},
	{"semicolon", event.Format{Type: event.ContentTypeCSV, Delimiter: ';', Headers: 1}, "Nama;Jumlah\na,b;1\n", []string{"a,b|1"}},
	{"tab", event.Format{Type: event.ContentTypeCSV, Delimiter: '\t', Headers: 1}, "Nama\tJumlah\na\t1\n\t\n", []string{"a|1", "!nama:wajib wajib diisi"}},
	{"header folds", csvFormat, " NAMA ,JUMLAH\na,1\n", []string{"a|1"}},
	{"exact before folded", csvFormat, "NAMA,Nama,Jumlah\na,b,1\n", []string{"b|1"}},
	{"alternative column", csvFormat, "Nama,Total\na,1\n", []string{"a|1"}},
	{"column lacking", csvFormat, "nm,Jumlah\na,1\nb,x\n", []string{"!nama:struktur kolom \"Nama\" tidak ada di berkas; kolom yang ada: nm, Jumlah",
		"!nama:struktur,jumlah:tipe kolom \"Nama\" tidak ada"}},
	{"another delimiter", csvFormat, "Nama;Jumlah\na;1\n", []string{"!nama:struktur,jumlah:struktur memuat \";\": bila itu pemisah kolomnya, tulis `delimiter: \";\"` di binding"}},
	{"one column, no delimiter", csvFormat, "nm\na\n", []string{"!nama:struktur,jumlah:struktur kolom \"Nama\" tidak ada di berkas; kolom yang ada: nm"}},
	{"column twice", csvFormat, "Nama,Nama,Jumlah\na,b,1\n", []string{"!nama:struktur ada 2 kali"}},
	{"alike columns", csvFormat, "NAMA,nama,Jumlah\na,b,1\n", []string{"!nama:struktur ada 2 kali"}},
	{"every fault", csvFormat, "Nama,Jumlah\n,x\n", []string{"!jumlah:tipe,nama:wajib bukan angka"}},
	{"not UTF-8", csvFormat, "Nama,Jumlah\nCaf\xe9,1\n", []string{"!nama:tipe bukan UTF-8"}},

	{"objects", jsonFormat, `{"Nama":"a","Jumlah":1}` + "\n" + `{"Nama": "b" , "Jumlah": 2 }` + "\r\n\n" + `{"Jumlah":3,"lain":{"x":[1,{}]},"Nama":"c"}`, []string{"a|1", "b|2", "c|3"}},
	{"member lacking", jsonFormat, `{"Nama":"a"}` + "\n" + `{"Jumlah":2}` + "\n{}\n", []string{"a|-", "!nama:wajib wajib diisi", "!nama:wajib wajib diisi"}},
	{"member alternatives", jsonFormat, `{"Nama":"a","Total":1}` + "\n" + `{"Nama":"b","Jumlah":null,"Total":2}` + "\n" + `{"Nama":"c","Total":5,"Jumlah":3}`, []string{"a|1", "b|-", "c|3"}},
	{"member folds", jsonFormat, `{"nama":"a","JUMLAH":1}` + "\n" + `{"nama":"x","Nama":"b","NAMA":"y"}`, []string{"a|1", "b|-"}},
	{"member twice", jsonFormat, `{"Nama":"a","Nama":"a"}` + "\n" + `{"nama":"a","NAMA":"b"}` + "\n" + `{"x":1,"x":2,"Nama":"c"}`, []string{"!:struktur \"Nama\" muncul dua kali", "!:struktur muncul dua kali", "c|-"}},
	{"escapes", jsonFormat, `{"N\u0061ma":"\"\\\/\t\u00e9\ud83d\ude00","Jumlah":"1"}`, []string{"\"\\/\té😀|1"}},
	{"lone surrogate", jsonFormat, `{"Nama":"\ud83d"}` + "\n" + `{"Nama":"a"}`, []string{"!:struktur surrogate", "a|-"}},
	{"bad UTF-8", jsonFormat, "{\"Nama\":\"\xff\"}\n", []string{"!:struktur bita ke-10: teks bukan UTF-8"}},
	{"cut off", jsonFormat, `{"Nama":"a","Jumlah":` + "\n" + `{"Nama":"b` + "\n" + `{"Nama":"c"}`, []string{"!:struktur", "!:struktur tanda kutip penutup", "c|-"}},
	{"not an object", jsonFormat, "[1]\n \n" + `"x"` + "\n" + `{"Nama":"a"} x` + "\n" + `{"Nama":"a"}`, []string{"!:struktur objek", "!:struktur objek", "!:struktur objek", "!:struktur sesudah akhir", "a|-"}},
	{"bad tokens", jsonFormat, `{"Nama":tru}` + "\n" + `{"Nama":01}` + "\n" + `{"Nama":1.}` + "\n" + `{"Nama":1e}` + "\n" + `{Nama:1}` + "\n" + `{"Nama" 1}` + "\n" + `{"Nama":"\x"}` + "\n" + `{"Nama":"a",}`,
		[]string{"!:struktur nilai", "!:struktur nilai", "!:struktur titik", "!:struktur pangkat", "!:struktur nama", "!:struktur titik dua", "!:struktur urutan", "!:struktur nama"}},
	{"deep", jsonFormat, `{"Nama":"a","x":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + "}\n" + `{"Nama":"b","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}\n", []string{"a|-", "!:struktur terlalu dalam"}},

	{"rows", rowsFormat, `["Nama","Jumlah","x"]` + "\n" + `["a",1]` + "\n" + `["b","2",null,null,""]` + "\n" + `["c"]` + "\n" + `["d",1,2,"sisa"]` + "\n[]\n" + `{"a":1}` + "\n", []string{"a|1", "b|2", "c|-",
		"!:struktur baris punya 4 kolom, seharusnya 3", "!nama:wajib wajib diisi", "!:struktur larik"}},
	{"row titles", rowsFormat, `[null,"Nama",2024,"Jumlah"]` + "\n" + `["x","a",5,1.0]` + "\n", []string{"a|1"}},
}

func TestStructure(t *testing.T) {
	plan := pair(t)
	for _, c := range structures {
		t.Run(c.name, func(t *testing.T) {
			res := run(t, plan, c.format, c.data, len(c.want))
			for obs, want := range c.want {
				compare(t, res, obs, want)
			}
		})
	}
}

// compare checks one observation against "values" or "!rules part of the first sentence".
func compare(t *testing.T, res *normalize.Result, obs int, want string) {
	t.Helper()
	reasons := res.Verdicts.Reasons(obs)
	want, rejected := strings.CutPrefix(want, "!")
	switch {
	case !rejected && (values(res, obs) != want || len(reasons) > 0):
		t.Errorf("observation %d: got %q %v, want %q", obs, values(res, obs), reasons, want)
	case rejected:
		broken, words, _ := strings.Cut(want, " ")
		if rules(res, obs) != strings.ReplaceAll(broken, ",", " ") || !strings.Contains(reasons[0].Say.ID, words) {
			t.Errorf("observation %d: got %q %v, want %s: …%s…", obs, values(res, obs), reasons, broken, words)
		}
	}
}

// The count that the envelope announces is binding: when the records do not add up, all of them are
// rejected, with all of the text.
func TestCountDiffers(t *testing.T) {
	plan := pair(t)
	for _, rows := range []int{1, 3} {
		res := run(t, plan, csvFormat, "Nama,Jumlah\na,1\nb,2\n", rows)
		var all strings.Builder
		for row := range rows {
			compare(t, res, row, "!:struktur potongan data")
			all.Write(res.Raw(row))
		}
		if !strings.Contains(all.String(), "a,1") || !strings.Contains(all.String(), "b,2") {
			t.Errorf("%d rows: raw text is %q", rows, all.String())
		}
	}
}

func TestMalformed(t *testing.T) {
	n := normalize.New(pair(t), memory.NewGoAllocator())
	for _, c := range []event.Chunk{
		{ContentType: "text/html", Data: []byte("x"), Rows: 1},
		{ContentType: csvFormat.String(), Data: []byte("Nama\n"), Rows: 100},
		{ContentType: csvFormat.String(), Data: []byte("\n\n"), Rows: 1},
		{ContentType: csvFormat.String(), Data: []byte("Nama\n"), Rows: -1},
		{ContentType: rowsFormat.String(), Data: []byte("{}\n"), Rows: 1},
		{ContentType: event.Format{Type: event.ContentTypeCSV, Delimiter: ','}.String(), Data: []byte("a\n"), Rows: 1},
	} {
		if _, err := n.Chunk(c); !errors.Is(err, event.ErrMalformed) {
			t.Errorf("Chunk(%s, %q, %d rows) = %v, want ErrMalformed", c.ContentType, c.Data, c.Rows, err)
		}
	}
}

func TestRaw(t *testing.T) {
	res := run(t, pair(t), csvFormat, "Nama,Jumlah\r\n\"a\nb\",1\r\n\nCaf\xe9,2", 2)
	for row, want := range []string{"\"a\nb\",1", "Caf\uFFFD,2"} {
		if got := string(res.Raw(row)); got != want {
			t.Errorf("Raw(%d) = %q, want %q", row, got, want)
		}
	}
}

// Of a deletion only the key is read: the rest of the record may be missing or wrong.
func TestDeletion(t *testing.T) {
	plan := compile(t, property("id", "string", "required: true, primaryKey: true, primaryKeyPosition: 1")+property("jumlah", "integer", "required: true"),
		"format: {type: ndjson}\ncolumns:\n  - {to: id, from: id}\n  - {to: jumlah, from: jumlah}\n")
	n := normalize.New(plan, memory.NewGoAllocator())
	res, err := n.Chunk(event.Chunk{ContentType: jsonFormat.String(), Data: []byte(`{"id":"a","jumlah":"?"}`), Rows: 1, Op: event.Delete})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Record.Release()
	if got := values(res, 0); got != "a|-" || res.Verdicts.Rejected() > 0 {
		t.Errorf("got %q %v, want a|-", got, res.Verdicts.Reasons(0))
	}
}

func TestNestedNames(t *testing.T) {
	plan := compile(t, property("nama", "string", "")+property("kota", "string", ""),
		"format: {type: ndjson}\ncolumns:\n  - {to: nama, from: Orang.Nama}\n  - {to: kota, from: orang.alamat.kota}\n")
	res := run(t, plan, jsonFormat, strings.Join([]string{
		`{"Orang":{"Nama":"a"},"orang":{"alamat":{"kota":"b"}}}`,
		`{"Orang.Nama":"c","orang.alamat.kota":"d"}`,
		`{"Orang":5,"orang":{"alamat":[]}}`,
		`{"Orang":{"Nama":"a"},"Orang.Nama":"c"}`,
	}, "\n"), 4)
	for obs, want := range []string{"a|b", "c|d", "-|-", "!:struktur muncul dua kali"} {
		compare(t, res, obs, want)
	}
}

// wide is a plan of a table with a column per month, in two header rows, printed totals and a
// TOTAL row.
func wide(t testing.TB) *schemas.Plan {
	return compile(t, property("kota", "string", "required: true")+property("tahun", "integer", "")+property("bulan", "integer", "")+
		property("jenis", "string", "")+property("jumlah", "integer", "logicalTypeOptions: {minimum: 0}"),
		`format: {type: csv, headers: 2}
missing: ["-"]
columns:
  - {to: kota, from: Kota}
  - {to: jenis, value: Umum}
unpivot:
  columns: ["#2-#3", "#5"]
  value: jumlah
  names:
    - {to: tahun, header: 1, fill: true, pattern: "Tahun (.*)"}
    - {to: bulan, header: 2, synonyms: {Januari: "1", Februari: "2"}}
  totals:
    - {column: "#4", of: ["#2-#3"]}
setAside:
  - {column: Kota, equals: [Total]}
`)
}

func TestUnpivot(t *testing.T) {
	f := event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 2}
	head := ",Tahun 2023,,,Tahun 2024\nKota,Januari,Februari,Setahun,Januari\n"
	res := run(t, wide(t), f, head+"Bandung,1,2,3,4\nCimahi,-,5,5,x\nBogor,1,2,4,5\nTOTAL,a,b,c,d\nDepok,1,2,-,4\nBekasi,1\nGarut,-,-,7,8\nBanjar,1,x,7,8\nSubang,1,2,tiga,8\n", 9)
	for obs, want := range []string{
		"Bandung|2023|1|Umum|1", "Bandung|2023|2|Umum|2", "Bandung|2024|1|Umum|4",
		"Cimahi|2023|1|Umum|-", "Cimahi|2023|2|Umum|5", "!jumlah:tipe bukan angka",
		"!jumlah:total tidak sama dengan jumlah bagiannya, 3", "!jumlah:total tidak sama", "Bogor|2024|1|Umum|5",
		"aside", "aside", "aside",
		"Depok|2023|1|Umum|1", "Depok|2023|2|Umum|2", "Depok|2024|1|Umum|4",
		"!:struktur baris punya 2 kolom", "!:struktur baris punya 2 kolom", "!:struktur baris punya 2 kolom",
		"Garut|2023|1|Umum|-", "Garut|2023|2|Umum|-", "Garut|2024|1|Umum|8",
		"Banjar|2023|1|Umum|1", "!jumlah:tipe bukan angka", "Banjar|2024|1|Umum|8",
		"!jumlah:total tidak terbaca", "!jumlah:total tidak terbaca", "Subang|2024|1|Umum|8",
	} {
		if want == "aside" {
			if !res.Verdicts.IsAside(obs) || len(res.Verdicts.Reasons(obs)) > 0 {
				t.Errorf("observation %d is not set aside: %v", obs, res.Verdicts.Reasons(obs))
			}
			continue
		}
		compare(t, res, obs, want)
		if res.Row(obs) != obs/3 || res.Cell(obs) != obs%3 {
			t.Errorf("observation %d is cell %d of record %d", obs, res.Cell(obs), res.Row(obs))
		}
	}
}

// A header that cannot be read speaks against the observations below it, in every record.
func TestUnpivotHeaderFaults(t *testing.T) {
	f := event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 2}
	res := run(t, wide(t), f, ",Tahun 2023,,,2024\nKota,Januari,Pebruari,Setahun,Februari\na,1,2,3,4\nb,1,2,,4\n", 2)
	for obs, want := range []string{"a|2023|1|Umum|1", "!bulan:tipe bukan angka", "!tahun:pola Tahun (.*)", "b|2023|1|Umum|1", "!bulan:tipe bukan angka", "!tahun:pola Tahun"} {
		compare(t, res, obs, want)
	}
	res = run(t, wide(t), f, "x,y\nKota,Januari\na,1\n", 1)
	for obs := range 3 {
		if !res.Verdicts.IsRejected(obs) || !strings.Contains(fmt.Sprint(res.Verdicts.Reasons(obs)), "berkas hanya punya 2 kolom") {
			t.Errorf("observation %d: %v", obs, res.Verdicts.Reasons(obs))
		}
	}
}

// Decoding must not depend on what was decoded before.
func TestReuse(t *testing.T) {
	n := normalize.New(pair(t), memory.NewGoAllocator())
	for _, round := range []int{1, 2} {
		for _, c := range structures {
			res, err := n.Chunk(event.Chunk{ContentType: c.format.String(), Data: []byte(c.data), Rows: len(c.want)})
			if err != nil {
				t.Fatal(err)
			}
			fresh := run(t, pair(t), c.format, c.data, len(c.want))
			for obs := range c.want {
				if got, want := values(res, obs), values(fresh, obs); got != want {
					t.Errorf("round %d, %s, observation %d: got %q, want %q", round, c.name, obs, got, want)
				}
			}
			res.Record.Release()
		}
	}
}
