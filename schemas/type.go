package schemas

import "fmt"

// Kind is the kind of a physical column.
type Kind int

// The kinds, with the Iceberg type each becomes.
const (
	String    Kind = iota + 1 // string
	Integer                   // long
	Double                    // double
	Decimal                   // decimal(precision, scale)
	Boolean                   // boolean
	Date                      // date
	Timestamp                 // timestamptz, microseconds UTC
)

// Type is the type of a physical column. Precision (at most 38) and Scale are for Decimal only.
type Type struct {
	Kind             Kind
	Precision, Scale int
}

// String names the type as ODCS physicalType writes it.
func (t Type) String() string {
	switch t.Kind {
	case String:
		return "string"
	case Integer:
		return "integer"
	case Double:
		return "double"
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Boolean:
		return "boolean"
	case Date:
		return "date"
	case Timestamp:
		return "timestamp"
	}
	return "unknown"
}

// Field is a physical column of a dataset's table. One contract property becomes one field, or
// several when its element says so: a region becomes its code and name in both code systems.
type Field struct {
	Name        string
	Type        Type
	Required    bool
	Doc         string // definition, for table metadata
	RenamedFrom string // name in the versions before, when this version renamed it
}
