package source

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Progress is told how a delivery goes. It is used by one goroutine.
type Progress interface {
	// Begin says that a delivery is being moved, of which so much was in the log already.
	Begin(info Info, records, bytes int64)
	// Advance says that so much more is durable in the log.
	Advance(records, bytes int64)
	// End says what became of a delivery, also of one that never began.
	End(Outcome)
}

// silent shows nothing.
type silent struct{}

func (silent) Begin(Info, int64, int64) {}
func (silent) Advance(int64, int64)     {}
func (silent) End(Outcome)              {}

// NewProgress returns a Progress that writes to w: on a terminal one line that is redrawn at most
// five times a second, otherwise a plain line at the start, about every ten seconds, and at the
// end. A nil now means time.Now.
func NewProgress(w io.Writer, terminal bool, now func() time.Time) Progress {
	if now == nil {
		now = time.Now
	}
	p := &progress{w: w, terminal: terminal, now: now, pause: 10 * time.Second}
	if terminal {
		p.pause = 200 * time.Millisecond
	}
	return p
}

type progress struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	pause    time.Duration // between two drawings

	info           Info
	begun, drawn   time.Time
	records, bytes int64 // done, what was in the log already included
	before         int64 // bytes that were in the log already
}

func (p *progress) Begin(info Info, records, bytes int64) {
	p.info, p.records, p.bytes, p.before = info, records, bytes, bytes
	p.begun = p.now()
	p.drawn = p.begun
	if p.terminal {
		p.draw()
		return
	}
	from := ""
	if records > 0 {
		from = fmt.Sprintf(", dilanjutkan setelah %s baris", count(records))
	}
	fmt.Fprintf(p.w, "%s: mulai, %s baris, %s%s\n", info.Subject, count(info.Records), size(info.Bytes), from)
}

func (p *progress) Advance(records, bytes int64) {
	p.records += records
	p.bytes += bytes
	if now := p.now(); now.Sub(p.drawn) >= p.pause {
		p.drawn = now
		p.draw()
	}
}

func (p *progress) End(o Outcome) {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	switch o.Status {
	case Received:
		fmt.Fprintf(p.w, "%s: diterima, %s\n", o.Info.Subject, p.took(o))
	case Resumed:
		fmt.Fprintf(p.w, "%s: dilanjutkan dan diterima, %s\n", o.Info.Subject, p.took(o))
	case Unchanged:
		fmt.Fprintf(p.w, "%s: tidak berubah, isinya sama dengan pengiriman %s\n", o.Info.Subject, o.Delivery)
	case Refused:
		fmt.Fprintf(p.w, "%s: DITOLAK: %s\n", o.Info.Subject, o.Refusal.Reason.ID)
	}
}

func (p *progress) took(o Outcome) string {
	return fmt.Sprintf("%s baris dalam %s (%s)", count(o.Records), seconds(o.Duration), rate(o.Bytes, o.Duration))
}

// draw shows how far it is.
func (p *progress) draw() {
	share := 1.0
	if p.info.Bytes > 0 {
		share = float64(p.bytes) / float64(p.info.Bytes)
	}
	took := p.now().Sub(p.begun)
	left := "?"
	if done := p.bytes - p.before; done > 0 {
		left = clock(time.Duration(float64(took) * float64(p.info.Bytes-p.bytes) / float64(done)))
	}
	speed := rate(p.bytes-p.before, took)
	if !p.terminal {
		fmt.Fprintf(p.w, "%s: %d%%, %s dari %s baris, %s, sisa %s\n",
			p.info.Subject, int(share*100), count(p.records), count(p.info.Records), speed, left)
		return
	}
	const width = 24
	full := min(int(share*width), width)
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	fmt.Fprintf(p.w, "\r\x1b[K%s %s %3d%% %s baris %s sisa %s",
		short(p.info.Subject, 28), bar, int(share*100), count(p.records), speed, left)
}

// count writes a number as Indonesians do: 1.234.567.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}

// decimal writes a number with one decimal and a decimal comma.
func decimal(x float64) string { return strings.Replace(fmt.Sprintf("%.1f", x), ".", ",", 1) }

func size(n int64) string {
	switch {
	case n >= 1e9:
		return decimal(float64(n)/1e9) + " GB"
	case n >= 1e6:
		return decimal(float64(n)/1e6) + " MB"
	case n >= 1e3:
		return decimal(float64(n)/1e3) + " kB"
	}
	return count(n) + " byte"
}

func rate(bytes int64, took time.Duration) string {
	return decimal(float64(bytes)/1e6/max(took.Seconds(), 1e-3)) + " MB/dtk"
}

func seconds(d time.Duration) string {
	if d >= time.Minute {
		return clock(d)
	}
	return decimal(d.Seconds()) + " detik"
}

// clock writes a time span as 1:02:03 or 2:03.
func clock(d time.Duration) string {
	s := int64(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// short cuts a name in the middle, keeping its end.
func short(name string, n int) string {
	r := []rune(name)
	if len(r) <= n {
		return name
	}
	return string(r[:n/2]) + "…" + string(r[len(r)-n+n/2+1:])
}
