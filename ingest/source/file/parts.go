package file

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// stringTable holds the shared strings of a workbook, in blocks so that growing copies none of them.
type stringTable struct {
	blocks [][]byte
	places []stringPlace
	size   int
}

// stringPlace is where a string is.
type stringPlace struct {
	block    int32
	from, to int32
}

const (
	stringBlock = 1 << 20
	stringCost  = 32 // of a string beside its bytes, while the places grow
)

// add adds a string, none of which is longer than maxToken.
func (t *stringTable) add(s string) {
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last])+len(s) > cap(t.blocks[last]) {
		t.blocks = append(t.blocks, make([]byte, 0, max(stringBlock, len(s))))
		last++
	}
	from := len(t.blocks[last])
	t.blocks[last] = append(t.blocks[last], s...)
	t.places = append(t.places, stringPlace{int32(last), int32(from), int32(len(t.blocks[last]))})
	t.size += len(s) + stringCost
}

// at returns the string of that index; what is not in the table is returned as it is.
func (t *stringTable) at(index string) string {
	i, err := strconv.Atoi(index)
	if err != nil || t == nil || i < 0 || i >= len(t.places) {
		return index
	}
	p := t.places[i]
	return string(t.blocks[p.block][p.from:p.to])
}

// readStrings reads the shared strings of a workbook.
func readStrings(r io.Reader) (*stringTable, error) {
	d := newTokens(r)
	table := &stringTable{}
	var item []byte
	var in, phonetic bool
	for {
		token, err := d.next()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			in = t.Name.Local == "t"
			phonetic = phonetic || t.Name.Local == "rPh"
		case xml.CharData:
			if in && !phonetic {
				item = append(item, t...)
			}
		case xml.EndElement:
			in = false
			switch t.Name.Local {
			case "rPh":
				phonetic = false
			case "si":
				table.add(unescape(string(item)))
				item = item[:0]
			}
		}
		if len(item)+table.size > maxStrings {
			return nil, refuse("teks di berkas Excel melebihi %d MiB; simpan lembarnya sebagai .csv", "the texts of the Excel file exceed %d MiB; save the sheet as .csv", maxStrings>>20)
		}
	}
}

// mergedAreas returns the merged cells of a sheet, which its XML names behind the rows.
func mergedAreas(sheet io.Reader) ([]area, error) {
	rest, err := afterRows(sheet)
	if err != nil || rest == nil {
		return nil, err
	}
	var merged []area
	d := newTokens(rest)
	for {
		token, err := d.next()
		if errors.Is(err, io.EOF) {
			return merged, nil
		}
		if err != nil {
			return nil, err
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "mergeCell" {
			if a, ok := parseArea(attr(e, "ref")); ok {
				if merged = append(merged, a); len(merged) > maxMerged {
					return nil, refuse("lebih dari %d sel gabungan di lembar Excel; pisahkan sel-selnya lalu simpan ulang", "more than %d merged cells in the Excel sheet; unmerge them and save it again", maxMerged)
				}
			}
		}
	}
}

// afterRows skips to what follows a sheet's rows; nil when nothing does. In XML a "<" is always
// markup, so the end tag can be looked for as bytes, whatever prefix its name has.
func afterRows(r io.Reader) (io.Reader, error) {
	const tag = "sheetData>"
	buf, n := make([]byte, blockSize), 0
	for {
		m, err := io.ReadFull(r, buf[n:])
		n += m
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		for t, at := buf[:n], 0; ; {
			i := bytes.Index(t[at:], []byte(tag))
			if i < 0 {
				break
			}
			at += i
			if open := bytes.LastIndexByte(t[:at], '<'); open >= 0 && open+1 < at+1 && t[open+1] == '/' {
				return io.MultiReader(bytes.NewReader(slices.Clone(t[at+len(tag):])), r), nil
			}
			at += len(tag)
		}
		if err != nil {
			return nil, nil
		}
		n = copy(buf, buf[n-64:n])
	}
}

// parseArea reads "A1:C2".
func parseArea(ref string) (area, bool) {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return area{}, false
	}
	row := func(ref string) int {
		n, _ := strconv.Atoi(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
		return n
	}
	a := area{row(from), columnOf(from, 0), row(to), columnOf(to, 0)}
	return a, a.row1 > 0 && a.col1 > 0 && a.row2 >= a.row1 && a.col2 >= a.col1 && a.col2 <= maxColumns
}

// openPart unpacks a part, and refuses bombs.
func openPart(part *zip.File) (io.ReadCloser, error) {
	r, err := part.Open()
	if err != nil {
		return nil, cutShort(err)
	}
	return &unpacked{r: r, c: r, packed: int64(part.CompressedSize64)}, nil
}

// fromPart reads a part to its end with read. A part that is not there gives nothing.
func fromPart[T any](part *zip.File, read func(io.Reader) (T, error)) (out T, err error) {
	if part == nil {
		return out, nil
	}
	r, err := openPart(part)
	if err != nil {
		return out, packingFault(err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	out, err = read(r)
	return out, packingFault(err)
}

// maxToken is how long a tag or a text of a part may be: the decoder holds one as a whole. A cell of
// Excel has 32,767 characters at most.
const maxToken = maxRecord

// tokens reads the XML of a part.
type tokens struct {
	d  *xml.Decoder
	in *metered
}

func newTokens(r io.Reader) *tokens {
	in := &metered{r: r}
	return &tokens{xml.NewDecoder(bufio.NewReaderSize(in, blockSize)), in}
}

// next returns the next token as it is written. Whatever the decoder does not like, other than what
// the reader says, is damage.
func (t *tokens) next() (xml.Token, error) {
	t.in.left = maxToken
	token, err := t.d.RawToken()
	switch {
	case t.in.err != nil && !errors.Is(t.in.err, io.EOF):
		return nil, t.in.err // the token may be a text that was cut short by it
	case err == nil, errors.Is(err, io.EOF):
		return token, err
	}
	return nil, refuse("berkas Excel rusak (%v); simpan ulang lalu kirim ulang", "the Excel file is damaged (%v); save and send it again", err)
}

// metered is a reader that gives only so much at a time.
type metered struct {
	r    io.Reader
	left int
	err  error
}

func (m *metered) Read(p []byte) (n int, err error) {
	if m.left <= 0 && m.err == nil {
		m.err = refuse("berkas Excel rusak: satu teks lebih panjang dari %d MiB", "the Excel file is damaged: one text is longer than %d MiB", maxToken>>20)
	}
	if m.err == nil {
		n, m.err = m.r.Read(p)
		m.left -= n
	}
	return n, m.err
}
