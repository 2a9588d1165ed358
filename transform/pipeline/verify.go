package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	// Expired says that the log no longer holds the whole delivery. Read is then what its check
	// recorded; where there is no check, it is what there is, which proves nothing.
	Expired bool `json:"log_kedaluwarsa,omitempty"`

	records int64 // that the log holds
	doubled int64 // rows that are in the tables once too often
	cut     bool  // the log begins in the middle of its stream
	place   int   // among the deliveries in the order in which they were opened, 0 for one that no fact knows
}

// Holds says whether the law holds.
func (a Account) Holds() bool { return a.Read == a.there() }

// there is what became of the observations that were read.
func (a Account) there() int64 { return a.Accepted + a.Rejected + a.SetAside + a.InFlight }

// Finding is something that is not as it must be.
type Finding struct {
	Dataset string         `json:"dataset"`
	Say     event.Sentence `json:"temuan"`
}

// Note is something that readers of a report should know.
type Note struct {
	Dataset string         `json:"dataset"`
	Say     event.Sentence `json:"catatan"`
}

// Report is the outcome of Verify. The accounts of a dataset are in the order in which its deliveries
// were opened, those that no fact knows at the end; a dataset whose tables cannot be read has none.
type Report struct {
	Accounts []Account `json:"kiriman"`
	Findings []Finding `json:"temuan"`
	Notes    []Note    `json:"catatan,omitempty"`
}

// OK says that nothing was found.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Verifier recomputes what the tables must hold from the event log. Workers may be landing meanwhile.
type Verifier struct {
	Log        eventlog.Log
	Lake       *lake.Lake
	Governance Governance
	Reference  *schemas.Reference
	// Recorded returns what the facts say of the deliveries of a dataset, in the order in which they
	// were opened.
	Recorded func(ctx context.Context, dataset string) ([]Recorded, error)
	// Known returns the datasets of which the facts know deliveries: one may have lost both its topic
	// and its tables. nil is none.
	Known func(ctx context.Context) ([]string, error)
	// Deep looks at every byte of the log and of the tables as well.
	Deep bool
}

// Recorded is what the facts say of a delivery.
type Recorded struct {
	Delivery uuid.UUID
	Subject  string
	Whole    bool  // received: all its records must be in the log
	Records  int64 // in the log, where Whole

	Stream            string
	FirstSeq, LastSeq int64 // of its chunks, where Whole
	Check             *event.DeliveryChecked
}

// Verify checks every dataset that the log, the lake or the facts know: the files of its tables against the
// Iceberg metadata, the law per delivery, no row twice, gapless streams, facts against counts, and
// the current state against a recomputation from the history. Tables that cannot be read are a
// finding; an error means that the log, the facts or the list of tables could not be read.
func (v Verifier) Verify(ctx context.Context) (Report, error) {
	var r Report
	if err := v.Governance.Sync(ctx); errors.Is(err, eventlog.ErrCorrupt) {
		r.damage("", eventlog.CatalogTopic, err)
	} else if err != nil {
		return r, err
	}
	if v.Deep {
		if err := v.checkLog(ctx, &r); err != nil {
			return r, err
		}
	}
	datasets, err := v.datasets(ctx, &r)
	if err != nil {
		return r, err
	}
	for _, dataset := range datasets {
		a := &audit{Verifier: v, dataset: dataset, report: &r, accounts: map[uuid.UUID]*Account{}, damaged: map[eventlog.Position]bool{}, plans: newPlans(v.Governance, v.Reference)}
		if err := a.run(ctx); err != nil {
			return r, fmt.Errorf("verify %s: %w", dataset, err)
		}
	}
	return r, nil
}

// datasets are those that have a topic, tables, or deliveries.
func (v Verifier) datasets(ctx context.Context, r *Report) ([]string, error) {
	topics, err := v.Log.Topics(ctx)
	if errors.Is(err, eventlog.ErrCorrupt) {
		r.damage("", "", err)
	} else if err != nil {
		return nil, err
	}
	tables, err := v.Lake.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	var known []string
	if v.Known != nil {
		if known, err = v.Known(ctx); err != nil {
			return nil, err
		}
	}
	all := slices.DeleteFunc(slices.Concat(tables, topics, known), func(name string) bool { return name == eventlog.CatalogTopic })
	slices.Sort(all)
	return slices.Compact(all), nil
}

// audit verifies one dataset.
type audit struct {
	Verifier
	dataset  string
	report   *Report
	plans    *plans
	recorded []Recorded
	tables   *lake.Tally // nil for a dataset without tables
	at       lake.Positions
	ranges   []eventlog.Range
	accounts map[uuid.UUID]*Account
	damaged  map[eventlog.Position]bool // records of the log
}

func (a *audit) found(id, en string, args ...any) {
	a.report.Findings = append(a.report.Findings, Finding{a.dataset, event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}})
}

// run looks at things in the order in which a delivery leaves them behind, last first: what is
// recorded has landed, and what has landed is in the log, although workers go on meanwhile.
func (a *audit) run(ctx context.Context) (err error) {
	if a.recorded, err = a.Recorded(ctx, a.dataset); err != nil {
		return err
	}
	readable, err := a.readable(ctx, a.files)
	if err == nil && readable {
		readable, err = a.readable(ctx, a.open)
	}
	if err != nil {
		return err
	}
	a.ranges, err = a.Log.Ranges(ctx, a.dataset)
	if errors.Is(err, eventlog.ErrCorrupt) {
		a.report.damage(a.dataset, a.dataset, err)
		return nil // there is nothing to compare the tables with
	}
	if err != nil && !errors.Is(err, eventlog.ErrNoTopic) {
		return err
	}
	if err := a.read(ctx); err != nil {
		return err
	}
	landing, foreign, err := a.landing(ctx)
	if err == nil && readable {
		readable, err = a.readable(ctx, func(ctx context.Context) error { return a.count(ctx, landing, foreign) })
	}
	if err != nil {
		return err
	}
	a.compareRecords()
	if !readable {
		return nil // the counts would be those of tables without rows
	}
	a.compareCounts()
	published, err := a.Governance.Publications(ctx, a.dataset)
	if err != nil || a.tables == nil {
		return err
	}
	_, err = a.readable(ctx, func(ctx context.Context) error { return a.state(ctx, published) })
	return err
}

// readable does something with the tables. That they cannot be read is a finding, unless ctx is why.
func (a *audit) readable(ctx context.Context, do func(context.Context) error) (bool, error) {
	err := do(ctx)
	if err == nil || ctx.Err() != nil {
		return err == nil, err
	}
	a.found("tabel tidak dapat dibaca: %v; lihat `satudata verify --deep`, dan pulihkan dengan `satudata repair %s`",
		"the tables cannot be read: %v; see `satudata verify --deep`, and mend them with `satudata repair %s`", err, a.dataset)
	return false, nil
}

// files checks the data files.
func (a *audit) files(ctx context.Context) error {
	check := a.Lake.Check
	if a.Deep {
		check = a.Lake.CheckDeep
	}
	faults, err := check(ctx, a.dataset)
	if errors.Is(err, lake.ErrNotFound) {
		return nil
	}
	for _, f := range faults {
		a.found("berkas %[1]s dari tabel %[2]s: %[3]s; pulihkan dengan `satudata repair %[5]s`", "file %[1]s of table %[2]s: %[4]s; mend it with `satudata repair %[5]s`",
			f.File, f.Table, f.Problem.ID, f.Problem.EN, a.dataset)
	}
	return err
}

// open takes down what has landed.
func (a *audit) open(ctx context.Context) error {
	tables, err := a.Lake.Tally(ctx, a.dataset)
	if errors.Is(err, lake.ErrNotFound) {
		return nil
	}
	if err == nil {
		a.tables, a.at = tables, tables.History
	}
	return err
}

// each calls use with the records of a partition from one offset to before another.
func (a *audit) each(ctx context.Context, partition int, from, to int64, use func(eventlog.Record) error) error {
	for from < to {
		records, err := a.Log.Read(ctx, a.dataset, partition, from, 16<<20)
		if errors.Is(err, eventlog.ErrCorrupt) {
			if !a.Deep && !a.damaged[eventlog.Position{Partition: partition, Offset: from}] { // else it was found before
				a.damaged[eventlog.Position{Partition: partition, Offset: from}] = true
				a.report.damage(a.dataset, a.dataset, err)
			}
			from++
			continue
		}
		if err != nil {
			return err
		}
		if len(records) == 0 {
			break
		}
		for _, rec := range records {
			if rec.Offset >= to {
				return nil
			}
			if err := use(rec); err != nil {
				return err
			}
			from = rec.Offset + 1
		}
	}
	return nil
}

// read counts the observations of every delivery in the log: those before the position of the history
// have landed, those behind it are in flight.
func (a *audit) read(ctx context.Context) error {
	seen := map[string]*numbers{} // of each stream, which moves when a topic gets more partitions
	a.within()
	for _, rng := range a.ranges {
		if next, ok := a.at.Offsets[rng.Partition]; ok && next < rng.First {
			a.found("offset %d sampai %d dari partisi %d hilang dari log sebelum diolah", "offsets %d to %d of partition %d left the log before they landed", next, rng.First-1, rng.Partition)
		}
		err := a.each(ctx, rng.Partition, rng.First, rng.Next, func(rec eventlog.Record) error {
			c, n, err := a.measure(ctx, rec)
			if err != nil {
				return err
			}
			d := a.account(c.Delivery)
			if c.Stream != "" {
				_, known := seen[c.Stream]
				if !known {
					seen[c.Stream] = new(numbers)
				}
				if !seen[c.Stream].add(c.Seq) {
					return nil // sent again
				}
				if !known && c.Seq > 1 && rng.First > 0 {
					d.cut = true
				}
			}
			d.Read += n
			d.records += int64(c.Rows)
			if rec.Offset >= a.at.Offsets[rng.Partition] {
				d.InFlight += n
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(seen)) {
		runs := *seen[stream]
		for i := range runs[1:] {
			a.found("aliran %s: setelah urutan %d datang %d", "stream %s: after number %d comes %d", stream, runs[i].last, runs[i+1].first)
		}
	}
	return nil
}

// within makes sure that the log is as long as what has landed of it: what is written to a shorter one
// would never land.
func (a *audit) within() {
	ends := map[int]int64{}
	for _, rng := range a.ranges {
		ends[rng.Partition] = rng.Next
	}
	for _, partition := range slices.Sorted(maps.Keys(a.at.Offsets)) {
		if landed, end := a.at.Offsets[partition], ends[partition]; landed > end {
			a.found("partisi %d sudah mendarat sampai offset %d, tetapi log berakhir di %d: log hilang, atau diganti salinan lama; kembalikan log yang utuh",
				"partition %d has landed up to offset %d, and the log ends at %d: it was lost, or replaced by an old copy; bring the whole log back", partition, landed, end)
		}
	}
}

// measure returns the chunk of a log record and how many observations it makes. A message that is
// no chunk is one observation of no delivery; a chunk that has no plan counts its records.
func (a *audit) measure(ctx context.Context, rec eventlog.Record) (event.Chunk, int64, error) {
	c, err := event.ParseChunk(rec.Message)
	if err != nil {
		return event.Chunk{}, 1, nil
	}
	if c.Dataset != a.dataset {
		return c, int64(c.Rows), nil
	}
	plan, err := a.plans.of(ctx, c)
	if unfit := new(unusablePlan); errors.As(err, &unfit) {
		return c, int64(c.Rows), nil
	}
	if err != nil {
		return c, 0, err
	}
	return c, int64(c.Rows) * int64(plan.Observations()), nil
}

// landing are the chunks of ranges of which the rejected rows are in their table and the accepted ones
// are not in the history yet, and how many messages of these ranges are no chunks. They are in
// flight, so their rejected rows do not count.
func (a *audit) landing(ctx context.Context) (chunks []uuid.UUID, foreign int64, err error) {
	if a.tables == nil {
		return nil, 0, nil
	}
	for _, rng := range a.ranges {
		from, to := a.at.Offsets[rng.Partition], a.tables.Rejected.Offsets[rng.Partition]
		err := a.each(ctx, rng.Partition, max(from, rng.First), min(to, rng.Next), func(rec eventlog.Record) error {
			c, err := event.ParseChunk(rec.Message)
			switch {
			case err != nil:
				foreign++
			case c.Seq > a.at.Streams[c.Stream]: // else it is a copy of a chunk that has landed
				chunks = append(chunks, c.ID)
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return chunks, foreign, nil
}

// count counts the rows in the tables.
func (a *audit) count(ctx context.Context, landing []uuid.UUID, foreign int64) error {
	if a.tables == nil {
		return nil
	}
	counts, err := a.tables.Counts(ctx, landing)
	if err != nil {
		return err
	}
	for delivery, c := range counts {
		d := a.account(delivery)
		d.Accepted, d.Rejected, d.SetAside = c.Accepted, c.Rejected, c.SetAside
	}
	if foreign > 0 {
		a.account(uuid.Nil).Rejected -= foreign
	}
	doubles, err := a.tables.Doubles(ctx, landing)
	if err != nil {
		return err
	}
	for delivery, n := range doubles {
		a.account(delivery).doubled = n
	}
	return nil
}

// compareRecords compares what the log holds of each delivery with what is recorded of it.
func (a *audit) compareRecords() {
	for i, f := range a.recorded {
		d := a.accounts[f.Delivery]
		if d == nil {
			if !f.Whole || f.Records == 0 {
				continue
			}
			d = a.account(f.Delivery)
		}
		d.Subject, d.place = f.Subject, i+1
		switch {
		case !f.Whole || d.records == f.Records || a.expired(d, f):
		case d.records == 0:
			a.found("pengiriman %s (%s) tercatat %d rekaman, tetapi tidak ada di log", "delivery %s (%s) is recorded with %d records, but is not in the log",
				d.Delivery, d.Subject, f.Records)
		default:
			a.found("pengiriman %s (%s) tercatat %d rekaman, tetapi log berisi %d", "delivery %s (%s) is recorded with %d records, but the log holds %d",
				d.Delivery, d.Subject, f.Records, d.records)
		}
	}
}

// expired says whether the log once held more of a delivery than it does now.
func (a *audit) expired(d *Account, f Recorded) bool {
	begun := slices.ContainsFunc(a.ranges, func(r eventlog.Range) bool { return r.First > 0 })
	if !begun || !d.cut && d.records > 0 {
		return false
	}
	if f.Whole {
		return d.records < f.Records
	}
	return d.Read < d.there()
}

// compareCounts compares the counts of each delivery with each other and with its check.
func (a *audit) compareCounts() {
	facts := map[uuid.UUID]Recorded{}
	for _, f := range a.recorded {
		facts[f.Delivery] = f
		if f.Check != nil {
			a.account(f.Delivery)
		}
	}
	expired := 0
	for _, d := range sorted(a.accounts) {
		f := facts[d.Delivery]
		if a.expired(d, f) {
			a.expire(d, f)
			expired++
		}
		if d.doubled > 0 {
			a.found("pengiriman %s (%s): %d baris berlipat di tabel", "delivery %s (%s): %d rows are in the tables once too often", d.Delivery, d.Subject, d.doubled)
		}
		if c := f.Check; c != nil && (c.Read != d.Read || c.Accepted != d.Accepted || c.Rejected != d.Rejected || c.SetAside != d.SetAside) {
			a.found("pengiriman %s (%s): hasil pemeriksaan mencatat %d = %d + %d + %d, log dan tabel berisi %d = %d + %d + %d",
				"delivery %s (%s): its check recorded %d = %d + %d + %d, log and tables hold %d = %d + %d + %d",
				d.Delivery, d.Subject, c.Read, c.Accepted, c.Rejected, c.SetAside, d.Read, d.Accepted, d.Rejected, d.SetAside)
		}
		if !d.Holds() {
			a.found("pengiriman %s (%s): dibaca %d, tetapi diterima %d + ditolak %d + disisihkan %d + dalam perjalanan %d = %d",
				"delivery %s (%s): read %d, but accepted %d + rejected %d + set aside %d + in flight %d = %d",
				d.Delivery, d.Subject, d.Read, d.Accepted, d.Rejected, d.SetAside, d.InFlight, d.there())
		}
		a.report.Accounts = append(a.report.Accounts, *d)
	}
	if expired > 0 {
		a.report.Notes = append(a.report.Notes, Note{a.dataset, event.Sentence{
			ID: fmt.Sprintf("awal log sudah kedaluwarsa: %d pengiriman tidak dapat dihitung ulang, yang dibaca diambil dari hasil pemeriksaannya", expired),
			EN: fmt.Sprintf("the beginning of the log has expired: %d deliveries cannot be recomputed, what was read is taken from their checks", expired),
		}})
	}
}

// expire takes what was read of a delivery from its check, because the log does not hold all of it.
func (a *audit) expire(d *Account, f Recorded) {
	d.Expired = true
	switch {
	case f.Check != nil:
		d.Read = f.Check.Read
	case f.Whole && d.there() == 0:
		a.found("pengiriman %s (%s) tercatat %d rekaman, tetapi hilang dari log sebelum diolah", "delivery %s (%s) is recorded with %d records, but left the log before it landed",
			d.Delivery, d.Subject, f.Records)
	default:
		d.Read = d.there()
	}
}

// state checks the current state.
func (a *audit) state(ctx context.Context, published []lake.Publication) error {
	same, err := a.Lake.CheckCurrent(ctx, a.dataset, published)
	if errors.Is(err, lake.ErrNotFound) {
		return nil // the tables are just being made
	}
	if err == nil && !same {
		a.found("keadaan kini tidak sama dengan hitungan ulang dari riwayat", "the current state differs from a recomputation from the history")
	}
	return err
}

func (a *audit) account(delivery uuid.UUID) *Account {
	d := a.accounts[delivery]
	if d == nil {
		d = &Account{Dataset: a.dataset, Delivery: delivery}
		a.accounts[delivery] = d
	}
	return d
}

// sorted orders accounts by when their deliveries were opened; those that no fact knows come last, by id.
func sorted(accounts map[uuid.UUID]*Account) []*Account {
	return slices.SortedFunc(maps.Values(accounts), func(a, b *Account) int {
		if (a.place == 0) != (b.place == 0) {
			return cmp.Compare(b.place, a.place)
		}
		return cmp.Or(cmp.Compare(a.place, b.place), strings.Compare(a.Delivery.String(), b.Delivery.String()))
	})
}
