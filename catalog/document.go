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

// inForce selects the versions of a kind and name that are in force or were: those that deliveries
// have been read with.
const inForce = ` kind = ? AND name = ? AND stage IN ('disetujui', 'usang', 'ditarik')`

// Contract returns the document of a dataset's contract version that is in force or was, or ErrNotFound.
func (c *Catalog) Contract(ctx context.Context, dataset, version string) (string, error) {
	return c.document(ctx, event.Paper{Of: event.KindContract, Name: dataset, Version: version})
}

// Binding returns the document of a binding that is in force or was, named "<opd>.<source>@<version>",
// or ErrNotFound.
func (c *Catalog) Binding(ctx context.Context, ref string) (string, error) {
	name, version, _ := strings.Cut(ref, "@")
	return c.document(ctx, event.Paper{Of: event.KindBinding, Name: name, Version: version})
}

// Versions returns the contract versions of a dataset that are in force or were, oldest first.
func (c *Catalog) Versions(ctx context.Context, dataset string) ([]string, error) {
	versions, err := column[string](ctx, c.db, `SELECT version FROM documents WHERE`+inForce, event.KindContract, dataset)
	slices.SortFunc(versions, schemas.CompareVersions)
	return versions, err
}

// ParsedContract returns a registered contract version of a dataset, or ErrNotFound. It is shared: nobody
// changes it.
func (c *Catalog) ParsedContract(ctx context.Context, dataset, version string) (*schemas.Contract, error) {
	doc, err := c.Contract(ctx, dataset, version)
	if err != nil {
		return nil, err
	}
	name := dataset + "@" + version
	c.parsedMu.Lock()
	defer c.parsedMu.Unlock()
	if known := c.parsed[name]; known != nil && string(known.Document) == doc {
		return known, nil
	}
	contract, err := schemas.ParseContract(name, []byte(doc))
	if err == nil {
		c.parsed[name] = contract
	}
	return contract, err
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

func (c *Catalog) document(ctx context.Context, d event.Paper) (string, error) {
	var doc string
	err := c.db.QueryRowContext(ctx, `SELECT document FROM documents WHERE`+inForce+` AND version = ?`, d.Of, d.Name, d.Version).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%s %s: %w (%w)", word(d.Of), d.Ref(), ErrNotFound, pipeline.ErrNotRegistered)
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", word(d.Of), d.Ref(), err)
	}
	return doc, nil
}

// checkSuccession refuses a contract that the tables cannot follow from the version before it, or that
// the version after it cannot follow.
func (c *Catalog) checkSuccession(ctx context.Context, contract *schemas.Contract) error {
	versions, err := c.Versions(ctx, contract.Dataset)
	if err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(versions, contract.Version, schemas.CompareVersions)
	if at > 0 {
		before, err := c.ParsedContract(ctx, contract.Dataset, versions[at-1])
		if err != nil {
			return err
		}
		if err := schemas.CheckSuccessor(before, contract); err != nil {
			return err
		}
	}
	if at < len(versions) && versions[at] != contract.Version {
		after, err := c.ParsedContract(ctx, contract.Dataset, versions[at])
		if err != nil {
			return err
		}
		return schemas.CheckSuccessor(contract, after)
	}
	return nil
}

// Datasets returns the names of the datasets that have or had a contract in force, sorted.
func (c *Catalog) Datasets(ctx context.Context) ([]string, error) {
	return column[string](ctx, c.db, `SELECT DISTINCT name FROM documents WHERE kind = ? AND stage IN ('disetujui', 'usang', 'ditarik') ORDER BY name`, event.KindContract)
}
