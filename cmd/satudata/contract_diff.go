package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"satudata/schemas"
)

// errVersion ends a command that found a version raised by too little; what it needs was already printed.
var errVersion = &usage{"versi dinaikkan kurang dari yang diperlukan (the version is raised by less than the changes need)"}

func (a *app) contractDiffCommand() *cobra.Command {
	var folders []string
	var asJSON bool
	c := &cobra.Command{
		Use: "diff LAMA BARU", Short: "Apa yang putus bila kontrak berganti versi (what breaks between two versions of a contract)",
		Long: `Membandingkan dua versi kontrak: apa yang berubah, mengapa itu putus atau tidak, versi apa yang diperlukan, serta
binding dan kueri ruang kerja yang tidak jalan lagi. LAMA dan BARU adalah berkas, atau dataset@versi dari folder contracts
atau dari katalog. Di luar ruang kerja hanya berkasnya yang dibandingkan.

(Compares two versions of a contract: what changed, why that breaks or does not, which version it needs, and the
workspace's bindings and queries that no longer work. Queries are bound by the query engine against empty tables
of either version. OLD and NEW are files, or dataset@version of the folder contracts or of the catalog.)

Kode keluar 0, atau 2 bila versi BARU dinaikkan kurang dari yang diperlukan.
(Exit code 0, or 2 when the version of NEW is raised by less than the changes need.)`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			s := a.shelf()
			old, err := s.contract(c.Context(), args[0])
			if err != nil {
				return err
			}
			next, err := s.contract(c.Context(), args[1])
			if err != nil {
				return err
			}
			if s.w != nil && s.err != nil {
				return s.err
			}
			return a.diff(c.Context(), s.w, s.docs, old, next, folders, asJSON)
		},
	}
	c.Flags().StringArrayVar(&folders, "queries", nil, "folder kueri *.sql lain (another folder of queries)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// difference is what `contract diff` says, also as JSON.
type difference struct {
	Dataset  string        `json:"dataset"`
	Old      string        `json:"lama"` // version
	Next     string        `json:"baru"`
	Breaking bool          `json:"putus"`
	Needs    string        `json:"perlu"` // level: mayor (major) | minor | tambalan (patch) | -
	Raised   string        `json:"dinaikkan"`
	Enough   bool          `json:"cukup"`
	Changes  []changeInfo  `json:"perubahan"`
	Bindings []brokenThing `json:"binding"`
	Queries  []brokenThing `json:"kueri"`
	Readers  []reader      `json:"aplikasi"` // registered applications that read the old version: whom to tell
}

// reader is a registered application that reads a dataset.
type reader struct {
	ID    string `json:"id"`
	Name  string `json:"nama"`
	Owner string `json:"opd"`
}

type changeInfo struct {
	Column   string   `json:"kolom,omitempty"`
	File     string   `json:"berkas"`
	Line     int      `json:"baris"`
	Breaking bool     `json:"putus"`
	Whom     string   `json:"bagi,omitempty"` // tabel | konsumen | produsen
	Needs    string   `json:"perlu"`
	Say      sentence `json:"perubahan"`
	Why      sentence `json:"sebab"`
}

// brokenThing is a binding or a query that the new version breaks, or whose meaning it changes.
type brokenThing struct {
	Name   string   `json:"nama"`
	Breaks bool     `json:"putus"` // else it goes on, with another meaning
	Why    []string `json:"sebab"`
}

// diff compares two versions and says what in the workspace breaks; w is nil outside of one.
func (a *app) diff(ctx context.Context, w *workspace, docs documents, old, next *schemas.Contract, folders []string, asJSON bool) error {
	if old.ID != next.ID {
		return usageError("%s dan %s adalah dataset yang berbeda (are different datasets)", old.ID, next.ID)
	}
	changes := schemas.Diff(old, next)
	needs, raised := schemas.Needed(changes), schemas.Raised(old, next)
	d := difference{Dataset: next.Dataset, Old: old.Version, Next: next.Version, Needs: needs.String(), Raised: raised.String(), Enough: raised >= needs,
		Changes: []changeInfo{}}
	for _, c := range changes {
		d.Breaking = d.Breaking || c.Breaking()
		d.Changes = append(d.Changes, changeInfo{Column: c.Column, File: next.File, Line: c.Line, Breaking: c.Breaking(), Whom: string(c.Harm),
			Needs: c.Needs.String(), Say: sentence(c.Say), Why: sentence(c.Why)})
	}
	var err error
	if d.Bindings, err = brokenBindings(docs, old, next, changes); err != nil {
		return err
	}
	var queries []string
	d.Queries, d.Readers = []brokenThing{}, []reader{}
	if w != nil {
		if queries, err = w.queryFiles(folders); err != nil {
			return err
		}
		if d.Queries, err = w.brokenQueries(ctx, docs, old, next, changes, queries); err != nil {
			return err
		}
		if d.Readers, err = w.readers(ctx, old.Dataset); err != nil {
			return err
		}
	}
	if asJSON {
		err = writeJSON(a.stdout, d)
	} else {
		printDifference(a.stdout, d, len(queries))
	}
	if err == nil && !d.Enough {
		err = errVersion
	}
	return err
}

// readers are the registered applications in use that read a dataset.
func (w *workspace) readers(ctx context.Context, dataset string) ([]reader, error) {
	out := []reader{}
	err := w.withReader(ctx, func(p parts) error {
		found, err := p.cat.Consumers(ctx, dataset)
		for _, f := range found {
			out = append(out, reader{f.ID, f.Name, f.Owner})
		}
		return err
	})
	return out, err
}

func printDifference(out io.Writer, d difference, queries int) {
	fmt.Fprintf(out, "%s %s → %s\n\n", d.Dataset, d.Old, d.Next)
	for _, c := range d.Changes {
		verdict := "selaras (compatible)"
		if c.Breaking {
			verdict = "PUTUS (breaking) bagi " + c.Whom
		}
		what, whatEN := c.Say.ID, c.Say.EN
		if c.Column != "" && !strings.HasPrefix(what, "kolom ") {
			what, whatEN = "kolom "+c.Column+": "+what, "column "+c.Column+": "+whatEN
		}
		fmt.Fprintf(out, "%s:%d: %s; perlu %s\n    %s (%s)\n    sebab: %s (%s)\n", c.File, c.Line, verdict, c.Needs, what, whatEN, c.Why.ID, c.Why.EN)
	}
	if len(d.Changes) == 0 {
		fmt.Fprintln(out, "Tidak ada perubahan (nothing changed)")
	}
	printBroken(out, "Binding (bindings)", d.Bindings)
	printBroken(out, fmt.Sprintf("Kueri (queries), %d diperiksa", queries), d.Queries)
	fmt.Fprintf(out, "\nAplikasi yang memakai (applications that read it), %d\n", len(d.Readers))
	for _, r := range d.Readers {
		fmt.Fprintf(out, "  %s: %s, %s\n", r.ID, r.Name, r.Owner)
	}
	enough := "cukup (enough)"
	if !d.Enough {
		enough = "KURANG (not enough)"
	}
	fmt.Fprintf(out, "\nPerlu versi %s; dinaikkan %s: %s\n", d.Needs, d.Raised, enough)
}

func printBroken(out io.Writer, title string, list []brokenThing) {
	fmt.Fprintf(out, "\n%s\n", title)
	if len(list) == 0 {
		fmt.Fprintln(out, "  tidak ada yang putus (none breaks)")
	}
	for _, b := range list {
		verdict := "artinya berubah (changes meaning)"
		if b.Breaks {
			verdict = "PUTUS (breaks)"
		}
		fmt.Fprintf(out, "  %s: %s\n", b.Name, verdict)
		for _, why := range b.Why {
			fmt.Fprintf(out, "      %s\n", why)
		}
	}
}

// brokenBindings compiles every binding of the dataset against the next version.
func brokenBindings(docs documents, old, next *schemas.Contract, changes []schemas.Change) ([]brokenThing, error) {
	ref, err := schemas.LoadReference()
	if err != nil {
		return nil, err
	}
	out := []brokenThing{}
	for _, id := range sortedNames(docs.bindings) {
		b := *docs.bindings[id]
		if b.Dataset != old.Dataset {
			continue
		}
		thing := brokenThing{Name: b.File}
		thing.Why = append(thing.Why, faultsOf(&b, next, ref)...)
		thing.Breaks = len(thing.Why) > 0
		if before := faultsOf(&b, old, ref); len(before) > 0 {
			thing.Why = []string{"sudah tidak cocok dengan versi lama (did not fit the old version either): " + before[0]}
		}
		if schemas.Raised(old, next) == schemas.Major {
			thing.Breaks = true
			thing.Why = append(thing.Why, fmt.Sprintf("versi mayor baru: sesudah disesuaikan, tulis contract: %s (a new major version: adapt it, then write this)", next.Version))
		}
		for _, c := range changes {
			if c.Meaning && c.Column != "" && feeds(b, c.Column) {
				thing.Why = append(thing.Why, fmt.Sprintf("mengisi %s: %s (it feeds this column: %s)", c.Column, c.Say.ID, c.Say.EN))
			}
		}
		if len(thing.Why) > 0 {
			out = append(out, thing)
		}
	}
	return out, nil
}

// faultsOf is what keeps a binding from fitting a contract, whichever version it was written for.
func faultsOf(b *schemas.Binding, c *schemas.Contract, ref *schemas.Reference) []string {
	fitted := *b
	fitted.Contract, fitted.Dataset = c.Version, c.Dataset
	_, err := schemas.Compile(c, &fitted, ref)
	var faults schemas.Faults
	if !errors.As(err, &faults) {
		return nil
	}
	return strings.Split(faults.Error(), "\n")
}

// feeds says whether a binding feeds a column.
func feeds(b schemas.Binding, column string) bool {
	for _, s := range b.Columns {
		if s.To == column {
			return true
		}
	}
	if b.Unpivot == nil {
		return false
	}
	for _, d := range b.Unpivot.Names {
		if d.To == column {
			return true
		}
	}
	return b.Unpivot.Value == column
}
