package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Fact is a governance fact: something that was decided or observed about contracts, bindings and
// deliveries. Facts live in one partition, in the order in which they happened; every table of the
// catalog is a projection of them. A fact that arrives twice (same ID) counts once.
type Fact struct {
	ID   uuid.UUID
	Time time.Time
	Body Body
}

// Body is what a fact says.
type Body interface {
	FactType() string // names it in the log
	Identity() string // what it is about: a second fact of the same type and identity says nothing new
}

// NewFact makes a fact whose id follows from its type and identity, so that a fact recorded again
// after a crash is the same fact.
func NewFact(at time.Time, b Body) Fact {
	return Fact{ID: Derive(b.FactType() + "|" + b.Identity()), Time: at.UTC(), Body: b}
}

// ContractRegistered puts a contract version in force by the automatic rule. Document is the ODCS
// YAML, verbatim.
type ContractRegistered struct {
	Dataset  string `json:"dataset"`
	Version  string `json:"version"`
	Document string `json:"document"`
	Actor    Actor  `json:"actor,omitzero"`
	Expected *int64 `json:"expected,omitempty"` // as Act.Expected; nil, as in old logs: it counts at any revision
}

// BindingRegistered puts a binding version in force by the automatic rule. Document is the YAML,
// verbatim.
type BindingRegistered struct {
	Binding  string `json:"binding"` // "<opd>.<source>"
	Version  string `json:"version"`
	Dataset  string `json:"dataset"`
	Document string `json:"document"`
	Actor    Actor  `json:"actor,omitzero"`
	Expected *int64 `json:"expected,omitempty"` // see ContractRegistered
}

// DeliveryOpened says that reading of a delivery began. A delivery that was opened and neither
// received nor abandoned was interrupted; its reader resumes it.
type DeliveryOpened struct {
	Delivery    uuid.UUID     `json:"delivery"`
	Stream      string        `json:"stream"`
	Source      string        `json:"source"`
	Dataset     string        `json:"dataset"`
	Contract    string        `json:"contract"`
	Binding     string        `json:"binding"`
	Subject     string        `json:"subject"`     // file name
	Fingerprint string        `json:"fingerprint"` // of the records, not of their newlines or BOM
	Bytes       int64         `json:"bytes"`
	Records     int64         `json:"records"`   // records that the reader counted before it began
	FirstSeq    int64         `json:"first_seq"` // of its first chunk
	ContentType string        `json:"content_type"`
	Header      string        `json:"header"`  // its header lines, with which rejected rows are given back
	Offsets     map[int]int64 `json:"offsets"` // next offset of each partition of the records topic when it was opened
}

// DeliveryReceived says that the last chunk of a delivery is durable in the log (status diterima).
type DeliveryReceived struct {
	Delivery uuid.UUID `json:"delivery"`
	Chunks   int64     `json:"chunks"`
	Records  int64     `json:"records"`
	LastSeq  int64     `json:"last_seq"`
	FirstID  uuid.UUID `json:"first_id"` // ce_id of its first chunk
	LastID   uuid.UUID `json:"last_id"`
}

// DeliveryAbandoned says that an interrupted delivery will not be resumed, because its source now
// holds something else. What had been read stays in the history and is never published.
type DeliveryAbandoned struct {
	Delivery uuid.UUID `json:"delivery"`
	Records  int64     `json:"records"` // that reached the log
	LastSeq  int64     `json:"last_seq"`
	LastID   uuid.UUID `json:"last_id"`
}

// DeliveryRefused says that nothing of a delivery was read into the log, and why.
type DeliveryRefused struct {
	Delivery uuid.UUID `json:"delivery"`
	Source   string    `json:"source"`
	Dataset  string    `json:"dataset"`
	Binding  string    `json:"binding"`
	Subject  string    `json:"subject"`
	Reason   Sentence  `json:"reason"`
}

// DeliveryChecked is the outcome of the rules over a whole delivery (status diperiksa). Counts are
// of observations: a record that a binding unpivots into k columns counts k times.
// Read = Accepted + Rejected + SetAside.
type DeliveryChecked struct {
	Delivery uuid.UUID        `json:"delivery"`
	Read     int64            `json:"read"`
	Accepted int64            `json:"accepted"`
	Rejected int64            `json:"rejected"`
	SetAside int64            `json:"set_aside"` // printed totals: a check, not an observation
	Reasons  []ReasonCount    `json:"reasons"`   // most frequent first
	Missing  map[string]int64 `json:"missing"`   // empty values per column among the accepted, where there are any
	Warnings []Sentence       `json:"warnings"`
	Findings []Finding        `json:"findings"` // rules over the whole table that did not hold
}

// Finding says that a rule over more than one row did not hold when a delivery was checked, or could
// not be run.
type Finding struct {
	Rule     string   `json:"rule"`
	Kind     string   `json:"kind"`     // "lonjakan", "petak", "sql", …
	Severity string   `json:"severity"` // "error": the delivery is not published; "warning"
	Count    int64    `json:"count"`    // cases, of whatever the rule is about
	Say      Sentence `json:"say"`
	Examples []string `json:"examples"` // the first cases, "kolom = nilai; …"; none where a column is personal
	Covers   []int64  `json:"covers"`   // how many cases each of Examples stands for; none: one each
	Cases    []string `json:"cases"`    // names of the first cases, by which a later delivery's are told to be the same
	Failed   bool     `json:"failed"`   // the rule could not be run
}

// ReasonCount counts the observations rejected for one reason.
type ReasonCount struct {
	Field string   `json:"field"`
	Rule  string   `json:"rule"`
	Count int64    `json:"count"`
	Say   Sentence `json:"say"` // one example
}

// DeliveryPublished says that the accepted rows of a delivery count in the current state from now on
// (status disebarluaskan).
type DeliveryPublished struct {
	Delivery uuid.UUID `json:"delivery"`
	Basis    string    `json:"basis"` // "otomatis"
}

// DeliveryReturned says that a checked delivery was not published (status dikembalikan), and why.
type DeliveryReturned struct {
	Delivery uuid.UUID `json:"delivery"`
	Reason   Sentence  `json:"reason"`
}

// ExplanationGiven is what an OPD says of a finding: why there is a jump, why rows are missing. It is
// kept with the data; an explanation that is given again in other words stands beside the first.
type ExplanationGiven struct {
	Delivery uuid.UUID `json:"delivery"`
	Rule     string    `json:"rule"`
	Text     string    `json:"text"`
	Actor    Actor     `json:"actor"`
}

// Sentence is one message for people, in both languages.
type Sentence struct {
	ID string `json:"id"` // Bahasa Indonesia
	EN string `json:"en"`
}

// FactType implements [Body].
func (ContractRegistered) FactType() string { return "id.satudata.contract.registered.v1" }

// Identity implements [Body].
func (b ContractRegistered) Identity() string {
	if b.Expected == nil {
		return b.Dataset + "@" + b.Version
	}
	return identity(b)
}

// FactType implements [Body].
func (BindingRegistered) FactType() string { return "id.satudata.binding.registered.v1" }

// Identity implements [Body].
func (b BindingRegistered) Identity() string {
	if b.Expected == nil {
		return b.Binding + "@" + b.Version
	}
	return identity(b)
}

// FactType implements [Body].
func (DeliveryOpened) FactType() string { return "id.satudata.delivery.opened.v1" }

// Identity implements [Body].
func (b DeliveryOpened) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (DeliveryReceived) FactType() string { return "id.satudata.delivery.received.v1" }

// Identity implements [Body].
func (b DeliveryReceived) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (DeliveryAbandoned) FactType() string { return "id.satudata.delivery.abandoned.v1" }

// Identity implements [Body].
func (b DeliveryAbandoned) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (DeliveryRefused) FactType() string { return "id.satudata.delivery.refused.v1" }

// Identity implements [Body].
func (b DeliveryRefused) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (DeliveryChecked) FactType() string { return "id.satudata.delivery.checked.v1" }

// Identity implements [Body].
func (b DeliveryChecked) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (DeliveryPublished) FactType() string { return "id.satudata.delivery.published.v1" }

// Identity implements [Body].
func (b DeliveryPublished) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (DeliveryReturned) FactType() string { return "id.satudata.delivery.returned.v1" }

// Identity implements [Body].
func (b DeliveryReturned) Identity() string { return b.Delivery.String() }

// FactType implements [Body].
func (ExplanationGiven) FactType() string { return "id.satudata.explanation.given.v1" }

// Identity implements [Body].
func (b ExplanationGiven) Identity() string {
	return fmt.Sprintf("%s|%s|%q|%q", b.Delivery, b.Rule, b.Actor, b.Text)
}

// Message encodes f for the log.
func (f Fact) Message() (Message, error) {
	value, err := json.Marshal(f.Body)
	if err != nil {
		return Message{}, fmt.Errorf("encode fact %s: %w", f.ID, err)
	}
	return Message{
		Key: f.Body.FactType(),
		Headers: []Header{
			{"ce_specversion", []byte("1.0")},
			{"ce_id", []byte(f.ID.String())},
			{"ce_type", []byte(f.Body.FactType())},
			{"ce_source", []byte("/satudata")},
			{"ce_time", []byte(f.Time.UTC().Format(time.RFC3339Nano))},
			{"content-type", []byte("application/json")},
		},
		Value: value,
	}, nil
}

// ParseFact decodes a message written by [Fact.Message]. A fact of a type that this version does
// not know has a nil Body, so that an older program can read past what a newer one wrote.
func ParseFact(m Message) (Fact, error) {
	a := newAttributes(m)
	f := Fact{ID: a.id(attrID), Time: a.time(attrTime)}
	if a.err != nil {
		return f, a.err
	}
	var err error
	switch m.Header("ce_type") {
	case ContractRegistered{}.FactType():
		f.Body, err = body[ContractRegistered](m.Value)
	case BindingRegistered{}.FactType():
		f.Body, err = body[BindingRegistered](m.Value)
	case DeliveryOpened{}.FactType():
		f.Body, err = body[DeliveryOpened](m.Value)
	case DeliveryReceived{}.FactType():
		f.Body, err = body[DeliveryReceived](m.Value)
	case DeliveryAbandoned{}.FactType():
		f.Body, err = body[DeliveryAbandoned](m.Value)
	case DeliveryRefused{}.FactType():
		f.Body, err = body[DeliveryRefused](m.Value)
	case DeliveryChecked{}.FactType():
		f.Body, err = body[DeliveryChecked](m.Value)
	case DeliveryPublished{}.FactType():
		f.Body, err = body[DeliveryPublished](m.Value)
	case DeliveryReturned{}.FactType():
		f.Body, err = body[DeliveryReturned](m.Value)
	case ExplanationGiven{}.FactType():
		f.Body, err = body[ExplanationGiven](m.Value)
	default:
		f.Body, err = parseDecision(m.Header("ce_type"), m.Value)
	}
	if err != nil {
		return f, fmt.Errorf("%w: fact %s: %w", ErrMalformed, f.ID, err)
	}
	return f, nil
}

func body[T Body](value []byte) (Body, error) {
	var b T
	err := json.Unmarshal(value, &b)
	return b, err
}
