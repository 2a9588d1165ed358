package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"satudata/ingest/durable"
	"satudata/schemas"
)

//go:embed contract_new.tmpl
var skeletonText string

// skeletons are the documents that `contract new` writes. Blanks are empty texts after which "ISI:" says
// what belongs there; the readers refuse a document whose needed blanks are open.
var skeletons = template.Must(template.New("").Parse(skeletonText))

// skeleton is what is known of a new contract.
type skeleton struct {
	Topic, Name, OPD string
	Columns          []skeletonColumn
}

type skeletonColumn struct {
	Name     string
	Element  schemas.Element
	Key      int    // position, 0 for none
	Unit     bool   // the contract must state it
	Source   string // what a source might call it
	IsRegion bool
}

func (a *app) contractNewCommand() *cobra.Command {
	var opd string
	var elements []string
	c := &cobra.Command{
		Use: "new TOPIK.NAMA", Short: "Mulai kontrak dan binding baru (begin a new contract and binding)",
		Long: `Menulis kerangka kontrak, dan dengan --opd kerangka binding, ke folder drafts ruang kerja, dengan penjelasan di
setiap isian. Isian yang kosong ditandai ISI. Berkas yang sudah ada tidak ditimpa.

(Writes a commented skeleton of a contract and, with --opd, of a binding to the workspace's folder drafts. Blanks
are marked ISI. Files that are there already are never overwritten.)`,
		Example: "  satudata contract new perikanan.produksi --opd dkp --from-element wilayah.kabupaten_kota --from-element waktu.tahun --from-element umum.jumlah",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			s, err := newSkeleton(args[0], opd, elements)
			if err != nil {
				return err
			}
			return a.writeSkeleton(w, s)
		},
	}
	c.Flags().StringVar(&opd, "opd", "", "id OPD yang menghasilkan dan mengirim (the OPD that produces and delivers)")
	c.Flags().StringArrayVar(&elements, "from-element", []string{"wilayah.kabupaten_kota", "waktu.tahun", "umum.jumlah"}, "kolom dari elemen bersama, boleh berulang (a column of a shared element)")
	return c
}

var (
	datasetName = regexp.MustCompile(`^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$`)
	opdName     = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func newSkeleton(dataset, opd string, elements []string) (skeleton, error) {
	m := datasetName.FindStringSubmatch(dataset)
	if m == nil {
		return skeleton{}, usageError("%q: tulis topik.nama dengan huruf kecil, misalnya perikanan.produksi (write topic.name in lower case)", dataset)
	}
	if opd != "" && !opdName.MatchString(opd) {
		return skeleton{}, usageError("--opd %q: huruf kecil, angka, _ ; misalnya dkp (lower-case letters, digits, _)", opd)
	}
	s := skeleton{Topic: m[1], Name: m[2], OPD: opd}
	keys := 0
	for _, id := range elements {
		e, ok := schemas.FindElement(id)
		if !ok {
			return s, usageError("--from-element %q: elemen tidak dikenal; yang ada: %s (no such element; there are these)", id, strings.Join(elementNames(), ", "))
		}
		name := id[strings.LastIndex(id, ".")+1:]
		if slices.ContainsFunc(s.Columns, func(c skeletonColumn) bool { return c.Name == name }) {
			return s, usageError("--from-element %s: kolom %q sudah ada (there is a column of that name already)", id, name)
		}
		col := skeletonColumn{Name: name, Element: e, Source: strings.ToUpper(strings.ReplaceAll(name, "_", " ")), IsRegion: e.Region != ""}
		if col.IsRegion || strings.HasPrefix(id, "waktu.") {
			keys++
			col.Key = keys
		}
		col.Unit = e.Unit == "" && e.Additive != nil && col.Key == 0
		s.Columns = append(s.Columns, col)
	}
	return s, nil
}

func elementNames() []string {
	var ids []string
	for _, e := range schemas.Elements() {
		ids = append(ids, e.ID)
	}
	return ids
}

// draft is a document that is not complete yet, where it is written and where it goes when it is. It
// lies apart because an incomplete document in contracts/ or bindings/ stops every command.
type draft struct{ kind, draft, final string }

func (s skeleton) drafts(w *workspace) []draft {
	contract := s.Topic + "." + s.Name
	out := []draft{{"kontrak", w.path("drafts", contract+".kontrak.yaml"), w.path("contracts", contract+".yaml")}}
	if s.OPD != "" {
		binding := s.OPD + "." + s.Name
		out = append(out, draft{"binding", w.path("drafts", binding+".binding.yaml"), w.path("bindings", binding+".yaml")})
	}
	return out
}

// writeSkeleton writes the documents, or none when one of them is there already.
func (a *app) writeSkeleton(w *workspace, s skeleton) error {
	drafts := s.drafts(w)
	texts := make([][]byte, len(drafts))
	for i, d := range drafts {
		for _, file := range []string{d.draft, d.final} {
			if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
				return usageError("%s sudah ada dan tidak ditimpa (is there already and is not overwritten)", file)
			}
		}
		var b bytes.Buffer
		if err := skeletons.ExecuteTemplate(&b, d.kind, s); err != nil {
			return err
		}
		texts[i] = b.Bytes()
	}
	if err := durable.MkdirAll(w.path("drafts")); err != nil {
		return err
	}
	if err := a.writeSchemas(w.path("schemas")); err != nil {
		return err
	}
	for i, d := range drafts {
		if err := durable.WriteFile(d.draft, texts[i]); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, d.draft)
	}
	fmt.Fprintf(a.stdout, "\nLengkapi yang bertanda ISI, periksa, lalu pindahkan (fill in what is marked ISI, check, then move):\n")
	fmt.Fprintf(a.stdout, "  satudata contract check %s\n", drafts[0].draft)
	for _, d := range drafts {
		fmt.Fprintf(a.stdout, "  mv %s %s\n", d.draft, d.final)
	}
	if s.OPD == "" {
		fmt.Fprintln(a.stdout, "Binding belum dibuat: sebutkan --opd (no binding was made: it needs --opd)")
	}
	return nil
}
