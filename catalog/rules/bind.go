package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"satudata/catalog/query"
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// Unfit is a rule that could not be run on a delivery.
type Unfit struct {
	Rule schemas.TableRule
	Say  event.Sentence
	// Elsewhere says that the rule names a dataset that is not among the contracts; it may be in the catalog.
	Elsewhere bool
}

// Bind says which table rules of a contract could not be run, without any data: the engine binds them
// over empty tables of the contract and of the others, and the grid is made.
func Bind(ctx context.Context, c *schemas.Contract, others []*schemas.Contract, ref *schemas.Reference) (found []Unfit, err error) {
	if len(c.TableRules) == 0 {
		return nil, nil
	}
	known := contractsOnly{c.Dataset: c}
	for _, o := range others {
		if o.Dataset != c.Dataset {
			known[o.Dataset] = o
		}
	}
	topic, name, _ := strings.Cut(c.Dataset, ".")
	t := &trial{o: Options{Datasets: known, Reference: ref}, d: pipeline.Delivery{Dataset: c.Dataset}, c: c,
		table: quote(topic) + "." + quote(name), delivery: quote(deliverySchema) + "." + quote(name)}
	views, err := t.emptyViews(known)
	if err != nil {
		return nil, fmt.Errorf("bind rules of %s: %w", c.Dataset, err)
	}
	t.gridless = t.readGrid()
	if t.engine, err = query.Open(ctx, query.Options{Views: append(views, t.axisViews()...), Threads: 1, Timeout: time.Minute}); err != nil {
		return nil, fmt.Errorf("bind rules of %s: %w", c.Dataset, err)
	}
	defer func() { err = errors.Join(err, t.engine.Close()) }()
	for _, rule := range c.TableRules {
		err := t.bind(ctx, rule.Check)
		if err == nil {
			continue
		}
		why, final := t.failure(ctx, err)
		if !final {
			return nil, fmt.Errorf("bind rule %s of %s: %w", rule.Name, c.Dataset, err)
		}
		found = append(found, Unfit{rule, why, errors.Is(err, query.ErrUnknownTable) || errors.Is(err, errNoDataset)})
	}
	return found, nil
}

// bind runs a rule over empty tables. Of a query only the columns are looked at: over nothing it need
// not give a number.
func (t *trial) bind(ctx context.Context, check schemas.TableCheck) error {
	q, ok := check.(schemas.Query)
	if !ok {
		_, err := t.run(ctx, check, new(event.Finding))
		return err
	}
	res, err := t.engine.Query(ctx, t.sqlOf(q))
	if err != nil {
		return err
	}
	defer res.Close()
	columns := res.Schema().Fields()
	if len(columns) != 1 {
		return unfit("kueri memberi %d kolom, bukan satu bilangan", "the query gives %d columns, not one number", len(columns))
	}
	if kind := columns[0].Type; !numeric(kind) {
		return unfit("kueri memberi nilai yang bukan bilangan (%s)", "the query gives a value that is no number (%s)", kind)
	}
	return nil
}

// emptyViews are what the rules see when nothing has landed.
func (t *trial) emptyViews(known contractsOnly) ([]query.View, error) {
	var views []query.View
	for dataset, c := range known {
		t.datasets = append(t.datasets, dataset)
		empty, err := lake.EmptyViews(dataset, c.Fields())
		if err != nil {
			return nil, err
		}
		views = append(views, query.View{Schema: empty[0].Schema, Name: empty[0].Name, SQL: empty[0].SQL, NotAdditive: notAdditive(c)})
		if c == t.c {
			views = append(views, query.View{Schema: deliverySchema, Name: empty[0].Name, NotAdditive: notAdditive(c),
				SQL: "SELECT *, CAST(NULL AS BIGINT) AS " + quote(sourceRow) + " FROM (" + empty[0].SQL + ")"})
		}
	}
	return views, nil
}

// contractsOnly are datasets of which nothing but the contract is known.
type contractsOnly map[string]*schemas.Contract

// Datasets implements [Datasets].
func (c contractsOnly) Datasets(context.Context) ([]string, error) { return nil, nil }

// Publications implements [Datasets].
func (c contractsOnly) Publications(context.Context, string) ([]lake.Publication, error) {
	return nil, nil
}

// Publication implements [Datasets].
func (c contractsOnly) Publication(context.Context, string, string) (lake.Publication, error) {
	return lake.Publication{}, nil
}

// LatestContract implements [Datasets].
func (c contractsOnly) LatestContract(_ context.Context, dataset string) (*schemas.Contract, error) {
	return c[dataset], nil
}
