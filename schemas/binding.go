package schemas

// Binding says how one source of one OPD maps to a contract. In YAML the keys are the field names
// in lower camel case:
//
//	apiVersion: satudata/v1
//	kind: Binding
//	id: bpbd.kejadian_banjir         # <opd>.<source>
//	version: 1.0.0                   # of this binding
//	dataset: bencana.kejadian_banjir # id of the contract
//	contract: 1.0.0                  # the contract version it was written for: same major, no later than the one in force
//	format:
//	  type: csv                      # csv | xlsx | ndjson | json
//	  delimiter: ";"                 # csv; else the one of , ; | tab that the header line holds most of
//	  encoding: windows-1252         # utf-8 | windows-1252 | utf-16le | utf-16be; else the BOM's, else utf-8
//	  skip: 1                        # rows above the header that say nothing
//	  headers: 2                     # header rows; a column is called by its text in the last of them
//	  sheet: Rekap                   # xlsx; else the first
//	locale: id                       # 1.234,5 (en: 1,234.5; plain: 1234.5, the default)
//	zone: Asia/Makassar              # of times without one; else Asia/Jakarta
//	dates: [DD/MM/YYYY, D MMMM YYYY] # beside ISO 8601: YYYY MMMM MMM MM M DD D HH mm ss; serial: Excel's day number
//	missing: ["-", n.a.]             # texts that mean "no value", beside the empty one
//	codeSystem: bps@2023             # of region codes: bps@2023 | kemendagri@2025; never assumed
//	columns:
//	  - {to: kabupaten_kota, from: KODE KAB}   # property, source column
//	  - {to: tahun, any: [Tahun, THN]}         # the first that the file has
//	  - {to: provinsi, value: "32"}            # the same for every record
//	  - to: jenis
//	    from: "#3"                             # by position, from 1
//	    synonyms: {DOMESTIK: NUSANTARA}        # delivered text: value of the contract
//	    missing: ["0"]                         # locale, dates, missing and codeSystem may differ by column
//	  - {to: luas_lahan, from: Luas, unit: m2} # the unit of numbers that come without one; else the contract's satuan
//	unpivot:                                   # wide columns become rows
//	  columns: ["#2-#13", "#15-#26"]           # names, positions or ranges of positions
//	  value: jumlah_penumpang                  # takes the cell; unit as above
//	  names:                                   # take their value from the column's header
//	    - {to: tahun, header: 4, fill: true}   # fill: a merged cell repeats the one to its left
//	    - {to: bulan, header: 5, pattern: "Bln (.*)", synonyms: {Jan: "1"}}
//	  totals:                                  # checked against their parts, never stored
//	    - {column: "#14", of: ["#2-#13"]}
//	setAside:                                  # records that are printed totals: kept apart
//	  - {column: "#1", equals: [TOTAL, JUMLAH]}
//
// Column names match exactly first, then by [Fold], as do all texts compared here. A property that
// nothing feeds is empty, which a required one may not be.
type Binding struct {
	File string `yaml:"-"`

	APIVersion string   `yaml:"apiVersion"` // "satudata/v1"
	Kind       string   `yaml:"kind"`       // "Binding"
	ID         string   `yaml:"id"`         // "<opd>.<source>"
	Version    string   `yaml:"version"`    // semantic version
	Dataset    string   `yaml:"dataset"`    // in YAML the contract's id; here the dataset of its major version, see [DatasetName]
	Contract   string   `yaml:"contract"`   // contract version it was written for, "1.0.0"
	OPD        string   `yaml:"opd"`        // id of the delivering OPD, the part of ID before the dot
	Title      string   `yaml:"title"`
	Format     Format   `yaml:"format"`
	Locale     string   `yaml:"locale"`     // numbers: "id" (1.234,5) | "en" (1,234.5) | "plain" (1234.5, the default)
	Zone       string   `yaml:"zone"`       // IANA zone of times without one; default Asia/Jakarta
	Dates      []string `yaml:"dates"`      // accepted date layouts beside ISO 8601: "DD/MM/YYYY", "D MMMM YYYY", …; "serial" is Excel's day number
	Missing    []string `yaml:"missing"`    // texts that mean "no value", beside the empty text; compared without case and outer spaces
	CodeSystem string   `yaml:"codeSystem"` // "bps@2023" | "kemendagri@2018" … "kemendagri@2025", for region columns without their own
	Columns    []Source `yaml:"columns"`
	Unpivot    *Unpivot `yaml:"unpivot"`
	SetAside   []Filter `yaml:"setAside"` // rows that are printed totals: kept apart, never stored as observations

	Document []byte `yaml:"-"`
}

// Format is how a source's files are written.
type Format struct {
	Type      string `yaml:"type"`      // csv | ndjson | json | xlsx
	Delimiter string `yaml:"delimiter"` // csv; default: the one of , ; tab | that the header line holds most of
	Encoding  string `yaml:"encoding"`  // default: the BOM's, else utf-8; windows-1252, utf-16le, utf-16be
	Headers   int    `yaml:"headers"`   // header rows, default 1 (csv, xlsx)
	Skip      int    `yaml:"skip"`      // rows above the header rows that say nothing
	Sheet     string `yaml:"sheet"`     // xlsx; default the first
}

// Source says where the value of one contract property comes from: From (or the first of Any that
// the file has), or the constant Value.
type Source struct {
	To         string            `yaml:"to"`
	From       string            `yaml:"from"`
	Any        []string          `yaml:"any"`
	Value      *string           `yaml:"value"`
	Locale     string            `yaml:"locale"`
	Dates      []string          `yaml:"dates"`
	Missing    []string          `yaml:"missing"`  // beside the binding's
	Synonyms   map[string]string `yaml:"synonyms"` // delivered text → value of the contract; compared without case and outer spaces
	CodeSystem string            `yaml:"codeSystem"`
	Unit       string            `yaml:"unit"` // satuan of numbers delivered without one, converted to the contract's
	Line       int               `yaml:"-"`
}

// Unpivot turns wide columns into rows: every record becomes one observation per wide column.
type Unpivot struct {
	Columns []string    `yaml:"columns"` // names, positions "#2", or ranges of them "#2-#13"
	Value   string      `yaml:"value"`   // property that takes the cell
	Unit    string      `yaml:"unit"`    // satuan of cells delivered without one, converted to the contract's
	Names   []Dimension `yaml:"names"`   // properties that take their value from the column's header
	Totals  []Total     `yaml:"totals"`  // wide columns that print a total of others
}

// Dimension is a property read from the header of a wide column.
type Dimension struct {
	To       string            `yaml:"to"`
	Header   int               `yaml:"header"` // which header row, from 1; 0 is the last
	Fill     bool              `yaml:"fill"`   // merged header: an empty cell repeats the one to its left
	Synonyms map[string]string `yaml:"synonyms"`
	Pattern  string            `yaml:"pattern"` // RE2 with one group: the part of the header that is the value
}

// Total says that a column prints the sum of Of; where it is not empty it is checked, never stored.
type Total struct {
	Column string   `yaml:"column"` // name or position
	Of     []string `yaml:"of"`     // names or position ranges
}

// Filter matches records by the text of a source column.
type Filter struct {
	Column string   `yaml:"column"` // name or position
	Equals []string `yaml:"equals"` // compared without case and outer spaces
}
