package faults

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"satudata/ingest/event"
)

// The contract of the model's dataset changes from version to version. A column keeps its id, which is
// its name in the records; the name in a contract is the id, with a number once it was renamed.

// modelColumn is a column in one contract version.
type modelColumn struct {
	id, name, renamed string // renamed: its name in the version before, if another
	kind              string // integer, string, date or decimal
	key, required     bool
	upcast            *modelUpcast // the last that a version said
}

// modelUpcast is what a version says of the rows of older ones.
type modelUpcast struct {
	version  int
	constant string            // its value where it has none
	from     string            // id of the column that it takes that from
	values   map[string]string // old values to new ones
}

// modelVersion is a contract version, 1.<n>.0.
type modelVersion struct {
	n       int
	columns []modelColumn
	full    bool
	by      []string // ids
}

func (v modelVersion) version() string { return fmt.Sprintf("1.%d.0", v.n) }

// column is the column with an id, nil when the version does not have it.
func (v modelVersion) column(id string) *modelColumn {
	for i := range v.columns {
		if v.columns[i].id == id {
			return &v.columns[i]
		}
	}
	return nil
}

// key lists the ids of the key.
func (v modelVersion) key() []string {
	var ids []string
	for _, c := range v.columns {
		if c.key {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// contract is the document.
func (v modelVersion) contract() string {
	var b strings.Builder
	mode := "delta"
	if v.full {
		mode = "full"
	}
	fmt.Fprintf(&b, `apiVersion: v3.1.0
kind: DataContract
id: %s
name: Izin
version: %s
status: active
domain: perizinan
description: {purpose: Perbandingan dengan sebuah model}
customProperties:
  - {property: produsenData, value: dpmptsp}
  - {property: kelasAkses, value: publik}
  - {property: dasarHukum, value: data uji}
  - {property: jadwalPemutakhiran, value: harian}
  - {property: modePengiriman, value: %s}
`, dataset, v.version(), mode)
	if len(v.by) > 0 {
		var names []string
		for _, id := range v.by {
			names = append(names, v.column(id).name)
		}
		fmt.Fprintf(&b, "  - {property: gantiBerdasarkan, value: [%s]}\n", strings.Join(names, ", "))
	}
	b.WriteString("schema:\n  - name: izin\n    physicalType: table\n    logicalType: object\n    properties:\n")
	position := 0
	for _, c := range v.columns {
		fmt.Fprintf(&b, "      - {name: %s, description: Kolom, %s", c.name, modelTypes[c.kind])
		if c.required {
			b.WriteString(", required: true")
		}
		if c.key {
			position++
			fmt.Fprintf(&b, ", primaryKey: true, primaryKeyPosition: %d", position)
		}
		if custom := v.custom(c); custom != "" {
			fmt.Fprintf(&b, ", customProperties: [%s]", custom)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// custom are the customProperties of a column.
func (v modelVersion) custom(c modelColumn) string {
	var all []string
	if c.renamed != "" {
		all = append(all, fmt.Sprintf("{property: namaLama, value: %s}", c.renamed))
	}
	if u := c.upcast; u != nil {
		var parts []string
		if u.constant != "" {
			parts = append(parts, fmt.Sprintf("nilai: %q", u.constant))
		}
		if u.from != "" {
			parts = append(parts, "dari: "+v.column(u.from).name)
		}
		for old, value := range u.values { // there is one
			parts = append(parts, fmt.Sprintf("petakan: {%q: %q}", old, value))
		}
		all = append(all, fmt.Sprintf("{property: nilaiLama, value: {%s}}", strings.Join(parts, ", ")))
	}
	return strings.Join(all, ", ")
}

// binding is the document of a source's binding for the version.
func (v modelVersion) binding(source string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: satudata/v1\nkind: Binding\nid: dpmptsp.%s\nversion: %s\ndataset: %s\ncontract: %s\ntitle: Izin\nformat: {type: ndjson}\ncolumns:\n",
		source, v.version(), dataset, v.version())
	for _, c := range v.columns {
		fmt.Fprintf(&b, "  - {to: %s, from: %s}\n", c.name, c.id)
	}
	return b.String()
}

// facts put the version in force for the sources.
func (v modelVersion) facts() []event.Body {
	out := []event.Body{event.ContractRegistered{Dataset: dataset, Version: v.version(), Document: v.contract()}}
	for i := range modelStreams {
		out = append(out, event.BindingRegistered{Binding: "dpmptsp." + modelSource(i), Version: v.version(), Dataset: dataset, Document: v.binding(modelSource(i))})
	}
	return out
}

func modelSource(stream int) string { return fmt.Sprintf("s%d", stream) }

var modelTypes = map[string]string{
	"string":  "logicalType: string",
	"integer": "logicalType: integer",
	"date":    "logicalType: date",
	"decimal": `logicalType: number, physicalType: "decimal(9,2)"`,
}

// modelValues are the values that columns get. Texts have beginnings in common that are longer than the
// bounds that files keep, and numbers are less than nothing.
var modelValues = map[string][]string{
	"string":  {"A", "B", "Ä", strings.Repeat("panjang", 8) + "1", strings.Repeat("panjang", 8) + "2", strings.Repeat("ÿ", 40)},
	"integer": {"-7", "0", "2021"},
	"date":    {"1969-12-31", "2020-01-01", "2021-06-30"},
	"decimal": {"-1.50", "0.25", "300.00"},
}

// firstVersion draws a contract.
func firstVersion(t *rapid.T) modelVersion {
	v := modelVersion{columns: []modelColumn{
		{id: "kode", name: "kode", kind: "string", required: true},
		{id: "daerah", name: "daerah", kind: "string", required: true},
		{id: "tahun", name: "tahun", required: true, kind: rapid.SampledFrom([]string{"integer", "date", "decimal"}).Draw(t, "tahun")},
		{id: "nilai", name: "nilai", kind: "integer"},
		{id: "catatan", name: "catatan", kind: "string"},
	}}
	for _, id := range rapid.SampledFrom([][]string{{"kode"}, {"kode", "tahun"}, {"tahun"}, nil}).Draw(t, "key") {
		v.column(id).key = true
	}
	v.drawMode(t)
	return v
}

func (v *modelVersion) drawMode(t *rapid.T) {
	v.full, v.by = rapid.Bool().Draw(t, "full"), nil
	if v.full {
		v.by = rapid.SampledFrom([][]string{nil, {"tahun"}, {"daerah"}, {"daerah", "tahun"}}).Draw(t, "by")
	}
}

// next draws the version after v.
func (v modelVersion) next(t *rapid.T) modelVersion {
	v.n++
	v.columns = slices.Clone(v.columns)
	for i := range v.columns {
		v.columns[i].renamed = ""
	}
	switch rapid.SampledFrom([]string{"add", "rename", "values", "mode"}).Draw(t, "change") {
	case "add":
		c := modelColumn{id: fmt.Sprintf("t%d", v.n), name: fmt.Sprintf("t%d", v.n), kind: "string"}
		switch rapid.SampledFrom([]string{"none", "constant", "from"}).Draw(t, "upcast") {
		case "constant":
			c.upcast = &modelUpcast{version: v.n, constant: "A"}
		case "from":
			c.upcast = &modelUpcast{version: v.n, from: "catatan"}
		}
		v.columns = slices.Insert(v.columns, rapid.IntRange(0, len(v.columns)).Draw(t, "at"), c)
	case "rename":
		c := &v.columns[rapid.IntRange(0, len(v.columns)-1).Draw(t, "column")]
		c.renamed, c.name = c.name, fmt.Sprintf("%s_n%d", c.id, v.n)
	case "values":
		c := v.column(rapid.SampledFrom([]string{"kode", "daerah", "catatan"}).Draw(t, "column"))
		old := rapid.SampledFrom([]string{"A", "B", "Ä"}).Draw(t, "old")
		value := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "new")
		if u := c.upcast; u == nil || u.values[old] != value {
			c.upcast = &modelUpcast{version: v.n, values: map[string]string{old: value}}
		}
	case "mode":
		v.drawMode(t)
	}
	return v
}
