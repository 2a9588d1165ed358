package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"satudata/cmd/satudata/ops"
	"satudata/ingest/event"
)

// TestTopWhileUpRuns: another process holds the log, and nothing is configured.
func TestTopWhileUpRuns(t *testing.T) {
	dir := permitWorkspace(t, watchedConfig, 1)
	if out := must(t, "-C", dir, "top", "--once", "--every", "100ms"); !strings.Contains(out, "Belum ada apa-apa") {
		t.Errorf("of a new workspace: %s", out)
	}
	up := startUp(t, dir)
	drop(t, dir, 1, 51)
	up.await("the publication", func() bool {
		return strings.Contains(must(t, "-C", dir, "top", "--once", "--every", "100ms"), " 1/0/0")
	})
	out := must(t, "-C", dir, "top", "--set", "ops.listen="+up.addr, "--every", "100ms")
	lines := splitLines(out)
	if len(lines) != 5 || !strings.HasPrefix(lines[4], "perizinan.izin") || !strings.Contains(lines[1], "siap (ready)") {
		t.Errorf("a frame:\n%s", out)
	}
	if got := strings.Fields(lines[4]); len(got) != 9 || got[1] != "50" || got[4] != "0" {
		t.Errorf("the dataset: %q", got)
	}
}

// TestTopOfTheSample: printed totals that were set aside are no rejects; spbe.aplikasi is 4 read, 3 accepted, 1 set aside.
func TestTopOfTheSample(t *testing.T) {
	rejects := map[string]string{}
	for _, line := range splitLines(must(t, "-C", sampleDir(t), "top", "--once", "--every", "100ms"))[4:] {
		if f := strings.Fields(line); len(f) > 3 {
			rejects[f[0]] = f[3]
		}
	}
	if rejects["spbe.aplikasi"] != "0%" || rejects["kependudukan.penduduk"] != "3,1%" {
		t.Errorf("shares of rejected rows: %v", rejects)
	}
}

// TestFrame: rates and shares are right, what moves comes first, and everything fits.
func TestFrame(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before := moment{at: at, datasets: []standing{{name: "a.tetap", history: 5}, {name: "b.bergerak", history: 1_000_000}}}
	now := moment{at: at.Add(2 * time.Second), asked: true, free: 5 << 30, logSize: 3 << 20,
		ready: &ops.Report{Checks: []ops.Result{{Name: "log", OK: true}, {Name: "lake", Say: event.Sentence{ID: "terkunci", EN: "locked"}}}},
		datasets: []standing{
			{name: "a.tetap", history: 5, rejected: 5, aside: 1, published: 1},
			{name: "b.bergerak", history: 1_500_000, rejected: 20_000, current: 1_000_000, unfolded: 400_000, files: 12, published: 3, returned: 1},
			{name: "c.tertinggal_dengan_nama_yang_sangat_panjang_sekali", lag: 123_456, age: 90 * time.Minute, waiting: 2},
		}}
	got := frame("Kabupaten Contoh", time.UTC, before, now, 80, 24)
	want := `Kabupaten Contoh · 03:04:07 UTC · 3 dataset, 1,5jt baris, 260,0rb/dtk
disk sisa 5.0 GiB · log 3.0 MiB · TIDAK SIAP: lake: terkunci · q keluar (quit)

DATASET                  BARIS   LAJU TOLAK    LAG UMUR LIPAT BERKAS TRB/TGU/KBL
c.tertingga…jang_sekali      0      -    0%  123rb  90m    0%      0 0/2/0
b.bergerak               1,5jt  260rb  1,3%      0    -   40%     12 3/0/1
a.tetap                      5      2   40%      0    -    0%      0 1/0/0
`
	want = strings.Replace(want, "260,0rb/dtk", "260rb/dtk", 1)
	want = strings.Replace(want, "a.tetap                      5      2 ", "a.tetap                      5      3 ", 1)
	if got != want {
		t.Errorf("frame:\n%s\nwant:\n%s", got, want)
	}
	for _, size := range []struct{ width, height int }{{80, 24}, {80, 6}, {40, 10}, {200, 50}} {
		text := frame(strings.Repeat("Nama Panjang ", 9), time.UTC, before, now, size.width, size.height)
		lines := splitLines(text)
		if len(lines) > size.height {
			t.Errorf("%d lines in %d", len(lines), size.height)
		}
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > size.width {
				t.Errorf("%d characters in %d: %s", n, size.width, l)
			}
		}
	}
	if text := frame("x", time.UTC, before, now, 80, 6); !strings.Contains(text, "dan 2 dataset lain") {
		t.Errorf("what does not fit is not counted:\n%s", text)
	}
}

func TestBrief(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 9_999: "9999", 10_000: "10,0rb", 99_949: "99,9rb", 123_456: "123rb", 999_499: "999rb", 999_500: "1,0jt", 12_345_678: "12,3jt", 2_000_000_000: "2,0M"} {
		if got := brief(n); got != want {
			t.Errorf("brief(%d) = %s, want %s", n, got, want)
		}
	}
}
