package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// frame draws a workspace in a rectangle, from where it stood before and now.
func frame(name string, zone *time.Location, before, now moment, width, height int) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(fit(text, width) + "\n") }
	rows := ranked(before, now)
	line(headline(name, zone, rows, now))
	line(machine(now))
	line("")
	if now.empty != "" {
		line(now.empty)
		return b.String()
	}
	const heads = "%s %6s %6s %5s %6s %4s %5s %6s %s"
	wide := max(width-57, 12)
	line(fmt.Sprintf(heads, padded("DATASET", wide), "BARIS", "LAJU", "TOLAK", "LAG", "UMUR", "LIPAT", "BERKAS", "TRB/TGU/KBL"))
	room := max(height-5, 1) // of a terminal; the last line is for what is left out
	for i, r := range rows {
		if i == room && len(rows) > room {
			line(fmt.Sprintf("… dan %d dataset lain (and more)", len(rows)-i))
			break
		}
		if r.unread {
			line(padded(r.name, wide) + " tabelnya tidak terbaca; lihat satudata doctor (its tables cannot be read)")
			continue
		}
		line(fmt.Sprintf(heads, padded(r.name, wide), brief(r.history), rate(r.rate), percent(r.rejected-r.aside, r.rejected+r.history), brief(r.lag), span(r.age),
			percent(r.unfolded, max(r.current, r.unfolded)), brief(r.files), fmt.Sprintf("%s/%s/%s", brief(r.published), brief(r.waiting), brief(r.returned))))
	}
	return b.String()
}

// moving is a dataset with what lands of it in a second; less than zero when that is not known.
type moving struct {
	standing
	rate float64
}

// ranked are the datasets, those first where something happens.
func ranked(before, now moment) []moving {
	old := map[string]standing{}
	for _, d := range before.datasets {
		old[d.name] = d
	}
	took := now.at.Sub(before.at).Seconds()
	rows := make([]moving, len(now.datasets))
	for i, d := range now.datasets {
		rows[i] = moving{d, -1}
		if was, ok := old[d.name]; ok && took > 0 {
			rows[i].rate = max(float64(d.history+d.rejected-was.history-was.rejected)/took, 0)
		}
	}
	slices.SortStableFunc(rows, func(a, b moving) int {
		switch {
		case a.lag != b.lag && (a.lag == 0 || b.lag == 0):
			return sign(b.lag - a.lag)
		case a.rate != b.rate:
			return sign(int64(b.rate) - int64(a.rate))
		}
		return strings.Compare(a.name, b.name)
	})
	return rows
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func headline(name string, zone *time.Location, rows []moving, now moment) string {
	var total int64
	speed := 0.0
	for _, r := range rows {
		total += r.history
		speed += max(r.rate, 0)
	}
	return fmt.Sprintf("%s · %s · %d dataset, %s baris, %s/dtk", strings.TrimRight(padded(name, min(len([]rune(name)), 30)), " "), now.at.In(zone).Format("15:04:05 MST"), len(rows), brief(total), brief(int64(speed)))
}

func machine(now moment) string {
	text := "disk sisa " + humanize.IBytes(now.free)
	if now.logSize > 0 {
		text += " · log " + humanize.IBytes(uint64(now.logSize))
	}
	names, say := now.unready()
	switch {
	case !now.asked:
	case now.ready == nil:
		text += " · proses tidak menjawab (no answer)"
	case len(names) > 0:
		text += " · TIDAK SIAP: " + strings.Join(names, ", ") + ": " + say[0].ID
	default:
		text += " · siap (ready)"
	}
	return text + " · q keluar (quit)"
}

// fit cuts a line to a width.
func fit(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return strings.TrimRight(text, " ")
	}
	r := []rune(text)
	return string(r[:max(width-1, 0)]) + "…"
}

// padded fills a name to a width, or cuts it in the middle, keeping its end.
func padded(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text + strings.Repeat(" ", width-len(r))
	}
	return string(r[:width/2]) + "…" + string(r[len(r)-(width-width/2-1):])
}

// brief writes a count in five characters: 999, 12,3rb, 4,5jt, 6,7M.
func brief(n int64) string {
	if n < 10_000 {
		return strconv.FormatInt(n, 10)
	}
	v, unit := float64(n)/1e3, "rb"
	switch {
	case n >= 999_500_000:
		v, unit = float64(n)/1e9, "M"
	case n >= 999_500:
		v, unit = float64(n)/1e6, "jt"
	}
	digits := 1
	if v >= 99.95 {
		digits = 0
	}
	return strings.Replace(strconv.FormatFloat(v, 'f', digits, 64), ".", ",", 1) + unit
}

func rate(perSecond float64) string {
	if perSecond < 0 {
		return "-"
	}
	return brief(int64(perSecond + 0.5))
}

func percent(part, whole int64) string {
	if whole <= 0 || part <= 0 {
		return "0%"
	}
	share := 100 * float64(part) / float64(whole)
	if share < 10 {
		return strings.Replace(strconv.FormatFloat(share, 'f', 1, 64), ".", ",", 1) + "%"
	}
	return strconv.FormatFloat(share, 'f', 0, 64) + "%"
}

// span writes a time in four characters.
func span(d time.Duration) string {
	switch {
	case d <= 0:
		return "-"
	case d < 100*time.Second:
		return strconv.Itoa(int(d.Seconds())) + "d"
	case d < 100*time.Minute:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 100*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "j"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "h"
}

// splitLines are the lines of a text, without their ends.
func splitLines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }
