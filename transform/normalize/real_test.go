package normalize_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/schemas/schemastest"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// realPlan compiles the binding called id with the contract of its dataset.
func realPlan(t *testing.T, id string) *schemas.Plan {
	t.Helper()
	const root = "../../cmd/satudata/testdata/opd"
	read := func(path string) []byte {
		doc, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	b, err := schemas.ParseBinding(id, read(filepath.Join(root, "bindings", id+".yaml")))
	if err != nil {
		t.Fatal(err)
	}
	c, err := schemas.ParseContract(b.Dataset, read(filepath.Join(root, "contracts", b.Dataset+".yaml")))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := schemas.Compile(c, b, ref)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestRealDeliveries(t *testing.T) {
	dir := schemastest.Real(t, "opd")
	for _, c := range []struct {
		file, binding string
		headers       int
		want          counts
	}{
		{"jumlah_banjir.csv", "bpbd.jumlah_banjir", 1, counts{351, 0, 0, nil}},
		{"objek_wisata.csv", "disparbud.objek_wisata", 1, counts{565, 0, 0, nil}},
		{"jumlah_wisatawan.csv", "disparbud.jumlah_wisatawan", 1, counts{26, 0, 0, nil}},
		{"partisipasi_sekolah.csv", "disdik.partisipasi_sekolah", 1, counts{6726 - 173, 173, 0,
			map[string]int{"sekolah_total, tak_sekolah_total, total:baris:total_cocok": 170, "total:wajib": 3}}},
		{"penumpang_pesawat_2019.csv", "dishub.penumpang_pesawat", 5, counts{6 * 24, 0, 24, nil}},
	} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			got := land(t, realPlan(t, c.binding), data, c.headers)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(counts{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// counts is what became of a file's observations.
type counts struct {
	accepted, rejected, aside int
	rules                     map[string]int // rejections by "kolom:aturan"
}

// land decodes a CSV file in chunks of 100 records.
func land(t *testing.T, plan *schemas.Plan, data []byte, headers int) counts {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	n, keys := normalize.New(plan, mem), quality.NewKeys(plan)
	f := event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: headers}
	lines := bytes.SplitAfter(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), []byte("\n"))
	if len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	head, lines := bytes.Join(lines[:headers], nil), lines[headers:]
	out := counts{}
	for first := 0; first < len(lines); first += 100 {
		part := lines[first:min(first+100, len(lines))]
		res, err := n.Chunk(event.Chunk{ContentType: f.String(), Rows: len(part), Data: append(bytes.Clone(head), bytes.Join(part, nil)...)})
		if err != nil {
			t.Fatal(err)
		}
		quality.NewChecker(plan).Check(res.Record, res.Verdicts)
		if err := keys.Check(res.Record, func(obs int) int64 { return int64(1 + headers + first + res.Row(obs)) }, res.Verdicts); err != nil {
			t.Fatal(err)
		}
		out.accepted += res.Verdicts.Accepted()
		out.rejected += res.Verdicts.Rejected()
		out.aside += res.Verdicts.SetAside()
		for obs := range res.Verdicts.Len() {
			for _, r := range res.Verdicts.Reasons(obs) {
				if out.rules == nil {
					out.rules = map[string]int{}
				}
				out.rules[r.Field+":"+r.Rule]++
			}
		}
		res.Record.Release()
	}
	return out
}
