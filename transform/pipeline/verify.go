package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/schemas"
	"satudata/transform/lake"
)

// Account is the conservation law of one delivery, in observations:
// Read = Accepted + Rejected + SetAside + InFlight. Read and InFlight are counted in the event log,
// the others in the tables.
type Account struct {
	Dataset  string    `json:"dataset"`
	Delivery uuid.UUID `json:"pengiriman"`
	Subject  string    `json:"berkas"`
	Read     int64     `json:"dibaca"`
	Accepted int64     `json:"diterima"`
	Rejected int64     `json:"ditolak"`
	SetAside int64     `json:"disisihkan"`
	InFlight int64     `json:"dalam_perjalanan"`
}

// Holds says whether the law holds.
func (a Account) Holds() bool { return a.Read == a.Accepted+a.Rejected+a.SetAside+a.InFlight }

// Finding is something that is not as it must be.
type Finding struct {
	Dataset string         `json:"dataset"`
	Say     event.Sentence `json:"temuan"`
}

// Report is the outcome of Verify.
type Report struct {
	Accounts []Account `json:"kiriman"`
	Findings []Finding `json:"temuan"`
}

// OK says that nothing was found.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Verifier recomputes what the tables must hold from the event log.
type Verifier struct {
	Log        eventlog.Log
	Lake       *lake.Lake
	Governance Governance
	Reference  *schemas.Reference
	// Recorded returns what the facts say of the deliveries of a dataset.
	Recorded func(ctx context.Context, dataset string) ([]Recorded, error)
}

// Recorded is what the facts say of a delivery.
type Recorded struct {
	Delivery uuid.UUID
	Subject  string
	Whole    bool  // received: all its records must be in the log
	Records  int64 // in the log, where Whole
	Check    *event.DeliveryChecked
}

// Verify checks every dataset of the log: the law per delivery, gapless streams, facts against
// counts, files against the Iceberg metadata, and the current state against a recomputation from
// the history.
func (v Verifier) Verify(ctx context.Context) (Report, error) {
	var r Report
	if err := v.Governance.Sync(ctx); err != nil {
		return r, err
	}
	topics, err := v.Log.Topics(ctx)
	if err != nil {
		return r, err
	}
	for _, dataset := range topics {
		if dataset == eventlog.CatalogTopic {
			continue
		}
		if err := v.dataset(ctx, dataset, &r); err != nil {
			return r, fmt.Errorf("verify %s: %w", dataset, err)
		}
	}
	return r, nil
}

func (v Verifier) dataset(ctx context.Context, dataset string, r *Report) error {
	found := func(id, en string, args ...any) {
		r.Findings = append(r.Findings, Finding{dataset, event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}})
	}
	at, err := v.Lake.Positions(ctx, dataset, lake.History)
	if err != nil && !errors.Is(err, lake.ErrNotFound) {
		return err
	}
	accounts, err := v.read(ctx, dataset, at, found)
	if err != nil {
		return err
	}
	counts, err := v.Lake.Counts(ctx, dataset)
	if err != nil && !errors.Is(err, lake.ErrNotFound) {
		return err
	}
	for delivery, c := range counts {
		a := account(accounts, dataset, delivery)
		a.Accepted, a.Rejected, a.SetAside = c.Accepted, c.Rejected, c.SetAside
	}
	recorded, err := v.Recorded(ctx, dataset)
	if err != nil {
		return err
	}
	v.compareFacts(ctx, recorded, accounts, found)
	for _, a := range sorted(accounts) {
		if !a.Holds() {
			found("pengiriman %s (%s): dibaca %d, tetapi diterima %d + ditolak %d + disisihkan %d + dalam perjalanan %d = %d",
				"delivery %s (%s): read %d, but accepted %d + rejected %d + set aside %d + in flight %d = %d",
				a.Delivery, a.Subject, a.Read, a.Accepted, a.Rejected, a.SetAside, a.InFlight, a.Accepted+a.Rejected+a.SetAside+a.InFlight)
		}
		r.Accounts = append(r.Accounts, a)
	}
	return v.tables(ctx, dataset, found)
}

// read counts the observations of every delivery in the log: those before the position at have
// landed, those behind it are in flight.
func (v Verifier) read(ctx context.Context, dataset string, at lake.Positions, found func(id, en string, args ...any)) (map[uuid.UUID]*Account, error) {
	accounts := map[uuid.UUID]*Account{}
	plans := newPlans(v.Governance, v.Reference)
	last := map[string]int64{}
	ranges, err := v.Log.Ranges(ctx, dataset)
	if err != nil {
		return nil, err
	}
	for _, rng := range ranges {
		for from := rng.First; from < rng.Next; {
			records, err := v.Log.Read(ctx, dataset, rng.Partition, from, 16<<20)
			if err != nil {
				return nil, err
			}
			if len(records) == 0 {
				break
			}
			for _, rec := range records {
				from = rec.Offset + 1
				c, n := measure(ctx, plans, rec)
				if c.Stream != "" {
					if c.Seq <= last[c.Stream] {
						continue // sent again
					}
					if prev, ok := last[c.Stream]; ok && c.Seq != prev+1 {
						found("aliran %s: setelah urutan %d datang %d", "stream %s: after number %d comes %d", c.Stream, prev, c.Seq)
					}
					last[c.Stream] = c.Seq
				}
				a := account(accounts, dataset, c.Delivery)
				a.Read += n
				if rec.Offset >= at.Offsets[rng.Partition] {
					a.InFlight += n
				}
			}
		}
	}
	return accounts, nil
}

// measure returns the chunk of a log record and how many observations it makes. A message that is
// no chunk is one observation of no delivery; a chunk whose plan is not known counts its records.
func measure(ctx context.Context, plans *plans, rec eventlog.Record) (event.Chunk, int64) {
	c, err := event.ParseChunk(rec.Message)
	if err != nil {
		return event.Chunk{}, 1
	}
	n := int64(c.Rows)
	if plan, err := plans.of(ctx, c); err == nil {
		n *= int64(plan.Observations())
	}
	return c, n
}

func (v Verifier) compareFacts(ctx context.Context, recorded []Recorded, accounts map[uuid.UUID]*Account, found func(id, en string, args ...any)) {
	for _, d := range recorded {
		a := accounts[d.Delivery]
		if a == nil {
			if d.Whole && d.Records > 0 {
				found("pengiriman %s (%s) tercatat %d rekaman, tetapi tidak ada di log", "delivery %s (%s) is recorded with %d records, but is not in the log",
					d.Delivery, d.Subject, d.Records)
			}
			continue
		}
		a.Subject = d.Subject
		if c := d.Check; c != nil && (c.Read != a.Read || c.Accepted != a.Accepted || c.Rejected != a.Rejected || c.SetAside != a.SetAside) {
			found("pengiriman %s (%s): hasil pemeriksaan mencatat %d = %d + %d + %d, log dan tabel berisi %d = %d + %d + %d",
				"delivery %s (%s): its check recorded %d = %d + %d + %d, log and tables hold %d = %d + %d + %d",
				d.Delivery, d.Subject, c.Read, c.Accepted, c.Rejected, c.SetAside, a.Read, a.Accepted, a.Rejected, a.SetAside)
		}
	}
}

// tables checks the files of a dataset and its current state.
func (v Verifier) tables(ctx context.Context, dataset string, found func(id, en string, args ...any)) error {
	faults, err := v.Lake.Check(ctx, dataset)
	if errors.Is(err, lake.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range faults {
		found("berkas %s: %s", "file %s: %s", f.File, f.Problem)
	}
	published, err := v.Governance.Publications(ctx, dataset)
	if err != nil {
		return err
	}
	same, err := v.Lake.CheckCurrent(ctx, dataset, published)
	if err != nil {
		return err
	}
	if !same {
		found("keadaan kini tidak sama dengan hitungan ulang dari riwayat", "the current state differs from a recomputation from the history")
	}
	return nil
}

func account(accounts map[uuid.UUID]*Account, dataset string, delivery uuid.UUID) *Account {
	a := accounts[delivery]
	if a == nil {
		a = &Account{Dataset: dataset, Delivery: delivery}
		accounts[delivery] = a
	}
	return a
}

func sorted(accounts map[uuid.UUID]*Account) []Account {
	out := make([]Account, 0, len(accounts))
	for _, a := range accounts {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Account) int { return strings.Compare(a.Delivery.String(), b.Delivery.String()) })
	return out
}
