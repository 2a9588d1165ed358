package schemas

import "regexp"

// mobileForm is a mobile number as people write it. The rules of phone numbers alone let other numbers
// through.
var mobileForm = regexp.MustCompile(`^(?:\+?62|0)[ -]?8\d{1,2}[ -]?\d{3,4}[ -]?\d{3,5}$`)

// LooksPersonal says whether text has the form of an identifier of one person, in a column that is not
// known to hold it.
func LooksPersonal(r Reading, text string) bool {
	if r == ReadPhone && !mobileForm.MatchString(text) {
		return false
	}
	_, _, ok := CheckIdentifier(r, text)
	return ok
}
