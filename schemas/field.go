package schemas

import (
	"slices"
	"strconv"
)

// Fields returns the physical columns of the contract's table, in the order of its properties. A
// region property becomes four, in the order of [Region]'s fields, or for a kecamatan or village, which
// has no BPS code, the first two of them; their names depend on the level only, so that every dataset has them alike.
func (c *Contract) Fields() []Field {
	fields := make([]Field, 0, len(c.Properties)+3)
	for _, p := range c.Properties {
		fields = append(fields, p.fields()...)
	}
	return fields
}

// Region is the level of the region that p names, "provinsi", "kabupaten_kota", "kecamatan" or
// "desa_kelurahan", or "".
func (p Property) Region() string {
	e, _ := FindElement(p.Element)
	return e.Region
}

func (p Property) fields() []Field {
	level := p.Region()
	if level == "" {
		return []Field{{Name: p.Name, Type: p.Type, Required: p.Required, Doc: p.Definition, RenamedFrom: p.RenamedFrom}}
	}
	text := Type{Kind: String}
	fields := []Field{
		{Name: "kemendagri_kode_" + level, Type: text, Required: p.Required, Doc: p.Definition + " Kode Kemendagri 2025."},
		{Name: "kemendagri_nama_" + level, Type: text, Required: p.Required, Doc: p.Definition + " Nama menurut Kemendagri 2025."},
	}
	if level != levelProvince && level != levelRegency {
		return fields
	}
	// Some provinces have no counterpart of their own in BPS, so the BPS columns may be empty.
	bps := p.Required && level == levelRegency
	return append(fields,
		Field{Name: "bps_kode_" + level, Type: text, Required: bps, Doc: p.Definition + " Kode BPS 2023."},
		Field{Name: "bps_nama_" + level, Type: text, Required: bps, Doc: p.Definition + " Nama menurut BPS 2023."})
}

// Key returns the indexes of the primary key's columns in [Contract.Fields], in key order. It is
// empty for a table without a key.
func (c *Contract) Key() []int {
	type part struct{ position, field int }
	var parts []part
	field := 0
	for _, p := range c.Properties {
		if p.Key > 0 {
			parts = append(parts, part{p.Key, field})
		}
		field += len(p.fields())
	}
	slices.SortFunc(parts, func(a, b part) int { return a.position - b.position })
	var key []int
	for _, p := range parts {
		key = append(key, p.field)
	}
	return key
}

// checkProperties finds what is wrong with the columns together.
func checkProperties(properties []object, c *Contract) {
	owner := map[string]int{} // column → index of the property that makes it
	for i, p := range c.Properties {
		if p.Name == "" {
			continue // said where it is read
		}
		for _, f := range p.fields() {
			first, twice := owner[f.Name]
			switch {
			case twice && c.Properties[first].Name == p.Name:
				properties[i].fault("name", sayf("kolom %q ada dua", "there are two columns %q", p.Name), "nama lain/another name")
			case twice:
				properties[i].fault("name", sayf("kolom %q dan %q keduanya menjadi %q", "columns %q and %q both become %q", c.Properties[first].Name, p.Name, f.Name),
					"satu wilayah tiap tingkat/one region of a level")
			}
			if twice {
				break
			}
			owner[f.Name] = i
		}
	}
	claimed := map[string]string{} // namaLama → the column that states it
	for i, p := range c.Properties {
		checkUpcast(properties[i], c, &p)
		if other, twice := claimed[p.RenamedFrom]; twice {
			properties[i].fault("customProperties", sayf("namaLama %q sudah dinyatakan kolom %q", "namaLama %q is stated by column %q already", p.RenamedFrom, other), twiceSay)
		} else if p.RenamedFrom != "" {
			claimed[p.RenamedFrom] = p.Name
		}
		if _, taken := owner[p.RenamedFrom]; taken && p.RenamedFrom != "" {
			properties[i].fault("customProperties", sayf("namaLama %q masih menjadi kolom", "namaLama %q is still a column", p.RenamedFrom), "hapus namaLama, atau kolom lamanya/remove namaLama, or the old column")
		} else if p.RenamedFrom != "" && !nameForm.MatchString(p.RenamedFrom) {
			properties[i].fault("customProperties", sayf("namaLama %q bukan nama kolom", "namaLama %q is not a column name", p.RenamedFrom), nameSay)
		}
		if c.Profile.Access == "publik" && p.Class != "umum" {
			properties[i].fault("classification", sayf("kolom %q (%s) di dataset publik", "column %q (%s) in a public dataset", p.Name, p.Class),
				"kelasAkses internal/rahasia")
		}
	}
	checkKey(properties, c)
}

// checkKey finds key positions that do not count 1, 2, 3, … and keys that cannot be compared.
func checkKey(properties []object, c *Contract) {
	at := map[int]string{}
	for i, p := range c.Properties {
		if p.Key == 0 {
			continue
		}
		if other, twice := at[p.Key]; twice {
			properties[i].fault("primaryKeyPosition", sayf("posisi kunci %d dipakai %q dan %q", "key position %d is used by %q and %q", p.Key, other, p.Name), "1, 2, 3, …")
		}
		at[p.Key] = p.Name
		if p.Type.Kind == Double {
			properties[i].fault("primaryKey", sayf("bilangan pecahan %q tidak dapat menjadi kunci", "the fraction %q cannot be a key", p.Name), "string, integer, date, decimal")
		}
	}
	for i, p := range c.Properties {
		if p.Key > len(at) {
			properties[i].fault("primaryKeyPosition", sayf("posisi kunci %d dari %d kolom kunci", "key position %d of %d key columns", p.Key, len(at)), "1 … "+strconv.Itoa(len(at)))
		}
	}
}
