package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"satudata/schemas"
)

// maxWorkbook is the most bytes that the parts of a workbook may unpack to: far more than a contract has.
const maxWorkbook = 64 << 20

// importExcel reads the document of a workbook that [exportExcel] wrote and people edited. What is
// wrong is said of the sheet and cell that says it: "k.xlsx: Kolom!E5: …".
func importExcel(file string, data []byte) ([]byte, error) {
	x, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxWorkbook, UnzipXMLSizeLimit: maxWorkbook, RawCellValue: true})
	if err != nil {
		return nil, schemas.Faults{{File: file, Say: schemas.Sentence{ID: "bukan buku kerja Excel yang dapat dibaca", EN: "not a readable Excel workbook: " + err.Error()},
			Expected: "berkas .xlsx dari `satudata contract export --to excel`"}}
	}
	defer x.Close() //nolint:errcheck // read only: nothing is lost
	r := &sheetReader{file: file, x: x, root: &tree{}, rows: map[string]string{}}
	r.read()
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	r.root.canonise("")
	doc, err := r.root.encode()
	if err != nil {
		return nil, err
	}
	var faults schemas.Faults
	if _, err := schemas.ParseContract(file, doc); errors.As(err, &faults) {
		for i, f := range faults {
			faults[i].Line, faults[i].Column, faults[i].Path = 0, 0, r.place(f.Path)
		}
		return nil, faults
	}
	return doc, err
}

// sheetReader builds a document from the cells of a workbook.
type sheetReader struct {
	file   string
	x      *excelize.File
	root   *tree
	rows   map[string]string // cells of the forms by path of their field
	faults schemas.Faults
}

func (r *sheetReader) fault(cell, id, en, expected string) {
	r.faults = append(r.faults, schemas.Fault{File: r.file, Path: cell, Say: schemas.Sentence{ID: id, EN: en}, Expected: expected})
}

// needTypes asks for the type of columns that have bounds: ODCS knows a column's bounds by its own
// type, not by the one that it inherits from an element.
func (r *sheetReader) needTypes() {
	columns := r.root.find(mustPath(columnsPath))
	if columns == nil {
		return
	}
	for _, c := range columns.kids {
		if bounds := c.get("logicalTypeOptions"); bounds != nil && len(bounds.kids) > 0 && c.get("logicalType") == nil {
			r.fault(bounds.first(), "batas tanpa Jenis kolom", "a bound without the column's type", "isi Jenis, juga bila ada Elemen/fill in Jenis, even beside an Elemen")
		}
	}
}

// place is where the workbook says what is at a path of the document.
func (r *sheetReader) place(path string) string {
	for field, cell := range r.rows {
		if faultPath(field) == path {
			return cell + ": " + path
		}
	}
	if cell := r.root.at(path).cell; cell != "" {
		return cell + ": " + path
	}
	return path
}

// faultPath is a path of a form as faults write it.
func faultPath(field string) string {
	name, custom := strings.CutPrefix(field, "customProperties[")
	if custom {
		name = "customProperties." + strings.Replace(name, "].value", "", 1)
	}
	return strings.Replace(name, "schema[1]", "schema[0]", 1)
}

func (r *sheetReader) read() {
	known := []string{helpSheet, listSheet, valueSheet, otherSheet}
	for _, s := range sheets() {
		known = append(known, s.name)
	}
	for _, name := range r.x.GetSheetList() {
		if !slices.Contains(known, name) {
			r.fault(name, "lembar tidak dikenal", "unknown sheet", "hapus, atau/or: "+strings.Join(known, ", "))
		}
	}
	for _, s := range sheets() {
		switch grid, there := r.grid(s.name); {
		case !there && (s.name == "Dataset" || s.name == "Kolom"):
			r.fault(s.name, "lembar tidak ada", "there is no such sheet", "ekspor ulang, lalu isi/export again and fill it in")
		case s.form():
			r.readForm(s, grid)
		default:
			r.readTable(s, grid)
		}
	}
	r.readValues()
	r.readOthers()
	r.needTypes()
	if len(r.faults) == 0 {
		r.complete(r.root)
	}
}

// grid is a sheet's cells.
type grid struct {
	sheet string
	rows  [][]string
}

func (r *sheetReader) grid(sheet string) (grid, bool) {
	rows, err := r.x.GetRows(sheet, excelize.Options{RawCellValue: true})
	return grid{sheet, rows}, err == nil
}

// cell is the text at a row and column from 0, and what people call it: "Kolom!E5".
func (g grid) cell(row, column int) (text, name string) {
	name, err := excelize.CoordinatesToCellName(column+1, row+1)
	if err != nil {
		name = fmt.Sprintf("%d,%d", row+1, column+1)
	}
	if row < len(g.rows) && column < len(g.rows[row]) && strings.TrimSpace(g.rows[row][column]) != "" {
		text = g.rows[row][column]
	}
	return text, g.sheet + "!" + name
}

// empty says whether a row has no text.
func (g grid) empty(row int) bool {
	return strings.TrimSpace(strings.Join(g.rows[row], "")) == ""
}

// columns finds the columns of a sheet by their headings, which may stand in any order; those of
// need must be there.
func (r *sheetReader) columns(g grid, known, need []string) map[string]int {
	at := map[string]int{}
	if len(g.rows) == 0 {
		return at
	}
	for c := range g.rows[0] {
		head, name := g.cell(0, c)
		head = strings.TrimSpace(head)
		if _, twice := at[head]; head != "" && twice {
			r.fault(name, fmt.Sprintf("judul %q ada dua", head), fmt.Sprintf("there are two headings %q", head), "")
		} else if head != "" && !slices.Contains(known, head) {
			r.fault(name, fmt.Sprintf("judul %q tidak dikenal", head), fmt.Sprintf("unknown heading %q", head), strings.Join(known, ", "))
		}
		at[head] = c
	}
	for _, head := range need {
		if _, ok := at[head]; !ok {
			r.fault(g.sheet+"!1:1", fmt.Sprintf("judul %q tidak ada", head), fmt.Sprintf("there is no heading %q", head), head)
		}
	}
	for c := range longest(g.rows) {
		if head, _ := g.cell(0, c); head == "" {
			r.stray(g, c)
		}
	}
	return at
}

// stray says where a column without heading has text.
func (r *sheetReader) stray(g grid, column int) {
	for row := range g.rows {
		if s, name := g.cell(row, column); s != "" {
			r.fault(name, "kolom tanpa judul", "a column without heading", "kosongkan/clear it")
			return
		}
	}
}

func longest(rows [][]string) int {
	n := 0
	for _, row := range rows {
		n = max(n, len(row))
	}
	return n
}

func (r *sheetReader) readForm(s sheet, g grid) {
	at := r.columns(g, formHeader(), []string{"Nilai", "Kunci"})
	if _, ok := at["Kunci"]; !ok {
		return
	}
	for row := 1; row < len(g.rows); row++ {
		key, keyCell := g.cell(row, at["Kunci"])
		value, cell := g.cell(row, at["Nilai"])
		i := slices.IndexFunc(s.fields, func(f field) bool { return f.path == key })
		switch {
		case i >= 0:
			r.rows[s.fields[i].path] = cell
			r.put(mustPath(s.fields[i].path), s.fields[i], value, cell)
		case !g.empty(row):
			r.fault(keyCell, fmt.Sprintf("kunci %q tidak dikenal", key), fmt.Sprintf("unknown key %q", key), "kunci semula/the key as it was")
		}
	}
}

func (r *sheetReader) readTable(s sheet, g grid) {
	known := []string{s.key}
	for _, f := range s.fields {
		known = append(known, f.head)
	}
	at := r.columns(g, known, []string{s.key})
	if _, ok := at[s.key]; !ok {
		return
	}
	for row := 1; row < len(g.rows); row++ {
		if g.empty(row) {
			continue
		}
		name, cell := g.cell(row, at[s.key])
		if item, ok := r.item(s, strings.TrimSpace(name), cell); ok {
			for _, f := range s.fields {
				if c, there := at[f.head]; there {
					value, cell := g.cell(row, c)
					r.put(item.below(mustPath(f.path)...), f, value, cell)
				}
			}
		}
	}
}

// item is the place of the item that a row of a table is about; a sheet that adds makes it.
func (r *sheetReader) item(s sheet, name, cell string) (path, bool) {
	at := mustPath(s.at)
	if name == "" {
		r.fault(cell, s.key+" kosong", s.key+" is empty", s.key)
		return nil, false
	}
	if !s.adds {
		return at.below(step{true, name}), r.column(name, cell)
	}
	items, ok := r.reach(at, cell)
	if !ok {
		return nil, false
	}
	if items.kind == unset {
		items.kind = list
	}
	for _, kid := range items.kids {
		if kid.name == name {
			r.fault(cell, fmt.Sprintf("%s %q sudah dipakai di %s", s.key, name, kid.cell), fmt.Sprintf("%s %q is used at %s already", s.key, name, kid.cell), "")
			return nil, false
		}
	}
	kid := &tree{name: name, cell: cell}
	if key := at.itemKey(); key != "" {
		kid.kind = mapping
		kid.put(key, &tree{kind: scalar, tag: "!!str", text: name, cell: cell})
	}
	items.kids = append(items.kids, kid)
	return at.below(step{true, name}), true
}

// column says whether the sheet Kolom has the column that a cell of another sheet names.
func (r *sheetReader) column(name, cell string) bool {
	columns := r.root.find(mustPath("schema"))
	if columns != nil && len(columns.kids) > 0 && columns.kids[0].get("properties").named(name) != nil {
		return true
	}
	r.fault(cell, fmt.Sprintf("kolom %q tidak ada di lembar Kolom", name), fmt.Sprintf("the sheet Kolom has no column %q", name), "nama yang sama di lembar Kolom/the name as in the sheet Kolom")
	return false
}

// put says the value of a field's cell at p; an empty cell says nothing.
func (r *sheetReader) put(p path, f field, value, cell string) {
	if value == "" {
		return
	}
	n, expected := f.as.parse(value)
	if expected != "" {
		r.fault(cell, fmt.Sprintf("%s: %q tidak dapat dibaca", f.head, value), fmt.Sprintf("%s: %q cannot be read", f.head, value), expected)
		return
	}
	r.set(p, n, cell)
}

func (r *sheetReader) set(p path, n *tree, cell string) {
	here, ok := r.reach(p, cell)
	switch {
	case !ok:
	case here.kind != unset:
		r.fault(cell, "sudah diisi di "+here.first(), "is said already at "+here.first(), "satu saja/only one")
	default:
		n.name, n.cell = here.name, cell
		*here = *n
	}
}

// reach is the node at p; it makes what is missing on the way, but no item of a list that a sheet makes.
func (r *sheetReader) reach(p path, cell string) (*tree, bool) {
	here := r.root
	for i, s := range p {
		want := mapping
		if s.item {
			want = list
		}
		if here.kind == unset {
			here.kind = want
		}
		if here.kind != want {
			r.fault(cell, "sudah diisi di "+here.first(), "is said already at "+here.first(), "satu saja/only one")
			return nil, false
		}
		var next *tree
		if s.item {
			next = here.named(s.name)
		} else {
			next = here.get(s.name)
		}
		if next == nil {
			next = r.grow(here, p[:i], s, cell)
		}
		if next == nil {
			return nil, false
		}
		here = next
	}
	return here, true
}

// named is the item of a list that is being built by its name, or nil.
func (t *tree) named(name string) *tree {
	if t == nil || t.kind != list {
		return nil
	}
	for _, kid := range t.kids {
		if kid.name == name {
			return kid
		}
	}
	return nil
}

// first is the cell that says t or the first thing below it.
func (t *tree) first() string {
	if t.cell != "" {
		return t.cell
	}
	for _, kid := range t.kids {
		if cell := kid.first(); cell != "" {
			return cell
		}
	}
	return ""
}

// grow adds the child that s names to here, the node at p.
func (r *sheetReader) grow(here *tree, p path, s step, cell string) *tree {
	kid := &tree{name: s.name}
	if !s.item {
		here.put(s.name, kid)
		return kid
	}
	for _, sh := range sheets() {
		if sh.adds && sh.at == p.String() && len(here.kids) > 0 && here.kids[0].cell != "" {
			r.fault(cell, fmt.Sprintf("%s %q tidak ada di lembar %s", sh.key, s.name, sh.name), fmt.Sprintf("the sheet %s has no %s %q", sh.name, sh.key, s.name), "baris itu/that row")
			return nil
		}
	}
	if key := p.itemKey(); key != "" {
		kid.kind = mapping
		kid.put(key, text(s.name))
	} else if s.name != strconv.Itoa(len(here.kids)+1) {
		r.fault(cell, fmt.Sprintf("urutan %s sesudah %d", s.name, len(here.kids)), fmt.Sprintf("item %s after %d", s.name, len(here.kids)), strconv.Itoa(len(here.kids)+1))
		return nil
	}
	here.kids = append(here.kids, kid)
	return kid
}

func (r *sheetReader) readValues() {
	g, _ := r.grid(valueSheet)
	at := r.columns(g, valueHeader(), nil)
	if len(at) < len(valueHeader()) {
		return
	}
	values, first := map[string][]string{}, map[string]string{}
	for row := 1; row < len(g.rows); row++ {
		if g.empty(row) {
			continue
		}
		column, cell := g.cell(row, at["Kolom"])
		value, valueCell := g.cell(row, at["Nilai"])
		column = strings.TrimSpace(column)
		switch {
		case value == "":
			r.fault(valueCell, "nilai kosong", "the value is empty", "isi atau hapus barisnya/fill in or delete the row")
		case column == "":
			r.fault(cell, "Kolom kosong", "Kolom is empty", "nama kolom/name of a column")
		case r.column(column, cell):
			values[column] = append(values[column], value)
			if first[column] == "" {
				first[column] = valueCell
			}
		}
	}
	for _, column := range slices.Sorted(maps.Keys(values)) {
		r.set(mustPath(columnsPath).below(step{true, column}, step{false, "quality"}), allowedQuality(values[column]), first[column])
	}
}

func (r *sheetReader) readOthers() {
	g, _ := r.grid(otherSheet)
	at := r.columns(g, otherHeader(), nil)
	if len(at) < len(otherHeader()) {
		return
	}
	for row := 1; row < len(g.rows); row++ {
		if g.empty(row) {
			continue
		}
		place, placeCell := g.cell(row, at["Jalur"])
		word, wordCell := g.cell(row, at["Jenis"])
		o := other{kind: word}
		var cell string
		o.text, cell = g.cell(row, at["Nilai"])
		for row+1 < len(g.rows) {
			next, _ := g.cell(row+1, at["Jenis"])
			if strings.TrimSpace(next) != more {
				break
			}
			row++
			rest, _ := g.cell(row, at["Nilai"])
			o.text += rest
		}
		p, err := parsePath(strings.TrimSpace(place))
		if err != nil || len(p) == 0 {
			r.fault(placeCell, fmt.Sprintf("jalur %q tidak dapat dibaca", place), fmt.Sprintf("path %q cannot be read", place), "contoh/example schema[1].properties[jumlah].examples[1]")
			continue
		}
		n, expected := parseOther(o)
		if expected != "" {
			r.fault(wordCell, fmt.Sprintf("%q tidak dapat dibaca", word), fmt.Sprintf("%q cannot be read", word), expected)
			continue
		}
		r.set(p, n, cell)
	}
}

// complete finds what a row names and nothing says.
func (r *sheetReader) complete(t *tree) {
	if t.kind == unset {
		r.fault(t.first(), "baris tanpa isi", "a row without content", "isi atau hapus barisnya/fill in or delete the row")
	}
	for _, kid := range t.kids {
		r.complete(kid)
	}
}
