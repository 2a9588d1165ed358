package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"satudata/schemas"
	"satudata/transform/trial"
)

func (a *app) contractTryCommand() *cobra.Command {
	var contractFile, binding string
	var asJSON bool
	c := &cobra.Command{
		Use: "try [--contract C.yaml --binding B.yaml] FILE…", Short: "Coba berkas tanpa menyimpan apa pun (try files; nothing is stored)",
		Long: `Membaca, menyeragamkan dan memeriksa berkas seperti pendaratan, tanpa menyimpan apa pun: apa yang akan diterima, ditolak dan
mengapa. --binding adalah berkas binding, atau nama <opd>.<sumber> di ruang kerja; --contract berkas kontraknya. Tanpa keduanya:
binding ruang kerja yang sumbernya memuat berkas itu, bila hanya ada satu binding. Kode keluar 3 bila tidak ada yang akan diterima.
Aturan tabel dan aturan baris yang hanya memperingatkan baru diperiksa saat mendarat, karena melihat data yang sudah terbit.

(Reads, normalises and checks files as landing does and stores nothing: what would be accepted, rejected, and why. --binding is a
binding's file, or its id in the workspace; --contract the file of its contract. Exit code 3 when nothing would be accepted.
Table rules and row rules that only warn look at what is published, so they are checked at landing and not here.)`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			plan, err := a.trialPlan(contractFile, binding, files)
			if err != nil {
				return err
			}
			return a.try(c.Context(), plan, files, asJSON)
		},
	}
	c.Flags().StringVar(&contractFile, "contract", "", "berkas kontrak (contract file)")
	c.Flags().StringVar(&binding, "binding", "", "berkas binding, atau namanya di ruang kerja (binding file, or its id in the workspace)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// isYAML says whether a --binding names a file.
func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.ContainsRune(name, os.PathSeparator)
}

// trialPlan compiles the documents that the command line names. When it names both files, no workspace
// is needed.
func (a *app) trialPlan(contractFile, binding string, files []string) (*schemas.Plan, error) {
	ref, err := schemas.LoadReference()
	if err != nil {
		return nil, err
	}
	if contractFile == "" && !isYAML(binding) {
		c, b, err := a.workspaceDocuments(binding, files)
		if err != nil {
			return nil, err
		}
		return schemas.Compile(c, b, ref)
	}
	b, err := readDocument(a.file(binding), schemas.ParseBinding)
	if err != nil {
		return nil, err
	}
	if contractFile == "" {
		c, err := a.workspaceContract(b)
		if err != nil {
			return nil, err
		}
		return schemas.Compile(c, b, ref)
	}
	c, err := readDocument(a.file(contractFile), schemas.ParseContract)
	if err != nil {
		return nil, err
	}
	return schemas.Compile(c, b, ref)
}

// readDocument reads and parses one document.
func readDocument[T any](name string, parse func(string, []byte) (T, error)) (T, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		var none T
		if name == "" {
			return none, usageError("sebutkan --contract dan --binding keduanya (name both --contract and --binding)")
		}
		return none, unreadable(err)
	}
	return parse(name, text)
}

// workspaceDocuments are the documents of a binding of the workspace; when id is empty, of the one whose
// source has the first file, or of the only one.
func (a *app) workspaceDocuments(id string, files []string) (*schemas.Contract, *schemas.Binding, error) {
	w, err := a.workspace()
	if err != nil {
		return nil, nil, err
	}
	docs, err := w.documents()
	if err != nil {
		return nil, nil, err
	}
	if id == "" {
		if id, err = w.bindingOf(files[0]); err != nil {
			return nil, nil, err
		}
	}
	if id == "" && len(docs.bindings) == 1 {
		for id = range docs.bindings {
		}
	}
	if id == "" {
		return nil, nil, usageError("sebutkan --binding; yang ada: %s (name the binding)", known(docs.bindings))
	}
	f, err := w.feed(docs, id, nil)
	return f.contract, f.binding, err
}

// bindingOf is the binding of the source that has file, "" where none or several have it.
func (w *workspace) bindingOf(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	found := map[string]bool{}
	for _, s := range w.cfg.Sources {
		for _, p := range s.Paths {
			p = w.resolve(p)
			same, err := filepath.Match(p, file)
			if err == nil && same || p == file || strings.HasPrefix(file, strings.TrimSuffix(p, string(os.PathSeparator))+string(os.PathSeparator)) {
				found[s.Binding] = true
			}
		}
	}
	if len(found) != 1 {
		return "", nil
	}
	return known(found), nil
}

// workspaceContract finds the contract of a binding in the workspace.
func (a *app) workspaceContract(b *schemas.Binding) (*schemas.Contract, error) {
	w, err := a.workspace()
	if err != nil {
		return nil, err
	}
	docs, err := w.documents()
	if err != nil {
		return nil, err
	}
	return docs.contractOf(b)
}

// try prints what would become of files.
func (a *app) try(ctx context.Context, plan *schemas.Plan, files []string, asJSON bool) error {
	reports := []*trial.Report{}
	err := trial.Run(ctx, plan, files, trial.Options{}, func(r *trial.Report) error {
		reports = append(reports, r)
		if asJSON {
			return nil
		}
		return printTrial(a.stdout, r)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return unreadable(err)
	}
	if err == nil && asJSON {
		err = writeJSON(a.stdout, reports)
	}
	for _, r := range reports {
		if !r.Landable() {
			err = errors.Join(err, fmt.Errorf("%s: %w", r.Subject, errRefused))
		}
	}
	return err
}

// printTrial prints one report for people.
func printTrial(out io.Writer, r *trial.Report) error {
	fmt.Fprintln(out, r.Subject)
	if r.Refused != nil {
		fmt.Fprintf(out, "  DITOLAK SELURUHNYA: %s (REFUSED: %s)\n\n", r.Refused.ID, r.Refused.EN)
		return nil
	}
	fmt.Fprintf(out, "  dibaca %s = diterima %s + ditolak %s + disisihkan %s (read = accepted + rejected + set aside)\n",
		number(r.Read), number(r.Accepted), number(r.Rejected), number(r.SetAside))
	for _, why := range r.Reasons {
		name := field(why.Field, nil)
		if why.Source != "" && why.Source != why.Field {
			name += fmt.Sprintf(" (di berkas: %s)", why.Source)
		}
		fmt.Fprintf(out, "  %7s × %s [%s]\n            %s (%s)\n", number(why.Count), name, why.Rule, why.Say.ID, why.Say.EN)
		for _, e := range why.Examples {
			fmt.Fprintf(out, "            baris %d: %q\n", e.Row, e.Value)
		}
	}
	for _, m := range r.Missing {
		fmt.Fprintf(out, "  kosong (empty): %s × %s\n", number(m.Count), m.Column)
	}
	if len(r.Unread) > 0 {
		fmt.Fprintf(out, "  tidak dipakai (not read): %s\n", strings.Join(r.Unread, ", "))
	}
	for _, m := range r.Warnings {
		fmt.Fprintf(out, "  peringatan: %s (%s)\n", m.ID, m.EN)
	}
	if len(r.NotRun) > 0 {
		fmt.Fprintf(out, "  belum diperiksa, baru saat mendarat (not checked yet, but at landing): %s\n", strings.Join(r.NotRun, ", "))
	}
	for _, h := range r.Hints {
		fmt.Fprintf(out, "  saran: %s (%s)\n", h.ID, h.EN)
	}
	fmt.Fprintln(out)
	if len(r.Rows) == 0 {
		return nil
	}
	err := columns(out, "  "+strings.Join(r.Columns, "|"), func(print func(...any)) {
		for _, row := range r.Rows {
			cells := make([]any, len(row))
			for i, c := range row {
				cells[i] = c
			}
			cells[0] = "  " + row[0]
			print(cells...)
		}
	})
	fmt.Fprintln(out)
	return err
}
