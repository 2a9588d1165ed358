// Package rules runs the table rules of a contract over a delivery that has landed and is about to
// be published, and says which do not hold.
//
// # Design
//
// Every rule becomes one query, whose rows are the cases that break it, and runs in the same locked
// query engine that answers users: a rule in SQL can read no file, change nothing, and is stopped at
// the time and memory limits. The engine sees
//
//   - the dataset under its own name, as it will be when the delivery is published (${table});
//   - the accepted rows of the delivery as _kiriman.<name> (${kiriman});
//   - the current state of every other dataset under its name;
//   - the declared grid, an axis each, as _petak.<column>;
//   - what is published of the dataset now, as _terbit.<name>.
//
// Besides the contract's rules, a delivery of the mode full that leaves less than half of the rows that
// it replaces gives a warning.
//
// Rules over the table report only cases that the delivery has a part in, so that a fault is blamed
// on who made it. A rule that cannot be run is a finding of its own severity: a delivery is neither
// lost nor published unchecked because its contract holds a rule that fails.
package rules

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"satudata/catalog/query"
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// Datasets is what the rules need to know of other datasets; the catalog has it.
type Datasets interface {
	Datasets(ctx context.Context) ([]string, error)
	Publications(ctx context.Context, dataset string) ([]lake.Publication, error)
	// Publication is how deliveries under a contract version are published.
	Publication(ctx context.Context, dataset, version string) (lake.Publication, error)
	LatestContract(ctx context.Context, dataset string) (*schemas.Contract, error)
}

// Options of a [Judge]; Lake, Datasets and Reference are required.
type Options struct {
	Lake        *lake.Lake
	Datasets    Datasets
	Reference   *schemas.Reference
	MemoryLimit string        // of a rule, see [query.Options]
	Threads     int           // of a rule
	Timeout     time.Duration // of a rule; default one minute
	Logger      *slog.Logger  // nil discards
}

// Judge runs the table rules of contracts. It may be used concurrently.
type Judge struct{ o Options }

// NewJudge returns a judge.
func NewJudge(o Options) *Judge {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Judge{o}
}

// Judge returns the rules of contract that do not hold when d is published, in the contract's order.
// It is a [pipeline.Judge].
func (j *Judge) Judge(ctx context.Context, d pipeline.Delivery, contract *schemas.Contract) (found []event.Finding, err error) {
	if len(contract.TableRules) == 0 && contract.Profile.Delivery.Mode != "full" {
		return nil, nil
	}
	t, err := j.open(ctx, d, contract)
	if err != nil {
		return nil, fmt.Errorf("judge delivery %s: %w", d.ID, err)
	}
	defer func() { err = errors.Join(err, t.engine.Close()) }()
	f := event.Finding{Rule: shrinks, Kind: shrinks, Severity: string(schemas.Warn)}
	broken, err := t.settle(ctx, &f, func() (bool, error) { return t.shrunk(ctx, &f) })
	if err != nil {
		return nil, fmt.Errorf("judge what delivery %s replaces: %w", d.ID, err)
	}
	if broken {
		found = append(found, f)
	}
	for _, rule := range contract.TableRules {
		f, broken, err := t.judge(ctx, rule)
		if err != nil {
			return nil, fmt.Errorf("judge delivery %s by rule %s: %w", d.ID, rule.Name, err)
		}
		if broken {
			found = append(found, f)
		}
	}
	return found, nil
}

// trial is the judging of one delivery.
type trial struct {
	o        Options
	d        pipeline.Delivery
	c        *schemas.Contract
	datasets []string // all that have a contract
	grid     []axis
	gridless error // why there is no grid
	engine   *query.Engine
	table    string // the dataset as it will be, as SQL names it
	delivery string // the accepted rows of the delivery
}

const (
	deliverySchema  = "_kiriman"
	gridSchema      = "_petak"
	publishedSchema = "_terbit"
)

// open starts an engine that sees what the rules may see.
func (j *Judge) open(ctx context.Context, d pipeline.Delivery, c *schemas.Contract) (*trial, error) {
	topic, name, _ := strings.Cut(d.Dataset, ".")
	t := &trial{o: j.o, d: d, c: c, table: quote(topic) + "." + quote(name), delivery: quote(deliverySchema) + "." + quote(name)}
	datasets, err := j.o.Datasets.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	t.datasets = datasets
	views := []query.View{
		{Schema: topic, Name: name, Define: t.published, NotAdditive: notAdditive(c)},
		{Schema: deliverySchema, Name: name, NotAdditive: notAdditive(c), Define: func(ctx context.Context) (string, error) {
			rows, err := j.o.Lake.Accepted(ctx, d.Dataset, d.ID)
			if err != nil {
				return "", err
			}
			return t.under(ctx, rows, ", "+quote(sourceRow))
		}},
		{Schema: publishedSchema, Name: name, NotAdditive: notAdditive(c), Define: func(ctx context.Context) (string, error) {
			rows, err := j.current(ctx, d.Dataset)
			if err != nil {
				return "", err
			}
			return t.under(ctx, rows, "")
		}},
	}
	for _, dataset := range datasets {
		if dataset != d.Dataset {
			views = append(views, j.other(dataset))
		}
	}
	t.gridless = t.readGrid()
	t.engine, err = query.Open(ctx, query.Options{Views: append(views, t.axisViews()...), Folders: []string{j.o.Lake.Dir()},
		MemoryLimit: j.o.MemoryLimit, Threads: j.o.Threads, Timeout: j.o.Timeout})
	return t, err
}

// published is the dataset as it will be: what is published now, and the delivery as the newest.
func (t *trial) published(ctx context.Context) (string, error) {
	published, err := t.o.Datasets.Publications(ctx, t.d.Dataset)
	if err != nil {
		return "", err
	}
	next, err := t.o.Datasets.Publication(ctx, t.d.Dataset, t.c.Version)
	if err != nil {
		return "", err
	}
	next.Delivery, next.FirstID, next.At = t.d.ID, t.d.FirstID, t.d.Opened
	for _, p := range published {
		if !next.At.After(p.At) {
			next.At = p.At.Add(time.Microsecond)
		}
	}
	views, err := t.o.Lake.Views(ctx, t.d.Dataset, append(published, next), lake.AsOf{})
	if err != nil {
		return "", err
	}
	return t.under(ctx, views[0].SQL, "")
}

// under selects the columns of rows by the names that they have in the contract of the delivery, whose
// rules use them: a later version may have renamed them. more is added to the list.
func (t *trial) under(ctx context.Context, rows, more string) (string, error) {
	fields := t.c.Fields()
	now, err := t.o.Lake.ColumnsNow(ctx, t.d.Dataset, fields)
	if err != nil {
		return "", err
	}
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = quote(now[i]) + " AS " + quote(f.Name)
	}
	return "SELECT " + strings.Join(columns, ", ") + more + " FROM (" + rows + ")", nil
}

// other is the view of another dataset.
func (j *Judge) other(dataset string) query.View {
	topic, name, _ := strings.Cut(dataset, ".")
	return query.View{Schema: topic, Name: name,
		Define: func(ctx context.Context) (string, error) { return j.current(ctx, dataset) },
		NotAdditive: func(ctx context.Context) ([]string, error) {
			c, err := j.o.Datasets.LatestContract(ctx, dataset)
			if err != nil {
				return nil, err
			}
			return c.NotAdditive(), nil
		},
	}
}

// current selects what is published of a dataset.
func (j *Judge) current(ctx context.Context, dataset string) (string, error) {
	published, err := j.o.Datasets.Publications(ctx, dataset)
	if err != nil {
		return "", err
	}
	views, err := j.o.Lake.Views(ctx, dataset, published, lake.AsOf{})
	if errors.Is(err, lake.ErrNotFound) {
		return "", unfit("dataset %s belum punya data", "dataset %s has no data yet", dataset)
	}
	if err != nil {
		return "", err
	}
	return views[0].SQL, nil
}

func notAdditive(c *schemas.Contract) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return c.NotAdditive(), nil }
}

// judge runs one rule. It returns an error for trouble that passes only.
func (t *trial) judge(ctx context.Context, rule schemas.TableRule) (event.Finding, bool, error) {
	f := event.Finding{Rule: rule.Name, Kind: rule.Check.Kind(), Severity: string(rule.Severity)}
	broken, err := t.settle(ctx, &f, func() (bool, error) { return t.run(ctx, rule.Check, &f) })
	if err != nil {
		return f, false, err
	}
	if rule.Say != "" {
		f.Say = event.Sentence{ID: rule.Say + " " + brackets(f.Say.ID), EN: f.Say.EN}
	}
	return f, broken, nil
}

// settle runs a rule. That it cannot be run is what it finds, unless the trouble passes.
func (t *trial) settle(ctx context.Context, f *event.Finding, run func() (bool, error)) (broken bool, err error) {
	if broken, err = run(); err == nil {
		return broken, nil
	}
	why, final := t.failure(ctx, err)
	if !final || ctx.Err() != nil {
		return false, err
	}
	t.o.Logger.Info("table rule cannot be run", "dataset", t.d.Dataset, "rule", f.Rule, "why", why.EN)
	f.Failed, f.Count = true, 0
	f.Say = event.Sentence{ID: "aturan tidak dapat dijalankan: " + why.ID, EN: "the rule cannot be run: " + why.EN}
	return true, nil
}

func brackets(s string) string { return "(" + s + ")" }

// run fills in what a check finds and says whether it does not hold.
func (t *trial) run(ctx context.Context, check schemas.TableCheck, f *event.Finding) (broken bool, err error) {
	switch check := check.(type) {
	case schemas.Metric:
		return t.metric(ctx, check, f)
	case schemas.Query:
		return t.query(ctx, check, f)
	case schemas.Fresh:
		return t.fresh(ctx, check, f)
	case schemas.Holes:
		return t.holes(ctx, f)
	}
	q, err := t.compile(ctx, check)
	if err != nil {
		return false, err
	}
	if f.Count, err = t.cases(ctx, q, f); err != nil {
		return false, err
	}
	f.Say = q.say(f.Count)
	return f.Count > 0, nil
}

// failure says why a rule cannot be run, when running it again would not help.
func (t *trial) failure(ctx context.Context, err error) (event.Sentence, bool) {
	var u *unfitError
	var q *query.Error
	var faults schemas.Faults
	switch {
	case errors.As(err, &u):
		return u.say, true
	case errors.As(err, &faults):
		return sentence("kontrak dataset yang dirujuk tidak dapat dibaca: %v", "the contract of a dataset that it refers to is not readable: %v", faults), true
	case !errors.As(err, &q):
		return event.Sentence{}, false
	}
	if errors.Is(err, query.ErrFailed) && !t.impersonal(ctx) {
		return event.Sentence{ID: "kueri gagal pada nilai datanya", EN: "the query failed on a value of the data"}, true // the engine would repeat the value
	}
	for _, kind := range []error{query.ErrRefused, query.ErrUnknownTable, query.ErrInvalid, query.ErrFailed, query.ErrTimeout, query.ErrMemory} {
		if errors.Is(err, kind) {
			return firstLine(q.Say), true
		}
	}
	return event.Sentence{}, false
}

// impersonal says that no table that a rule may read, of whatever dataset, has a column about persons.
func (t *trial) impersonal(ctx context.Context) bool {
	contracts := []*schemas.Contract{t.c}
	for _, dataset := range t.datasets {
		c, err := t.o.Datasets.LatestContract(ctx, dataset)
		if err != nil {
			return false // nobody knows
		}
		contracts = append(contracts, c)
	}
	for _, c := range contracts {
		if slices.ContainsFunc(c.Properties, func(p schemas.Property) bool { return p.Class != "umum" }) {
			return false
		}
	}
	return true
}

// firstLine is a sentence without the candidates and the picture of the query that the engine adds.
func firstLine(s event.Sentence) event.Sentence {
	s.ID, _, _ = strings.Cut(s.ID, "\n")
	s.EN, _, _ = strings.Cut(s.EN, "\n")
	return s
}

// unfitError says that a rule does not fit what it is about, such as a column of another dataset
// that is not there.
type unfitError struct {
	say  event.Sentence
	kind error // errNoDataset, or nil
}

func (e *unfitError) Error() string { return e.say.EN }
func (e *unfitError) Unwrap() error { return e.kind }

// errNoDataset is the kind of an unfit rule that names a dataset which nobody knows.
var errNoDataset = errors.New("no such dataset")

func unfit(id, en string, args ...any) error { return &unfitError{sentence(id, en, args...), nil} }

func sentence(id, en string, args ...any) event.Sentence {
	return event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}

const (
	maxExamples = 20  // that are kept; people are shown fewer
	maxCases    = 100 // whose names are kept
)

// cases counts the rows of q and keeps the first as examples, unless a column that they show is
// about persons.
func (t *trial) cases(ctx context.Context, q *caseQuery, f *event.Finding) (int64, error) {
	n, rows, names, err := t.caseRows(ctx, q.sql, q.order)
	if err != nil || q.mute || t.personal(q.shows) {
		return n, err
	}
	for i, row := range rows {
		text := t.show(names, row)
		f.Cases = append(f.Cases, caseName(text))
		if i < maxExamples {
			f.Examples = append(f.Examples, text)
		}
	}
	return n, nil
}

// caseRows counts the rows of a query and returns the first, in an order or, for "", in that of their values.
func (t *trial) caseRows(ctx context.Context, sql, order string) (n int64, rows [][]*string, names []string, err error) {
	rows, names, err = t.rows(ctx, fmt.Sprintf(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (SELECT count(*) OVER () AS "_n", * FROM (%s) ORDER BY %s LIMIT %d)`, sql, cmp.Or(order, "ALL"), maxCases))
	if err != nil || len(rows) == 0 {
		return 0, nil, nil, err
	}
	if n, err = strconv.ParseInt(*rows[0][0], 10, 64); err != nil {
		return 0, nil, nil, fmt.Errorf("count cases: %w", err)
	}
	for i := range rows {
		rows[i] = rows[i][1:]
	}
	return n, rows, names[1:], nil
}

// caseName names a case, so that it is known again.
func caseName(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// personal says whether a column is of another class than umum.
func (t *trial) personal(fields []string) bool { return about(t.c, fields) }

// about says whether one of the columns of a contract is of another class than umum.
func about(c *schemas.Contract, fields []string) bool {
	for _, name := range fields {
		if p, ok := c.PropertyOf(name); ok && p.Class != "umum" {
			return true
		}
	}
	return false
}

// show writes a case for people: "kabupaten_kota = 32.15 KABUPATEN KARAWANG; tahun = 2014".
func (t *trial) show(names []string, values []*string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		value := "kosong"
		if values[i] != nil {
			value = *values[i]
		}
		if p, ok := t.region(name); ok {
			value += t.regionName(p.Region(), value)
		}
		parts[i] = t.label(name) + " = " + value
	}
	return strings.Join(parts, "; ")
}

// region is the property of which a field is the code that rules see.
func (t *trial) region(field string) (schemas.Property, bool) {
	p, ok := t.c.PropertyOf(field)
	return p, ok && p.Region() != "" && strings.HasPrefix(field, "kemendagri_kode_")
}

// label is what people call a field: the property of which it is the code, or itself.
func (t *trial) label(field string) string {
	if p, ok := t.region(field); ok {
		return p.Name
	}
	return field
}

// labels lists fields for people.
func (t *trial) labels(fields []string) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = t.label(f)
	}
	return strings.Join(names, ", ")
}

func (t *trial) regionName(level, code string) string {
	table, err := t.o.Reference.Table(level, "kemendagri@2025")
	if err != nil {
		return ""
	}
	r, ok := table.Lookup(code)
	if !ok {
		return ""
	}
	return " " + r.KemendagriName
}
