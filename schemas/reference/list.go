package reference

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// List is a code list of an agency's own, or a newer one of a system that the program knows.
//
// Its form is CSV in UTF-8, with comma or semicolon, and a header of these columns in any order:
//
//	kode            the code, once in the list
//	nama            its name
//	induk           code of the parent, in the same list                    (may be left out)
//	berlaku_mulai   since when it is valid: 2024 or 2024-01-31              (may be left out)
//	berlaku_sampai  until when it was; a code with one has ended            (may be left out)
//	pengganti       the codes an ended code became, with a space or | between (may be left out)
type List struct {
	system, vintage string
	rows            []row
	table           *table // rows, sorted
	parents         map[string]string
	since           map[string]string
	ended           map[string]ending
	sources         map[string][]string // valid code → the ended codes that became it, sorted
}

// ending says of a code that is no longer valid what is known of it.
type ending struct {
	name, until string
	became      []string // valid codes; empty: nothing became of it
}

// Name is the system and vintage, "sekolah@2024".
func (l *List) Name() string { return l.system + "@" + l.vintage }

// Len is how many valid and how many ended codes l has.
func (l *List) Len() (valid, ended int) { return len(l.rows), len(l.ended) }

// maxFaults is how many faults of a list are told at once.
const maxFaults = 20

var (
	systemForm  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	vintageForm = regexp.MustCompile(`^\d{4}(-\d{2}(-\d{2})?)?$`)
	listColumns = []string{"kode", "nama", "induk", "berlaku_mulai", "berlaku_sampai", "pengganti"}
)

// ReadList reads a code list and checks it strictly. name is its system and vintage. The error
// ([ErrInvalid]) names lines and what is wrong with each.
func ReadList(name string, r io.Reader) (*List, error) {
	system, vintage, ok := strings.Cut(name, "@")
	if !ok || !systemForm.MatchString(system) || !vintageForm.MatchString(vintage) {
		return nil, problem(ErrInvalid, "nama daftar %q: tulis sistem@vintage, misalnya sekolah@2024", "list name %q: write system@vintage, for example sekolah@2024", name)
	}
	l := &List{system: system, vintage: vintage, parents: map[string]string{}, since: map[string]string{}, ended: map[string]ending{}, sources: map[string][]string{}}
	f := &listReader{list: l, line: map[string]int{}, successors: map[string][]string{}, valid: map[string][]string{}, on: map[string]bool{}}
	if err := f.read(r); err != nil {
		return nil, err
	}
	f.resolve()
	if len(f.faults) > 0 {
		return nil, errors.Join(f.faults...)
	}
	slices.SortFunc(l.rows, func(a, b row) int { return strings.Compare(a.code, b.code) })
	l.table = newTable(l.rows)
	return l, nil
}

// listReader is what is known of a list while it is read.
type listReader struct {
	list       *List
	line       map[string]int      // code → where it is
	successors map[string][]string // as written
	valid      map[string][]string // ended code → the valid codes it became, where that is known already
	on         map[string]bool     // ended codes that are being followed
	faults     []error
}

func (f *listReader) fault(line int, id, en string, args ...any) {
	if len(f.faults) < maxFaults {
		t := textf(id, en, args...)
		f.faults = append(f.faults, problem(ErrInvalid, "baris %d: %[2]s", "line %d: %[3]s", line, t.ID, t.EN))
	}
}

func (f *listReader) read(r io.Reader) error {
	b := bufio.NewReader(r)
	if bom, _ := b.Peek(3); bytes.Equal(bom, []byte("\xEF\xBB\xBF")) {
		_, _ = b.Discard(3) // it was just peeked
	}
	c := csv.NewReader(b)
	if head, _ := b.Peek(256); bytes.Count(firstLine(head), []byte{';'}) > bytes.Count(firstLine(head), []byte{','}) {
		c.Comma = ';'
	}
	header, err := c.Read()
	if err != nil {
		return problem(ErrInvalid, "daftar kode tidak dapat dibaca: %v", "the code list is not readable: %v", err)
	}
	at, err := columnsOf(header)
	if err != nil {
		return err
	}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return problem(ErrInvalid, "daftar kode tidak dapat dibaca: %v", "the code list is not readable: %v", err)
		}
		line, _ := c.FieldPos(0)
		f.row(line, func(column string) string {
			if i, ok := at[column]; ok {
				return strings.TrimSpace(record[i])
			}
			return ""
		})
	}
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	return line
}

// columnsOf finds the columns of a header.
func columnsOf(header []string) (map[string]int, error) {
	at := map[string]int{}
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		if !slices.Contains(listColumns, h) {
			return nil, problem(ErrInvalid, "kolom %q tidak dikenal; yang dikenal: %[2]s", "unknown column %q; known: %s", h, strings.Join(listColumns, ", "))
		}
		if _, twice := at[h]; twice {
			return nil, problem(ErrInvalid, "kolom %q ada dua", "there are two columns %q", h)
		}
		at[h] = i
	}
	for _, need := range listColumns[:2] {
		if _, ok := at[need]; !ok {
			return nil, problem(ErrInvalid, "kolom %q tidak ada", "there is no column %q", need)
		}
	}
	return at, nil
}

// row takes one record in.
func (f *listReader) row(line int, get func(string) string) {
	l := f.list
	written, name := get("kode"), strings.Join(strings.Fields(get("nama")), " ")
	code, ok := l.form(written)
	since, until := get("berlaku_mulai"), get("berlaku_sampai")
	switch {
	case !ok:
		f.fault(line, "%q bukan kode %s", "%q is not a code of %s", written, l.system)
		return
	case f.line[code] > 0:
		f.fault(line, "kode %q sudah ada di baris %d", "code %q is already on line %d", code, f.line[code])
		return
	case name == "" || strings.ContainsFunc(name, unicode.IsControl):
		f.fault(line, "kode %q tanpa nama yang dapat dibaca", "code %q has no readable name", code)
	case since != "" && !vintageForm.MatchString(since) || until != "" && !vintageForm.MatchString(until):
		f.fault(line, "masa berlaku kode %q: tulis 2024 atau 2024-01-31", "validity of code %q: write 2024 or 2024-01-31", code)
	case since != "" && until != "" && until < since:
		f.fault(line, "kode %q berakhir (%s) sebelum berlaku (%s)", "code %q ended (%s) before it was valid (%s)", code, until, since)
	case until == "" && get("pengganti") != "":
		f.fault(line, "kode %q punya pengganti tetapi tidak berakhir; isi berlaku_sampai", "code %q has a successor but has not ended; fill in berlaku_sampai", code)
	}
	f.line[code] = line
	if parent := get("induk"); parent != "" {
		l.parents[code] = cmp.Or(first(l.form(parent)), parent)
	}
	if since != "" {
		l.since[code] = since
	}
	if until == "" {
		l.rows = append(l.rows, row{code: code, name: name})
		return
	}
	l.ended[code] = ending{name: name, until: until}
	for _, s := range strings.FieldsFunc(get("pengganti"), func(r rune) bool { return r == '|' || unicode.IsSpace(r) }) {
		f.successors[code] = append(f.successors[code], cmp.Or(first(l.form(s)), s))
	}
}

func first(s string, ok bool) string {
	if ok {
		return s
	}
	return ""
}

// form brings a code to the form that it is compared in.
func (l *List) form(code string) (string, bool) {
	switch l.system {
	case "kemendagri":
		return dotted(code)
	case "bps":
		return undotted(code)
	}
	plain := !strings.ContainsFunc(code, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '|' })
	return code, code != "" && len(code) <= 64 && plain
}

// maxSuccessors is how many valid codes one code may have become: far more than any region did.
const maxSuccessors = 1000

// resolve checks what codes say of one another, and follows successors until they are valid codes.
func (f *listReader) resolve() {
	l := f.list
	rooted := map[string]bool{"": true} // codes whose ancestors are all there
	for _, code := range slices.Sorted(maps.Keys(l.parents)) {
		f.root(code, rooted)
	}
	for _, code := range slices.Sorted(maps.Keys(l.ended)) {
		e := l.ended[code]
		e.became = f.follow(code)
		l.ended[code] = e
		for _, valid := range e.became {
			l.sources[valid] = append(l.sources[valid], code)
		}
	}
}

// root checks the ancestors of code, up to one that was checked before.
func (f *listReader) root(code string, rooted map[string]bool) {
	seen := map[string]bool{}
	for at := code; !rooted[at]; at = f.list.parents[at] {
		switch {
		case f.line[at] == 0:
			f.fault(f.line[code], "induk %q tidak ada di daftar", "parent %q is not in the list", at)
			return
		case seen[at]:
			f.fault(f.line[code], "kode %q menjadi induk dirinya sendiri", "code %q is its own parent", at)
			return
		}
		seen[at] = true
	}
	maps.Copy(rooted, seen)
}

// follow returns the valid codes that an ended code became in the end, sorted.
func (f *listReader) follow(code string) (valid []string) {
	if known, ok := f.valid[code]; ok {
		return known
	}
	if f.on[code] {
		f.fault(f.line[code], "pengganti kode %q berputar kembali ke kode itu", "the successors of code %q lead back to it", code)
		return nil
	}
	f.on[code] = true
	for _, s := range f.successors[code] {
		_, ended := f.list.ended[s]
		switch {
		case ended:
			valid = append(valid, f.follow(s)...)
		case f.line[s] > 0:
			valid = append(valid, s)
		default:
			f.fault(f.line[code], "pengganti %q tidak ada di daftar", "successor %q is not in the list", s)
		}
	}
	delete(f.on, code)
	slices.Sort(valid)
	valid = slices.Compact(valid)
	if len(valid) > maxSuccessors {
		f.fault(f.line[code], "kode %q punya %d pengganti, paling banyak %d", "code %q has %d successors, at most %d are possible", code, len(valid), maxSuccessors)
		valid = nil
	}
	f.valid[code] = valid
	return valid
}

// With returns a registry that has lists, too. A list of a system that is known already must be newer
// than the newest vintage of it, and is linked with that: a code that is in both is the same, and an
// ended code is what its successors say.
func (r *Registry) With(lists ...*List) (*Registry, error) {
	out := &Registry{vintages: maps.Clone(r.vintages), links: map[string][]link{}}
	for name, links := range r.links {
		out.links[name] = slices.Clone(links)
	}
	for _, l := range slices.SortedFunc(slices.Values(lists), func(a, b *List) int { return strings.Compare(a.vintage, b.vintage) }) {
		newest := ""
		for _, name := range out.Systems() {
			if systemOf(name) == l.system {
				newest = name
			}
		}
		if vintageOf(newest) >= l.vintage {
			return nil, problem(ErrInvalid, "daftar %s tidak lebih baru daripada %s yang sudah ada", "list %s is not newer than %s, which is there already", l.Name(), newest)
		}
		out.vintages[l.Name()] = vintage{l.store(), 0}
		if newest != "" {
			older := out.vintages[newest]
			out.join(newest, l.Name(), l.forward, func(code string) ([]string, bool) { return l.back(code, older), false })
		}
	}
	out.findPaths()
	return out, nil
}

func (l *List) store() *store {
	s := &store{system: l.system, vintages: []string{l.vintage}, form: l.form, upper: l.table, own: l,
		level:  func(string) string { return "" },
		parent: func(code string) string { return l.parents[code] }}
	switch l.system {
	case "kemendagri":
		s.level, s.parent = dottedLevel, dottedParent
	case "bps":
		s.level, s.parent = bpsLevel, bpsParent
	}
	return s
}

// forward says what a code of an older vintage became in l.
func (l *List) forward(code string) ([]string, bool) {
	if _, ok := l.table.search(code); ok {
		return []string{code}, false
	}
	return l.ended[code].became, false
}

// back says which codes of an older vintage became code in l.
func (l *List) back(code string, older vintage) []string {
	var was []string
	if _, ok := older.entry(code); ok {
		was = append(was, code)
	}
	for _, before := range l.sources[code] {
		if _, ok := older.entry(before); ok {
			was = append(was, before)
		}
	}
	slices.Sort(was)
	return was
}

// explain says of a code that has ended what became of it; nil for any other.
func (l *List) explain(code string) *Problem {
	e, ok := l.ended[code]
	switch {
	case !ok:
		return nil
	case len(e.became) == 0:
		return problem(ErrCode, "kode %s (%s) berakhir %s di %s, tanpa pengganti", "code %s (%s) ended %s in %s, without successor", code, e.name, e.until, l.Name())
	}
	return problem(ErrCode, "kode %s (%s) berakhir %s di %s, lalu menjadi %s", "code %s (%s) ended %s in %s, then it became %s",
		code, e.name, e.until, l.Name(), strings.Join(e.became, ", "))
}
