package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/pipeline"
)

// Contract returns the registered document of a dataset's contract version, or ErrNotFound.
func (c *Catalog) Contract(ctx context.Context, dataset, version string) (string, error) {
	return c.document(ctx, "contract "+dataset+"@"+version, `SELECT document FROM contracts WHERE dataset = ? AND version = ?`, dataset, version)
}

// Binding returns the registered document of a binding, named "<opd>.<source>@<version>", or ErrNotFound.
func (c *Catalog) Binding(ctx context.Context, ref string) (string, error) {
	name, version, _ := strings.Cut(ref, "@")
	return c.document(ctx, "binding "+ref, `SELECT document FROM bindings WHERE binding = ? AND version = ?`, name, version)
}

// Versions returns the registered contract versions of a dataset, oldest first.
func (c *Catalog) Versions(ctx context.Context, dataset string) ([]string, error) {
	versions, err := c.texts(ctx, `SELECT version FROM contracts WHERE dataset = ?`, dataset)
	slices.SortFunc(versions, schemas.CompareVersions)
	return versions, err
}

// ParsedContract returns a registered contract version of a dataset, or ErrNotFound.
func (c *Catalog) ParsedContract(ctx context.Context, dataset, version string) (*schemas.Contract, error) {
	doc, err := c.Contract(ctx, dataset, version)
	if err != nil {
		return nil, err
	}
	return schemas.ParseContract(dataset+"@"+version, []byte(doc))
}

// LatestContract returns the newest contract version of a dataset, or ErrNotFound.
func (c *Catalog) LatestContract(ctx context.Context, dataset string) (*schemas.Contract, error) {
	versions, err := c.Versions(ctx, dataset)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("contract %s: %w", dataset, ErrNotFound)
	}
	return c.ParsedContract(ctx, dataset, versions[len(versions)-1])
}

func (c *Catalog) document(ctx context.Context, what, query string, args ...any) (string, error) {
	var doc string
	err := c.db.QueryRowContext(ctx, query, args...).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%s: %w (%w)", what, ErrNotFound, pipeline.ErrNotRegistered)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return doc, nil
}

// Register puts a contract and a binding in force, unless they are already. A version, once
// registered, is what old deliveries were read with: another document under the same version is
// ErrConflict, and the answer is to raise the version.
func (c *Catalog) Register(ctx context.Context, contract event.ContractRegistered, binding event.BindingRegistered) error {
	if err := c.Sync(ctx); err != nil { // another process may have registered
		return err
	}
	var facts []event.Body
	known, err := c.Contract(ctx, contract.Dataset, contract.Version)
	switch {
	case errors.Is(err, ErrNotFound):
		if err := c.checkSuccession(ctx, contract); err != nil {
			return err
		}
		facts = append(facts, contract)
	case err != nil:
		return err
	case known != contract.Document:
		return changed("kontrak", "contract", contract.Dataset, contract.Version)
	}
	known, err = c.Binding(ctx, binding.Binding+"@"+binding.Version)
	switch {
	case errors.Is(err, ErrNotFound):
		facts = append(facts, binding)
	case err != nil:
		return err
	case known != binding.Document:
		return changed("binding", "binding", binding.Binding, binding.Version)
	}
	if len(facts) == 0 {
		return nil
	}
	return c.Record(ctx, facts...)
}

// checkSuccession refuses a contract that the tables cannot follow from the version before it, or that
// the version after it cannot follow.
func (c *Catalog) checkSuccession(ctx context.Context, registered event.ContractRegistered) error {
	contract, err := schemas.ParseContract(registered.Dataset+"@"+registered.Version, []byte(registered.Document))
	if err != nil {
		return err
	}
	versions, err := c.Versions(ctx, registered.Dataset)
	if err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(versions, registered.Version, schemas.CompareVersions)
	if at > 0 {
		before, err := c.ParsedContract(ctx, registered.Dataset, versions[at-1])
		if err != nil {
			return err
		}
		if err := schemas.CheckSuccessor(before, contract); err != nil {
			return err
		}
	}
	if at < len(versions) {
		after, err := c.ParsedContract(ctx, registered.Dataset, versions[at])
		if err != nil {
			return err
		}
		return schemas.CheckSuccessor(contract, after)
	}
	return nil
}

func changed(what, whatEN, name, version string) error {
	return fmt.Errorf("%w: %s %s versi %s sudah terdaftar dengan isi lain; naikkan versinya (%s %s version %s is registered with another content; raise its version)",
		ErrConflict, what, name, version, whatEN, name, version)
}

// Datasets returns the names of the datasets that have a contract, sorted.
func (c *Catalog) Datasets(ctx context.Context) ([]string, error) {
	return c.texts(ctx, `SELECT DISTINCT dataset FROM contracts ORDER BY dataset`)
}

// texts returns the only column of a query.
func (c *Catalog) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read catalog: %w", err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
