// Package schemas holds what data means: dataset contracts, the elements they share, code lists,
// and bindings that say how one source of one OPD maps to a contract; and the code that reads,
// checks and compiles them. It imports nothing of satudata.
//
// A contract is an Open Data Contract Standard v3.1.0 document (https://bitol.io) with the SDI
// profile in customProperties; the four principles it serves are those of Perpres 39/2019, Pasal 3.
package schemas

// Contract is a parsed dataset contract.
type Contract struct {
	File    string // where it was read from, for messages
	Dataset string // "<topik>.<nama>", the ODCS id: names topic, tables and view
	Version string // semantic version, "1.0.0"
	Title   string
	Purpose string // description.purpose
	Status  string // active, draft, …

	Profile    Profile
	Properties []Property
	Rules      []Rule // over rows

	Document []byte // the YAML, verbatim
}

// Profile is the SDI part of a contract that is not about one column.
type Profile struct {
	Producer string       // produsen data: the OPD
	Access   string       // "publik" | "internal" | "rahasia"
	Basis    string       // legal basis of the access class
	Schedule string       // jadwal pemutakhiran
	Delivery DeliveryMode // how deliveries change the current state
}

// DeliveryMode says how a delivery changes the current state.
type DeliveryMode struct {
	Mode      string   // "delta": rows are added or replace those of the same key; "full": a delivery replaces a scope
	ReplaceBy []string // full: the columns whose values name the scope; none means the whole table
}

// Property is a column as its contract defines it.
type Property struct {
	Name        string
	Title       string // businessName
	Definition  string // description
	Element     string // id of the shared element, or ""
	Type        Type
	Required    bool
	Key         int // position in the primary key from 1, or 0
	RenamedFrom string
	Unit        string // satuan
	Additive    bool   // may be summed over regions and categories
	Class       string // "umum" | "pribadi_umum" | "pribadi_spesifik"
	Check       Check
	Line        int // in File
}

// Check is what a value must satisfy. Zero fields do not apply.
type Check struct {
	Min, Max             *float64
	MinLength, MaxLength *int
	Pattern              string   // RE2, must match the whole value
	Allowed              []string // the only values
}

// Rule is a condition over the columns of one row: a row for which it is false is rejected. It does
// not apply where a column it names is empty.
type Rule struct {
	Name       string
	Expression string // "sekolah_total + tidak_sekolah_total = total"
	Say        string // description, in Bahasa Indonesia, optional
	Line       int
}
