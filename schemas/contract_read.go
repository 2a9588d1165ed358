package schemas

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// ParseContract reads a dataset contract: an ODCS v3.1.0 YAML document with the SDI profile. file
// is its name in messages. A document with anything wrong gives [Faults], all of them, and no
// contract: keys that ODCS does not have, and checks that satudata would not carry out, are wrong.
//
// Beside ODCS's own keys it reads the customProperties of the SDI profile, see profile.go. Names
// that start with "x_" are anybody's. A property's ODCS classification is its class of personal data.
func ParseContract(file string, doc []byte) (*Contract, error) {
	r := &reader{file: file}
	top := r.document(doc, contractShape())
	if top == nil {
		return nil, r.sorted()
	}
	c := readContract(object{r: r, node: top, near: top})
	if len(r.faults) == 0 { // else one mistake would be told twice
		r.checkODCS(top)
	}
	if err := r.sorted().err(); err != nil {
		return nil, err
	}
	c.File, c.Document = file, slices.Clone(doc)
	return c, nil
}

const (
	nameSay    = "huruf kecil, angka, _ ; diawali huruf/lower-case letters, digits, _ ; a letter first"
	datasetSay = "topik.nama, contoh/example bencana.kejadian_banjir"
	versionSay = "1.0.0"
)

var (
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	datasetForm = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)
)

// longestName is the most bytes a name may have; tables and files are called by it.
const longestName = 63

func readContract(o object) *Contract {
	o.need("apiVersion", "v3.1.0")
	o.oneOf("apiVersion", "", "v3.1.0")
	o.need("kind", "DataContract")
	o.oneOf("kind", "", "DataContract")
	o.need("status", "active")
	c := &Contract{
		ID:      o.datasetID("id"),
		Version: o.version("version"),
		Title:   o.need("name", "judul/title"),
		Purpose: o.child("description").need("purpose", "untuk apa data ini/what the data is for"),
		Status:  o.oneOf("status", "", "proposed", "draft", "active", "deprecated", "retired"),
	}
	c.Dataset = DatasetName(c.ID, c.Version)
	profile := o.customs(profileKeys()...)
	c.Profile = readProfile(profile)
	c.Profile.Definition = cmp.Or(c.Profile.Definition, c.Purpose)

	tables := o.items("schema")
	if len(tables) != 1 {
		o.fault("schema", sayf("kontrak berisi %d tabel", "the contract holds %d tables", len(tables)), "satu tabel tiap kontrak/one table for each contract")
		return c
	}
	before, properties := len(o.r.faults), tables[0].items("properties")
	readTable(tables[0], properties, c)
	columnsFit := len(o.r.faults) == before
	checkProfile(profile, c)
	if columnsFit { // else rules would be blamed for what is wrong with their columns
		readRules(tables[0], properties, profile, c)
	}
	return c
}

// form reads a text that must be there and match a pattern.
func (o object) form(key string, pattern *regexp.Regexp, expected string) string {
	s := o.need(key, expected)
	if s != "" && (!pattern.MatchString(s) || len(s) > 2*longestName) {
		o.fault(key, sayf("%s %q tidak sesuai bentuknya", "%s %q does not have the right form", key, s), expected)
		return ""
	}
	return s
}

// version reads a semantic version that must be there.
func (o object) version(key string) string { return o.form(key, versionForm, versionSay) }

// customs reads customProperties as if their names were keys. Names other than known are refused,
// but for those with the prefix x_.
func (o object) customs(known ...string) object {
	all := &yaml.Node{Kind: yaml.MappingNode, Line: o.line("customProperties")}
	out := object{r: o.r, node: all, path: join(o.path, "customProperties"), near: all}
	seen := map[string]bool{}
	for _, item := range o.items("customProperties") {
		name, value := item.need("property", "nama/name"), item.value("value")
		switch {
		case name == "":
		case !slices.Contains(known, name) && !strings.HasPrefix(name, "x_"):
			item.fault("property", sayf("customProperty %q tidak dikenal", "unknown customProperty %q", name),
				strings.TrimSpace(DidYouMean(name, known)+" (atau awalan/or prefix x_)"))
		case seen[name]:
			item.fault("property", sayf("customProperty %q ditulis dua kali", "customProperty %q is written twice", name), twiceSay)
		case value == nil:
			item.fault("value", sayf("customProperty %q tanpa nilai", "customProperty %q has no value", name), "value: …")
		default:
			seen[name] = true
			all.Content = append(all.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
		}
	}
	return out
}

func propertyNames(c *Contract) []string {
	names := make([]string, len(c.Properties))
	for i, p := range c.Properties {
		names[i] = p.Name
	}
	return names
}

// readTable reads the one entry of schema into c.
func readTable(o object, properties []object, c *Contract) {
	_, table, _ := strings.Cut(c.ID, ".")
	if name := o.need("name", table); name != "" && table != "" && name != table {
		o.fault("name", sayf("nama tabel %q berbeda dari id kontrak", "table name %q differs from the contract's id", name), table)
	}
	o.oneOf("logicalType", "", "object")
	o.customs() // none is known here
	if len(properties) == 0 {
		o.fault("properties", Sentence{"tabel tanpa kolom", "the table has no columns"}, "properties: [...]")
	}
	for _, p := range properties {
		c.Properties = append(c.Properties, readProperty(p))
	}
	checkProperties(properties, c)
}
