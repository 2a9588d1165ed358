package normalize

import (
	"math/big"
	"testing"

	"satudata/schemas"
)

// A number that is too large for a double once it is in the column's unit is refused, as one that was
// too large before is: an infinity would be the largest of all values.
func TestFactorTooLarge(t *testing.T) {
	mile := newFactor(big.NewRat(1852, 1))
	for text, fits := range map[string]bool{"1e300": true, "1e308": false, "-1e308": false, "1e9999": false} {
		f, why := plainLocale.parse(nil, []byte(text))
		if why != nil {
			t.Fatal(why)
		}
		var v value
		if why := mile.put(f, schemas.Type{Kind: schemas.Double}, &v); (why == nil) != fits {
			t.Errorf("%s nautical miles are %v m, %v", text, v.f, why)
		}
	}
}
