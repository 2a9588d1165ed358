package normalize

import (
	"bytes"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// region finds the region whose code b is. What a spreadsheet made of a code is undone where only
// one code can be meant: spaces, an apostrophe, "1101.0", "1.101e3". A name is never enough, but the
// code that it may stand for is suggested.
func (in *input) region(b []byte, _ kind, v *value) (string, *event.Sentence) {
	code := string(bytes.ReplaceAll(unmark(b), []byte(" "), nil))
	t := in.Codes
	r, ok := t.Lookup(code)
	if !ok {
		whole, why := undoNumber([]byte(code))
		if why != nil {
			return quality.RuleCode, why
		}
		if r, ok = t.Lookup(string(whole)); !ok {
			return quality.RuleCode, in.discreet(noRegion(t, b, code), "bukan kode wilayah %s", "not a region code of %s", t.System())
		}
	}
	v.region = in.columns[0].(*regionPart).regions.put(r)
	return "", nil
}

// noRegion says why code, delivered as b, is not a region's.
func noRegion(t *schemas.CodeTable, b []byte, code string) *event.Sentence {
	system, want := t.System(), codeLength(t)
	dotted := strings.Contains(code, ".")
	length := len(strings.ReplaceAll(code, ".", ""))
	switch {
	case strings.Trim(code, "0123456789.") != "":
		return notCode(t, b)
	case dotted && strings.HasPrefix(system, "bps"):
		return say("kode bertitik adalah kode Kemendagri, padahal kolom ini dinyatakan %s", "a dotted code is a Kemendagri code, but this column is declared as %s", system)
	case dotted && length == want-1:
		return say("angka di belakang titik kurang satu; nol di ujung tampaknya hilang karena kode disimpan sebagai angka. Kirim kode sebagai teks",
			"one digit is missing after the dot; a final zero seems lost because the code was stored as a number. Deliver codes as text")
	case length != want:
		return say("punya %d angka; kode %s tingkat ini %d angka", "has %d digits; %s codes of this level have %d", length, system, want)
	}
	why := t.Explain(code)
	return &event.Sentence{ID: why.ID, EN: why.EN}
}

// notCode says that b is no code, and which one it may have meant.
func notCode(t *schemas.CodeTable, b []byte) *event.Sentence {
	system, want := t.System(), codeLength(t)
	codes := t.Named(string(b))
	if len(codes) == 0 {
		return say("bukan kode wilayah; kolom ini dinyatakan berisi kode %s (%d angka)", "not a region code; this column is declared to hold %s codes (%d digits)", system, want)
	}
	return say("nama, bukan kode; wilayah dikenali dari kode %s (%d angka), karena nama dapat kembar. Mungkin %s",
		"a name, not a code; regions are known by their %s code (%d digits), because names are not unique. Perhaps %s", system, want, listing(codes))
}

// codeLength is how many digits a code of the table has, dots aside.
func codeLength(t *schemas.CodeTable) int {
	switch t.Level() {
	case "provinsi":
		return 2
	case "kabupaten_kota":
		return 4
	case "kecamatan":
		if strings.HasPrefix(t.System(), "bps") {
			return 7
		}
		return 6
	}
	return 10
}
