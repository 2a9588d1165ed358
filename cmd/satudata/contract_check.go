package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"satudata/catalog/rules"
	"satudata/schemas"
	"satudata/schemas/assess"
)

// errIncomplete ends a command whose findings were already printed.
var errIncomplete = &usage{"kontrak belum memenuhi keempat prinsip (the contract does not meet the four principles yet)"}

func (a *app) contractCheckCommand() *cobra.Command {
	var strict, asJSON bool
	c := &cobra.Command{
		Use: "check [FILE|DATASET[@VERSI]]…", Short: "Apakah kontrak memenuhi empat prinsip Satu Data (does a contract meet the four principles)",
		Long: `Menilai kontrak menurut empat prinsip Satu Data Indonesia (Perpres 39/2019 Ps 3), dengan temuan, tempat dan cara
memperbaikinya. Tanpa FILE atau DATASET semua kontrak ruang kerja dinilai.
Skor = 100 × rata-rata keempat prinsip dari (pertanyaan terpenuhi ÷ pertanyaan diajukan).

(Assesses contracts by the four principles: findings, where they are, how to mend them. Without FILE or DATASET,
every contract of the workspace. Score = 100 × the mean over the four principles of questions met ÷ asked.)

Kode keluar 0 bila keempatnya lolos, 2 bila tidak; dengan --strict peringatan pun menggagalkan.
(Exit code 0 when all four pass, else 2; with --strict warnings fail too.)`,
		RunE: func(cmd *cobra.Command, args []string) error {
			checked, all, err := a.contractsOf(cmd.Context(), args)
			if err != nil {
				return err
			}
			var reports []assess.Report
			passed := true
			for _, c := range checked {
				r := assess.Check(c, all)
				if err := bindRules(cmd.Context(), &r, c, all); err != nil {
					return err
				}
				reports = append(reports, r)
				passed = passed && r.Passed(strict)
			}
			if asJSON {
				err = writeJSON(a.stdout, assessments(reports, strict))
			} else {
				err = printAssessments(a.stdout, reports, strict)
			}
			if err == nil && !passed {
				err = errIncomplete
			}
			return err
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "peringatan juga menggagalkan (warnings fail too)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// bindRules adds to a report which table rules could not be run: they would return every delivery.
func bindRules(ctx context.Context, r *assess.Report, c *schemas.Contract, all []*schemas.Contract) error {
	ref, err := schemas.LoadReference()
	if err != nil {
		return err
	}
	unfit, err := rules.Bind(ctx, c, all, ref)
	if err != nil {
		return err
	}
	var found []assess.Finding
	for _, u := range unfit {
		f := assess.Finding{Severity: assess.Error, Path: "quality." + u.Rule.Name, Line: u.Rule.Line,
			Say:  schemas.Sentence{ID: "aturan " + u.Rule.Name + " tidak dapat dijalankan: " + u.Say.ID, EN: "rule " + u.Rule.Name + " cannot be run: " + u.Say.EN},
			Mend: schemas.Sentence{ID: "perbaiki aturan itu; tanpa perbaikan setiap kiriman melanggarnya", EN: "mend the rule; as it is every delivery breaks it"}, Source: "ODCS v3.1.0, quality"}
		if u.Elsewhere {
			f.Severity = assess.Warning
			f.Mend = schemas.Sentence{ID: "periksa nama dataset, atau taruh kontraknya di folder contracts ruang kerja ini", EN: "check the dataset's name, or put its contract into the workspace's folder contracts"}
		}
		found = append(found, f)
	}
	r.Answer(assess.Interoperability, len(c.TableRules), found)
	return nil
}

// contractsOf reads the contracts that args name, or all of the workspace when there are none; all is
// every contract that they must not be mistaken for. A file may be assessed outside of any workspace.
func (a *app) contractsOf(ctx context.Context, args []string) (named, all []*schemas.Contract, err error) {
	s := a.shelf()
	if len(args) == 0 && s.err != nil {
		return nil, nil, s.err
	}
	for _, dataset := range sortedNames(s.docs.contracts) {
		all = append(all, newest(s.docs.contracts[dataset]))
	}
	if len(args) == 0 {
		return all, all, nil
	}
	for _, arg := range args {
		c, err := s.contract(ctx, arg)
		if err != nil {
			return nil, nil, err
		}
		named = append(named, c)
	}
	return named, all, nil
}

// newest is the contract of the highest version.
func newest(versions map[string]*schemas.Contract) *schemas.Contract {
	var best *schemas.Contract
	for _, c := range versions {
		if best == nil || schemas.CompareVersions(best.Version, c.Version) < 0 {
			best = c
		}
	}
	return best
}

// printAssessments prints each contract's principles and findings, one finding in three lines.
func printAssessments(out io.Writer, reports []assess.Report, strict bool) error {
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s %s: skor (score) %d dari 100\n", r.Dataset, r.Version, r.Score)
		for _, p := range r.Principles {
			verdict := "LOLOS (passed)"
			if !p.Passed(strict) {
				verdict = "BELUM (not passed)"
			}
			fmt.Fprintf(out, "\n%s: %s, %d dari %d terpenuhi\n", p.Name, verdict, p.Met, p.Asked)
			for _, f := range p.Findings {
				fmt.Fprintf(out, "  %s:%d: %s: %s (%s)\n      perbaiki: %s (%s)\n      dasar: %s\n", r.File, f.Line, f.Severity, f.Say.ID, f.Say.EN, f.Mend.ID, f.Mend.EN, f.Source)
			}
		}
	}
	return nil
}

// assessment is a report as JSON.
type assessment struct {
	Dataset    string                `json:"dataset"`
	Version    string                `json:"versi"`
	File       string                `json:"berkas"`
	Score      int                   `json:"skor"` // 0 to 100
	Passed     bool                  `json:"lolos"`
	Principles []principleAssessment `json:"prinsip"`
}

type principleAssessment struct {
	Name     string    `json:"nama"`
	Passed   bool      `json:"lolos"`
	Met      int       `json:"terpenuhi"`
	Asked    int       `json:"diajukan"`
	Findings []finding `json:"temuan"`
}

type finding struct {
	Severity string   `json:"tingkat"` // galat | peringatan
	Line     int      `json:"baris"`
	Path     string   `json:"tempat"`
	Say      sentence `json:"temuan"`
	Mend     sentence `json:"perbaikan"`
	Source   string   `json:"dasar"`
}

// sentence is a sentence in two languages as JSON.
type sentence struct {
	ID string `json:"id"`
	EN string `json:"en"`
}

func assessments(reports []assess.Report, strict bool) []assessment {
	out := make([]assessment, len(reports))
	for i, r := range reports {
		out[i] = assessment{Dataset: r.Dataset, Version: r.Version, File: r.File, Score: r.Score, Passed: r.Passed(strict)}
		for _, p := range r.Principles {
			part := principleAssessment{Name: p.Name, Passed: p.Passed(strict), Met: p.Met, Asked: p.Asked, Findings: []finding{}}
			for _, f := range p.Findings {
				part.Findings = append(part.Findings, finding{string(f.Severity), f.Line, f.Path, sentence(f.Say), sentence(f.Mend), f.Source})
			}
			out[i].Principles = append(out[i].Principles, part)
		}
	}
	return out
}
