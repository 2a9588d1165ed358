package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"satudata/transform/lake"
)

// printDigests prints the content digests of every table.
func (a *app) printDigests(ctx context.Context, asJSON bool) error {
	return a.withSide(ctx, a.dir, func(s side) error {
		if asJSON {
			return writeJSON(a.stdout, s.digests)
		}
		return columns(a.stdout, "DATASET|TABEL|BARIS|SIDIK", func(print func(...any)) {
			for _, d := range s.digests {
				print(d.Dataset, d.Kind, number(d.Rows), d.Sum)
			}
		})
	})
}

// side is one of two things that are compared: a workspace, or the digests of one that were kept.
type side struct {
	name    string
	digests []lake.Digest
	parts   parts // of a workspace
}

// withSide computes the digests of a workspace, or reads the output of `verify --digest --json`, for f.
func (a *app) withSide(ctx context.Context, name string, f func(side) error) error {
	info, err := os.Stat(name)
	if err != nil {
		return unreadable(err)
	}
	s := side{name: name}
	if !info.IsDir() {
		text, err := os.ReadFile(name)
		if err != nil {
			return unreadable(err)
		}
		if err := json.Unmarshal(text, &s.digests); err != nil {
			return usageError("%s bukan keluaran `satudata verify --digest --json` (is not its output): %v", name, err)
		}
		return f(s)
	}
	w, err := a.at(name)
	if err != nil {
		return err
	}
	return w.withReader(ctx, func(p parts) (err error) {
		if s.digests, err = digests(ctx, p); err != nil {
			return err
		}
		s.parts = p
		return f(s)
	})
}

// at is a workspace in another folder, under the settings of this command.
func (a *app) at(dir string) (*workspace, error) {
	other := *a
	other.dir = dir
	return other.workspace()
}

// digests are the digests of all tables of a workspace.
func digests(ctx context.Context, p parts) ([]lake.Digest, error) {
	datasets, err := p.lake.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	out := []lake.Digest{}
	for _, dataset := range datasets {
		published, err := p.cat.Publications(ctx, dataset)
		if err != nil {
			return nil, err
		}
		d, err := p.lake.Digests(ctx, dataset, published)
		if err != nil {
			return nil, err
		}
		out = append(out, d...)
	}
	return out, nil
}

// comparison is a table of two workspaces.
type comparison struct {
	Dataset string           `json:"dataset"`
	Kind    string           `json:"tabel"`
	Same    bool             `json:"sama"`
	First   *lake.Digest     `json:"pertama"` // nil: the table is not there
	Second  *lake.Digest     `json:"kedua"`
	Differ  *lake.Difference `json:"beda,omitempty"` // nil where rows cannot be compared
}

// same compares two workspaces, or kept digests, table by table.
func (a *app) same(ctx context.Context, first, second string, asJSON bool) error {
	return a.withSide(ctx, first, func(one side) error {
		return a.withSide(ctx, second, func(two side) error {
			found, err := compareSides(ctx, one, two)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return missing("tidak ada tabel di %s maupun %s untuk dibandingkan; daratkan dulu dengan `satudata land --once` (neither has tables to compare: land first)", one.name, two.name)
			}
			if asJSON {
				err = writeJSON(a.stdout, found)
			} else {
				err = printComparison(a.stdout, one, two, found)
			}
			if err == nil && slices.ContainsFunc(found, func(c comparison) bool { return !c.Same }) {
				err = errDiffers
			}
			return err
		})
	})
}

// compareSides pairs the tables of both sides. A table without rows is as good as none: it depends on
// whether something was tried, not on what is there.
func compareSides(ctx context.Context, one, two side) ([]comparison, error) {
	out := []comparison{}
	for _, d := range one.digests {
		out = append(out, comparison{Dataset: d.Dataset, Kind: d.Kind, First: &d})
	}
	for _, d := range two.digests {
		at := slices.IndexFunc(out, func(c comparison) bool { return c.Dataset == d.Dataset && c.Kind == d.Kind })
		if at < 0 {
			out, at = append(out, comparison{Dataset: d.Dataset, Kind: d.Kind}), len(out)
		}
		out[at].Second = &d
	}
	for i := range out {
		c := &out[i]
		switch {
		case c.First != nil && c.Second != nil:
			c.Same = *c.First == *c.Second
		case c.First != nil:
			c.Same = c.First.Rows == 0
		default:
			c.Same = c.Second.Rows == 0
		}
		if c.Same || c.First == nil || c.Second == nil || one.parts.lake == nil || two.parts.lake == nil {
			continue
		}
		var err error
		if c.Differ, err = differ(ctx, one.parts, two.parts, c.Dataset, c.Kind); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func differ(ctx context.Context, one, two parts, dataset, kind string) (*lake.Difference, error) {
	first, err := one.cat.Publications(ctx, dataset)
	if err != nil {
		return nil, err
	}
	second, err := two.cat.Publications(ctx, dataset)
	if err != nil {
		return nil, err
	}
	k := slices.IndexFunc(lake.Kinds[:], func(k lake.Kind) bool { return k.String() == kind })
	d, err := one.lake.Differ(ctx, two.lake, dataset, lake.Kinds[k], first, second)
	return &d, err
}

func printComparison(out io.Writer, one, two side, found []comparison) error {
	differing := 0
	err := columns(out, "DATASET|TABEL|BARIS PERTAMA|BARIS KEDUA|SIDIK PERTAMA|SIDIK KEDUA|HASIL", func(print func(...any)) {
		for _, c := range found {
			mark := "sama"
			if !c.Same {
				mark = "BERBEDA"
				differing++
			}
			rows, sums := [2]string{"-", "-"}, [2]string{"-", "-"}
			for i, d := range []*lake.Digest{c.First, c.Second} {
				if d != nil {
					rows[i], sums[i] = number(d.Rows), d.Sum[:16]
				}
			}
			print(c.Dataset, c.Kind, rows[0], rows[1], sums[0], sums[1], mark)
		}
	})
	if err != nil {
		return err
	}
	for _, c := range found {
		if c.Differ != nil {
			printStrays(out, one, two, c)
		}
	}
	if differing == 0 {
		fmt.Fprintf(out, "%d tabel, semuanya sama isinya (all hold the same)\n", len(found))
	} else {
		fmt.Fprintf(out, "%d tabel, %d berbeda (differ)\n", len(found), differing)
	}
	return nil
}

func printStrays(out io.Writer, one, two side, c comparison) {
	if c.Differ.Columns {
		fmt.Fprintf(out, "%s %s: kolom atau jenisnya berbeda (the columns or their types differ)\n", c.Dataset, c.Kind)
		return
	}
	fmt.Fprintf(out, "%s %s: %s baris hanya di %s, %s hanya di %s (rows that only one has)\n", c.Dataset, c.Kind,
		number(c.Differ.First), one.name, number(c.Differ.Second), two.name)
	for _, s := range c.Differ.Examples {
		where := two.name
		if s.InFirst {
			where = one.name
		}
		fmt.Fprintf(out, "    hanya di %s: kiriman %s, baris sumber %d (peristiwa %s, baris %d)\n", where, s.Delivery, s.SourceRow, s.Event, s.Row)
	}
}
