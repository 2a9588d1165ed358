// Package schemas holds what data means: dataset contracts, the elements they share, code lists,
// and bindings that say how one source of one OPD maps to a contract; and the code that reads,
// checks and compiles them. It imports nothing of satudata.
//
// A contract is an Open Data Contract Standard v3.1.0 document (https://bitol.io) with the SDI
// profile in customProperties; the four principles it serves are those of Perpres 39/2019, Pasal 3.
//
// # Where things are
//
//   - Documents are read strictly, every fault with its line, by document.go, object.go and fault.go.
//   - Contracts: contract.go is the model; contract_read.go, odcs.go, profile.go, property.go and
//     inherit.go read it; field.go makes its physical columns; jsonschema.go is for editors.
//   - Bindings: binding.go documents every key; binding_read.go, column.go and layout.go read it.
//   - Shared meaning: element.go and elements/, unit.go and units.yaml, identifier.go, reading.go; region
//     codes are in package reference, which reference.go, codetable.go and codename.go make narrow.
//   - Rules: over a row in rule_*.go and expr.go, over tables in table_rule*.go.
//   - A contract and a binding become a [Plan]: compile*.go and plan.go.
//   - Versions: diff.go says what changed, successor.go what tables can follow, upcast.go what older
//     rows become, major.go what a new major version is called.
package schemas

// Contract is a parsed dataset contract.
type Contract struct {
	File    string // where it was read from, for messages
	ID      string // "<topik>.<nama>", the ODCS id
	Dataset string // names topic, tables and view: the id, and from major version 2 on <id>_v<major>
	Version string // semantic version, "1.0.0"
	Title   string
	Purpose string // description.purpose
	Status  string // active, draft, …

	Profile    Profile
	Properties []Property
	Rules      []Rule      // over rows: a row that breaks one is rejected
	TableRules []TableRule // over more than a row, and row rules that only warn

	Document []byte // the YAML, verbatim
}

// Standard is the standar data of a dataset or a column: the five parts that Perpres 39/2019, Pasal 4
// asks for, and the code that BPS gives a standard.
type Standard struct {
	Concept        string // konsep: the idea behind the data, and why it is produced
	Definition     string // definisi: what the data is and what it is not
	Classification string // klasifikasi: the grouping it is presented by, "KBLI 2020", "kode wilayah Kemendagri"
	Measure        string // ukuran: what is measured: jumlah, rasio, indeks, …
	Unit           string // satuan: the yardstick of the measure
	SDS            string // kodeSDS, Peraturan BPS 4/2020
}

// Profile is the SDI part of a contract that is not about one column.
type Profile struct {
	Standard
	Producer string // produsen data: the OPD
	Access   string // "publik" | "internal" | "rahasia"
	Basis    string // legal basis of the access class
	License  string // under which the data may be used, "CC-BY-4.0"
	Schedule string // jadwal pemutakhiran
	Priority bool   // data prioritas
	Affair   string // bidang urusan, "1.02"
	Period   string // kolomPeriode: the property that holds the period which the data is about, or ""
	Grid     []Axis // petak: the combinations that a complete table has; none declared when empty
	Delivery DeliveryMode
	Activity Metadata   // msKeg: the statistical activity that produces the data
	Measures []Metadata // msInd: the indicators that it makes
}

// Metadata is statistical metadata of Peraturan BPS 5/2020 under INDAH v2 keys, or only {"kode": …}
// when it is a reference.
type Metadata map[string]any

// Axis is one dimension of the grid of combinations (regions × categories × periods) that a complete
// table has. Of Values, Within and From/To exactly one is set, or none: the column's code list.
type Axis struct {
	Column   string   // property
	Values   []string // nilai
	Within   string   // dalam: every region of this code's area, in Kemendagri code
	From, To *int     // dari, sampai: every whole number between, both included
}

// DeliveryMode says how a delivery changes the current state.
type DeliveryMode struct {
	Mode      string   // "delta": rows are added or replace those of the same key; "full": a delivery replaces a scope
	ReplaceBy []string // full: the columns whose values name the scope; none means the whole table
}

// Property is a column as its contract defines it.
type Property struct {
	Standard
	Name        string
	Title       string // businessName
	Element     string // id of the shared element, or ""
	Type        Type
	Required    bool
	Key         int // position in the primary key from 1, or 0
	RenamedFrom string
	Upcast      *Upcast  // nilaiLama: its value in rows of older versions, or nil
	Additive    bool     // may be summed over regions and categories
	NotAdditive bool     // declared so, by the property or its element; a column may also say nothing
	Class       string   // ODCS classification: "umum" | "pribadi_umum" | "pribadi_spesifik", UU 27/2022, Pasal 4
	DSSD        string   // kodeDSSD: its indicator in SIPD e-Walidata, "1.01.000474"
	Variable    Metadata // msVar
	Examples    []string
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
// not apply where a column it names is empty. One of severity Warn is a [TableRule] of kind [RowCheck].
type Rule struct {
	Name       string
	Severity   Severity // Reject
	Expression string   // "sekolah_total + tidak_sekolah_total = total"
	Say        string   // description, in Bahasa Indonesia, optional
	Line       int
}

// NotAdditive returns the columns that the contract declares not to be summed.
func (c *Contract) NotAdditive() []string {
	var names []string
	for _, p := range c.Properties {
		if p.NotAdditive {
			names = append(names, p.Name)
		}
	}
	return names
}
