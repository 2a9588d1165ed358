package normalize

import (
	"bytes"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// thousands are the words that follow an amount of money, as powers of ten. M and T are not among
// them: M is miliar here and million elsewhere.
var thousands = map[string]int{
	"ribu": 3, "rb": 3, "juta": 6, "jt": 6, "miliar": 9, "milyar": 9, "triliun": 12, "trilyun": 12,
}

// money is an amount taken apart.
type money struct {
	negative bool
	currency bool   // Rp or rupiah is written
	round    bool   // ends with ",-": no sen
	number   []byte // without sign
	word     []byte // behind the number
}

// rupiah reads an amount of money: "Rp 1.500.000,00", "Rp1,5 juta", "1.500.000,-", "(1.000)". With Rp
// or a word it is in rupiah whatever the unit of bare numbers is.
//
// The locale decides which mark is which. Where it is plain, an amount that can only be written the
// Indonesian way is read so: with ",-", with two dots, or with a dot and then a comma.
func (in *input) rupiah(b []byte, k kind, v *value) (string, *event.Sentence) {
	if k == number {
		return in.quantity(b, k, v)
	}
	m, why := takeMoney(b)
	if why != nil {
		return quality.RuleType, why
	}
	by := in.measure.bare
	if m.currency || len(m.word) > 0 {
		if by, why = in.measure.of([]byte("rupiah")); why != nil {
			return quality.RuleType, why
		}
	}
	l := in.locale
	if l.name == "plain" && m.indonesian() {
		l = newLocale("id")
	}
	f, why := l.parse(in.digits, m.number)
	switch {
	case why != nil:
		return quality.RuleType, in.notMoney(m, why)
	case f.power || f.negative:
		return quality.RuleType, in.notMoney(m, l.unreadable())
	case f.frac == 3 && len(m.word) == 0 || f.frac == 3 && l.group == 0:
		return quality.RuleType, say("bermakna ganda: ribuan, atau tiga angka di belakang tanda desimal? Tulis semua angkanya tanpa pemisah, atau nyatakan locale: id",
			"ambiguous: thousands, or three decimals? Write all digits without separators, or declare locale: id")
	case m.round && f.frac > 0:
		return quality.RuleType, l.unreadable()
	}
	if len(m.word) > 0 {
		exp, why := power(m.word)
		if why != nil {
			return quality.RuleType, why
		}
		f.exp += exp
	}
	f.negative = m.negative && len(f.digits) > 0
	return quality.RuleType, by.put(f, in.Property.Type, v)
}

// takeMoney takes b apart.
func takeMoney(b []byte) (m money, why *event.Sentence) {
	signs := 0
	if n := len(b); n > 1 && b[0] == '(' && b[n-1] == ')' {
		b, m.negative = b[1:n-1], true
		signs++
	}
	sign := func() {
		b = bytes.TrimLeft(b, " ")
		if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
			m.negative = m.negative || b[0] == '-'
			b = bytes.TrimLeft(b[1:], " ")
			signs++
		}
	}
	sign()
	if rest, ok := cutCurrency(b); ok {
		b, m.currency = rest, true
		if bare := bytes.TrimSpace(b); string(bare) == "-" || string(bare) == "-,-" || len(bare) == 0 {
			return m, say("bermakna ganda: \"Rp -\" dapat berarti nol, dapat pula berarti tidak ada nilai; tulis 0, atau nyatakan di binding (missing)",
				"ambiguous: \"Rp -\" may mean zero, or that there is no value; write 0, or declare it in the binding (missing)")
		}
		sign()
	}
	if n := len(b); n > 1 && b[0] == '(' && b[n-1] == ')' {
		b, m.negative = b[1:n-1], true
		signs++
	}
	if signs > 1 {
		return m, say("tanda negatif ditulis dua kali", "the negative sign is written twice")
	}
	end := 0
	for end < len(b) && (b[end]-'0' <= 9 || b[end] == '.' || b[end] == ',' || b[end] == ' ') {
		end++
	}
	m.number, m.word = bytes.TrimSpace(b[:end]), bytes.TrimSpace(b[end:])
	if n := len(m.number); n > 0 && m.number[n-1] == ',' && bytes.HasPrefix(m.word, []byte("-")) {
		m.number, m.round = m.number[:n-1], true
		m.word = bytes.TrimSpace(bytes.TrimPrefix(m.word[1:], []byte("-")))
	}
	if rest, ok := cutRupiah(m.word); ok {
		m.word, m.currency = rest, true
	}
	return m, nil
}

// cutCurrency takes "Rp", "Rp." or "IDR" off the start of b.
func cutCurrency(b []byte) ([]byte, bool) {
	for _, sign := range []string{"rp.", "rp", "idr"} {
		if n := len(sign); len(b) >= n && bytes.EqualFold(b[:n], []byte(sign)) {
			return bytes.TrimLeft(b[n:], " "), true
		}
	}
	return b, false
}

// cutRupiah takes "rupiah" off the end of b.
func cutRupiah(b []byte) ([]byte, bool) {
	n := len(b) - len("rupiah")
	if n < 0 || !bytes.EqualFold(b[n:], []byte("rupiah")) {
		return b, false
	}
	return bytes.TrimSpace(b[:n]), true
}

// indonesian reports whether the number can only be written with dots for thousands and a comma for
// decimals.
func (m money) indonesian() bool {
	dots, comma := bytes.Count(m.number, []byte{'.'}), bytes.IndexByte(m.number, ',')
	switch {
	case m.round || dots > 1:
		return true
	case dots == 1:
		return comma > bytes.IndexByte(m.number, '.')
	}
	return comma >= 0 && bytes.Count(m.number, []byte{','}) == 1 && len(m.number)-comma-1 != 3
}

// notMoney is why, or what is wrong with an amount that is none.
func (in *input) notMoney(m money, why *event.Sentence) *event.Sentence {
	if len(m.number) == 0 {
		return say("bukan jumlah rupiah; tulis seperti %s atau Rp 1.500.000,00", "not an amount of rupiah; write it like %s or Rp 1.500.000,00", in.locale.example())
	}
	return why
}

// power is the power of ten that word stands for.
func power(word []byte) (int, *event.Sentence) {
	exp, ok := thousands[string(bytes.ToLower(word))]
	switch {
	case ok:
		return exp, nil
	case len(word) == 1 && bytes.IndexByte([]byte("mMtTkK"), word[0]) >= 0:
		return 0, say("singkatan %s bermakna ganda (M: miliar atau million?); tulis ribu, juta, miliar atau triliun", "the abbreviation %s is ambiguous (M: miliar or million?); write ribu, juta, miliar or triliun", string(word))
	}
	return 0, say("teks %q di belakang angka tidak dikenal; yang diterima: ribu, juta, miliar, triliun", "the text %q behind the number is unknown; accepted: ribu, juta, miliar, triliun", quality.Excerpt(word))
}
