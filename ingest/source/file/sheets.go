package file

import "errors"

// Sheets returns the names of the sheets of a workbook that are not hidden, in their order. A
// *source.Refusal says that name is no workbook.
func Sheets(name string) (names []string, err error) {
	h, info, err := openRegular(name)
	if err != nil {
		return nil, about(name, err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := refuseOtherThanWorkbook(h, info.Size()); err != nil {
		return nil, about(name, err)
	}
	parts, err := partsOf(h, info.Size())
	if err != nil {
		return nil, about(name, err)
	}
	c, err := readContents(parts)
	return c.visible(), about(name, err)
}
