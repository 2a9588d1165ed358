package lake

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"satudata/schemas"
)

// Columns that every row has beside those of its contract. Contract columns never begin with "_".
const (
	colEvent     = "_peristiwa"    // ce_id of the chunk
	colRow       = "_baris"        // number of the observation in the chunk
	colDelivery  = "_pengiriman"   // delivery it came with
	colSourceRow = "_baris_sumber" // row in the source, as a spreadsheet counts
	colOPD       = "_opd"
	colRecorded  = "_dicatat" // ce_time of the chunk
	colDeleted   = "_hapus"   // the row removes its key (history only)
	colStatus    = "status"   // rejected only: ditolak, disisihkan
	colRaw       = "mentah"   // rejected only: the record as received
	colReasons   = "alasan"   // rejected only: JSON array of reasons
)

// column is a column of one of our tables.
type column struct {
	name     string
	typ      schemas.Type
	required bool // contract columns never are: a delete row holds nothing but its key
	doc      string
}

func system(name string, k schemas.Kind, doc string) column {
	return column{name: name, typ: schemas.Type{Kind: k}, required: true, doc: doc}
}

// systemColumns are the columns of a kind that follow those of the contract.
func systemColumns(k Kind) []column {
	cols := []column{
		system(colEvent, schemas.String, "id potongan data (ce_id)"),
		system(colRow, schemas.Integer, "nomor observasi dalam potongan data, dari 0"),
		system(colDelivery, schemas.String, "id pengiriman"),
		system(colSourceRow, schemas.Integer, "nomor baris di sumber, dari 1"),
		system(colOPD, schemas.String, "OPD pengirim"),
		system(colRecorded, schemas.Timestamp, "waktu dibaca dari sumber"),
	}
	switch k {
	case History:
		cols = append(cols, system(colDeleted, schemas.Boolean, "baris ini menghapus kuncinya"))
	case Rejected:
		cols = append(cols,
			system(colStatus, schemas.String, "ditolak atau disisihkan"),
			system(colRaw, schemas.String, "rekaman sebagaimana diterima"),
			system(colReasons, schemas.String, "alasan, larik JSON"))
	}
	return cols
}

// columnsOf are all columns of a table.
func columnsOf(k Kind, fields []schemas.Field) []column {
	var cols []column
	if k != Rejected {
		for _, f := range fields {
			cols = append(cols, column{name: f.Name, typ: f.Type, doc: f.Doc})
		}
	}
	return append(cols, systemColumns(k)...)
}

// checkFields refuses fields that tables or queries could not hold.
func checkFields(fields []schemas.Field, key []int) error {
	seen := map[string]bool{}
	for _, f := range fields {
		folded := strings.ToLower(f.Name) // DuckDB's names do not differ by case
		switch {
		case f.Name == "" || strings.HasPrefix(f.Name, "_"):
			return fmt.Errorf("%w: column name %q is reserved", ErrIncompatible, f.Name)
		case seen[folded]:
			return fmt.Errorf("%w: column %q appears twice", ErrIncompatible, f.Name)
		case icebergType(f.Type) == nil:
			return fmt.Errorf("%w: column %q has type %s", ErrIncompatible, f.Name, f.Type)
		}
		seen[folded] = true
	}
	for _, i := range key {
		if i < 0 || i >= len(fields) {
			return fmt.Errorf("%w: key column %d of %d", ErrIncompatible, i, len(fields))
		}
	}
	return nil
}

// icebergType is the Iceberg type of a column, nil when there is none.
func icebergType(t schemas.Type) iceberg.Type {
	switch t.Kind {
	case schemas.String:
		return iceberg.PrimitiveTypes.String
	case schemas.Integer:
		return iceberg.PrimitiveTypes.Int64
	case schemas.Double:
		return iceberg.PrimitiveTypes.Float64
	case schemas.Boolean:
		return iceberg.PrimitiveTypes.Bool
	case schemas.Date:
		return iceberg.PrimitiveTypes.Date
	case schemas.Timestamp:
		return iceberg.PrimitiveTypes.TimestampTz
	case schemas.Decimal:
		if t.Precision >= 1 && t.Precision <= 38 && t.Scale >= 0 && t.Scale <= t.Precision {
			return iceberg.DecimalTypeOf(t.Precision, t.Scale)
		}
	}
	return nil
}

// typeOf is the inverse of icebergType.
func typeOf(t iceberg.Type) (schemas.Type, error) {
	switch t := t.(type) {
	case iceberg.StringType:
		return schemas.Type{Kind: schemas.String}, nil
	case iceberg.Int64Type:
		return schemas.Type{Kind: schemas.Integer}, nil
	case iceberg.Float64Type:
		return schemas.Type{Kind: schemas.Double}, nil
	case iceberg.BooleanType:
		return schemas.Type{Kind: schemas.Boolean}, nil
	case iceberg.DateType:
		return schemas.Type{Kind: schemas.Date}, nil
	case iceberg.TimestampTzType:
		return schemas.Type{Kind: schemas.Timestamp}, nil
	case iceberg.DecimalType:
		return schemas.Type{Kind: schemas.Decimal, Precision: t.Precision(), Scale: t.Scale()}, nil
	}
	return schemas.Type{}, fmt.Errorf("%w: type %s", ErrIncompatible, t)
}

// DuckType is the DuckDB type of a column.
func DuckType(t schemas.Type) string {
	switch t.Kind {
	case schemas.String:
		return "VARCHAR"
	case schemas.Integer:
		return "BIGINT"
	case schemas.Double:
		return "DOUBLE"
	case schemas.Boolean:
		return "BOOLEAN"
	case schemas.Date:
		return "DATE"
	case schemas.Timestamp:
		return "TIMESTAMP WITH TIME ZONE"
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
}

// icebergSchema numbers columns from 1, as the catalog does again when it creates a table.
func icebergSchema(cols []column) *iceberg.Schema {
	fields := make([]iceberg.NestedField, len(cols))
	for i, c := range cols {
		fields[i] = iceberg.NestedField{
			ID: i + 1, Name: c.name, Type: icebergType(c.typ), Required: c.required, Doc: c.doc,
		}
	}
	return iceberg.NewSchema(0, fields...)
}

// contractFields are the columns of a table that its contract defines, in order.
func contractFields(s *iceberg.Schema) []iceberg.NestedField {
	return slices.DeleteFunc(s.Fields(), func(f iceberg.NestedField) bool {
		return strings.HasPrefix(f.Name, "_")
	})
}

// keyProperty writes the field ids of the key columns: a renamed column stays in the key.
func keyProperty(key []int, id func(int) int) string {
	ids := make([]string, len(key))
	for i, k := range key {
		ids[i] = strconv.Itoa(id(k))
	}
	return strings.Join(ids, ",")
}

// keyOf reads the names of the key columns of a table.
func keyOf(t *table.Table) ([]string, error) {
	v := t.Properties()[propKey]
	if v == "" {
		return nil, nil
	}
	var names []string
	for s := range strings.SplitSeq(v, ",") {
		id, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("read property %s %q: %w", propKey, v, err)
		}
		f, ok := t.Schema().FindFieldByID(id)
		if !ok {
			return nil, fmt.Errorf("read property %s %q: no column has id %d", propKey, v, id)
		}
		names = append(names, f.Name)
	}
	return names, nil
}

// evolve commits what a table lacks of the columns that a contract wants. A contract version that the
// table has already grown beyond wants nothing: chunks of it are still on their way.
func (l *Lake) evolve(ctx context.Context, t *table.Table, fields []schemas.Field, key []int) error {
	if outgrown(t, fields) {
		return nil
	}
	tx := t.NewTransaction()
	changed, err := evolveSchema(tx, t.Schema(), fields)
	if err != nil {
		return err
	}
	after, err := tx.StagedTable()
	if err != nil {
		return err
	}
	want := keyProperty(key, func(i int) int {
		f, _ := after.Schema().FindFieldByName(fields[i].Name)
		return f.ID
	})
	if want != t.Properties()[propKey] {
		changed = true
		if err := tx.SetProperties(iceberg.Properties{propKey: want}); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	return l.end(ctx, tx)
}

// outgrown says whether fields are the columns that a table had under an earlier schema and not the
// ones it has now.
func outgrown(t *table.Table, fields []schemas.Field) bool {
	now := t.Schema()
	for _, f := range fields {
		_, named := now.FindFieldByName(f.Name)
		if _, before := now.FindFieldByName(f.RenamedFrom); before && !named {
			return false // renamed back
		}
	}
	if sameFields(now, fields) {
		return false
	}
	for _, s := range t.Schemas() {
		if sameFields(s, fields) {
			return true
		}
	}
	return false
}

// sameFields says whether the contract columns of a schema have the names and types of fields.
func sameFields(s *iceberg.Schema, fields []schemas.Field) bool {
	for _, f := range fields {
		have, ok := s.FindFieldByName(f.Name)
		if !ok || !icebergType(f.Type).Equals(have.Type) {
			return false
		}
	}
	return len(fields) == len(contractFields(s))
}

// evolveSchema stages the changes of columns and says whether there are any.
func evolveSchema(tx *table.Transaction, have *iceberg.Schema, fields []schemas.Field) (bool, error) {
	update := tx.UpdateSchema(true, false)
	changed := false
	present := map[int]bool{} // ids of columns that fields account for
	var order []string        // how the update names the columns, in the order wanted
	for _, f := range fields {
		old, ok := have.FindFieldByName(f.Name)
		if !ok && f.RenamedFrom != "" {
			old, ok = have.FindFieldByName(f.RenamedFrom)
		}
		if !ok {
			update.AddColumn([]string{f.Name}, icebergType(f.Type), f.Doc, false, nil)
			order = append(order, f.Name)
			changed = true
			continue
		}
		if present[old.ID] {
			return false, fmt.Errorf("%w: column %q is claimed twice", ErrIncompatible, old.Name)
		}
		present[old.ID] = true
		order = append(order, old.Name)
		did, err := evolveColumn(update, old, f)
		if err != nil {
			return false, err
		}
		changed = changed || did
	}
	var names []string
	for _, f := range contractFields(have) {
		if !present[f.ID] {
			return false, fmt.Errorf("%w: column %q is missing", ErrIncompatible, f.Name)
		}
		names = append(names, f.Name)
	}
	if !slices.Equal(names, order) {
		changed = true
		reorder(update, order)
	}
	if !changed {
		return false, nil
	}
	return true, update.Commit()
}

// evolveColumn stages a new name, type or definition of one column.
func evolveColumn(update *table.UpdateSchema, old iceberg.NestedField, f schemas.Field) (bool, error) {
	var u table.ColumnUpdate
	changed := false
	if old.Name != f.Name {
		u.Name, changed = iceberg.Optional[string]{Val: f.Name, Valid: true}, true
	}
	if old.Doc != f.Doc {
		u.Doc, changed = iceberg.Optional[string]{Val: f.Doc, Valid: true}, true
	}
	if want := icebergType(f.Type); !want.Equals(old.Type) {
		if _, err := iceberg.PromoteType(old.Type, want); err != nil {
			return false, fmt.Errorf("%w: column %q is %s and cannot become %s", ErrIncompatible, old.Name, old.Type, want)
		}
		u.FieldType, changed = iceberg.Optional[iceberg.Type]{Val: want, Valid: true}, true
	}
	if changed {
		update.UpdateColumn([]string{old.Name}, u)
	}
	return changed, nil
}

// reorder puts the contract's columns first, in its order.
func reorder(update *table.UpdateSchema, order []string) {
	for i, name := range order {
		if i == 0 {
			update.MoveFirst([]string{name})
		} else {
			update.MoveAfter([]string{name}, []string{order[i-1]})
		}
	}
}
