package exchange

import (
	"strings"

	"satudata/schemas"
)

// exportFrictionless writes a Data Package (version 1: what today's validators know) with the Table
// Schema of the published table, whose rows are what `satudata query --format csv` prints.
func exportFrictionless(c *schemas.Contract) ([]byte, []schemas.Fault, error) {
	_, name, _ := cutDataset(c)
	t, err := parseTree(c.Document)
	if err != nil {
		return nil, nil, err
	}
	fields, key, notes := []any{}, []string{}, []schemas.Fault{}
	columns := published(c)
	for _, col := range columns {
		own := t.find(mustPath(columnsPath).below(step{true, col.property.Name}))
		f, missing := tableField(c, col, own.itemKey("unique") == "true" && col.property.Region() == "")
		fields, notes = append(fields, f), append(notes, missing...)
	}
	for _, k := range c.Key() {
		key = append(key, columns[k].Name)
	}
	var keywords any
	if tags := t.get("tags"); tags != nil {
		keywords = tags.jsonValue()
	}
	more, err := ruleNotes(c)
	if err != nil {
		return nil, nil, err
	}
	notes = append(notes, more...)
	notes = append(notes, note(c, "customProperties", "standar data, kelas akses, jadwal dan metadata statistik tidak dibawa",
		"standar data, access class, schedule and statistical metadata are not carried", "odcs, excel"))
	doc, err := encodeJSON(object{
		{"profile", "tabular-data-package"}, {"name", c.Dataset}, {"title", c.Title}, {"version", c.Version}, {"description", c.Purpose},
		{"keywords", keywords}, {"contributors", []any{object{{"title", c.Profile.Producer}, {"role", "publisher"}}}},
		{"resources", []any{object{
			{"profile", "tabular-data-resource"}, {"name", name}, {"path", name + ".csv"}, {"format", "csv"}, {"mediatype", "text/csv"}, {"encoding", "utf-8"},
			{"schema", object{{"fields", fields}, {"missingValues", []string{""}}, {"primaryKey", optList(key)}}},
		}}},
	})
	return doc, notes, err
}

// cutDataset is the topic and the table of a dataset.
func cutDataset(c *schemas.Contract) (topic, table string, ok bool) {
	return strings.Cut(c.Dataset, ".")
}

// tableTypes are the types of Table Schema for the kinds of columns.
func tableTypes() map[schemas.Kind]string {
	return map[schemas.Kind]string{schemas.String: "string", schemas.Integer: "integer", schemas.Double: "number", schemas.Decimal: "number",
		schemas.Boolean: "boolean", schemas.Date: "date", schemas.Timestamp: "datetime"}
}

func tableField(c *schemas.Contract, col column, distinct bool) (object, []schemas.Fault) {
	var required, unique any
	if col.Required {
		required = true
	}
	if distinct || col.key > 0 && len(c.Key()) == 1 {
		unique = true
	}
	before, after := "", ""
	if strings.Contains(col.check.Pattern, "|") { // validators match the whole value, but not around an alternative
		before, after = "(", ")"
	}
	pattern, notes := patternOf(c, col, before, after)
	constraints := object{{"required", required}, {"unique", unique}, {"minimum", optNumber(col.check.Min)}, {"maximum", optNumber(col.check.Max)},
		{"minLength", optInt(col.check.MinLength)}, {"maxLength", optInt(col.check.MaxLength)}, {"pattern", opt(pattern)}, {"enum", optList(col.check.Allowed)}}
	f := object{{"name", col.Name}, {"title", fieldTitle(col)}, {"description", opt(col.Doc)}, {"type", tableTypes()[col.Type.Kind]}}
	if text, err := plainJSON(constraints); err == nil && string(text) != "{}" {
		f = append(f, member{"constraints", constraints})
	}
	return f, notes
}

// fieldTitle is a column's title; the four columns of a region say which they are.
func fieldTitle(col column) string {
	for _, part := range []struct{ prefix, say string }{{"kemendagri_kode_", "kode Kemendagri"}, {"kemendagri_nama_", "nama menurut Kemendagri"},
		{"bps_kode_", "kode BPS"}, {"bps_nama_", "nama menurut BPS"}} {
		if col.property.Region() != "" && strings.HasPrefix(col.Name, part.prefix) {
			return label(col.property) + ": " + part.say
		}
	}
	return label(col.property)
}
