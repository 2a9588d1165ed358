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

// exportExcel writes a contract as a workbook that loses nothing of it, see [importExcel].
func exportExcel(c *schemas.Contract) (book []byte, err error) {
	t, err := parseTree(c.Document)
	if err != nil {
		return nil, err
	}
	w := &writer{file: excelize.NewFile(), tree: t, said: map[*tree]bool{}, lists: map[string]string{}}
	defer func() { err = errors.Join(err, w.file.Close()) }()
	if err := w.write(); err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	b, err := w.file.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("write workbook: %w", err)
	}
	return bytes.Clone(b.Bytes()), nil
}

// spareRows is how many rows below the filled ones of a table have the same drop-down lists.
const spareRows = 200

type writer struct {
	file             *excelize.File
	tree             *tree
	said             map[*tree]bool    // nodes that a cell holds
	lists            map[string]string // ranges of the sheet Daftar by heading
	head, body, note int               // styles
}

func (w *writer) write() error {
	if err := w.styles(); err != nil {
		return err
	}
	if err := w.file.SetSheetName("Sheet1", helpSheet); err != nil {
		return err
	}
	for _, s := range sheets() {
		if _, err := w.file.NewSheet(s.name); err != nil {
			return err
		}
	}
	for _, name := range []string{valueSheet, otherSheet, listSheet} {
		if _, err := w.file.NewSheet(name); err != nil {
			return err
		}
	}
	if err := w.writeLists(); err != nil {
		return err
	}
	for _, s := range sheets() {
		write := w.writeTable
		if s.form() {
			write = w.writeForm
		}
		if err := write(s); err != nil {
			return err
		}
	}
	if err := w.writeValues(); err != nil {
		return err
	}
	if err := w.writeOthers(); err != nil {
		return err
	}
	if err := w.writeHelp(); err != nil {
		return err
	}
	w.file.SetActiveSheet(1)
	return nil
}

func (w *writer) styles() (err error) {
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	if w.head, err = w.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Color: "FFFFFF"},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}}, Alignment: top}); err != nil {
		return err
	}
	const textFormat = 49 // "@": so that typing 01 or 1.02 stays that
	if w.body, err = w.file.NewStyle(&excelize.Style{NumFmt: textFormat, Alignment: top}); err != nil {
		return err
	}
	w.note, err = w.file.NewStyle(&excelize.Style{Font: &excelize.Font{Color: "595959"}, Alignment: top})
	return err
}

// rows writes a whole sheet of texts under a header.
func (w *writer) rows(sheet string, header []string, widths []float64, rows [][]string) error {
	for r, row := range append([][]string{header}, rows...) {
		for c, s := range row {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				return err
			}
			if s != "" {
				if err := w.file.SetCellStr(sheet, at, s); err != nil {
					return err
				}
			}
		}
	}
	for i, width := range widths {
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		if err := w.file.SetColStyle(sheet, column, w.body); err != nil {
			return err
		}
		if err := w.file.SetColWidth(sheet, column, column, width); err != nil {
			return err
		}
	}
	if err := w.file.SetRowStyle(sheet, 1, 1, w.head); err != nil {
		return err
	}
	return w.file.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// say is what a cell says of the node at p: "" when the node is not there or does not fit a cell.
func (w *writer) say(p path, f field) string {
	n := w.tree.find(p)
	if n == nil || w.said[n] {
		return ""
	}
	s, ok := f.as.render(n)
	if !ok {
		return "" // the sheet Lainnya says it
	}
	w.said[n] = true
	return s
}

func (w *writer) writeForm(s sheet) error {
	var rows [][]string
	for i, f := range s.fields {
		rows = append(rows, []string{f.head, w.say(mustPath(f.path), f), f.help, f.path})
		if err := w.choose(s.name, fmt.Sprintf("B%d", i+2), f); err != nil {
			return err
		}
	}
	return w.rows(s.name, formHeader(), []float64{38, 60, 60, 30}, rows)
}

func formHeader() []string { return []string{"Isian", "Nilai", "Penjelasan", "Kunci"} }

func (w *writer) writeTable(s sheet) error {
	at := mustPath(s.at)
	header, widths := []string{s.key}, []float64{24}
	for _, f := range s.fields {
		header, widths = append(header, f.head), append(widths, 20)
	}
	var rows [][]string
	items := w.tree.find(at)
	if items == nil || items.kind != list {
		items = &tree{}
	}
	for i, item := range items.kids {
		name := strconv.Itoa(i + 1)
		if key := at.itemKey(); key != "" {
			name = item.itemKey(key)
		}
		row := []string{name}
		for _, f := range s.fields {
			row = append(row, w.say(at.below(step{true, name}).below(mustPath(f.path)...), f))
		}
		rows = append(rows, row)
	}
	for i, f := range s.fields {
		column, err := excelize.ColumnNumberToName(i + 2)
		if err != nil {
			return err
		}
		if err := w.choose(s.name, fmt.Sprintf("%s2:%s%d", column, column, len(rows)+1+spareRows), f); err != nil {
			return err
		}
	}
	return w.rows(s.name, header, widths, rows)
}

// titleLength is the most characters that Excel takes as the title of a drop-down list's help.
const titleLength = 32

// choose gives cells the help of their field and the list of its words.
func (w *writer) choose(sheet, cells string, f field) error {
	if f.help == "" && f.list == "" {
		return nil
	}
	dv := excelize.NewDataValidation(true)
	dv.SetSqref(cells)
	title := f.head
	if runes := []rune(title); len(runes) > titleLength {
		title = string(runes[:titleLength-1]) + "…"
	}
	if f.help != "" {
		dv.SetInput(title, f.help)
	}
	if f.list != "" {
		dv.SetSqrefDropList(w.lists[f.list])
		dv.SetError(excelize.DataValidationErrorStyleStop, title, "Pilih dari daftar.")
	}
	return w.file.AddDataValidation(sheet, dv)
}

// writeLists writes the words that cells may have, each list in its column, and what the elements are.
func (w *writer) writeLists() error {
	all := words()
	headings := slices.Sorted(maps.Keys(all))
	longest := 0
	for _, h := range headings {
		longest = max(longest, len(all[h]))
	}
	rows := make([][]string, longest)
	for i, h := range headings {
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		w.lists[h] = fmt.Sprintf("%s!$%s$2:$%s$%d", listSheet, column, column, len(all[h])+1)
		for r := range rows {
			word := ""
			if r < len(all[h]) {
				word = all[h][r]
			}
			rows[r] = append(rows[r], word)
		}
	}
	return w.rows(listSheet, headings, slices.Repeat([]float64{24}, len(headings)), rows)
}

// writeValues writes the allowed values of columns whose quality section is only that.
func (w *writer) writeValues() error {
	var rows [][]string
	at := mustPath(columnsPath)
	for _, column := range w.tree.find(at).kids {
		quality := column.get("quality")
		values, ok := allowedValues(quality)
		if !ok {
			continue
		}
		w.said[quality] = true
		for _, v := range values {
			rows = append(rows, []string{column.itemKey("name"), v})
		}
	}
	return w.rows(valueSheet, valueHeader(), []float64{24, 60}, rows)
}

func valueHeader() []string { return []string{"Kolom", "Nilai"} }

// allowedQuality is the quality section that says which values a column may have.
func allowedQuality(values []string) *tree {
	all := &tree{kind: list}
	for _, v := range values {
		all.kids = append(all.kids, text(v))
	}
	arguments := &tree{kind: mapping}
	arguments.put("validValues", all)
	rule := &tree{kind: mapping}
	rule.put("type", text("library"))
	rule.put("metric", text("invalidValues"))
	rule.put("mustBe", &tree{kind: scalar, tag: "!!int", text: "0"})
	rule.put("arguments", arguments)
	return &tree{kind: list, kids: []*tree{rule}}
}

// allowedValues are the values of a quality section made by [allowedQuality].
func allowedValues(quality *tree) ([]string, bool) {
	if quality == nil || quality.kind != list || len(quality.kids) != 1 {
		return nil, false
	}
	var values []string
	list := quality.kids[0].get("arguments").get("validValues")
	if list == nil || len(list.kids) == 0 {
		return nil, false
	}
	for _, v := range list.kids {
		if _, ok := asText.render(v); !ok {
			return nil, false
		}
		values = append(values, v.text)
	}
	return values, allowedQuality(values).equal(quality)
}

// writeOthers writes what no other sheet says.
func (w *writer) writeOthers() error {
	var rows [][]string
	for _, l := range w.unsaid(nil, w.tree, nil) {
		if !cellSafe(l.path.String()) {
			return fmt.Errorf("kunci sepanjang %d huruf tidak muat di sel Excel; pendekkan (a key of %[1]d characters does not fit a cell; shorten it)", len(l.path.String()))
		}
		for i, o := range renderOther(l.node) {
			row := []string{l.path.String(), o.kind, o.text}
			if i > 0 {
				row[0] = ""
			}
			rows = append(rows, row)
		}
	}
	return w.rows(otherSheet, otherHeader(), []float64{60, 18, 60}, rows)
}

func otherHeader() []string { return []string{"Jalur", "Jenis", "Nilai"} }

// unsaid are the leaves below t that no cell holds.
func (w *writer) unsaid(p path, t *tree, out []leaf) []leaf {
	for _, l := range t.leaves(p, nil) {
		if !w.covered(l.path) {
			out = append(out, l)
		}
	}
	return out
}

// covered says whether a cell holds the node at p or one above it.
func (w *writer) covered(p path) bool {
	for i := range len(p) {
		if w.said[w.tree.find(p[:i+1])] {
			return true
		}
	}
	// The name of a column whose other parts all have their cells is said by its row.
	return len(p) == len(mustPath(columnsPath))+2 && p[:len(p)-2].itemKey() == "name" && p[len(p)-1].name == "name"
}

func (w *writer) writeHelp() error {
	rows := [][]string{
		{"", "", "Buku kerja ini memuat satu kontrak dataset. Isi atau ubah selnya, lalu jalankan: satudata contract import --from excel BERKAS.xlsx"},
		{"", "", "(This workbook holds one dataset contract. Fill in its cells, then run the command above.)"},
	}
	for _, s := range sheets() {
		rows = append(rows, []string{s.name, "", s.help})
		if s.name == "MS-Keg" { // has its help beside each row
			continue
		}
		for _, f := range s.fields {
			rows = append(rows, []string{"", f.head, f.help})
		}
	}
	rows = append(rows, []string{valueSheet, "", "Nilai yang diizinkan: satu baris tiap nilai, dengan nama kolomnya."},
		[]string{otherSheet, "", "Bagian kontrak yang tidak punya sel sendiri. Jalur memakai nama kolom atau nomor urut dari 1 dalam kurung siku; Jenis: " +
			strings.Join(slices.Sorted(maps.Keys(otherKinds())), ", ") + "."},
		[]string{listSheet, "", "Pilihan yang dipakai lembar lain; tidak dibaca kembali."})
	for _, e := range schemas.Elements() {
		rows = append(rows, []string{"Elemen", e.ID, e.Name + ": " + e.Definition})
	}
	return w.rows(helpSheet, []string{"Lembar", "Isian", "Penjelasan"}, []float64{18, 30, 110}, rows)
}
