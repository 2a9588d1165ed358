package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"satudata/schemas"
)

// importFrictionless reads a Data Package with one table, a Data Resource or a Table Schema as the
// draft of a contract. The columns of a region that satudata publishes become the region again.
func importFrictionless(file string, data []byte) ([]byte, []schemas.Fault, error) {
	r := &packageReader{file: file}
	top, err := parseJSON(data)
	if err != nil || top.kind != mapping {
		return nil, nil, schemas.Faults{r.fault("", "bukan objek JSON", "not a JSON object", "datapackage.json")}
	}
	pkg, resource, schema := top, (*tree)(nil), (*tree)(nil)
	switch resources := top.get("resources"); {
	case resources != nil && resources.kind == list && len(resources.kids) == 1:
		resource = resources.kids[0]
	case resources != nil:
		return nil, nil, schemas.Faults{r.fault("resources", fmt.Sprintf("paket berisi %d sumber", len(resources.kids)), fmt.Sprintf("the package holds %d resources", len(resources.kids)), "satu/one")}
	case top.get("fields") != nil:
		pkg, schema = &tree{kind: mapping}, top
	default:
		resource = top
	}
	if schema == nil {
		schema = resource.get("schema")
	}
	fields := schema.get("fields")
	if fields == nil || fields.kind != list || len(fields.kids) == 0 {
		return nil, nil, schemas.Faults{r.fault("schema.fields", "tidak ada Table Schema dengan fields", "there is no Table Schema with fields", "schema: {fields: [...]}")}
	}
	if err := r.checkFields(fields); err != nil {
		return nil, nil, err
	}
	r.unread("", pkg, "profile", "$schema", "name", "title", "version", "description", "keywords", "contributors", "resources", "schema", "path", "format", "mediatype", "encoding")
	if resource != nil && resource != pkg {
		r.unread("resources[0]", resource, "profile", "name", "path", "format", "mediatype", "encoding", "schema")
	}
	r.unread("schema", schema, "fields", "primaryKey", "missingValues", "$schema")
	if m := schema.get("missingValues"); m != nil && (len(m.kids) != 1 || m.kids[0].text != "") {
		r.notes = append(r.notes, r.fault("schema.missingValues", "penanda kosong tidak dibawa: tempatnya binding", "missing values are not carried: they belong in the binding", "missing: [...]"))
	}
	doc, err := r.contract(pkg, resource, schema).encode()
	if err != nil {
		return nil, nil, err
	}
	var faults schemas.Faults
	if _, err := schemas.ParseContract(file, doc); errors.As(err, &faults) {
		for _, f := range faults {
			f.Line, f.Column = 0, 0 // of the draft
			r.notes = append(r.notes, f)
		}
	}
	return doc, r.notes, nil
}

// packageReader makes a contract of a Data Package.
type packageReader struct {
	file  string
	notes []schemas.Fault
}

func (r *packageReader) fault(path, id, en, expected string) schemas.Fault {
	return schemas.Fault{File: r.file, Path: path, Say: schemas.Sentence{ID: id, EN: en}, Expected: expected}
}

// unread notes the keys of t that are not carried.
func (r *packageReader) unread(path string, t *tree, known ...string) {
	for _, key := range t.keys {
		if !slices.Contains(known, key) {
			at := strings.TrimPrefix(path+"."+key, ".")
			r.notes = append(r.notes, r.fault(at, key+" tidak dibawa", key+" is not carried", ""))
		}
	}
}

// checkFields finds fields that no column can be made of.
func (r *packageReader) checkFields(fields *tree) error {
	var faults schemas.Faults
	for i, f := range fields.kids {
		at := fmt.Sprintf("schema.fields[%d]", i)
		if f.itemKey("name") == "" {
			faults = append(faults, r.fault(at+".name", "tanpa nama", "no name", "name"))
		}
		if kind := f.itemKey("type"); kind != "" && columnTypes()[kind] == "" {
			faults = append(faults, r.fault(at+".type", fmt.Sprintf("jenis %q tidak dapat menjadi kolom", kind), fmt.Sprintf("type %q cannot be a column", kind), "string, integer, number, boolean, date, datetime"))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// columnTypes are ODCS's types for those of Table Schema.
func columnTypes() map[string]string {
	return map[string]string{"string": "string", "integer": "integer", "year": "integer", "number": "number", "boolean": "boolean",
		"date": "date", "datetime": "timestamp", "any": "string"}
}

func (r *packageReader) contract(pkg, resource, schema *tree) *tree {
	copied := func(to *tree, key string, from *tree, name string) {
		if v := from.get(name); v != nil && v.kind != unset {
			to.put(key, v)
		}
	}
	c, about, table := &tree{kind: mapping}, &tree{kind: mapping}, &tree{kind: mapping}
	c.put("apiVersion", text("v3.1.0"))
	c.put("kind", text("DataContract"))
	c.put("status", text("draft"))
	named := func(to *tree, key string, from *tree) { // a package is named like its table, a contract like its dataset in all versions
		if name := from.itemKey("name"); name != "" {
			to.put(key, text(schemas.ContractID(name, pkg.itemKey("version"))))
		}
	}
	named(c, "id", pkg)
	copied(c, "name", pkg, "title")
	copied(c, "version", pkg, "version")
	copied(c, "tags", pkg, "keywords")
	copied(about, "purpose", pkg, "description")
	if len(about.kids) > 0 {
		c.put("description", about)
	}
	if contributors := pkg.get("contributors"); contributors != nil && len(contributors.kids) > 0 {
		if title := contributors.kids[0].get("title"); title != nil {
			c.put("customProperties", customs("produsenData", title))
		}
	}
	named(table, "name", resource)
	table.put("physicalType", text("table"))
	table.put("logicalType", text("object"))
	table.put("properties", r.properties(schema))
	c.put("schema", &tree{kind: list, kids: []*tree{table}})
	c.canonise("")
	return c
}

// customs are customProperties of one name.
func customs(name string, value *tree) *tree {
	item := &tree{kind: mapping}
	item.put("property", text(name))
	item.put("value", value)
	return &tree{kind: list, kids: []*tree{item}}
}

func (r *packageReader) properties(schema *tree) *tree {
	var key []string
	if k := schema.get("primaryKey"); k != nil && k.kind == scalar {
		key = []string{k.text}
	} else if k != nil {
		for _, kid := range k.kids {
			key = append(key, kid.text)
		}
	}
	out, fields := &tree{kind: list}, schema.get("fields").kids
	for i := 0; i < len(fields); i++ {
		var p *tree
		if level := regionAt(fields[i:]); level != "" {
			p = &tree{kind: mapping}
			p.put("name", text(level))
			p.put("customProperties", customs("elemen", text("wilayah."+level)))
			r.require(p, fields[i], key)
			for i+1 < len(fields) && slices.Contains([]string{"kemendagri_nama_" + level, "bps_kode_" + level, "bps_nama_" + level}, fields[i+1].itemKey("name")) {
				i++
			}
		} else {
			p = r.property(fields[i], fmt.Sprintf("schema.fields[%d]", i))
			r.require(p, fields[i], key)
		}
		out.kids = append(out.kids, p)
	}
	return out
}

// regionAt is the level of the region whose columns fields begin with, its code and name first, or "".
func regionAt(fields []*tree) string {
	level, ok := strings.CutPrefix(fields[0].itemKey("name"), "kemendagri_kode_")
	if !ok || len(fields) < 2 || fields[1].itemKey("name") != "kemendagri_nama_"+level {
		return ""
	}
	if e, ok := schemas.FindElement("wilayah." + level); !ok || e.Region != level {
		return ""
	}
	return level
}

// require says whether a column may be empty and where it stands in the key.
func (r *packageReader) require(p, field *tree, key []string) {
	yes := &tree{kind: scalar, tag: "!!bool", text: "true"}
	position := slices.Index(key, field.itemKey("name"))
	if required := field.get("constraints").get("required"); position >= 0 || required != nil && required.text == "true" {
		p.put("required", yes)
	}
	if position >= 0 {
		p.put("primaryKey", yes)
		p.put("primaryKeyPosition", &tree{kind: scalar, tag: "!!int", text: strconv.Itoa(position + 1)})
	}
}

func (r *packageReader) property(field *tree, at string) *tree {
	p, options := &tree{kind: mapping}, &tree{kind: mapping}
	p.put("name", field.get("name"))
	for from, to := range map[string]string{"title": "businessName", "description": "description"} {
		if v := field.get(from); v != nil {
			p.put(to, v)
		}
	}
	kind := columnTypes()[field.itemKey("type")]
	if kind == "" {
		kind = "string"
	}
	p.put("logicalType", text(kind))
	constraints := field.get("constraints")
	if constraints != nil {
		for _, name := range []string{"minimum", "maximum", "minLength", "maxLength", "pattern"} {
			if v := constraints.get(name); v != nil {
				options.put(name, v)
			}
		}
		if enum := constraints.get("enum"); enum != nil {
			var values []string
			for _, v := range enum.kids {
				values = append(values, v.text)
			}
			p.put("quality", allowedQuality(values))
		}
		r.unread(at+".constraints", constraints, "required", "unique", "minimum", "maximum", "minLength", "maxLength", "pattern", "enum")
	}
	if len(options.kids) > 0 {
		p.put("logicalTypeOptions", options)
	}
	r.unread(at, field, "name", "title", "description", "type", "constraints")
	return p
}

// parseJSON reads a JSON document.
func parseJSON(data []byte) (*tree, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	t, err := decodeJSON(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON document")
	}
	return t, nil
}

const maxNesting = 100

func decodeJSON(dec *json.Decoder, depth int) (*tree, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxNesting {
		return nil, errors.New("nested too deeply")
	}
	switch v := token.(type) {
	case json.Delim:
		t := &tree{kind: list}
		if v == '{' {
			t.kind = mapping
		}
		for dec.More() {
			if t.kind == mapping {
				key, err := dec.Token()
				if err != nil {
					return nil, err
				}
				t.keys = append(t.keys, fmt.Sprint(key))
			}
			kid, err := decodeJSON(dec, depth+1)
			if err != nil {
				return nil, err
			}
			t.kids = append(t.kids, kid)
		}
		_, err := dec.Token()
		return t, err
	case json.Number:
		if _, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return &tree{kind: scalar, tag: "!!int", text: v.String()}, nil
		}
		return &tree{kind: scalar, tag: "!!float", text: v.String()}, nil
	case bool:
		return &tree{kind: scalar, tag: "!!bool", text: strconv.FormatBool(v)}, nil
	case nil:
		return &tree{kind: scalar, tag: "!!null", text: "null"}, nil
	}
	return text(fmt.Sprint(token)), nil
}
