package file_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/ingest/source/file"
	"satudata/schemas"
)

// batches renders each batch as "first row+rows|data".
func batches(t *testing.T, o file.Options, name, data string) []string {
	t.Helper()
	d := readOne(t, o, name, data)
	if d.Refusal != nil {
		t.Fatal(d.Refusal)
	}
	var out []string
	for _, b := range d.Batches {
		out = append(out, fmt.Sprintf("%d+%d|%s", b.FirstRow, b.Rows, b.Data))
	}
	return out
}

func TestCutCSV(t *testing.T) {
	for _, c := range []struct {
		name   string
		format schemas.Format
		max    int
		data   string
		want   []string
	}{
		{name: "whole", data: "a,b\n1,2\n3,4\n", want: []string{"2+2|a,b\n1,2\n3,4\n"}},
		{name: "small batches", max: 12, data: "a,b\n1,2\n3,4\n5,6\n7,8", want: []string{"2+2|a,b\n1,2\n3,4\n", "4+2|a,b\n5,6\n7,8\n"}},
		{name: "record too large for a batch", max: 12, data: "a,b\n1,2\n3,44444444444444\n5,6\n", want: []string{"2+1|a,b\n1,2\n", "3+1|a,b\n3,44444444444444\n", "4+1|a,b\n5,6\n"}},
		{name: "quoted record too large for a batch", max: 12, data: "a,b\n1,2\n3,\"4444444444444\n\"\n5,6\n", want: []string{"2+1|a,b\n1,2\n", "3+1|a,b\n3,\"4444444444444\n\"\n", "4+1|a,b\n5,6\n"}},
		{name: "ragged rows", data: "a,b\n1\n3,4,5\n,\n", want: []string{"2+3|a,b\n1\n3,4,5\n,\n"}},
		{name: "empty lines", data: "\n\na,b\n\n1,2\n3,4\n\n\n5,6\n\n", want: []string{"5+2|a,b\n1,2\n3,4\n", "9+1|a,b\n5,6\n"}},
		{name: "many empty lines before", data: strings.Repeat("\n", 9000) + "a,b\n1,2\n", want: []string{"9002+1|a,b\n1,2\n"}},
		{name: "line ends in quotes", data: "a,b\n1,\"x\n\ny\"\n3,4\n", want: []string{"2+2|a,b\n1,\"x\n\ny\"\n3,4\n"}},
		{name: "crlf in quotes", data: "a,b\r\n1,\"x\r\ny\"\r\n3,4\r\n", want: []string{"2+2|a,b\n1,\"x\ny\"\n3,4\n"}},
		{name: "lone cr is data", data: "a,b\n1,x\ry\n3,4\n", want: []string{"2+2|a,b\n1,x\ry\n3,4\n"}},
		{name: "header rows", format: schemas.Format{Headers: 2}, max: 20, data: "X,\na,b\n1,2\n3,4\n", want: []string{"3+2|X,\na,b\n1,2\n3,4\n"}},
		{name: "skipped rows", format: schemas.Format{Skip: 3}, data: "Judul; \"dengan kutip\n\nSumber\n\na,b\n1,2\n", want: []string{"6+1|a,b\n1,2\n"}},
		{name: "header with line ends", data: "\"Jumlah\nPenduduk\",b\n1,2\n", want: []string{"2+1|\"Jumlah\nPenduduk\",b\n1,2\n"}},
		{name: "quotes inside a field", data: "a,b\n5\" pipa,2\n3,4\"\n", want: []string{"2+2|a,b\n5\" pipa,2\n3,4\"\n"}},
		{name: "text after a quote", data: "a,b\n\"x\"y,2\n\"\"z\",4\n", want: []string{"2+2|a,b\n\"x\"y,2\n\"\"z\",4\n"}},
		{name: "semicolons", data: "a;b\n1,5;2\n", want: []string{"2+1|a;b\n1,5;2\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := file.Options{Format: c.format, MaxChunk: c.max}
			if diff := cmp.Diff(c.want, batches(t, o, "a.csv", c.data)); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStrayQuotes: a quote that opens and does not close is confined to its line, which becomes a
// batch of its own; the records behind it stay records.
func TestStrayQuotes(t *testing.T) {
	const head = "id,nama,jumlah\n"
	for _, c := range []struct{ name, data, want string }{
		{"to the end", "1,A,1\n2,\"B,2\n3,C,3\n4,D,4\n", "2+1 3+1* 4+2"},
		{"before a quoted field", "1,\"A,1\n2,\"B\",2\n3,\"C\",3\n", "2+1* 3+2"},
		{"before a field that begins with a delimiter", "1,\"A,1\n2,\", B\",2\n3,C,3\n", "2+1* 3+2"},
		{"two of them", "1,\"A,1\n2,\"B,2\n3,C,3\n", "2+1* 3+1* 4+1"},
		{"in the last row", "1,A,1\n2,\"B,2", "2+1 3+1*"},
		{"with doubled quotes behind", "1,\"A,1\n2,\"\",2\n3,C,3\n", "2+1* 3+2"},
		{"a quote too many", "1,\"A\"\",1\n2,\"B\",2\n3,C,3\n", "2+1* 3+2"},
		{"record with a field too many", "1,\"A\nx\",1,2\n2,B,2\n", "2+1* 3+2"},
		{"lines that are records", "1,\"A,1\n2,B,2\n3,C,3\n4,D\",4\n5,E,5\n", "2+1* 3+4"},
		{"real line ends", "1,\"Jl. A\nBogor\",1\n2,B,2\n", "2+2"},
		{"real line ends with delimiters", "1,\"Jl. A, No. 5\nRT 1, RW 2\",1\n2,B,2\n", "2+2"},
		{"many real line ends", "1,\"a\nb\nc\nd\ne\nf,g\nh\",1\n2,B,2\n", "2+2"},
		{"in every row", "1,\"A,1\n2,\"B,2\n3,\"C,3\n", "2+1* 3+1* 4+1*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := readOne(t, format("csv"), "a.csv", head+c.data)
			if d.Refusal != nil {
				t.Fatal(d.Refusal)
			}
			var got []string
			for _, b := range d.Batches {
				s := fmt.Sprintf("%d+%d", b.FirstRow, b.Rows)
				if records := strings.TrimPrefix(string(b.Data), head); b.Rows == 1 && strings.Count(records, `"`)%2 == 1 || b.Rows == 1 && strings.Contains(records, `"",`) {
					s += "*"
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(strings.Fields(c.want), got); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
			want := head + c.data
			if !strings.HasSuffix(want, "\n") {
				want += "\n"
			}
			if d.Data(t) != want {
				t.Errorf("got %q", d.Data(t))
			}
		})
	}
}

// TestStrayQuoteFarFromTheEnd: the search for the closing quote is bounded.
func TestStrayQuoteFarFromTheEnd(t *testing.T) {
	var b strings.Builder
	table(&b, 20<<20, false, "\n")
	data := strings.Replace(b.String(), ",KABUPATEN", ",\"KABUPATEN", 1)
	d := readOne(t, format("csv"), "a.csv", data)
	if d.Batches[0].Rows != 1 || d.Batches[1].FirstRow != 3 || d.Info.Records != int64(strings.Count(data, "\n")-1) {
		t.Errorf("got %+v, first batch of %d rows", d.Info, d.Batches[0].Rows)
	}
}

func TestDelimiter(t *testing.T) {
	for _, c := range []struct {
		name, data string
		format     schemas.Format
		want       byte
	}{
		{"comma", "a,b;c,d\n1,2,3\n", schemas.Format{}, ','},
		{"semicolon", "a;b,c;d\n1;2;3\n", schemas.Format{}, ';'},
		{"tab", "a\tb, c\td\n1\t2\t3\n", schemas.Format{}, '\t'},
		{"bar", "a|b|c\n1|2|3\n", schemas.Format{}, '|'},
		{"in quotes", "\"a,b,c,d\";\"e\"\n1;2\n", schemas.Format{}, ';'},
		{"one column", "nama\nA;B\n", schemas.Format{}, ','},
		{"last header row", "Judul, tahun 2023, semester 1\na;b\n1;2\n", schemas.Format{Headers: 2}, ';'},
		{"behind skipped rows", "Judul, tahun 2023, semester 1\na;b\n1;2\n", schemas.Format{Skip: 1}, ';'},
		{"declared", "a,b,c;d\n1;2\n", schemas.Format{Delimiter: ";"}, ';'},
		{"declared tab", "a,b,c\td\n1\t2\n", schemas.Format{Delimiter: "tab"}, '\t'},
		{"declared otherwise", "a~b\n1~2\n", schemas.Format{Delimiter: "~"}, '~'},
		{"sep line", "sep=;\na,b,c;d\n1;2\n", schemas.Format{}, ';'},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := readOne(t, file.Options{Format: c.format}, "a.csv", c.data)
			if d.Refusal != nil {
				t.Fatal(d.Refusal)
			}
			f, err := event.ParseFormat(d.Batches[0].ContentType)
			if err != nil || f.Delimiter != c.want || f.Headers != max(c.format.Headers, 1) {
				t.Errorf("got %+v, %v, want delimiter %q", f, err, c.want)
			}
			if rows := d.Info.Records; rows != 1 {
				t.Errorf("got %d records, want 1", rows)
			}
		})
	}
}

func TestCutNDJSON(t *testing.T) {
	got := batches(t, file.Options{MaxChunk: 16}, "a.ndjson", "{\"a\":1}\r\n{\"a\":2}\r\n{\"a\":3}\n\nrusak\n[4]")
	want := []string{"1+2|{\"a\":1}\n{\"a\":2}\n", "3+1|{\"a\":3}\n", "5+2|rusak\n[4]\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

func TestCutArray(t *testing.T) {
	const data = "\uFEFF [ {\"a\" : 1,\r\n \"b\" : [ 1, 2 ] } ,\n{\"a\":\"x , ] y \\\" z\\\\\"}, 3 , \"teks\", null,{\"a\":\"dua\nbaris\"},{\"a\":tru} ,[]]\n"
	want := []string{"1+8|" + strings.Join([]string{`{"a":1,"b":[1,2]}`, `{"a":"x , ] y \" z\\"}`, `3`, `"teks"`, `null`, `{"a":"dua\nbaris"}`, `{"a":tru}`, `[]`, ``}, "\n")}
	if diff := cmp.Diff(want, batches(t, file.Options{}, "a.json", data)); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	want = []string{"1+2|111\n222\n", "3+1|\"3333333333\"\n", "4+1|4\n"}
	if diff := cmp.Diff(want, batches(t, file.Options{MaxChunk: 8}, "a.json", `[111,222,"3333333333",4]`)); diff != "" {
		t.Errorf("small batches (-want +got):\n%s", diff)
	}
}
