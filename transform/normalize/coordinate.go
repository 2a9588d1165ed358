package normalize

import (
	"bytes"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// axis is latitude or longitude.
type axis struct {
	name, other       string // in Indonesian
	english, opposite string
	limit             float64
	sides             map[string]int // words for the halves of the globe: 1 is north or east
	wrong             map[string]int // the other axis's
}

var (
	northSouth = map[string]int{"lu": 1, "utara": 1, "lintang utara": 1, "u": 1, "n": 1, "north": 1,
		"ls": -1, "selatan": -1, "lintang selatan": -1, "s": -1, "south": -1}
	eastWest = map[string]int{"bt": 1, "timur": 1, "bujur timur": 1, "t": 1, "e": 1, "east": 1,
		"bb": -1, "barat": -1, "bujur barat": -1, "b": -1, "w": -1, "west": -1}
	latitudes  = axis{"lintang", "bujur", "latitude", "longitude", 90, northSouth, eastWest}
	longitudes = axis{"bujur", "lintang", "longitude", "latitude", 180, eastWest, northSouth}
)

func (in *input) latitude(b []byte, k kind, v *value) (string, *event.Sentence) {
	return in.coordinate(&latitudes, b, k, v)
}

func (in *input) longitude(b []byte, k kind, v *value) (string, *event.Sentence) {
	return in.coordinate(&longitudes, b, k, v)
}

// coordinate reads degrees in one of three notations: decimal, with a point or a comma whatever the
// locale, because no coordinate has thousands; degrees, minutes and seconds; degrees and decimal
// minutes. What lies beyond its axis has lost its decimal mark or stands in the wrong column, and
// is refused.
func (in *input) coordinate(a *axis, b []byte, k kind, v *value) (string, *event.Sentence) {
	p := angle{rest: b}
	if why := p.read(in, a, k); why != nil {
		return quality.RuleType, why
	}
	if why := p.direction(a, in.eastOnly()); why != nil {
		return quality.RuleType, why
	}
	v.f = p.degrees()
	c := in.Property.Check
	switch {
	case v.f > a.limit || v.f < -a.limit:
		return quality.RuleRange, a.beyond(v.f)
	case a == &longitudes && c.Min != nil && v.f < *c.Min && v.f > -12 && v.f < 12:
		return quality.RuleRange, say("tampak seperti lintang; mungkin kolom lintang dan bujur tertukar", "looks like a latitude; latitude and longitude may have changed places")
	}
	return "", nil
}

// eastOnly reports whether the contract allows eastern longitudes only, so that no sign is needed.
func (in *input) eastOnly() bool { c := in.Property.Check; return c.Min != nil && *c.Min >= 12 }

// beyond says why v, which is outside a, is refused.
func (a *axis) beyond(v float64) *event.Sentence {
	if v >= -180 && v <= 180 {
		return say("%s tidak dapat melebihi 90 derajat; mungkin kolom lintang dan bujur tertukar", "a %[2]s cannot be beyond 90 degrees; latitude and longitude may have changed places", a.name, a.english)
	}
	return say("%s di luar %v derajat; tanda desimalnya tampaknya hilang. Kirim sebagai derajat desimal, seperti -6.9147", "a %[3]s beyond %[2]v degrees; its decimal mark seems lost. Deliver decimal degrees, like -6.9147", a.name, a.limit, a.english)
}

// angle is an angle being read.
type angle struct {
	rest  []byte
	sign  int // -1 or 1 where written, else 0
	side  int // of the hemisphere, or 0
	parts [3]float64
	count int // parts
}

// degrees is the angle in degrees.
func (p *angle) degrees() float64 {
	v := p.parts[0] + (p.parts[1]*60+p.parts[2])/3600
	if p.sign < 0 || p.side < 0 {
		return -v
	}
	return v
}

// direction says what is wrong with the sign and the hemisphere of p, if anything.
func (p *angle) direction(a *axis, eastOnly bool) *event.Sentence {
	switch {
	case p.sign != 0 && p.side != 0:
		return say("memakai tanda dan juga nama belahan bumi; pakai salah satu", "has a sign and a hemisphere; use one of them")
	case p.count > 1 && p.sign == 0 && p.side == 0 && !(a == &longitudes && eastOnly):
		return say("belahan bumi tidak disebut; tambahkan LS atau LU (BT atau BB untuk bujur)", "the hemisphere is not named; add LS or LU (BT or BB for longitudes)")
	}
	return nil
}

// read takes p.rest apart.
func (p *angle) read(in *input, a *axis, k kind) *event.Sentence {
	if why := p.hemisphere(a); why != nil {
		return why
	}
	if len(p.rest) > 0 && (p.rest[0] == '-' || p.rest[0] == '+') {
		p.sign = 1
		if p.rest[0] == '-' {
			p.sign = -1
		}
		p.rest = bytes.TrimLeft(p.rest[1:], " ")
	}
	for p.count < len(p.parts) {
		whole, why := p.part(in, k)
		if why != nil {
			return why
		}
		p.count++
		last := p.mark(p.count - 1)
		if last || len(p.rest) == 0 || p.rest[0]-'0' > 9 {
			break
		}
		if !whole {
			return notAngle()
		}
	}
	if why := p.hemisphere(a); why != nil {
		return why
	}
	switch {
	case len(p.rest) > 0 && (p.rest[0] == ',' || p.rest[0] == '.' || p.rest[0] == ';' || p.rest[0]-'0' <= 9):
		return say("tampaknya dua nilai dalam satu sel; pisahkan lintang dan bujur, atau tulis satu tanda desimal saja", "seems to be two values in one cell; separate latitude and longitude, or write one decimal mark only")
	case len(p.rest) > 0 || p.count == 0:
		return notAngle()
	case p.parts[1] >= 60 || p.parts[2] >= 60:
		return say("menit dan detik harus kurang dari 60", "minutes and seconds must be below 60")
	}
	return nil
}

func notAngle() *event.Sentence {
	return say("bukan koordinat; tulis derajat desimal (-6.9147), atau 6°54'53\" LS, atau 6°54.883' LS", "not a coordinate; write decimal degrees (-6.9147), or 6°54'53\" LS, or 6°54.883' LS")
}

// part reads a number; whole says that it has no decimals.
func (p *angle) part(in *input, k kind) (whole bool, why *event.Sentence) {
	end, mark := digits(p.rest, 0), byte(0)
	if end < len(p.rest) && (p.rest[end] == '.' || p.rest[end] == ',') {
		if n := digits(p.rest, end+1); n > end+1 {
			mark, end = p.rest[end], n
		}
	}
	if k == number {
		mark, end = '.', len(p.rest)
	}
	f, why := locale{decimal: mark}.parse(in.digits, p.rest[:end])
	if why != nil {
		return false, notAngle()
	}
	p.parts[p.count], why = f.double()
	p.rest = p.rest[end:]
	return mark == 0, why
}

// mark skips what separates part i from the next: its own sign, or a space, colon or hyphen. It
// reports whether no part may follow.
func (p *angle) mark(i int) (last bool) {
	p.rest = bytes.TrimLeft(p.rest, " ")
	for _, m := range angleMarks[i] {
		if rest, ok := bytes.CutPrefix(p.rest, []byte(m)); ok {
			p.rest = bytes.TrimLeft(rest, " ")
			return false
		}
	}
	if len(p.rest) > 1 && (p.rest[0] == ':' || p.rest[0] == '-') && p.rest[1]-'0' <= 9 && i < 2 {
		p.rest = p.rest[1:]
	}
	return false
}

// angleMarks are the signs of degrees, minutes and seconds, longer ones first.
var angleMarks = [3][]string{
	{"°", "º", "˚", "derajat"},
	{"'", "′", "’", "‘", "´", "`", "menit"},
	{"\"", "″", "”", "“", "''", "’’", "′′", "detik"},
}

// hemisphere takes a word off p.rest and finds its side.
func (p *angle) hemisphere(a *axis) *event.Sentence {
	var buf [24]byte
	word, rest := leadingWord(buf[:0], p.rest)
	if len(word) == 0 {
		return nil
	}
	side := a.sides[string(word)]
	switch {
	case a.wrong[string(word)] != 0:
		return say("%q menyebut %s, padahal kolom ini %s; mungkin kedua kolom tertukar", "%[1]q names a %[4]s, but this column holds a %[5]s; the two may have changed places", string(word), a.other, a.name, a.opposite, a.english)
	case side == 0:
		return notAngle()
	case p.side != 0:
		return say("belahan bumi disebut dua kali", "the hemisphere is named twice")
	}
	p.side, p.rest = side, rest
	return nil
}

// leadingWord appends the letters that b begins with to word, several words too, in lower case and
// without dots.
func leadingWord(word, b []byte) (letters, rest []byte) {
	for ; len(b) > 0; b = b[1:] {
		c := b[0] | 0x20
		switch {
		case 'a' <= c && c <= 'z' && len(word) < cap(word):
			word = append(word, c)
		case len(word) > 0 && b[0] == '.':
		case len(word) > 0 && b[0] == ' ' && len(word) < cap(word):
			word = append(word, ' ')
		default:
			return bytes.TrimRight(word, " "), b
		}
	}
	return bytes.TrimRight(word, " "), b
}
