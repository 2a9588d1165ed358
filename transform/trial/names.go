package trial

import (
	"strconv"
	"strings"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// names knows what the file calls the columns, which of them nothing reads, and which are personal.
type names struct {
	plan     *schemas.Plan
	personal map[string]bool // properties and fields
	source   map[string]string
	left     []string
	seen     bool
}

func newNames(plan *schemas.Plan) names {
	n := names{plan: plan, personal: map[string]bool{}, source: map[string]string{}}
	for _, in := range plan.Inputs {
		if in.Property.Class == "umum" {
			continue
		}
		n.personal[in.Property.Name] = true
		for _, f := range in.Fields {
			n.personal[plan.Fields[f].Name] = true
		}
	}
	return n
}

// see learns the names from the first batch.
func (n *names) see(b source.Batch) error {
	if n.seen {
		return nil
	}
	n.seen = true
	f, err := event.ParseFormat(b.ContentType)
	if err != nil {
		return err
	}
	titles, records, err := normalize.Look(f, b.Data)
	if err != nil {
		return nil // the chunk is rejected as a whole and says so
	}
	if titles == nil {
		n.objects(records)
		return nil
	}
	from, unread := normalize.Reads(n.plan, titles)
	for property, at := range from {
		n.source[property] = title(titles, at)
	}
	for _, at := range unread {
		n.left = append(n.left, title(titles, at))
	}
	if n.plan.Binding.Unpivot != nil && len(n.plan.Wide) > 0 {
		n.source[n.plan.Binding.Unpivot.Value] = n.plan.Wide[0].Name + " … " + n.plan.Wide[len(n.plan.Wide)-1].Name
	}
	return nil
}

// title is what people find above column at: the lowest header text that is there.
func title(titles [][]string, at int) string {
	for row := len(titles) - 1; row >= 0; row-- {
		if at < len(titles[row]) {
			if s := strings.TrimSpace(titles[row][at]); s != "" {
				return quality.Excerpt([]byte(s))
			}
		}
	}
	return "#" + strconv.Itoa(at+1)
}

// objects learns the names from records that name their values themselves.
func (n *names) objects(records []normalize.Record) {
	wanted := map[string]bool{}
	for i := range n.plan.Inputs {
		in := &n.plan.Inputs[i]
		for _, name := range in.From {
			first, _, _ := strings.Cut(name, ".")
			wanted[schemas.Fold(name)], wanted[schemas.Fold(first)] = true, true
		}
		if len(in.From) > 0 {
			n.source[in.Property.Name] = in.From[0]
		}
	}
	for _, c := range n.plan.Wide {
		wanted[schemas.Fold(c.Name)] = true
	}
	for _, f := range n.plan.SetAside {
		wanted[schemas.Fold(f.Column.Name)] = true
	}
	for _, t := range n.plan.Totals {
		wanted[schemas.Fold(t.Column.Name)] = true
	}
	left := map[string]bool{}
	for _, r := range records {
		for _, name := range r.Names {
			if !wanted[schemas.Fold(name)] && !left[name] {
				left[name] = true
				n.left = append(n.left, name)
			}
		}
	}
}

func (n *names) unread() []string { return n.left }

// of is what the file calls the properties of field, "" where it calls them alike.
func (n *names) of(field string) string {
	var out []string
	known := false
	for _, part := range strings.Split(field, ", ") {
		if s, ok := n.source[part]; ok {
			known = known || s != part
			part = s
		}
		out = append(out, part)
	}
	if !known {
		return ""
	}
	return strings.Join(out, ", ")
}

// shown is a value as a report may show it.
func (n *names) shown(field, value string) string {
	if n.personal[field] {
		return quality.Masked
	}
	return quality.Excerpt([]byte(value))
}
