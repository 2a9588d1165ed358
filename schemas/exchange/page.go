package exchange

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"satudata/schemas"
)

//go:embed page.html
var pageText string

// page is a data dictionary for people.
type page struct {
	Contract *schemas.Contract
	Facts    []fact // about the dataset
	Columns  []pageColumn
	Rules    []rule
}

// fact is something said about a dataset.
type fact struct{ Label, Text string }

type pageColumn struct {
	Name, Title, Type, Definition, Unit, Class string
	Columns                                    []string // of the published table, when they are others
	Key, Required                              bool
	Checks                                     []string
}

func newPage(c *schemas.Contract) (page, error) {
	t, err := parseTree(c.Document)
	if err != nil {
		return page{}, err
	}
	p := page{Contract: c, Facts: facts(c, t)}
	physical := published(c)
	for _, prop := range c.Properties {
		col := pageColumn{Name: prop.Name, Title: label(prop), Type: prop.Type.String(), Definition: prop.Definition, Unit: prop.Unit, Class: prop.Class,
			Key: prop.Key > 0, Required: prop.Required, Checks: checksInWords(prop)}
		for _, f := range physical {
			if f.property.Name == prop.Name && f.Name != prop.Name {
				col.Columns = append(col.Columns, f.Name)
			}
		}
		p.Columns = append(p.Columns, col)
	}
	p.Rules, err = rules(c, true)
	return p, err
}

// facts are what the page says of the dataset as a whole; what the contract does not say is left out.
func facts(c *schemas.Contract, t *tree) []fact {
	yes := map[bool]string{true: "ya", false: "tidak"}
	described := func(key string) string { return t.get("description").itemKey(key) }
	delivery := c.Profile.Delivery.Mode
	if scope := c.Profile.Delivery.ReplaceBy; len(scope) > 0 {
		delivery += ", mengganti menurut " + strings.Join(scope, ", ")
	}
	var out []fact
	for _, f := range []fact{
		{"Dataset", c.Dataset}, {"Versi kontrak", c.Version + " (" + c.Status + ")"}, {"Tujuan", c.Purpose}, {"Batasan", described("limitations")},
		{"Penggunaan", described("usage")}, {"Produsen data", c.Profile.Producer}, {"Kelas akses", c.Profile.Access}, {"Dasar hukum", c.Profile.Basis},
		{"Jadwal pemutakhiran", strings.ReplaceAll(c.Profile.Schedule, "_", " ")}, {"Data prioritas", yes[c.Profile.Priority]}, {"Bidang urusan", c.Profile.Affair},
		{"Konsep", c.Profile.Concept}, {"Definisi", c.Profile.Definition}, {"Klasifikasi", c.Profile.Classification}, {"Ukuran", c.Profile.Measure},
		{"Satuan", c.Profile.Unit}, {"Kode SDS", c.Profile.SDS}, {"Kolom periode", c.Profile.Period}, {"Pengiriman", delivery},
	} {
		if f.Text != "" {
			out = append(out, f)
		}
	}
	return out
}

// exportHTML writes the data dictionary as one page without scripts.
func exportHTML(c *schemas.Contract) ([]byte, error) {
	p, err := newPage(c)
	if err != nil {
		return nil, err
	}
	page, err := template.New("page").Funcs(template.FuncMap{"join": strings.Join}).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write page: %w", err)
	}
	return b.Bytes(), nil
}

// exportMarkdown writes the data dictionary as Markdown.
func exportMarkdown(c *schemas.Contract) ([]byte, error) {
	p, err := newPage(c)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\nKamus data (data dictionary)\n\n", plain(c.Title))
	row(&b, "Perihal (about)", "Isi (content)")
	row(&b, "---", "---")
	for _, f := range p.Facts {
		row(&b, plain(f.Label), plain(f.Text))
	}
	b.WriteString("\n## Kolom (columns)\n\n")
	row(&b, "Kolom", "Judul", "Jenis", "Wajib", "Kunci", "Definisi", "Satuan", "Pemeriksaan")
	row(&b, "---", "---", "---", "---", "---", "---", "---", "---")
	yes := map[bool]string{true: "ya", false: ""}
	for _, col := range p.Columns {
		name := plain(col.Name)
		if len(col.Columns) > 0 {
			name += " (" + plain(strings.Join(col.Columns, ", ")) + ")"
		}
		row(&b, name, plain(col.Title), plain(col.Type), yes[col.Required], yes[col.Key], plain(col.Definition), plain(col.Unit), plain(strings.Join(col.Checks, "; ")))
	}
	if len(p.Rules) > 0 {
		b.WriteString("\n## Aturan (rules)\n\n")
		row(&b, "Aturan", "Ungkapan", "Arti", "Keparahan")
		row(&b, "---", "---", "---", "---")
		for _, r := range p.Rules {
			row(&b, plain(r.Name), plain(r.Text), plain(r.Say), plain(r.Severity))
		}
	}
	return b.Bytes(), nil
}

func row(b *bytes.Buffer, cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

// plain is text in a cell of a Markdown table, with nothing that Markdown or HTML would take as theirs.
func plain(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;").Replace(s)
}
