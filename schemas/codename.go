package schemas

// Named lists the regions of the table that name may mean, however it is spelled: "KAB. BANDUNG", "D U
// M A I". Each is its code and name as the table's system has them. It is for suggestions only, because
// names are not unique: identity comes from codes. Of kecamatan and villages there are none: too many
// are called alike.
func (t *CodeTable) Named(name string) []string {
	if t.level != levelProvince && t.level != levelRegency {
		return nil
	}
	var out []string
	for _, e := range t.registry.Named(t.system, t.level, name) {
		out = append(out, e.Code+" "+e.Name)
	}
	return out
}
