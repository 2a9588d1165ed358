package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/catalog/overlap"
	"satudata/catalog/query"
	"satudata/schemas"
	"satudata/transform/lake"
)

func (a *app) contractDuplicatesCommand() *cobra.Command {
	var asJSON bool
	var proposed string
	var least float64
	c := &cobra.Command{
		Use: "duplicates", Short: "Dataset, aplikasi dan kolom yang tumpang tindih (datasets, applications and columns that overlap)",
		Long: `Mencari yang maknanya tumpang tindih dan menyebut alasannya: nama, definisi, elemen, kunci, kode SDS dan DSSD, dan isi kolom yang
sudah mendarat. Dengan --new sebuah kontrak dibandingkan dengan yang sudah ada, sebelum dibangun. Skor (0 sampai 1) adalah rata-rata
berbobot dari bukti yang ditampilkan; yang memutuskan tetap orang. Isi kolom, juga yang pribadi, hanya dibandingkan sebagai hash di memori.

(Finds what overlaps in meaning and says why: names, definitions, elements, keys, SDS and DSSD codes, and values that have landed. With --new a
contract is compared with what exists, before it is built. The score, 0 to 1, is the weighted mean of the evidence shown; people
decide. Values, personal ones too, are compared only as hashes in memory.)`,
		Example: "  satudata contract duplicates\n  satudata contract duplicates --new usulan.yaml",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withReader(c.Context(), func(p parts) error {
				pairs, err := w.duplicates(c.Context(), p, proposed, least)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.stdout, append([]overlap.Pair{}, pairs...))
				}
				a.printPairs(pairs)
				return nil
			})
		},
	}
	c.Flags().StringVar(&proposed, "new", "", "kontrak yang diusulkan, dibandingkan dengan yang ada (a proposed contract to compare with what exists)")
	c.Flags().Float64Var(&least, "least", 0.35, "skor paling rendah yang ditampilkan (the lowest score shown)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func (a *app) printPairs(pairs []overlap.Pair) {
	if len(pairs) == 0 {
		fmt.Fprintln(a.stdout, "tidak ada yang tumpang tindih (nothing overlaps)")
	}
	for _, p := range pairs {
		fmt.Fprintf(a.stdout, "%.2f  %s  %s (%s) ~ %s (%s)\n", p.Score, p.Kind, p.A, p.OPDA, p.B, p.OPDB)
		for _, part := range p.Parts {
			fmt.Fprintf(a.stdout, "      %.2f × %g  %s: %s (%s)\n", part.Value, part.Weight, part.Name, part.Why.ID, part.Why.EN)
		}
	}
}

// duplicates compares all datasets, or a proposed contract with them.
func (w *workspace) duplicates(ctx context.Context, p parts, proposed string, least float64) (pairs []overlap.Pair, err error) {
	contracts, err := w.newestContracts(ctx, p)
	if err != nil {
		return nil, err
	}
	o := overlap.Options{Least: least}
	if proposed != "" {
		text, err := os.ReadFile(proposed)
		if err != nil {
			return nil, unreadable(err)
		}
		c, err := schemas.ParseContract(proposed, text)
		if err != nil {
			return nil, err
		}
		contracts[c.Dataset] = c
		o.Only = c.Dataset
	}
	applications, err := applicationsInUse(ctx, p)
	if err != nil {
		return nil, err
	}
	engine, err := w.openEngine(ctx, p, lake.AsOf{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	seed := rand.Uint64() // not kept, so that hashes of personal values are of no use later
	var datasets []overlap.Dataset
	for _, name := range slices.Sorted(maps.Keys(contracts)) {
		d := describeOverlap(contracts[name])
		if name != o.Only {
			if err := sketch(ctx, engine, contracts[name], &d, seed); err != nil {
				return nil, err
			}
		}
		datasets = append(datasets, d)
	}
	return overlap.Find(datasets, applications, o), nil
}

// applicationsInUse are the registered applications, without those that are used no longer.
func applicationsInUse(ctx context.Context, p parts) ([]overlap.Application, error) {
	registered, err := p.cat.Applications(ctx)
	if err != nil {
		return nil, err
	}
	var out []overlap.Application
	for _, f := range registered {
		if f.Retired == "" {
			out = append(out, overlap.Application{ID: f.ID, Name: f.Name, OPD: f.Owner, Description: f.Description, Produces: f.Produces, Uses: f.Consumes})
		}
	}
	return out, nil
}

// newestContracts is the newest version of each dataset's contract in the workspace's folder or, where
// it has none, in the catalog.
func (w *workspace) newestContracts(ctx context.Context, p parts) (map[string]*schemas.Contract, error) {
	docs, err := w.documents()
	if err != nil {
		return nil, err
	}
	newest := map[string]*schemas.Contract{}
	for dataset, versions := range docs.contracts {
		for version, c := range versions {
			if newest[dataset] == nil || schemas.CompareVersions(version, newest[dataset].Version) > 0 {
				newest[dataset] = c
			}
		}
	}
	known, err := p.cat.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	for _, dataset := range known {
		if newest[dataset] != nil {
			continue
		}
		c, err := p.cat.LatestContract(ctx, dataset)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		newest[dataset] = c
	}
	return newest, nil
}

// describeOverlap is what a contract says that matters for overlaps.
func describeOverlap(c *schemas.Contract) overlap.Dataset {
	d := overlap.Dataset{ID: c.Dataset, Title: c.Title, SDS: c.Profile.SDS, Producer: c.Profile.Producer,
		Definition: strings.Join([]string{c.Profile.Concept, schemas.Written(c.Profile.Definition), schemas.Written(c.Purpose)}, " ")}
	for _, p := range c.Properties {
		element := p.Element
		if strings.HasPrefix(element, "umum.") {
			element = "" // a count or a share: of what, the element does not say
		}
		d.Columns = append(d.Columns, overlap.Column{
			Name: p.Name, Title: p.Title, Definition: schemas.Written(p.Definition), Element: element, SDS: p.SDS, DSSD: p.DSSD,
			Key: p.Key > 0, Dimension: dimension(p),
		})
	}
	return d
}

// dimension says whether p is a region or a time.
func dimension(p schemas.Property) bool {
	return p.Region() != "" || strings.HasPrefix(p.Element, "waktu.")
}

// sketch measures the values of the current table's columns in one pass. A dataset of which nothing has
// landed has none, nor has a column that came with a contract under which nothing has landed yet.
//
// Texts are compared as they are. A number by itself says nothing (everybody counts to ten), so it is
// taken together with its region and time: the same figure for the same place and year is evidence.
func sketch(ctx context.Context, engine *query.Engine, c *schemas.Contract, d *overlap.Dataset, seed uint64) error {
	there, err := tableColumns(ctx, engine, c.Dataset)
	if errors.Is(err, lake.ErrNotFound) || errors.Is(err, query.ErrUnknownTable) {
		return nil
	}
	if err != nil {
		return err
	}
	dims, basis := dimensions(c)
	for i, p := range c.Properties {
		column := &d.Columns[i]
		switch p.Type.Kind {
		case schemas.String:
			column.Basis = "teks"
		case schemas.Integer, schemas.Double, schemas.Decimal:
			column.Basis = basis
		}
		if column.Basis != "" && !column.Dimension && there[tableColumn(p)] {
			column.Values = overlap.NewSketch(seed)
		}
	}
	res, err := engine.Query(ctx, sketchSQL(c, there))
	if err != nil {
		return err
	}
	defer res.Close()
	for res.Next() {
		cells := make([]*array.String, len(c.Properties))
		for i := range cells {
			cells[i] = res.Batch().Column(i).(*array.String)
		}
		for row := range int(res.Batch().NumRows()) {
			sketchRow(d, cells, row, dims, basis)
		}
	}
	return res.Err()
}

func sketchRow(d *overlap.Dataset, cells []*array.String, row int, dims []int, basis string) {
	where := ""
	for _, i := range dims {
		where += text(cells[i], row) + "\x00"
	}
	for i, column := range d.Columns {
		if column.Values == nil || cells[i].IsNull(row) {
			continue
		}
		value := schemas.Fold(cells[i].Value(row))
		if column.Basis == basis {
			value = where + value
		}
		column.Values.Add(value)
	}
}

// tableColumns are the columns that the dataset's current table has.
func tableColumns(ctx context.Context, engine *query.Engine, dataset string) (map[string]bool, error) {
	topic, name, _ := strings.Cut(dataset, ".")
	res, err := engine.Query(ctx, fmt.Sprintf("SELECT * FROM %q.%q LIMIT 0", topic, name))
	if err != nil {
		return nil, err
	}
	defer res.Close()
	there := map[string]bool{}
	for _, f := range res.Schema().Fields() {
		there[f.Name] = true
	}
	return there, nil
}

// tableColumn is the column that stands for p: of a region its code.
func tableColumn(p schemas.Property) string {
	if level := p.Region(); level != "" {
		return "kemendagri_kode_" + level
	}
	return p.Name
}

func text(column *array.String, row int) string {
	if column.IsNull(row) {
		return ""
	}
	return column.Value(row)
}

// dimensions are the indexes of the regions and times that tell rows apart, in the order of their
// elements, and what they are together; "" when there are none.
func dimensions(c *schemas.Contract) (indexes []int, basis string) {
	keyed := len(c.Key()) > 0
	for i, p := range c.Properties {
		if dimension(p) && (p.Key > 0 || !keyed) {
			indexes = append(indexes, i)
		}
	}
	slices.SortStableFunc(indexes, func(a, b int) int { return strings.Compare(c.Properties[a].Element, c.Properties[b].Element) })
	for _, i := range indexes {
		basis += c.Properties[i].Element + " "
	}
	return indexes, basis
}

// sketchSQL reads every property as text, numbers in one notation; null where the table has no such column.
func sketchSQL(c *schemas.Contract, there map[string]bool) string {
	columns := make([]string, len(c.Properties))
	for i, p := range c.Properties {
		name := tableColumn(p)
		k := p.Type.Kind
		switch {
		case !there[name]:
			columns[i] = "CAST(NULL AS VARCHAR)"
		case k == schemas.Integer || k == schemas.Double || k == schemas.Decimal:
			columns[i] = fmt.Sprintf("CAST(CAST(%q AS DOUBLE) AS VARCHAR)", name)
		default:
			columns[i] = fmt.Sprintf("CAST(%q AS VARCHAR)", name)
		}
	}
	topic, name, _ := strings.Cut(c.Dataset, ".")
	return fmt.Sprintf("SELECT %s FROM %q.%q", strings.Join(columns, ", "), topic, name)
}
