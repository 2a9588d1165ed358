package file

import (
	"archive/zip"
	"errors"

	"github.com/xuri/excelize/v2"
)

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
	z, err := zip.NewReader(h, info.Size())
	if err != nil {
		return nil, about(name, refuse("berkas Excel rusak atau terpotong (%v); kirim ulang", "the Excel file is damaged or cut short (%v); send it again", err))
	}
	light, err := withoutSheets(z)
	if err != nil {
		return nil, about(name, err)
	}
	x, err := excelize.OpenReader(light, excelize.Options{UnzipSizeLimit: maxParts, UnzipXMLSizeLimit: maxParts})
	if err != nil {
		return nil, about(name, refuse("berkas Excel tidak dapat dibuka (%v)", "the Excel file cannot be opened (%v)", err))
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	for _, s := range x.WorkBook.Sheets.Sheet {
		if s.State == "" || s.State == "visible" {
			names = append(names, s.Name)
		}
	}
	return names, nil
}
