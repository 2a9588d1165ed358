package exchange

import (
	"errors"
	"strconv"

	"satudata/schemas"
)

// exportJSONSchema writes the JSON Schema (draft 2020-12) of one published row, as satudata query and
// its doors give it: every column by its name, dates as text, an empty value null or absent.
func exportJSONSchema(c *schemas.Contract) ([]byte, []schemas.Fault, error) {
	var notes []schemas.Fault
	properties, required := object{}, []string{}
	for _, col := range published(c) {
		s, missing := jsonSchemaOf(c, col)
		notes = append(notes, missing...)
		properties = append(properties, member{col.Name, s})
		if col.Required {
			required = append(required, col.Name)
		}
	}
	if len(c.Key()) > 0 {
		notes = append(notes, note(c, "schema[0]", "kunci tidak dapat dinyatakan tentang satu baris", "a key cannot be said of one row", ""))
	}
	more, err := ruleNotes(c)
	if err != nil {
		return nil, nil, err
	}
	doc, err := encodeJSON(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "urn:satudata:kontrak:" + c.Dataset + ":" + c.Version},
		{"title", c.Title}, {"description", c.Purpose},
		{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false},
	})
	return doc, append(notes, more...), err
}

func jsonSchemaOf(c *schemas.Contract, col column) (object, []schemas.Fault) {
	kind, format := map[schemas.Kind]string{schemas.String: "string", schemas.Integer: "integer", schemas.Double: "number",
		schemas.Decimal: "number", schemas.Boolean: "boolean", schemas.Date: "string", schemas.Timestamp: "string"}[col.Type.Kind], ""
	if col.Type.Kind == schemas.Date {
		format = "date"
	}
	if col.Type.Kind == schemas.Timestamp {
		format = "date-time"
	}
	var kinds any = kind
	var allowed []any
	for _, v := range col.check.Allowed {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && col.Type.Kind == schemas.Integer {
			allowed = append(allowed, n)
		} else {
			allowed = append(allowed, v)
		}
	}
	if !col.Required {
		kinds = []string{kind, "null"}
		if allowed != nil {
			allowed = append(allowed, null)
		}
	}
	pattern, notes := patternOf(c, col, "^(?:", ")$")
	return object{{"title", fieldTitle(col)}, {"description", opt(col.Doc)}, {"type", kinds}, {"format", opt(format)},
		{"enum", optList(allowed)}, {"minimum", optNumber(col.check.Min)}, {"maximum", optNumber(col.check.Max)},
		{"minLength", optInt(col.check.MinLength)}, {"maxLength", optInt(col.check.MaxLength)}, {"pattern", opt(pattern)}}, notes
}

// patternOf is a column's pattern between two anchors, or "" and why it is left out.
func patternOf(c *schemas.Contract, col column, before, after string) (string, []schemas.Fault) {
	switch p := col.check.Pattern; {
	case p == "":
		return "", nil
	case !portable(p):
		return "", []schemas.Fault{note(c, "schema[0].properties."+col.Name, "pola "+p+" hanya dimengerti RE2, tidak dibawa", "the pattern "+p+" is RE2's only, not carried", "pola tanpa/a pattern without (?, \\p, [[:")}
	default:
		return before + p + after, nil
	}
}

// ruleNotes says that rules over rows and the table, and references to other tables, are not carried.
func ruleNotes(c *schemas.Contract) ([]schemas.Fault, error) {
	all, err := rules(c, false)
	if err != nil {
		return nil, err
	}
	var notes []schemas.Fault
	for _, r := range all {
		notes = append(notes, note(c, "schema[0].quality."+r.Name, "aturan atas beberapa kolom atau baris tidak dibawa", "a rule over several columns or rows is not carried", ""))
	}
	t, err := parseTree(c.Document)
	if err != nil {
		return nil, err
	}
	table := t.find(mustPath("schema[1]"))
	for _, part := range append([]*tree{table}, table.get("properties").kids...) {
		if part.get("relationships") != nil {
			notes = append(notes, note(c, "schema[0]."+part.itemKey("name")+".relationships", "rujukan ke dataset lain tidak dibawa", "a reference to another dataset is not carried", ""))
		}
	}
	return notes, nil
}

// exportAvro writes the Avro schema of one published row. Decimals, dates and timestamps are logical
// types; a column that may be empty is a union with null.
func exportAvro(c *schemas.Contract) ([]byte, []schemas.Fault, error) {
	topic, name, _ := cutDataset(c)
	var fields []any
	for _, col := range published(c) {
		f := object{{"name", col.Name}, {"doc", opt(col.Doc)}, {"type", avroType(col.Type)}}
		if !col.Required {
			f = object{{"name", col.Name}, {"doc", opt(col.Doc)}, {"type", []any{"null", avroType(col.Type)}}, {"default", null}}
		}
		fields = append(fields, f)
	}
	doc, err := encodeJSON(object{{"type", "record"}, {"name", name}, {"namespace", "satudata." + topic}, {"doc", c.Title + ". " + c.Purpose}, {"fields", fields}})
	notes := []schemas.Fault{note(c, "schema[0].properties", "batas, pola, nilai yang diizinkan dan kunci tidak dapat dinyatakan Avro", "Avro cannot say bounds, patterns, allowed values and keys", "jsonschema, frictionless")}
	more, ruleErr := ruleNotes(c)
	return doc, append(notes, more...), errors.Join(err, ruleErr)
}

func avroType(t schemas.Type) any {
	switch t.Kind {
	case schemas.Integer:
		return "long"
	case schemas.Double:
		return "double"
	case schemas.Decimal:
		return object{{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", t.Precision}, {"scale", t.Scale}}
	case schemas.Boolean:
		return "boolean"
	case schemas.Date:
		return object{{"type", "int"}, {"logicalType", "date"}}
	case schemas.Timestamp:
		return object{{"type", "long"}, {"logicalType", "timestamp-micros"}}
	}
	return "string"
}
