package infer

import (
	"strings"

	"satudata/schemas"
)

// bindingYAML writes the binding.
func (d *draft) bindingYAML() []byte {
	w := &writer{}
	w.comment(0, "Usulan dari "+strings.Join(d.files, ", ")+".")
	w.line(0, "apiVersion: satudata/v1")
	w.line(0, "kind: Binding")
	w.line(0, "id: %s", d.id)
	w.line(0, "version: 1.0.0")
	w.line(0, "title: %s", quoted(d.title))
	w.line(0, "dataset: %s", d.dataset)
	w.line(0, "contract: 1.0.0")
	w.line(0, "format: {%s}", formatYAML(d.table.format))
	if d.locale != "" && d.locale != "plain" {
		w.line(0, "locale: %s", d.locale)
	}
	if layouts := d.layouts(); layouts != nil {
		w.line(0, "dates: %s", list(layouts))
	}
	if d.missing != nil {
		w.line(0, "missing: %s", list(d.missing))
	}
	if d.system != "" {
		w.line(0, "codeSystem: %s", d.system)
	}
	d.columnsYAML(w)
	d.unpivotYAML(w)
	if d.aside != nil {
		w.line(0, "setAside:")
		for _, a := range d.aside {
			w.line(1, "- {column: %s, equals: %s}", quoted(a.column.from), list(a.equals))
		}
	}
	for _, x := range d.dropped {
		w.comment(0, "Kolom "+oneLine(x.column.label())+" tidak dipakai: "+x.why.ID+".")
	}
	return w.Bytes()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func formatYAML(f schemas.Format) string {
	out := "type: " + f.Type
	if f.Delimiter != "" {
		out += ", delimiter: " + quoted(named(f.Delimiter))
	}
	if f.Encoding != "" {
		out += ", encoding: " + f.Encoding
	}
	if f.Sheet != "" {
		out += ", sheet: " + quoted(f.Sheet)
	}
	if f.Skip > 0 {
		out += ", skip: " + itoa(f.Skip)
	}
	if f.Headers > 1 {
		out += ", headers: " + itoa(f.Headers)
	}
	return out
}

// layouts are the date layouts of all columns when they have the same, else each has its own.
func (d *draft) layouts() (all []string) {
	for _, p := range d.props {
		switch {
		case p.dates == nil:
		case all == nil:
			all = p.dates
		case all[0] != p.dates[0]:
			return nil
		}
	}
	return all
}

func (d *draft) columnsYAML(w *writer) {
	w.line(0, "columns:")
	shared := d.layouts() != nil
	n := 0
	for _, p := range d.props {
		if p.column.at < 0 {
			continue // fed by unpivoting
		}
		n++
		extra := ""
		if p.locale != "" {
			extra += ", locale: " + p.locale
		}
		if p.dates != nil && !shared {
			extra += ", dates: " + list(p.dates)
		}
		if p.system != "" && p.role == isRegion {
			extra += ", codeSystem: " + p.system
		}
		if p.synonyms == nil {
			w.line(1, "- {to: %s, from: %s%s}", p.name, quoted(p.column.from), extra)
			continue
		}
		w.line(1, "- to: %s", p.name)
		w.line(2, "from: %s", quoted(p.column.from))
		w.line(2, "synonyms: %s", pairs(p.synonyms))
	}
	if n == 0 {
		w.Truncate(w.Len() - len("columns:\n"))
	}
}

// pairs writes a map on one line, sorted.
func pairs(m map[string]string) string {
	var out []string
	for _, k := range sortedKeys(m) {
		out = append(out, quoted(k)+": "+quoted(m[k]))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func (d *draft) unpivotYAML(w *writer) {
	u := d.wide
	if u == nil || u.prop == nil {
		return
	}
	w.line(0, "unpivot:")
	w.line(1, "columns: %s", list(refs(u.columns)))
	w.line(1, "value: %s", u.prop.name)
	if len(u.dims) > 0 {
		w.line(1, "names:")
	}
	for _, dim := range u.dims {
		if dim.prop == nil {
			continue
		}
		extra := ""
		if d.table.format.Headers > 1 {
			extra += ", header: " + itoa(dim.header)
		}
		if dim.fill {
			extra += ", fill: true"
		}
		if dim.pattern != "" {
			extra += ", pattern: " + quoted(dim.pattern)
		}
		w.line(2, "- {to: %s%s}", dim.prop.name, extra)
	}
	if u.totals != nil {
		w.line(1, "totals:")
		for _, t := range u.totals {
			w.line(2, "- {column: %s, of: %s}", quoted(t.column.from), list(refs(t.of)))
		}
	}
}
