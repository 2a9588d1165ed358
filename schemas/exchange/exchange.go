// Package exchange writes contracts in the formats that others read, and reads contracts that others
// wrote: ODCS, Frictionless Data Packages, JSON Schema, Avro, Excel workbooks, the metadata of BPS
// (MS-Keg, MS-Var, MS-Ind) and data dictionaries for people.
//
// The same contract always gives the same bytes. Only odcs and excel carry all of a contract; what
// another format cannot say is in the notes of the export.
package exchange

import (
	"fmt"
	"slices"
	"strings"

	"satudata/schemas"
)

// Formats are what [Export] writes.
func Formats() []string {
	return []string{"odcs", "frictionless", "jsonschema", "avro", "excel", "msvar", "msind", "mskeg", "html", "markdown"}
}

// Sources are what [Import] reads.
func Sources() []string { return []string{"excel", "frictionless", "odcs"} }

// Export writes a contract in one of [Formats]. The notes are what the format does not carry, and
// what the contract lacks that the format asks for. What is in the contract and wrong there is an
// error: [schemas.Faults].
func Export(c *schemas.Contract, format string) (doc []byte, notes []schemas.Fault, err error) {
	switch format {
	case "odcs":
		doc, err = exportODCS(c)
	case "frictionless":
		return exportFrictionless(c)
	case "jsonschema":
		return exportJSONSchema(c)
	case "avro":
		return exportAvro(c)
	case "excel":
		doc, err = exportExcel(c)
	case "msvar":
		return exportVariables(c)
	case "msind":
		return exportIndicators(c)
	case "mskeg":
		return exportActivity(c)
	case "html":
		doc, err = exportHTML(c)
	case "markdown":
		doc, err = exportMarkdown(c)
	default:
		return nil, nil, fmt.Errorf("format %q tidak dikenal: %s (unknown format)", format, strings.Join(Formats(), ", "))
	}
	return doc, nil, err
}

// Import reads a contract from one of [Sources] and returns its ODCS document. A workbook or an ODCS
// document that is no valid contract gives [schemas.Faults]. A Data Package says less than a contract
// must: its document is a draft, and the notes say what was not carried and what is to be filled in.
func Import(format, file string, data []byte) (doc []byte, notes []schemas.Fault, err error) {
	switch format {
	case "odcs":
		c, err := schemas.ParseContract(file, data)
		if err != nil {
			return nil, nil, err
		}
		doc, err = exportODCS(c)
		return doc, nil, err
	case "excel":
		doc, err = importExcel(file, data)
	case "frictionless":
		return importFrictionless(file, data)
	default:
		return nil, nil, fmt.Errorf("format %q tidak dikenal: %s (unknown format)", format, strings.Join(Sources(), ", "))
	}
	return doc, nil, err
}

// exportODCS writes the canonical form of a contract, see [tree.canonise].
func exportODCS(c *schemas.Contract) ([]byte, error) {
	t, err := parseTree(c.Document)
	if err != nil {
		return nil, err
	}
	return t.encode()
}

// column is a column of the table that satudata publishes, with the property that makes it.
type column struct {
	schemas.Field
	property schemas.Property
	check    schemas.Check
	key      int // position in the primary key from 1, or 0
}

// codePattern is the form of the codes in a column of a region, or "" for a column of names.
func codePattern(name string) string {
	forms := map[string]string{
		"kemendagri_kode_provinsi": `[0-9]{2}`, "kemendagri_kode_kabupaten_kota": `[0-9]{2}\.[0-9]{2}`,
		"kemendagri_kode_kecamatan": `[0-9]{2}\.[0-9]{2}\.[0-9]{2}`, "kemendagri_kode_desa_kelurahan": `[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}`,
		"bps_kode_provinsi": `[0-9]{2}`, "bps_kode_kabupaten_kota": `[0-9]{4}`, "bps_kode_kecamatan": `[0-9]{7}`, "bps_kode_desa_kelurahan": `[0-9]{10}`,
	}
	return forms[name]
}

// published are the columns of a contract's table.
func published(c *schemas.Contract) []column {
	fields, key := c.Fields(), c.Key()
	var out []column
	for _, p := range c.Properties {
		for first := true; len(out) < len(fields) && (first || ofRegion(p, fields[len(out)].Name)); first = false {
			f := fields[len(out)]
			col := column{Field: f, property: p, check: p.Check, key: 1 + slices.Index(key, len(out))}
			if p.Region() != "" {
				col.check = schemas.Check{Pattern: codePattern(f.Name)}
			}
			out = append(out, col)
		}
	}
	return out
}

// ofRegion says whether a column is one of those that the region p becomes: its code and its name, in
// one or both code systems.
func ofRegion(p schemas.Property, name string) bool {
	level := p.Region()
	return level != "" && slices.Contains([]string{"kemendagri_kode_" + level, "kemendagri_nama_" + level, "bps_kode_" + level, "bps_nama_" + level}, name)
}

// rule is a rule over rows or the whole table.
type rule struct{ Name, Text, Say, Severity string }

// rules are the table's quality section, what is only text aside when that is not asked for.
func rules(c *schemas.Contract, texts bool) ([]rule, error) {
	t, err := parseTree(c.Document)
	if err != nil {
		return nil, err
	}
	quality := t.find(mustPath("schema[1].quality"))
	if quality == nil {
		return nil, nil
	}
	var out []rule
	for _, q := range quality.kids {
		if q.itemKey("type") == "text" && !texts {
			continue
		}
		r := rule{Name: q.itemKey("name"), Say: q.itemKey("description"), Severity: q.itemKey("severity")}
		for _, key := range []string{"implementation", "query", "metric"} {
			if v := q.get(key); v != nil && r.Text == "" {
				r.Text = v.oneLine()
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// oneLine is t in one line of words, for people.
func (t *tree) oneLine() string {
	if t.kind == scalar {
		return t.text
	}
	parts := make([]string, len(t.kids))
	for i, kid := range t.kids {
		parts[i] = kid.oneLine()
		if t.kind == mapping {
			parts[i] = t.keys[i] + ": " + parts[i]
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// note is something that a format does not carry.
func note(c *schemas.Contract, path, id, en, expected string) schemas.Fault {
	return schemas.Fault{File: c.File, Path: path, Say: schemas.Sentence{ID: id, EN: en}, Expected: expected}
}

// portable says whether a pattern means the same to RE2, Python and ECMAScript: it has none of what
// only one of them knows.
func portable(pattern string) bool {
	for _, only := range []string{"(?", `\p`, `\P`, `\Q`, `\A`, `\z`, `\C`, `\x`, "[[:", `\pN`} {
		if strings.Contains(pattern, only) {
			return false
		}
	}
	return true
}
