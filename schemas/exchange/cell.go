package exchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"gopkg.in/yaml.v3"
)

// codec is how a column of a workbook writes a node: a text cell and back.
type codec int

const (
	asText       codec = iota // a text, as it is
	asTexts                   // a list of texts, joined by "; "
	asYesNo                   // ya, tidak
	asWhole                   // a whole number
	asNumber                  // a number
	asExpression              // a text, or keys and values as YAML writes them on one line: "{aturan: unik, kolom: [a]}"
)

// render is n as the text of a cell; ok is false for what the cell would not give back exactly.
func (c codec) render(n *tree) (s string, ok bool) {
	switch {
	case c == asTexts && n.kind == list && len(n.kids) > 0:
		items := make([]string, len(n.kids))
		for i, kid := range n.kids {
			items[i] = kid.text
		}
		s = strings.Join(items, "; ")
	case c == asExpression && n.kind == mapping:
		var err error
		if s, err = n.flow(); err != nil {
			return "", false
		}
	case n.kind != scalar:
		return "", false
	case c == asYesNo:
		s = map[string]string{"true": "ya", "false": "tidak"}[n.text]
	default:
		s = n.text
	}
	if strings.TrimSpace(s) == "" || !cellSafe(s) {
		return "", false
	}
	back, say := c.parse(s)
	return s, say == "" && back.equal(n)
}

// parse is the node of a cell that is not empty; say is what else the cell should hold, or "".
func (c codec) parse(s string) (n *tree, say string) {
	trimmed := strings.TrimSpace(s)
	switch c {
	case asTexts:
		n = &tree{kind: list}
		for item := range strings.SplitSeq(s, ";") {
			if item = strings.TrimSpace(item); item == "" {
				return nil, "nilai dipisah titik koma/values between semicolons"
			}
			n.kids = append(n.kids, text(item))
		}
		return n, ""
	case asYesNo:
		switch strings.ToLower(trimmed) {
		case "ya", "true", "1":
			return &tree{kind: scalar, tag: "!!bool", text: "true"}, ""
		case "tidak", "false", "0":
			return &tree{kind: scalar, tag: "!!bool", text: "false"}, ""
		}
		return nil, "ya, tidak"
	case asWhole, asNumber:
		return parseNumber(trimmed, c == asWhole)
	case asExpression:
		if strings.HasPrefix(trimmed, "{") {
			return parseFlow(trimmed)
		}
	}
	return text(s), ""
}

// flow is a mapping as YAML writes it on one line.
func (t *tree) flow() (string, error) {
	n := t.node("")
	n.Style = yaml.FlowStyle
	doc, err := yaml.Marshal(n)
	return strings.TrimSpace(string(doc)), err
}

// alias says whether t has a YAML alias, which a contract may not have.
func (t *tree) alias() bool {
	return t.kind == unset || slices.ContainsFunc(t.kids, (*tree).alias)
}

// parseFlow reads keys and values on one line.
func parseFlow(s string) (*tree, string) {
	const expected = "{kunci: nilai, …}"
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(s), &doc); err != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, expected
	}
	t := fromNode(doc.Content[0])
	if t.alias() {
		return nil, expected + " tanpa/without &, *"
	}
	t.canonise("")
	return t, ""
}

// parseNumber reads what Excel stores of a number: it writes 0.1 as 0.10000000000000001.
func parseNumber(s string, whole bool) (*tree, string) {
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(s, "xXpP_"):
		return nil, "bilangan dengan titik desimal/number with a decimal point: 1500.5"
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return &tree{kind: scalar, tag: "!!int", text: strconv.FormatInt(int64(f), 10)}, ""
	case whole:
		return nil, "bilangan bulat/whole number"
	}
	return &tree{kind: scalar, tag: "!!float", text: strconv.FormatFloat(f, 'f', -1, 64)}, ""
}

const cellLength = 32000 // UTF-16 units that a cell takes; Excel's own limit is 32767

var cellEscape = regexp.MustCompile(`_[xX][0-9A-Fa-f]{4}_`) // means a character to Excel

// cellSafe says whether a cell gives s back as it is.
func cellSafe(s string) bool {
	if len(utf16.Encode([]rune(s))) > cellLength || cellEscape.MatchString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\ufffd' || r >= 0xfffe && r <= 0xffff {
			return false
		}
	}
	return true
}

// words of the column Jenis of the sheet Lainnya, by what they are in YAML.
func otherKinds() map[string]*tree {
	of := func(tag string) *tree { return &tree{kind: scalar, tag: tag} }
	return map[string]*tree{"teks": of("!!str"), "bilangan bulat": of("!!int"), "bilangan": of("!!float"), "ya/tidak": of("!!bool"),
		"waktu": of("!!timestamp"), "kosong": of("!!null"), "daftar kosong": {kind: list}, "pasangan kosong": {kind: mapping}}
}

// jsonSuffix marks a text of the sheet Lainnya that is written as JSON, because it has characters that
// a cell does not keep. more is the Jenis of a row that continues the text of the row before.
const (
	jsonSuffix = " (JSON)"
	more       = "lanjutan"
)

// other is a row of the sheet Lainnya, without its path.
type other struct{ kind, text string }

// renderOther writes a leaf as rows of the sheet Lainnya: one, or more when the text is long.
func renderOther(n *tree) []other {
	word := n.tag
	for w, k := range otherKinds() {
		if k.kind == n.kind && k.tag == n.tag {
			word = w
		}
	}
	s := n.text
	if n.kind == scalar && (s != "" || n.tag == "!!str") && (!cellSafe(s) || strings.TrimSpace(s) == "") {
		word, s = word+jsonSuffix, asciiJSON(s)
	}
	rows := []other{{word, s}}
	for len(rows[len(rows)-1].text) > cellLength { // only ASCII is that long
		last := rows[len(rows)-1].text
		rows[len(rows)-1].text = last[:cellLength]
		rows = append(rows, other{more, last[cellLength:]})
	}
	return rows
}

// asciiJSON is s as a JSON string of printable ASCII.
func asciiJSON(s string) string {
	quoted, _ := json.Marshal(s) // a string always marshals
	var b strings.Builder
	for _, r := range string(quoted) {
		if r < 0x7f {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return strings.NewReplacer("_x", `\u005fx`, "_X", `\u005fX`).Replace(b.String()) // which could begin an escape of Excel's
}

// parseOther is the leaf of rows of the sheet Lainnya; say is what Jenis or Nilai should be, or "".
func parseOther(o other) (n *tree, say string) {
	word, quoted := strings.CutSuffix(strings.TrimSpace(o.kind), jsonSuffix)
	k, known := otherKinds()[word]
	switch {
	case !known && !strings.HasPrefix(word, "!"):
		return nil, "Jenis: " + strings.Join(slices.Sorted(maps.Keys(otherKinds())), ", ")
	case !known:
		k = &tree{kind: scalar, tag: word}
	}
	n = &tree{kind: k.kind, tag: k.tag}
	if n.kind != scalar {
		return n, ""
	}
	n.text = o.text
	if quoted && json.Unmarshal([]byte(o.text), &n.text) != nil {
		return nil, `teks JSON/JSON text: "…"`
	}
	switch n.tag {
	case "!!bool", "!!int", "!!float":
		n.text = strings.TrimSpace(n.text)
		if _, err := strconv.ParseBool(n.text); n.tag == "!!bool" && err != nil {
			return nil, "true, false"
		}
	}
	return n, ""
}
