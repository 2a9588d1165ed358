package file

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
)

// contents is what a workbook says of itself.
type contents struct {
	base     string // folder of the workbook part
	sheets   []sheetEntry
	targets  map[string]target // by id
	date1904 bool              // days are counted from 1904
}

// sheetEntry is a sheet as the workbook lists it.
type sheetEntry struct {
	name, id string
	hidden   bool
}

// target is a part that another one points to.
type target struct{ kind, name string }

// partsOf returns the parts of a package by name. Names are compared without case, and some
// programs write backslashes.
func partsOf(r io.ReaderAt, size int64) (map[string]*zip.File, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, refuseDamaged(err, "berkas Excel rusak atau terpotong (%v); kirim ulang", "the Excel file is damaged or cut short (%v); send it again")
	}
	parts := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		parts[partName(f.Name)] = f
	}
	return parts, nil
}

func partName(name string) string {
	return strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(name, `\`, "/")), "/")
}

// readContents finds the workbook part and reads it.
func readContents(parts map[string]*zip.File) (contents, error) {
	root, err := readRelationships(parts["_rels/.rels"])
	if err != nil {
		return contents{}, err
	}
	main := "xl/workbook.xml"
	for _, t := range root {
		if strings.HasSuffix(t.kind, "/officeDocument") {
			main = resolvePart("", t.name)
		}
	}
	c, err := fromPart(parts[main], readBook)
	if err != nil {
		return c, err
	}
	c.base = path.Dir(main)
	c.targets, err = readRelationships(parts[c.base+"/_rels/"+path.Base(main)+".rels"])
	return c, err
}

// readBook reads the workbook part.
func readBook(r io.Reader) (c contents, err error) {
	err = eachElement(r, func(e xml.StartElement, _ string) error {
		switch e.Name.Local {
		case "workbookPr":
			c.date1904, _ = strconv.ParseBool(attr(e, "date1904"))
		case "sheet":
			s := sheetEntry{name: attr(e, "name"), hidden: attr(e, "state") != "" && attr(e, "state") != "visible"}
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					s.id = a.Value
				}
			}
			c.sheets = append(c.sheets, s)
		}
		return tooMany(len(c.sheets))
	})
	return c, err
}

// readRelationships reads where the parts are that a part refers to, by their ids.
func readRelationships(part *zip.File) (map[string]target, error) {
	if part == nil {
		return nil, refuse("berkas Excel tidak lengkap: daftar bagiannya tidak ada", "the Excel file is incomplete: the list of its parts is missing")
	}
	return fromPart(part, func(r io.Reader) (map[string]target, error) {
		out := map[string]target{}
		err := eachElement(r, func(e xml.StartElement, _ string) error {
			if e.Name.Local == "Relationship" {
				out[attr(e, "Id")] = target{attr(e, "Type"), attr(e, "Target")}
			}
			return tooMany(len(out))
		})
		return out, err
	})
}

// readFormats returns what each cell style shows.
func readFormats(r io.Reader) ([]dateFormat, error) {
	codes := map[int]dateFormat{}
	var ids []int
	err := eachElement(r, func(e xml.StartElement, in string) error {
		switch {
		case e.Name.Local == "numFmt" && in == "numFmts":
			if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil {
				codes[id] = formatOf(attr(e, "formatCode"))
			}
		case e.Name.Local == "xf" && in == "cellXfs":
			id, err := strconv.Atoi(attr(e, "numFmtId"))
			if err != nil {
				id = 0 // a plain number
			}
			ids = append(ids, id)
		}
		return tooMany(max(len(codes), len(ids)))
	})
	out := make([]dateFormat, len(ids))
	for i, id := range ids {
		own, ok := codes[id]
		if out[i] = builtin(id); ok {
			out[i] = own
		}
	}
	return out, err
}

// eachElement calls do with every element of a part, and the name of the one that it is in.
func eachElement(r io.Reader, do func(e xml.StartElement, in string) error) error {
	tokens := newTokens(io.LimitReader(r, maxPart+1))
	var open []string
	for {
		token, err := tokens.next()
		ended := errors.Is(err, io.EOF)
		if ended && tokens.d.InputOffset() <= maxPart {
			return nil
		}
		if ended || len(open) > maxDepth {
			return refuse("berkas Excel rusak: bagian yang mendaftar isinya lebih besar dari %d MiB atau bersarang terlalu dalam", "the Excel file is damaged: a part that lists its contents is larger than %d MiB or nested too deep", maxPart>>20)
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			in := ""
			if len(open) > 0 {
				in = open[len(open)-1]
			}
			if err := do(t, in); err != nil {
				return err
			}
			open = append(open, t.Name.Local)
		case xml.EndElement:
			open = open[:max(0, len(open)-1)]
		}
	}
}

// tooMany refuses a part that lists more than any program writes.
func tooMany(n int) error {
	if n <= maxItems {
		return nil
	}
	return refuse("berkas Excel rusak: lebih dari %d lembar, gaya, atau bagian; simpan ulang tabelnya saja sebagai .xlsx atau .csv",
		"the Excel file is damaged: more than %d sheets, styles or parts; save only the table again, as .xlsx or .csv", maxItems)
}

// visible are the names of the sheets that are not hidden.
func (c contents) visible() []string {
	var names []string
	for _, s := range c.sheets {
		if !s.hidden {
			names = append(names, s.name)
		}
	}
	return names
}

// choose finds the part that holds the sheet of that name, or the first that is not hidden.
func (c contents) choose(parts map[string]*zip.File, name string) (*zip.File, error) {
	var names []string
	var first, alike, exact *zip.File
	for _, s := range c.sheets {
		t := c.targets[s.id]
		part := parts[resolvePart(c.base, t.name)]
		if part == nil || !strings.HasSuffix(t.kind, "/worksheet") {
			continue // a chart
		}
		names = append(names, s.name)
		if first == nil && !s.hidden {
			first = part
		}
		if s.name == name {
			exact = part
		}
		if strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(name)) {
			alike = part
		}
	}
	switch {
	case name == "" && first != nil:
		return first, nil
	case exact != nil:
		return exact, nil
	case alike != nil:
		return alike, nil
	case name == "":
		return nil, refuse("buku kerja Excel tidak punya lembar yang terlihat", "the Excel workbook has no visible sheet")
	}
	return nil, refuse("lembar %q tidak ada; yang ada: %s", "there is no sheet %q; there are: %s", name, listed(names))
}

// other finds a part of that kind, or the one that is usually called so; nil when there is none.
func (c contents) other(parts map[string]*zip.File, kind, usual string) *zip.File {
	for _, t := range c.targets {
		if strings.HasSuffix(t.kind, kind) {
			if part := parts[resolvePart(c.base, t.name)]; part != nil {
				return part
			}
		}
	}
	return parts[usual]
}

// resolvePart returns the name of the part that target means, seen from a folder.
func resolvePart(base, target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	if target == "" || strings.HasPrefix(target, "/") {
		return partName(target)
	}
	return partName(path.Join(base, target))
}
