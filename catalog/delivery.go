package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
)

// Status is where a delivery (pengiriman) stands.
type Status string

// The statuses of a delivery, in the order in which they are reached.
const (
	Opened    Status = "dibaca"         // its records are being read into the log
	Received  Status = "diterima"       // all of it is durable in the log
	Checked   Status = "diperiksa"      // landed, and the rules have spoken
	Published Status = "disebarluaskan" // counts in the current state
	Returned  Status = "dikembalikan"   // checked, and not published
	Refused   Status = "ditolak"        // not taken as a whole; nothing was read
	Abandoned Status = "ditinggalkan"   // interrupted, and its source went on with something else
)

// Delivery is one hand-over of an OPD as the facts have it.
type Delivery struct {
	ID          uuid.UUID              `json:"pengiriman"`
	Source      string                 `json:"sumber"`
	Stream      string                 `json:"-"`
	Dataset     string                 `json:"dataset"`
	Contract    string                 `json:"kontrak"`
	Binding     string                 `json:"binding"`
	Subject     string                 `json:"berkas"`
	Fingerprint string                 `json:"sidik_jari"`
	Bytes       int64                  `json:"ukuran_byte"`
	Records     int64                  `json:"rekaman"`
	Status      Status                 `json:"status"`
	FirstSeq    int64                  `json:"-"`
	LastSeq     int64                  `json:"-"`
	FirstID     uuid.UUID              `json:"-"`
	Opened      time.Time              `json:"dibaca"`
	Decided     time.Time              `json:"diputuskan,omitzero"`
	Check       *event.DeliveryChecked `json:"pemeriksaan,omitempty"`
	Reason      *event.Sentence        `json:"alasan,omitempty"`
}

const deliveryColumns = `delivery, source, stream, dataset, contract, binding, subject, fingerprint, bytes, records,
	status, first_seq, last_seq, first_id, opened, decided, check_fact, reason`

// Deliveries returns the deliveries of a dataset, or of all for "", in the order in which they came.
func (c *Catalog) Deliveries(ctx context.Context, dataset string) ([]Delivery, error) {
	if dataset == "" {
		return c.deliveries(ctx, `true ORDER BY rowid`)
	}
	return c.deliveries(ctx, `dataset = ? ORDER BY rowid`, dataset)
}

// Delivery returns the delivery whose id ends with name, or the newest one of a file of that name.
// ErrNotFound says that there is none, ErrConflict that an id's end fits several.
func (c *Catalog) Delivery(ctx context.Context, name string) (Delivery, error) {
	found, err := c.deliveries(ctx, `substr(delivery, -length(?1)) = ?1 ORDER BY delivery`, name)
	if err == nil && len(found) == 0 {
		found, err = c.deliveries(ctx, `subject = ? ORDER BY rowid DESC LIMIT 1`, name)
	}
	switch {
	case err != nil:
		return Delivery{}, err
	case len(found) == 0:
		return Delivery{}, refuse(ErrNotFound, "kiriman %q tidak ada; yang ada: `satudata deliveries`", "there is no delivery %q; there are: `satudata deliveries`", name)
	case len(found) > 1:
		return Delivery{}, refuse(ErrConflict, "%q adalah akhir nomor dari %d kiriman; tulis lebih panjang", "%q ends the ids of %d deliveries; write more of it", name, len(found))
	}
	return found[0], nil
}

func (c *Catalog) deliveries(ctx context.Context, where string, args ...any) ([]Delivery, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	defer rows.Close()
	var found []Delivery
	for rows.Next() {
		d, err := scanDelivery(rows)
		if err != nil {
			return nil, fmt.Errorf("list deliveries: %w", err)
		}
		found = append(found, d)
	}
	return found, rows.Err()
}

func scanDelivery(rows *sql.Rows) (Delivery, error) {
	var d Delivery
	var id, firstID, opened, decided, check, reason string
	err := rows.Scan(&id, &d.Source, &d.Stream, &d.Dataset, &d.Contract, &d.Binding, &d.Subject, &d.Fingerprint, &d.Bytes, &d.Records,
		&d.Status, &d.FirstSeq, &d.LastSeq, &firstID, &opened, &decided, &check, &reason)
	if err != nil {
		return d, err
	}
	var errs [6]error
	d.ID, errs[0] = uuid.Parse(id)
	if firstID != "" {
		d.FirstID, errs[1] = uuid.Parse(firstID)
	}
	d.Opened, errs[2] = time.Parse(time.RFC3339Nano, opened)
	if decided != "" {
		d.Decided, errs[3] = time.Parse(time.RFC3339Nano, decided)
	}
	if check != "" {
		d.Check = new(event.DeliveryChecked)
		errs[4] = json.Unmarshal([]byte(check), d.Check)
	}
	if reason != "" {
		d.Reason = new(event.Sentence)
		errs[5] = json.Unmarshal([]byte(reason), d.Reason)
	}
	return d, errors.Join(errs[:]...)
}
