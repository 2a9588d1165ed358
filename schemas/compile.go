package schemas

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Compile makes the plan of reading deliveries of b as rows of c. Everything that does not fit
// comes back at once as [Faults] in the binding's file: columns that the contract does not have,
// required ones without a source, region codes whose system nobody declared, and so on.
func Compile(c *Contract, b *Binding, ref *Reference) (*Plan, error) {
	m := &compiler{c: c, b: b, ref: ref, feeds: map[string]feed{}}
	m.versions()
	m.plan = &Plan{Contract: c, Binding: b, Fields: c.Fields(), Key: c.Key(), Zone: m.zone()}
	m.plan.Missing = foldAll(append([]string{""}, b.Missing...))
	m.wide()
	m.setAside()
	m.gatherFeeds()
	field := 0
	for _, p := range c.Properties {
		in := m.input(p)
		for range p.fields() {
			in.Fields = append(in.Fields, field)
			field++
		}
		m.plan.Inputs = append(m.plan.Inputs, in)
	}
	m.rules()
	if err := m.located().err(); err != nil {
		return nil, err
	}
	return m.plan, nil
}

// compiler holds what Compile works on.
type compiler struct {
	c      *Contract
	b      *Binding
	ref    *Reference
	plan   *Plan
	feeds  map[string]feed // property name → what feeds it
	faults Faults
}

// feed is what feeds a property: a source, a wide column's header, or its cell.
type feed struct {
	path      string // in the binding
	source    *Source
	dimension *Dimension
}

func (m *compiler) fault(path string, say Sentence, expected string) {
	m.faults = append(m.faults, Fault{File: m.b.File, Path: path, Say: say, Expected: expected})
}

// located gives the faults their lines and puts them in document order.
func (m *compiler) located() Faults {
	root := rootOf(m.b.Document)
	for i, f := range m.faults {
		if root != nil && f.Line == 0 {
			n := locate(root, f.Path)
			m.faults[i].Line, m.faults[i].Column = n.Line, n.Column
		}
	}
	slices.SortStableFunc(m.faults, func(a, b Fault) int { return a.Line - b.Line })
	return m.faults
}

// versions checks that the binding was written for this contract: the same major version, and no
// later one than there is.
func (m *compiler) versions() {
	if m.b.Dataset != m.c.Dataset && m.b.Dataset != DatasetName(m.c.ID, m.b.Contract) {
		m.fault("dataset", sayf("binding untuk %q, kontrak %q", "binding for %q, contract %q", m.b.Dataset, m.c.Dataset), m.c.Dataset)
		return
	}
	have, ok1 := parseVersion(m.c.Version)
	want, ok2 := parseVersion(m.b.Contract)
	if !ok1 || !ok2 || have.major != want.major || want.compare(have) > 0 {
		m.fault("contract", sayf("binding ditulis untuk kontrak versi %s, yang ada %s", "binding written for contract version %s, there is %s", m.b.Contract, m.c.Version),
			fmt.Sprintf("versi/a version %d.x.x, <= %s", have.major, m.c.Version))
	}
}

func (m *compiler) zone() *time.Location {
	name := m.b.Zone
	if name == "" {
		name = defaultZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		m.fault("zone", sayf("zona waktu %q tidak dikenal", "unknown time zone %q", name), defaultZone)
		return time.UTC
	}
	return zone
}

// wide expands the unpivoted columns and finds the printed totals' parts among them.
func (m *compiler) wide() {
	u := m.b.Unpivot
	if u == nil {
		return
	}
	wide, err := expandColumns(u.Columns)
	if err != nil || len(wide) == 0 {
		m.fault("unpivot.columns", Sentence{"kolom tidak dapat dipakai", "columns are not usable"}.because(err), "#2-#13")
		return
	}
	m.plan.Wide = wide
	for i, t := range u.Totals {
		path := fmt.Sprintf("unpivot.totals[%d]", i)
		column, err := parseColumn(t.Column)
		if err != nil {
			m.fault(path+".column", Sentence{"kolom tidak dapat dipakai", "column is not usable"}.because(err), "#14")
			continue
		}
		if column.among(wide) >= 0 {
			m.fault(path+".column", sayf("kolom jumlah %q ikut dilipat", "total column %q is unpivoted too", t.Column), "keluarkan dari/take it out of unpivot.columns")
		}
		of, err := expandColumns(t.Of)
		if err != nil {
			m.fault(path+".of", Sentence{"kolom tidak dapat dipakai", "columns are not usable"}.because(err), "#2-#13")
			continue
		}
		total := TotalColumn{Column: column}
		for _, part := range of {
			at := part.among(wide)
			if at < 0 {
				m.fault(path+".of", sayf("kolom %q tidak ada di unpivot.columns", "column %q is not in unpivot.columns", part.Name), strings.Join(u.Columns, ", "))
				continue
			}
			total.Of = append(total.Of, at)
		}
		m.plan.Totals = append(m.plan.Totals, total)
	}
}

// among is the index of c in list, or -1.
func (c Column) among(list []Column) int {
	return slices.IndexFunc(list, func(o Column) bool { return c.Position == o.Position && Fold(c.Name) == Fold(o.Name) })
}

func (m *compiler) setAside() {
	for i, f := range m.b.SetAside {
		column, err := parseColumn(f.Column)
		if err != nil {
			m.fault(fmt.Sprintf("setAside[%d].column", i), Sentence{"kolom tidak dapat dipakai", "column is not usable"}.because(err), "#1")
		}
		filter := RowFilter{Column: column, Equals: map[string]bool{}}
		for _, text := range f.Equals {
			filter.Equals[Fold(text)] = true
		}
		m.plan.SetAside = append(m.plan.SetAside, filter)
	}
}

// gatherFeeds finds what feeds each property.
func (m *compiler) gatherFeeds() {
	for i := range m.b.Columns {
		s := &m.b.Columns[i]
		m.feed(s.To, fmt.Sprintf("columns[%d]", i), ".to", feed{source: s})
	}
	if m.b.Unpivot == nil {
		return
	}
	m.feed(m.b.Unpivot.Value, "unpivot", ".value", feed{})
	for i := range m.b.Unpivot.Names {
		d := &m.b.Unpivot.Names[i]
		m.feed(d.To, fmt.Sprintf("unpivot.names[%d]", i), ".to", feed{dimension: d})
	}
}

func (m *compiler) feed(to, path, key string, f feed) {
	if !slices.Contains(propertyNames(m.c), to) {
		m.fault(path+key, sayf("kolom %q tidak ada di kontrak %s", "there is no column %q in contract %s", to, m.c.Dataset), DidYouMean(to, propertyNames(m.c)))
		return
	}
	if _, twice := m.feeds[to]; twice {
		m.fault(path+key, sayf("kolom %q diisi dua kali", "column %q is fed twice", to), twiceSay)
		return
	}
	f.path = path
	m.feeds[to] = f
}

// rules compiles the contract's row rules. ParseContract has checked them, so a fault here is of a
// contract made by hand.
func (m *compiler) rules() {
	for _, rule := range m.c.Rules {
		compiled, err := parseRule(rule, m.plan.Fields)
		if err != nil {
			m.faults = append(m.faults, Fault{File: m.c.File, Line: rule.Line, Path: "quality " + rule.Name, Say: err.say, Expected: err.expected})
			continue
		}
		m.plan.Rules = append(m.plan.Rules, compiled)
	}
}

func foldAll(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if f := Fold(s); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}
