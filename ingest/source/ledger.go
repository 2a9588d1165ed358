package source

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"satudata/ingest/event"
)

// ErrNoDelivery says that a ledger knows no such delivery.
var ErrNoDelivery = errors.New("no such delivery")

// Ledger is what the facts say about deliveries, and takes new ones. A fact that Record took is
// seen by every later call.
type Ledger interface {
	// Stream returns where a stream stands: the zero Standing for one without deliveries. It tells of facts
	// that are durable although Record returned an error, as far as that can be known.
	Stream(ctx context.Context, stream string) (Standing, error)

	// Latest returns the delivery of this subject in a stream that was received last, or ErrNoDelivery.
	Latest(ctx context.Context, stream, subject string) (event.DeliveryOpened, error)

	// Find returns the delivery in a stream with this fingerprint that was received last, or
	// ErrNoDelivery.
	Find(ctx context.Context, stream, fingerprint string) (event.DeliveryOpened, error)

	// Record makes facts durable, in this order, and applies them.
	Record(ctx context.Context, facts ...event.Body) error
}

// Standing is where a stream stands, by the deliveries that were received or abandoned.
type Standing struct {
	LastSeq int64                 // of its last chunk, 0 before the first; the next delivery begins after it
	LastID  uuid.UUID             // the greatest ce_id
	Open    *event.DeliveryOpened // the one opened last that is neither received nor abandoned
}
