// Package infer proposes a contract and a binding from sample deliveries, so that a steward corrects a
// draft instead of starting from an empty page.
//
// # Road
//
// A file is opened with the encoding that reads it to its end, its delimiter and header rows are found,
// and its cells become a table of columns, each a dictionary of distinct texts: all that follows looks
// at a text once, however often it stands there. Wide columns of periods are unpivoted, printed totals
// put aside; then every column gets a type, a locale, a meaning (a region by the vote of its codes, a
// shared element by name and values) and the table a key, row rules and a grid. The two documents are
// written, parsed, compiled and tried on the very files: what the proposal says of itself is counted.
//
// # Confidence
//
// A confidence is Laplace's rule of succession, (k+1)/(n+2), where k of n pieces of evidence agree: the
// chance that the next one agrees too, if nothing else is known. The evidence is values or rows; a
// decision that rests on a name alone has a single piece, 2/3. What people must settle is marked Ask.
//
// Nothing is guessed silently: what can be read in two ways is proposed, marked Ask, and said.
package infer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/schemas"
	"satudata/schemas/reference"
	"satudata/transform/trial"
)

// Options are what a proposal is told beforehand.
type Options struct {
	Dataset string // "topik.nama"; default: "usulan." and the file's name
	OPD     string // id of the delivering OPD; default "opd"
	Cells   int    // how many cells of the files are looked at; default 2 million
}

// Proposal is a contract and a binding with what speaks for them.
type Proposal struct {
	Dataset   string          `json:"dataset"`
	ID        string          `json:"binding"`
	Contract  []byte          `json:"-"` // YAML
	Binding   []byte          `json:"-"` // YAML
	Files     []string        `json:"berkas"`
	Rows      int             `json:"baris_dilihat"` // records that were looked at
	More      bool            `json:"ada_lagi"`      // the files hold more than was looked at
	Decisions []Decision      `json:"keputusan"`
	Trial     []*trial.Report `json:"percobaan"` // of the proposal on the files, whole
}

// Decision is one thing that was decided, with its reason.
type Decision struct {
	About      string         `json:"tentang"` // "format", "kolom jumlah_banjir", …
	Choice     string         `json:"pilihan"`
	Confidence Confidence     `json:"keyakinan"`
	Ask        bool           `json:"tanyakan"` // people must settle it
	Why        event.Sentence `json:"alasan"`
}

// maxColumns is how many columns a proposed table has at most; the document of one with many more would
// be larger than contracts may be.
const maxColumns = 2000

// Propose reads the files that paths name, samples of one source, and proposes documents for them.
// A *source.Refusal says that a file is unfit as a whole.
func Propose(ctx context.Context, paths []string, o Options) (*Proposal, error) {
	if o.Cells == 0 {
		o.Cells = 2_000_000
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		return nil, err
	}
	registry, err := reference.Load()
	if err != nil {
		return nil, err
	}
	paths, err = expand(paths)
	if err != nil {
		return nil, err
	}
	s, err := read(ctx, paths, o.Cells)
	if err != nil {
		return nil, err
	}
	d := &draft{table: s.table, ref: ref, registry: registry, files: s.files}
	d.decisions = s.decisions
	d.identity(o)
	d.shape()
	d.columns()
	if len(d.props) == 0 {
		return nil, nothing(s.files)
	}
	if len(d.props) > maxColumns {
		return nil, &source.Refusal{Subject: strings.Join(s.files, ", "), Reason: sayf("tabel berisi %d kolom, paling banyak %d; bagi menjadi beberapa berkas, atau minta kiriman panjang: satu baris tiap periode atau kategori",
			"the table has %d columns, at most %d; divide it into several files, or ask for a long one: a row for each period or category", len(d.props), maxColumns)}
	}
	d.relate()
	p := &Proposal{Dataset: d.dataset, ID: d.id, Files: s.files, Rows: s.table.rows, More: s.more, Decisions: d.decisions}
	p.Contract, p.Binding = d.contractYAML(), d.bindingYAML()
	return p, p.try(ctx, paths, ref)
}

// try proves that the documents parse and compile, and counts what they make of the files.
func (p *Proposal) try(ctx context.Context, paths []string, ref *schemas.Reference) error {
	c, err := schemas.ParseContract("usulan-kontrak.yaml", p.Contract)
	if err != nil {
		return fmt.Errorf("usulan kontrak tidak sah (the proposed contract is not sound):\n%w", err)
	}
	b, err := schemas.ParseBinding("usulan-binding.yaml", p.Binding)
	if err != nil {
		return fmt.Errorf("usulan binding tidak sah (the proposed binding is not sound):\n%w", err)
	}
	plan, err := schemas.Compile(c, b, ref)
	if err != nil {
		return fmt.Errorf("usulan kontrak dan binding tidak cocok (the proposed documents do not fit):\n%w", err)
	}
	return trial.Run(ctx, plan, paths, trial.Options{}, func(r *trial.Report) error {
		p.Trial = append(p.Trial, r)
		return nil
	})
}

// draft is a proposal in the making.
type draft struct {
	table     *table
	ref       *schemas.Reference
	registry  *reference.Registry
	files     []string
	decisions []Decision

	dataset, id, opd, title string

	wide     *unpivot
	aside    []aside
	missing  []string
	locale   string
	system   string // of region codes
	props    []*property
	dropped  []drop
	key      []*property
	rules    []rowRule
	grid     []axis
	period   string
	scope    []string // properties whose rows a full delivery replaces
	schedule string
	personal bool
	regions  []regionColumn
}

// drop is a column that the proposal leaves out.
type drop struct {
	column *column
	why    event.Sentence
}

func (d *draft) decide(about, choice string, c Confidence, ask bool, id, en string, args ...any) {
	d.note(about, choice, c, ask, sayf(id, en, args...))
}

func (d *draft) note(about, choice string, c Confidence, ask bool, why event.Sentence) {
	d.decisions = append(d.decisions, Decision{about, choice, c, ask, why})
}

func sayf(id, en string, args ...any) event.Sentence {
	if len(args) == 0 {
		return event.Sentence{ID: id, EN: en}
	}
	return event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}

// ErrTwoSources says that the files are not samples of one source.
var ErrTwoSources = errors.New("berkas-berkas ini tidak berkepala sama, jadi bukan contoh dari satu sumber; usulkan satu per satu (the files have different headers; propose for each alone)")
