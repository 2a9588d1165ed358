package normalize

import (
	"bytes"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"satudata/ingest/event"
	"satudata/schemas"
)

// civil is a date and time of day as written, in no zone.
type civil struct {
	year, month, day     int
	hour, minute, second int
	micro                int
}

// valid reports whether c exists in the calendar.
func (c civil) valid() bool {
	return c.year >= 1 && c.year <= 9999 && c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= monthDays(c.year, c.month) &&
		c.hour < 24 && c.minute < 60 && c.second < 60
}

func monthDays(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// days is the number of days from 1970-01-01 (Howard Hinnant's days_from_civil: years begin in
// March, so that the leap day is the last).
func (c civil) days() int { return daysFrom1970(c.year, c.month, c.day) }

func daysFrom1970(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

// seconds is the number of seconds from 1970-01-01 00:00:00 as if c were in UTC.
func (c civil) seconds() int64 {
	return int64(c.days())*86400 + int64(c.hour*3600+c.minute*60+c.second)
}

// two reads two digits at i.
func two(b []byte, i int) (int, bool) {
	if len(b) < i+2 || b[i]-'0' > 9 || b[i+1]-'0' > 9 {
		return 0, false
	}
	return int(b[i]-'0')*10 + int(b[i+1]-'0'), true
}

// isoDate reads YYYY-MM-DD at the start of b.
func isoDate(b []byte) (c civil, ok bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return c, false
	}
	hi, ok1 := two(b, 0)
	lo, ok2 := two(b, 2)
	m, ok3 := two(b, 5)
	d, ok4 := two(b, 8)
	c = civil{year: hi*100 + lo, month: m, day: d}
	return c, ok1 && ok2 && ok3 && ok4 && c.valid()
}

// isoTime reads YYYY-MM-DDTHH:mm[:ss[.fraction]][zone], also with a space for T. zoned says that a
// zone was written; offset is its seconds east of UTC.
func isoTime(b []byte) (c civil, offset int, zoned, ok bool) {
	c, ok = isoDate(b)
	if !ok || len(b) < 16 || b[10]|0x20 != 't' && b[10] != ' ' || b[13] != ':' {
		return c, 0, false, false
	}
	h, ok1 := two(b, 11)
	m, ok2 := two(b, 14)
	c.hour, c.minute = h, m
	b = b[16:]
	if len(b) >= 3 && b[0] == ':' {
		s, ok3 := two(b, 1)
		c.second, ok = s, ok3
		if b = b[3:]; len(b) > 1 && b[0] == '.' && b[1]-'0' < 10 {
			b = c.fraction(b[1:])
		}
	}
	offset, zoned, okz := isoZone(b)
	return c, offset, zoned, ok && ok1 && ok2 && okz && c.valid()
}

// fraction reads digits of a second; what is finer than a microsecond is cut off.
func (c *civil) fraction(b []byte) []byte {
	n := digits(b, 0)
	for i := range 6 {
		c.micro *= 10
		if i < n {
			c.micro += int(b[i] - '0')
		}
	}
	return b[n:]
}

// isoZone reads "", "Z", "+07", "+0700" or "+07:00".
func isoZone(b []byte) (offset int, zoned, ok bool) {
	switch {
	case len(b) == 0:
		return 0, false, true
	case len(b) == 1 && b[0]|0x20 == 'z':
		return 0, true, true
	case b[0] != '+' && b[0] != '-':
		return 0, false, false
	}
	h, ok := two(b, 1)
	m := 0
	switch rest := b[min(3, len(b)):]; {
	case len(rest) == 3 && rest[0] == ':':
		var good bool
		m, good = two(rest, 1)
		ok = ok && good
	case len(rest) == 2:
		var good bool
		m, good = two(rest, 0)
		ok = ok && good
	case len(rest) > 0:
		ok = false
	}
	offset = h*3600 + m*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true, ok && h <= 14 && m < 60
}

// clock turns civil times of one zone into instants. It remembers the stretch without a change of
// offset in which the last one fell.
type clock struct {
	zone       *time.Location
	from, to   int64 // UTC seconds
	offset     int64
	remembered bool
}

// micros is the instant of c in the clock's zone, in microseconds from 1970 UTC.
func (k *clock) micros(c civil) int64 {
	local := c.seconds()
	if !k.sure(local) {
		t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0, k.zone)
		k.remember(t)
		return t.Unix()*1e6 + int64(c.micro)
	}
	return (local-k.offset)*1e6 + int64(c.micro)
}

// sure reports whether the remembered offset holds at a local time: it does where the next change is
// further away than any offset is large.
func (k *clock) sure(local int64) bool {
	const day = 86400
	utc := local - k.offset
	return k.remembered && utc >= k.from+day && utc <= k.to-day
}

func (k *clock) remember(t time.Time) {
	const ever = 1 << 50
	_, offset := t.Zone()
	k.offset, k.from, k.to, k.remembered = int64(offset), -ever, ever, true
	from, to := t.ZoneBounds()
	if !from.IsZero() {
		k.from = from.Unix()
	}
	if !to.IsZero() {
		k.to = to.Unix()
	}
}

// dates reads dates and times: ISO 8601 always, and the layouts a binding declares.
type dates struct {
	layouts []dateLayout
	clock   clock
}

func newDates(layouts []string, zone *time.Location) *dates {
	if zone == nil {
		zone = time.UTC
	}
	d := &dates{clock: clock{zone: zone}}
	for _, l := range layouts {
		d.layouts = append(d.layouts, newDateLayout(l))
	}
	return d
}

// examples lists what is understood.
func (d *dates) examples(iso string) string {
	list := iso
	for _, l := range d.layouts {
		list += ", " + l.text
	}
	return list
}

// date reads a date as days from 1970-01-01. A time of day is tolerated when it is midnight: that
// is how spreadsheets and databases export dates.
func (d *dates) date(b []byte, k kind) (int, *event.Sentence) {
	if c, ok := isoDate(b); ok {
		if len(b) == 10 {
			return c.days(), nil
		}
		if c, _, _, ok := isoTime(b); ok {
			if c.hour|c.minute|c.second|c.micro != 0 {
				return 0, say("memuat jam, padahal kolom ini tanggal saja", "has a time of day, but this column holds dates only")
			}
			return c.days(), nil
		}
	}
	c, why := d.declared(b, k, "YYYY-MM-DD")
	if why == nil && c.hour|c.minute|c.second != 0 {
		return 0, say("memuat jam, padahal kolom ini tanggal saja", "has a time of day, but this column holds dates only")
	}
	return c.days(), why
}

// timestamp reads an instant as microseconds from 1970 UTC. A time without a zone is in the zone of
// the binding. A date alone is refused unless a layout without a time of day is declared.
func (d *dates) timestamp(b []byte, k kind) (int64, *event.Sentence) {
	if c, offset, zoned, ok := isoTime(b); ok {
		if zoned {
			return (c.seconds()-int64(offset))*1e6 + int64(c.micro), nil
		}
		return d.clock.micros(c), nil
	}
	c, why := d.declared(b, k, "YYYY-MM-DDTHH:mm:ss+07:00")
	if why != nil {
		return 0, why
	}
	return d.clock.micros(c), nil
}

// declared reads b by the declared layouts. Two layouts that read it differently make it ambiguous.
func (d *dates) declared(b []byte, k kind, iso string) (civil, *event.Sentence) {
	var found civil
	n, impossible := 0, false
	if bytes.Contains(b, []byte("  ")) {
		b = appendSpaced(nil, b)
	}
	for _, l := range d.layouts {
		c, ok := l.parse(b)
		if !ok {
			continue
		}
		if !c.valid() {
			impossible = true
			continue
		}
		if n > 0 && c != found {
			return civil{}, say("bermakna ganda: cocok dengan lebih dari satu pola tanggal (%s)", "ambiguous: more than one date layout fits (%s)", d.examples(iso))
		}
		found = c
		n++
	}
	switch {
	case n > 0:
		return found, nil
	case impossible || len(b) >= 10 && b[4] == '-' && b[7] == '-' && digits(b, 0) == 4:
		return civil{}, say("tanggal atau jam yang tidak ada, atau bukan pola yang dinyatakan (%s)", "no such date or time, or not a declared layout (%s)", d.examples(iso))
	case k == number || digits(b, 0) == len(b) && len(b) == 5:
		return civil{}, say("berupa angka; kemungkinan nomor seri Excel. Kirim sebagai tanggal: %s", "a bare number, perhaps an Excel serial number. Deliver it as a date: %s", d.examples(iso))
	}
	return civil{}, say("bukan tanggal yang dikenali; pola yang diterima: %s", "not a date as declared; accepted layouts: %s", d.examples(iso))
}

// dateLayout is a date layout taken apart.
//
// Tokens: YYYY (four digits), MM, DD, HH, mm, ss (two digits), M, D, H (one or two), MMMM (month
// name), MMM (abbreviated). Month names are Indonesian or English, whatever their case. Any other
// character stands for itself; letters do too.
type dateLayout struct {
	text   string
	tokens []string
}

func newDateLayout(text string) dateLayout {
	l := dateLayout{text: text}
	for s := text; s != ""; {
		n := 1
		for n < len(s) && s[n] == s[0] && strings.IndexByte("YMDHms", s[0]) >= 0 {
			n++
		}
		l.tokens = append(l.tokens, s[:n])
		s = s[n:]
	}
	return l
}

// parse reads b by l; the result need not exist in the calendar.
func (l dateLayout) parse(b []byte) (c civil, ok bool) {
	if l.text == schemas.SerialDate {
		return serial(b)
	}
	c = civil{month: 1, day: 1}
	for _, t := range l.tokens {
		switch t {
		case "YYYY":
			c.year, b, ok = figures(b, 4, 4)
		case "MM":
			c.month, b, ok = figures(b, 2, 2)
		case "M":
			c.month, b, ok = figures(b, 1, 2)
		case "DD":
			c.day, b, ok = figures(b, 2, 2)
		case "D":
			c.day, b, ok = figures(b, 1, 2)
		case "MMMM":
			c.month, b, ok = month(b, longMonths)
		case "MMM":
			c.month, b, ok = month(b, shortMonths)
		case "HH":
			c.hour, b, ok = figures(b, 2, 2)
		case "H":
			c.hour, b, ok = figures(b, 1, 2)
		case "mm":
			c.minute, b, ok = figures(b, 2, 2)
		case "ss":
			c.second, b, ok = figures(b, 2, 2)
		default:
			b, ok = bytes.CutPrefix(b, []byte(t))
		}
		if !ok {
			return c, false
		}
	}
	return c, len(b) == 0
}

// The days that spreadsheets number alike, from 1 March 1900 (Excel takes 1900 for a leap year before)
// to the end of 9999.
const (
	firstSerial = 61
	lastSerial  = 2958465
	serialZero  = -25569 // 30 December 1899, in days from 1970
)

// serial reads a spreadsheet's day number; its fraction is the time of day, to the nearest second.
func serial(b []byte) (c civil, ok bool) {
	mark := digits(b, 0)
	days, frac, ok := plainLocale.fastFixed(b[:mark])
	if !ok || frac > 0 || days < firstSerial || days > lastSerial {
		return c, false
	}
	seconds := 0.0
	if rest := b[mark:]; len(rest) > 0 {
		if len(rest) > 18 || rest[0] != '.' && rest[0] != ',' || digits(rest, 1) != len(rest) || len(rest) == 1 {
			return c, false
		}
		part, n, _ := plainLocale.fastFixed(append([]byte("0."), rest[1:]...))
		seconds = math.Round(float64(part) / pow10[n] * 86400)
	}
	at := time.Unix((days+serialZero)*86400+int64(seconds), 0).UTC()
	return civil{year: at.Year(), month: int(at.Month()), day: at.Day(), hour: at.Hour(), minute: at.Minute(), second: at.Second()}, true
}

// figures reads least to most digits.
func figures(b []byte, least, most int) (v int, rest []byte, ok bool) {
	n := min(digits(b, 0), most)
	for _, c := range b[:n] {
		v = v*10 + int(c-'0')
	}
	return v, b[n:], n >= least
}

// Names of the months as deliveries write them, spelling of before 1972 included.
var (
	longMonths = map[string]int{
		"januari": 1, "februari": 2, "pebruari": 2, "maret": 3, "april": 4, "mei": 5, "juni": 6,
		"juli": 7, "agustus": 8, "september": 9, "oktober": 10, "november": 11, "nopember": 11, "desember": 12,
		"january": 1, "february": 2, "march": 3, "may": 5, "june": 6, "july": 7, "august": 8, "october": 10, "december": 12,
	}
	shortMonths = map[string]int{
		"jan": 1, "feb": 2, "peb": 2, "mar": 3, "apr": 4, "mei": 5, "may": 5, "jun": 6, "jul": 7,
		"agu": 8, "agt": 8, "ags": 8, "agust": 8, "agst": 8, "aug": 8, "sep": 9, "sept": 9, "okt": 10, "oct": 10,
		"nov": 11, "nop": 11, "des": 12, "dec": 12,
	}
)

// month reads the letters at the start of b as a name in names.
func month(b []byte, names map[string]int) (int, []byte, bool) {
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if !unicode.IsLetter(r) {
			break
		}
		n += size
	}
	m, ok := names[schemas.Fold(string(b[:n]))]
	return m, b[n:], ok
}

// fastDate reads YYYY-MM-DD.
func fastDate(b []byte, _ kind) (int32, bool) {
	if len(b) != 10 {
		return 0, false
	}
	days, ok := isoDays(b)
	return int32(days), ok
}

// isoDays is the day, from 1970-01-01, of the YYYY-MM-DD at the start of b, which has 10 bytes at
// least.
func isoDays(b []byte) (int, bool) {
	_ = b[9]
	y1, y2, y3, y4, m1, m2, d1, d2 := b[0]-'0', b[1]-'0', b[2]-'0', b[3]-'0', b[5]-'0', b[6]-'0', b[8]-'0', b[9]-'0'
	if max(y1, y2, y3, y4, m1, m2, d1, d2) > 9 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	year, month, day := int(y1)*1000+int(y2)*100+int(y3)*10+int(y4), int(m1)*10+int(m2), int(d1)*10+int(d2)
	if year < 1 || month < 1 || month > 12 || day < 1 || day > 28 && day > monthDays(year, month) {
		return 0, false
	}
	return daysFrom1970(year, month, day), true
}

// fastTimestamp reads YYYY-MM-DDTHH:mm:ss with Z or a whole number of hours as zone, or none in a
// zone without a change nearby.
func (d *dates) fastTimestamp(b []byte, _ kind) (int64, bool) {
	if len(b) < 19 || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	days, ok := isoDays(b)
	h1, h2, m1, m2, s1, s2 := b[11]-'0', b[12]-'0', b[14]-'0', b[15]-'0', b[17]-'0', b[18]-'0'
	hour, minute, second := int64(h1)*10+int64(h2), int64(m1)*10+int64(m2), int64(s1)*10+int64(s2)
	if !ok || max(h1, h2, m1, m2, s1, s2) > 9 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	local := int64(days)*86400 + hour*3600 + minute*60 + second
	switch {
	case len(b) == 20 && b[19] == 'Z':
		return local * 1e6, true
	case len(b) == 19 && d.clock.sure(local):
		return (local - d.clock.offset) * 1e6, true
	case len(b) == 25 && (b[19] == '+' || b[19] == '-'):
		if offset, _, ok := isoZone(b[19:]); ok {
			return (local - int64(offset)) * 1e6, true
		}
	}
	return 0, false
}
