package schemas

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// logicalKinds is ODCS's logicalType for the kinds of columns that a table may have.
func logicalKinds() map[string]Kind {
	return map[string]Kind{"string": String, "integer": Integer, "number": Double, "boolean": Boolean, "date": Date,
		"timestamp": Timestamp}
}

var decimalForm = regexp.MustCompile(`(?i)^(?:decimal|numeric)\s*\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)$`)

// parseDecimal reads "decimal(18,2)".
func parseDecimal(s string) (Type, bool) {
	m := decimalForm.FindStringSubmatch(s)
	if m == nil {
		return Type{}, false
	}
	precision, _ := strconv.Atoi(m[1])
	scale, _ := strconv.Atoi("0" + m[2]) // scale may be left out
	return Type{Decimal, precision, scale}, 1 <= precision && precision <= 38 && scale <= precision
}

// readProperty reads one column and lets it inherit from its element.
func readProperty(o object) Property {
	custom := o.customs(propertyKeys()...)
	p := Property{
		Standard:    readStandard(custom),
		Name:        o.form("name", nameForm, nameSay),
		Title:       o.text("businessName"),
		Element:     custom.text("elemen"),
		Required:    o.bool("required"),
		RenamedFrom: custom.text("namaLama"),
		Upcast:      readUpcast(custom),
		Additive:    custom.bool("aditif"),
		NotAdditive: custom.has("aditif") && !custom.bool("aditif"),
		Class:       o.oneOf("classification", "", classes()...),
		DSSD:        readDSSD(custom),
		Variable:    custom.metadata("msVar"),
		Examples:    o.texts("examples"),
		Line:        o.node.Line,
	}
	p.Definition = o.text("description")
	if len(p.Name) > longestName {
		o.fault("name", sayf("nama %q terlalu panjang", "name %q is too long", p.Name), "<= "+strconv.Itoa(longestName))
	}
	p.Key = readKey(o)
	p.Type = readType(o)
	options := o.child("logicalTypeOptions")
	p.Check = readBounds(options)
	refuseUnchecked(o, options)
	readQuality(o, &p)
	inherit(o, custom, &p)
	checkBounds(options, p.Type, p.Check)
	if options.has("format") && p.Type.Kind != Date && p.Type.Kind != Timestamp { // there it only says how the source writes
		options.fault("format", Sentence{"format tidak diperiksa satudata", "satudata does not check format"}, "pattern")
	}
	checkAllowed(o, p)
	if numeric := p.Type.Kind == Integer || p.Type.Kind == Decimal || p.Type.Kind == Double; p.Additive && !numeric {
		custom.fault("aditif", sayf("kolom %q bukan angka, tidak dapat dijumlahkan", "column %q is no number and cannot be summed", p.Name), "false")
	}
	if p.Class == "" {
		p.Class = "umum"
	}
	if p.Definition == "" {
		o.fault("description", sayf("kolom %q tanpa definisi", "column %q has no definition", p.Name), "description: …, atau/or elemen")
	}
	return p
}

// readKey is the position in the primary key, or 0. A key without position says 1.
func readKey(o object) int {
	if !o.bool("primaryKey") {
		return 0
	}
	if !o.bool("required") {
		o.fault("primaryKey", Sentence{"kolom kunci tidak boleh kosong", "a key column may not be empty"}, "required: true")
	}
	return o.int("primaryKeyPosition", 1, 1)
}

// readType is the column's own type, zero when the property leaves it to its element.
func readType(o object) Type {
	logical := o.text("logicalType")
	if logical == "" {
		return Type{}
	}
	kind, ok := logicalKinds()[logical]
	if !ok {
		o.fault("logicalType", sayf("jenis %q tidak dapat menjadi kolom", "type %q cannot be a column", logical),
			DidYouMean(logical, []string{"string", "integer", "number", "boolean", "date", "timestamp"}))
		return Type{}
	}
	physical := o.text("physicalType")
	if kind != Double || physical == "" || strings.EqualFold(physical, "double") {
		return Type{Kind: kind}
	}
	decimal, ok := parseDecimal(physical)
	if !ok {
		o.fault("physicalType", sayf("jenis bilangan %q tidak dikenal", "unknown type of number %q", physical),
			"double, decimal(18,2); <= 38 angka/digits")
		return Type{}
	}
	return decimal
}

func readBounds(o object) Check {
	return Check{
		Min: o.number("minimum"), Max: o.number("maximum"),
		MinLength: o.whole("minLength"), MaxLength: o.whole("maxLength"),
		Pattern: o.text("pattern"),
	}
}

// refuseUnchecked refuses checks that ODCS has and satudata would not carry out: a promise in a
// contract that nobody keeps is worse than none.
func refuseUnchecked(o, options object) {
	unchecked := []string{"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems", "minItems", "uniqueItems",
		"maxProperties", "minProperties"}
	for _, key := range unchecked {
		if options.has(key) {
			options.fault(key, sayf("%s tidak diperiksa satudata", "satudata does not check %s", key), "minimum, maximum, pattern, minLength, maxLength")
		}
	}
	for _, key := range []string{"properties", "items"} {
		if o.has(key) {
			o.fault(key, sayf("%s di kolom tidak didukung", "%s in a column is not supported", key), "hapus; satu kolom satu nilai/remove it; a column holds one value")
		}
	}
}

// readQuality reads the part of a column's quality section that is checked on every row: the allowed
// values, the pattern, and no empty ones. readRules reads the rest.
func readQuality(o object, p *Property) {
	for _, q := range o.items("quality") {
		if !checkedByRow(q) {
			continue
		}
		arguments := q.child("arguments")
		if q.text("metric") == "nullValues" {
			arguments.only()
			p.Required = true
			continue
		}
		arguments.only("validValues", "pattern")
		valid, pattern := readValid(q, arguments)
		p.Check.Allowed = append(p.Check.Allowed, valid...)
		if pattern != "" && p.Check.Pattern != "" && pattern != p.Check.Pattern {
			arguments.fault("pattern", Sentence{"kolom sudah punya pola", "the column has a pattern already"}, p.Check.Pattern)
		}
		p.Check.Pattern = cmp.Or(pattern, p.Check.Pattern)
	}
}

// keys is the mapping's keys as written.
func (o object) keys() []string {
	if o.node == nil {
		return nil
	}
	var keys []string
	for i := 0; i+1 < len(o.node.Content); i += 2 {
		keys = append(keys, o.node.Content[i].Value)
	}
	return keys
}

// checkBounds finds checks that contradict each other or that the type cannot have.
func checkBounds(o object, t Type, c Check) {
	numeric := t.Kind == Integer || t.Kind == Double || t.Kind == Decimal
	if t.Kind == 0 {
		return // said where the type is read
	}
	if (c.Min != nil || c.Max != nil) && !numeric {
		o.fault("minimum", sayf("batas nilai untuk kolom %s", "bounds on a %s column", t), "integer, number")
	}
	if (c.MinLength != nil || c.MaxLength != nil || c.Pattern != "") && t.Kind != String {
		o.fault("pattern", sayf("panjang atau pola untuk kolom %s", "length or pattern on a %s column", t), "string")
	}
	if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
		o.fault("minimum", sayf("minimum %v melebihi maximum %v", "minimum %v is over maximum %v", *c.Min, *c.Max), "minimum <= maximum")
	}
	if c.MinLength != nil && c.MaxLength != nil && *c.MinLength > *c.MaxLength {
		o.fault("minLength", sayf("minLength %d melebihi maxLength %d", "minLength %d is over maxLength %d", *c.MinLength, *c.MaxLength), "minLength <= maxLength")
	}
	if c.Pattern != "" {
		if _, err := compilePattern(c.Pattern); err != nil {
			o.fault("pattern", Sentence{"pola tidak dapat dibaca", "the pattern is not readable"}.because(err), patternSay)
		}
	}
}

// compilePattern compiles a pattern that must match a whole value.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil { // alone first, so that "a)(b" does not pass by the anchors
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// checkAllowed finds allowed values that the type cannot hold or that people cannot tell apart.
func checkAllowed(o object, p Property) {
	seen := map[string]string{}
	for _, v := range p.Check.Allowed {
		_, err := strconv.ParseInt(v, 10, 64)
		if p.Type.Kind != 0 && p.Type.Kind != String && (p.Type.Kind != Integer || err != nil) {
			o.fault("quality", sayf("nilai %q untuk kolom %s", "value %q for a %s column", v, p.Type), "string, integer")
		}
		if before, twice := seen[Fold(v)]; twice {
			o.fault("quality", sayf("nilai %q dan %q tidak terbedakan", "values %q and %q cannot be told apart", before, v), alikeSay)
		}
		seen[Fold(v)] = v
	}
}
