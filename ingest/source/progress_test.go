package source_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// show plays a delivery of two million rows to a Progress, of which half a million were there.
func show(terminal bool) string {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	var out strings.Builder
	p := source.NewProgress(&out, terminal, func() time.Time { return at })
	info := source.Info{Subject: "banjir.csv", Bytes: 400_000_000, Records: 2_000_000}
	p.Begin(info, 500_000, 100_000_000)
	for range 15 {
		at = at.Add(2 * time.Second)
		p.Advance(100_000, 20_000_000)
	}
	id := uuid.MustParse("00000000-0000-4000-8000-000000000001")
	p.End(source.Outcome{Info: info, Status: source.Resumed, Records: 1_500_000, Bytes: 300_000_000, Duration: 30 * time.Second})
	p.End(source.Outcome{Info: source.Info{Subject: "sama.csv"}, Delivery: id, Status: source.Unchanged})
	p.End(source.Outcome{Info: source.Info{Subject: "kosong.csv"}, Status: source.Refused,
		Refusal: &source.Refusal{Reason: event.Sentence{ID: "berkas kosong", EN: "the file is empty"}}})
	return out.String()
}

func TestProgressPlain(t *testing.T) {
	want := `banjir.csv: mulai, 2.000.000 baris, 400,0 MB, dilanjutkan setelah 500.000 baris
banjir.csv: 50%, 1.000.000 dari 2.000.000 baris, 10,0 MB/dtk, sisa 0:20
banjir.csv: 75%, 1.500.000 dari 2.000.000 baris, 10,0 MB/dtk, sisa 0:10
banjir.csv: 100%, 2.000.000 dari 2.000.000 baris, 10,0 MB/dtk, sisa 0:00
banjir.csv: dilanjutkan dan diterima, 1.500.000 baris dalam 30,0 detik (10,0 MB/dtk)
sama.csv: tidak berubah, isinya sama dengan pengiriman 00000000-0000-4000-8000-000000000001
kosong.csv: DITOLAK: berkas kosong
`
	if diff := cmp.Diff(want, show(false)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestProgressTerminal(t *testing.T) {
	got := show(true)
	for _, want := range []string{
		"\r\x1b[Kbanjir.csv ██████░░░░░░░░░░░░░░░░░░  25% 500.000 baris 0,0 MB/dtk sisa ?",
		"\r\x1b[Kbanjir.csv ████████████░░░░░░░░░░░░  50% 1.000.000 baris 10,0 MB/dtk sisa 0:20",
		"\r\x1b[Kbanjir.csv: dilanjutkan dan diterima, 1.500.000 baris dalam 30,0 detik (10,0 MB/dtk)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n != 3 {
		t.Errorf("%d lines, want one per outcome", n)
	}
}

func TestProgressRedrawsSeldom(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	var out strings.Builder
	p := source.NewProgress(&out, true, func() time.Time { return at })
	p.Begin(source.Info{Subject: strings.Repeat("nama berkas yang panjang ", 5), Bytes: 1000}, 0, 0)
	for range 1000 {
		at = at.Add(time.Millisecond)
		p.Advance(1, 1)
	}
	if n := strings.Count(out.String(), "\r"); n > 6 {
		t.Errorf("drawn %d times in a second", n)
	}
	for _, line := range strings.Split(out.String(), "\r") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d characters: %q", n, line)
		}
	}
}
