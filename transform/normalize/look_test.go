package normalize_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/transform/normalize"
)

func TestLook(t *testing.T) {
	text := func(s string) normalize.Cell { return normalize.Cell{Text: s, Given: true} }
	for _, tt := range []struct {
		name, data string
		format     event.Format
		titles     [][]string
		cells      [][]normalize.Cell
		faults     int
	}{
		{"text", "a;b\n1;\"x \"\"y\"\"\"\n2\n\"z\n", event.Format{Type: event.ContentTypeCSV, Delimiter: ';', Headers: 1},
			[][]string{{"a", "b"}}, [][]normalize.Cell{{text("1"), text(`x "y"`)}, {text("2")}, {{}}}, 1},
		{"cells", "[\"a\",null]\n[\"b\",\"c\"]\n[1.50,\"1\",null,true]\n[x]\n", event.Format{Type: event.ContentTypeRows, Headers: 2},
			[][]string{{"a", ""}, {"b", "c"}},
			[][]normalize.Cell{{{Text: "1.50", Given: true, Typed: true}, text("1"), {}, {Text: "true", Given: true, Typed: true}}, nil}, 1},
		{"objects", "{\"a\":1,\"b\":{\"c\":[2]}}\n{}\n{\"a\" : \"\\u0041\"}\n{\"a\":}\n", event.Format{Type: event.ContentTypeNDJSON}, nil,
			[][]normalize.Cell{{{Text: "1", Given: true, Typed: true}, {Text: `{"c":[2]}`, Given: true, Deep: true}}, nil, {text("A")}, nil}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			titles, records, err := normalize.Look(tt.format, []byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.titles, titles); diff != "" {
				t.Errorf("titles (-want +got):\n%s", diff)
			}
			faults := 0
			var cells [][]normalize.Cell
			for _, r := range records {
				if r.Fault != nil {
					faults++
				}
				if r.Names != nil && len(r.Names) != len(r.Cells) {
					t.Errorf("%d names for %d cells", len(r.Names), len(r.Cells))
				}
				cells = append(cells, r.Cells)
			}
			if diff := cmp.Diff(tt.cells, cells); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
			if faults != tt.faults {
				t.Errorf("%d faults, want %d", faults, tt.faults)
			}
		})
	}
	if _, _, err := normalize.Look(event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 3}, []byte("a,b\n")); err == nil {
		t.Error("header records that are not there are no error")
	}
}
