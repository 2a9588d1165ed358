package normalize

import (
	"slices"
	"strconv"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// layout is where one header puts what a plan wants. It is found once per distinct header.
type layout struct {
	titles  [][]string // header rows, the last holds the names
	slots   []int      // by source position from 0: its slot, or -1
	count   int        // slots
	inputs  [][]int    // per Plan.Inputs: slots of From that there are; the first that a record has counts
	headers [][]string // per Plan.Inputs with Header: the text for each wide column
	wide    []int      // per Plan.Wide: slot
	aside   []int      // per Plan.SetAside: slot
	totals  []int      // per Plan.Totals: slot
	lacking []quality.Reason
}

// lookup finds the position (from 0) of a column, or says why it cannot.
type lookup func(schemas.Column) (int, *event.Sentence)

// newLayout resolves plan against the header rows titles.
func newLayout(plan *schemas.Plan, titles [][]string) *layout {
	names := titles[len(titles)-1]
	l := &layout{titles: titles, slots: slices.Repeat([]int{-1}, len(names))}
	l.resolve(plan, func(c schemas.Column) (int, *event.Sentence) { return position(names, c) })
	if l.count == 0 && personal(plan) {
		l.untitled()
	}
	for i := range plan.Inputs {
		if d := plan.Inputs[i].Header; d != nil {
			l.headers[i] = l.dimension(plan, d)
		}
	}
	return l
}

// newObjectLayout is the layout of records that name their values themselves: columns in the order
// of their slots.
func newObjectLayout(plan *schemas.Plan) (*layout, []string) {
	var names []string
	l := &layout{}
	l.resolve(plan, func(c schemas.Column) (int, *event.Sentence) {
		if c.Position > 0 {
			return 0, &event.Sentence{
				ID: "kolom " + c.Name + " ditunjuk dengan posisi, tetapi catatan JSON hanya mengenal nama",
				EN: "column " + c.Name + " is named by position, but JSON records only know names",
			}
		}
		at := slices.Index(names, c.Name)
		if at < 0 {
			at = len(names)
			names = append(names, c.Name)
			l.slots = append(l.slots, -1)
		}
		return at, nil
	})
	for i := range plan.Inputs {
		if plan.Inputs[i].Header != nil {
			for _, c := range plan.Wide {
				l.headers[i] = append(l.headers[i], c.Name)
			}
		}
	}
	bySlot := make([]string, l.count)
	for at, slot := range l.slots {
		if slot >= 0 {
			bySlot[slot] = names[at]
		}
	}
	return l, bySlot
}

// resolve gives a slot to every column that plan wants and find finds. Of an input's columns the
// first that is there is enough where a header decides; without one (titles nil) all are kept.
func (l *layout) resolve(plan *schemas.Plan, find lookup) {
	l.inputs, l.headers = make([][]int, len(plan.Inputs)), make([][]string, len(plan.Inputs))
	for i := range plan.Inputs {
		in := &plan.Inputs[i]
		var why *event.Sentence
		for _, name := range in.From {
			at, lack := find(namedColumn(name))
			if lack != nil {
				if why == nil {
					why = lack
				}
				continue
			}
			l.inputs[i] = append(l.inputs[i], l.slot(at))
			if l.titles != nil {
				break
			}
		}
		if len(in.From) > 0 && len(l.inputs[i]) == 0 {
			l.lack(in.Property.Name, strings.Join(in.From, " | "), *why)
		}
	}
	one := func(c schemas.Column) int {
		at, lack := find(c)
		if lack != nil {
			l.lack("", c.Name, *lack)
			return -1
		}
		return l.slot(at)
	}
	for _, c := range plan.Wide {
		l.wide = append(l.wide, one(c))
	}
	for _, f := range plan.SetAside {
		l.aside = append(l.aside, one(f.Column))
	}
	for _, t := range plan.Totals {
		l.totals = append(l.totals, one(t.Column))
	}
}

// slot returns the slot of the source column at position at, a new one at its first use.
func (l *layout) slot(at int) int {
	if l.slots[at] < 0 {
		l.slots[at] = l.count
		l.count++
	}
	return l.slots[at]
}

// personal says whether a column of plan is about persons.
func personal(plan *schemas.Plan) bool {
	return slices.ContainsFunc(plan.Inputs, func(in schemas.Input) bool { return in.Property.Class != "umum" })
}

// untitled keeps what was lacking from listing the names of the file: where none is of a column that is
// wanted they may be the first record of a file without a header, of persons.
func (l *layout) untitled() {
	for i, r := range l.lacking {
		l.lacking[i].Say = *say("kolom %q tidak ada di berkas, begitu pula semua kolom lain; apakah berkas ini tanpa baris judul, atau dengan pemisah kolom lain?",
			"the file has no column %q, nor any other that is wanted; is it without a header, or with another delimiter?", r.Value)
	}
}

func (l *layout) lack(field, value string, say event.Sentence) {
	l.lacking = append(l.lacking, quality.Reason{Field: field, Rule: quality.RuleStructure, Value: quality.Excerpt([]byte(value)), Say: say})
}

// namedColumn reads a column name as bindings write it: "#3" is the third.
func namedColumn(name string) schemas.Column {
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "#")); err == nil && n > 0 && strings.HasPrefix(name, "#") {
		return schemas.Column{Name: name, Position: n}
	}
	return schemas.Column{Name: name}
}

// position finds c among names: exactly, else as schemas.Fold compares. A name that more than one
// column has finds none, because which one is meant would be a guess.
func position(names []string, c schemas.Column) (int, *event.Sentence) {
	if c.Position > 0 {
		if c.Position <= len(names) {
			return c.Position - 1, nil
		}
		return 0, say("kolom ke-%d tidak ada: berkas hanya punya %d kolom", "there is no column %d: the file has only %d", c.Position, len(names))
	}
	folded := schemas.Fold(c.Name)
	exact, alike := indexes(names, func(s string) bool { return s == c.Name }), indexes(names, func(s string) bool { return schemas.Fold(s) == folded })
	for _, at := range [][]int{exact, alike} {
		switch len(at) {
		case 0:
		case 1:
			return at[0], nil
		default:
			return 0, say("kolom %q ada %d kali di berkas; tunjuk salah satu dengan posisinya, misalnya #%d",
				"the file has column %q %d times; name one by its position, such as #%d", c.Name, len(at), at[0]+1)
		}
	}
	list := listing(names)
	if sep := otherDelimiter(names); sep != "" {
		return 0, say("kolom %q tidak ada di berkas; satu-satunya kolom %s memuat %q: bila itu pemisah kolomnya, tulis `delimiter: %q` di binding, atau kirim ulang dengan pemisah yang dinyatakan binding",
			"the file has no column %q; its only one, %s, holds %q: if that is the delimiter, write `delimiter: %q` in the binding, or send it again with the one that the binding says", c.Name, list, sep, sep)
	}
	return 0, say("kolom %q tidak ada di berkas; kolom yang ada: %s", "the file has no column %q; it has: %s", c.Name, list)
}

// otherDelimiter is what parts the header of a file whose columns another delimiter parts than was
// declared, so that it has only one; "" where there is none.
func otherDelimiter(names []string) (found string) {
	if len(names) != 1 {
		return ""
	}
	most := 0
	for _, sep := range []string{",", ";", "\t", "|"} {
		if n := strings.Count(names[0], sep); n > most {
			found, most = sep, n
		}
	}
	return found
}

func indexes(names []string, match func(string) bool) (at []int) {
	for i, n := range names {
		if n != "" && match(n) {
			at = append(at, i)
		}
	}
	return at
}

// listed is how many column names a sentence lists.
const listed = 20

func listing(names []string) string {
	var shown []string
	for _, n := range names[:min(len(names), listed)] {
		shown = append(shown, quality.Excerpt([]byte(n)))
	}
	list := strings.Join(shown, ", ")
	if more := len(names) - listed; more > 0 {
		list += ", … (+" + strconv.Itoa(more) + ")"
	}
	return list
}

// dimension reads the texts of d above the wide columns.
func (l *layout) dimension(plan *schemas.Plan, d *schemas.Dimension) []string {
	row := d.Header
	if row == 0 {
		row = len(l.titles)
	}
	if row > len(l.titles) {
		l.lack(d.To, "", *say("baris judul ke-%d tidak ada: berkas hanya punya %d baris judul", "there is no header row %d: the file has only %d", row, len(l.titles)))
		return make([]string, len(plan.Wide))
	}
	texts := make([]string, len(plan.Wide))
	names, titles := l.titles[len(l.titles)-1], l.titles[row-1]
	for i, c := range plan.Wide {
		at, lack := position(names, c)
		if lack != nil {
			continue
		}
		for ; at >= 0; at-- {
			if at < len(titles) && len(trim([]byte(titles[at]))) > 0 {
				texts[i] = titles[at]
				break
			}
			if !d.Fill {
				break
			}
		}
	}
	return texts
}
