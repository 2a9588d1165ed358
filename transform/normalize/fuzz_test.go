package normalize_test

import (
	"bytes"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// FuzzChunk decodes whatever it is given under every format: no panic, as many observations as the
// envelope announces, each with exactly one fate, every reason complete, and no memory kept.
func FuzzChunk(f *testing.F) {
	for _, c := range structures {
		f.Add([]byte(c.data), uint8(len(c.want)), uint8(0))
	}
	f.Add([]byte(",Tahun 2023,,,Tahun 2024\nKota,Januari,Februari,Setahun,Januari\nBandung,1,2,3,4\nTOTAL,a,b,c,d\nGarut,-,x,7,8\n"), uint8(3), uint8(1))
	f.Add([]byte(`{"id_izin":"IZ-1","id_pemohon":"P1","nama":"A B","kode_wilayah":"3273","layanan":"IM-001","tanggal":"2024-01-02","dicatat_pada":"2024-01-02T03:04:05Z","luas":5,"retribusi":1.25,"status":"TERBIT"}`), uint8(1), uint8(2))
	plans := []*schemas.Plan{pair(f), wide(f), permits(f)}
	f.Fuzz(func(t *testing.T, data []byte, rows, which uint8) {
		plan := plans[int(which)%len(plans)]
		for _, format := range []event.Format{csvFormat, {Type: event.ContentTypeCSV, Delimiter: ';', Headers: 2}, jsonFormat, rowsFormat} {
			for _, op := range []event.Op{event.Upsert, event.Delete} {
				decodeAnything(t, plan, event.Chunk{ContentType: format.String(), Data: data, Rows: int(rows), Op: op})
			}
		}
	})
}

func decodeAnything(t *testing.T, plan *schemas.Plan, c event.Chunk) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	n := normalize.New(plan, mem)
	res, err := n.Chunk(c)
	if err != nil {
		if !errors.Is(err, event.ErrMalformed) {
			t.Fatal(err)
		}
		return
	}
	defer func() { res.Record.Release() }()
	quality.NewChecker(plan).Check(res.Record, res.Verdicts)
	quality.NewKeys(plan).Check(res.Record, func(obs int) int64 { return int64(res.Row(obs)) + 1 }, res.Verdicts)
	v := res.Verdicts
	if want := c.Rows * plan.Observations(); v.Len() != want || int(res.Record.NumRows()) != want || v.Accepted()+v.Rejected()+v.SetAside() != want {
		t.Fatalf("%d verdicts, %d rows, %d + %d + %d, want %d", v.Len(), res.Record.NumRows(), v.Accepted(), v.Rejected(), v.SetAside(), want)
	}
	for obs := range v.Len() {
		if !utf8.Valid(res.Raw(res.Row(obs))) {
			t.Errorf("raw text of %d is not UTF-8", obs)
		}
		for _, r := range v.Reasons(obs) {
			if r.Rule == "" || r.Say.ID == "" || r.Say.EN == "" || !utf8.ValidString(r.Value) || bytes.ContainsAny([]byte(r.Value), "\n\r") {
				t.Errorf("incomplete reason %+v", r)
			}
		}
	}
	before := make([]string, v.Len())
	for obs := range before {
		before[obs] = values(res, obs)
	}
	res.Record.Release()
	if res, err = n.Chunk(c); err != nil {
		t.Fatal(err)
	}
	for obs, want := range before {
		if got := values(res, obs); got != want {
			t.Errorf("decoded again, observation %d is %q, not %q", obs, got, want)
		}
	}
}
