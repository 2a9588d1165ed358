package schemas

// Reading is how the delivered text of an element is understood, beyond what its type says. The
// empty reading goes by the type alone.
type Reading string

// The readings. Each has a normaliser in transform/normalize; what can be read in two ways is
// rejected there with a reason.
const (
	ReadRupiah    Reading = "rupiah"  // "Rp 1.500.000,00", "Rp1,5 juta", "(1.000)"
	ReadPercent   Reading = "persen"  // "4,99 %"
	ReadQuantity  Reading = "besaran" // a number with its unit, converted to the column's satuan: "1.250 ha"
	ReadBoolean   Reading = "ya_tidak"
	ReadOrdinal   Reading = "urutan" // a whole number that may be Roman: "IV"
	ReadLatitude  Reading = "lintang"
	ReadLongitude Reading = "bujur"
	ReadPhone     Reading = "telepon" // E.164, "+62…"
	ReadEmail     Reading = "surel"
	ReadName      Reading = "nama" // of a person or thing: mojibake mended, spaces and case of no meaning
	ReadNIK       Reading = "nik"
	ReadKK        Reading = "kk"
	ReadNIP       Reading = "nip"
	ReadNPSN      Reading = "npsn"
	ReadNOP       Reading = "nop"
	ReadPlate     Reading = "plat"
	ReadCode      Reading = "kode" // a code of the element's list: lost leading zeros and "1101.0" mended where only one code fits
)

// Fits reports whether what r makes of a text can be a value of type t.
func (r Reading) Fits(t Type) bool {
	switch r {
	case "":
		return true
	case ReadRupiah: // money is exact
		return t.Kind == Decimal || t.Kind == Integer
	case ReadPercent, ReadQuantity:
		return t.Kind == Decimal || t.Kind == Integer || t.Kind == Double
	case ReadBoolean:
		return t.Kind == Boolean
	case ReadOrdinal:
		return t.Kind == Integer
	case ReadLatitude, ReadLongitude: // a third of a degree is no decimal
		return t.Kind == Double
	}
	return t.Kind == String
}

// measured reports whether r reads a number in a unit.
func (r Reading) measured() bool { return r == ReadRupiah || r == ReadPercent || r == ReadQuantity }

// readings are all of them, for messages.
func readings() []string {
	all := []Reading{ReadRupiah, ReadPercent, ReadQuantity, ReadBoolean, ReadOrdinal, ReadLatitude, ReadLongitude, ReadPhone,
		ReadEmail, ReadName, ReadNIK, ReadKK, ReadNIP, ReadNPSN, ReadNOP, ReadPlate, ReadCode}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = string(r)
	}
	return names
}
