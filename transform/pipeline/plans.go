package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// plans compiles the contract and binding that chunks name, once each, and lends readers for
// them. It may be used concurrently.
type plans struct {
	gov Governance
	ref *schemas.Reference

	mu   sync.Mutex // guards the maps
	made map[planKey]*schemas.Plan
	idle map[*schemas.Plan][]*reader
}

type planKey struct{ dataset, contract, binding string }

func newPlans(gov Governance, ref *schemas.Reference) *plans {
	return &plans{gov: gov, ref: ref, made: map[planKey]*schemas.Plan{}, idle: map[*schemas.Plan][]*reader{}}
}

// of returns the plan that a chunk was read under.
func (p *plans) of(ctx context.Context, c event.Chunk) (*schemas.Plan, error) {
	return p.plan(ctx, planKey{c.Dataset, c.Contract, c.Binding})
}

func (p *plans) plan(ctx context.Context, key planKey) (*schemas.Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if plan := p.made[key]; plan != nil {
		return plan, nil
	}
	plan, err := p.compile(ctx, key)
	if errors.Is(err, ErrNotRegistered) {
		// The facts are recorded before the chunks that name them, but maybe after our last look.
		if err := p.gov.Sync(ctx); err != nil {
			return nil, err
		}
		plan, err = p.compile(ctx, key)
	}
	if err != nil {
		return nil, err
	}
	p.made[key] = plan
	return plan, nil
}

// contract returns a registered contract.
func (p *plans) contract(ctx context.Context, dataset, version string) (*schemas.Contract, error) {
	doc, err := p.gov.Contract(ctx, dataset, version)
	if err != nil {
		return nil, unusable(err)
	}
	contract, err := schemas.ParseContract(dataset+"@"+version, []byte(doc))
	if err != nil {
		return nil, &unusablePlan{fmt.Errorf("contract %s@%s: %w", dataset, version, err)}
	}
	return contract, nil
}

func (p *plans) compile(ctx context.Context, key planKey) (*schemas.Plan, error) {
	contract, err := p.contract(ctx, key.dataset, key.contract)
	if err != nil {
		return nil, err
	}
	doc, err := p.gov.Binding(ctx, key.binding)
	if err != nil {
		return nil, unusable(err)
	}
	binding, err := schemas.ParseBinding(key.binding, []byte(doc))
	if err != nil {
		return nil, &unusablePlan{fmt.Errorf("binding %s: %w", key.binding, err)}
	}
	plan, err := schemas.Compile(contract, binding, p.ref)
	if err != nil {
		return nil, &unusablePlan{fmt.Errorf("compile %s@%s with %s: %w", key.dataset, key.contract, key.binding, err)}
	}
	return plan, nil
}

// unusablePlan says that a chunk names a contract or binding that is not registered or does not compile.
type unusablePlan struct{ err error }

func (u *unusablePlan) Error() string { return u.err.Error() }
func (u *unusablePlan) Unwrap() error { return u.err }

// unusable marks an error that is about the document, and leaves trouble in reaching it as it is.
func unusable(err error) error {
	if errors.Is(err, ErrNotRegistered) {
		return &unusablePlan{err}
	}
	return err
}

// reader decodes and checks chunks of one plan, one after the other.
type reader struct {
	normalizer *normalize.Normalizer
	checker    *quality.Checker
	joined     []byte  // scratch
	starts     []int32 // scratch
}

// read decodes one chunk and applies the row rules. The result is valid until the reader's next.
func (r *reader) read(c event.Chunk) (*normalize.Result, error) {
	res, err := r.normalizer.Chunk(c)
	if err != nil {
		return nil, err
	}
	if c.Op == event.Delete {
		r.checker.CheckDeletion(res.Record, res.Verdicts)
	} else {
		r.checker.Check(res.Record, res.Verdicts)
	}
	return res, nil
}

// borrow lends a reader for plan; whoever borrows it gives it back when done with its result.
func (p *plans) borrow(plan *schemas.Plan) *reader {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle[plan]); n > 0 {
		out := p.idle[plan][n-1]
		p.idle[plan] = p.idle[plan][:n-1]
		return out
	}
	return &reader{normalizer: normalize.New(plan, new(recycler)), checker: quality.NewChecker(plan)}
}

func (p *plans) giveBack(plan *schemas.Plan, r *reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle[plan] = append(p.idle[plan], r)
}
