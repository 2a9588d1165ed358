package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// outcome is one line of `ingest --json`.
type outcome struct {
	Source   string          `json:"sumber"`
	Subject  string          `json:"berkas"`
	Delivery uuid.UUID       `json:"pengiriman"`
	Status   source.Status   `json:"status"`
	Records  int64           `json:"rekaman"`
	Reason   *event.Sentence `json:"alasan,omitempty"`
}

func (a *app) ingestCommand() *cobra.Command {
	var binding string
	var asJSON, again, land bool
	c := &cobra.Command{
		Use: "ingest [--binding B FILE…]", Short: "Baca kiriman ke log peristiwa (read deliveries into the event log)",
		Long: `Membaca berkas ke log peristiwa menurut binding B. Tanpa FILE: sumber yang disebut satudata.yaml.
Berkas yang sudah pernah dibaca tidak dibaca lagi, kecuali dengan --again; berkas yang isinya berubah adalah kiriman baru; berkas yang
rusak ditolak seluruhnya (kode keluar 3) dan berkas lainnya tetap dibaca. Dengan --land sekaligus didaratkan, diperiksa
dan diterbitkan, dalam satu proses; kode keluar 3 juga bila ada kiriman yang dikembalikan.

(Reads files into the event log under binding B; without files, the sources that satudata.yaml names.
What was read before is not read again, except with --again; a changed file is a new delivery; a broken file is refused as
a whole, exit code 3, and the others are read. With --land what is read is landed, checked and published by the same
process at the same time; exit code 3 also when a delivery was returned.)`,
		RunE: func(c *cobra.Command, files []string) (err error) {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			feeds, err := w.chosen(binding, files)
			if err != nil {
				return err
			}
			if first := feeds[0].begin(c.Context()); first != nil {
				feeds[0].early = first
				defer func() { err = errors.Join(err, first.Close()) }()
			}
			r := reading{out: a.stdout, again: again, quiet: asJSON, ignored: binding == "" || len(files) > 0} // of one source alone, the others may read them
			read := func(ctx context.Context, p parts) error { return r.feeds(ctx, w, p, feeds) }
			if land {
				w.tail = tailBytes
				r.out = &lines{to: a.stdout}
				read = w.whileLanding(&r, read)
			}
			err = w.withParts(c.Context(), func(p parts) error { return read(c.Context(), p) })
			if asJSON {
				err = errors.Join(err, writeJSON(a.stdout, append([]outcome{}, r.done...)))
			}
			return err
		},
	}
	c.Flags().StringVar(&binding, "binding", "", "binding menurut nama <opd>.<sumber> (binding by its id)")
	c.Flags().BoolVar(&again, "again", false, "baca juga berkas yang tidak berubah: untuk kembali ke kiriman lama (read unchanged files too: to go back to an earlier delivery)")
	c.Flags().BoolVar(&land, "land", false, "sekaligus daratkan, sampai semuanya diputuskan (land at the same time, until all is decided)")
	c.Flags().BoolVar(&asJSON, "json", false, "hasil setiap kiriman sebagai JSON")
	return c
}

// reading reads feeds, one after the other, and keeps what became of every delivery.
type reading struct {
	out          io.Writer
	again, quiet bool
	ignored      bool // tell of files that no source reads
	done         []outcome
}

func (r *reading) feeds(ctx context.Context, w *workspace, p parts, feeds []feed) error {
	var errs []error
	told := map[string]bool{}
	for _, f := range feeds {
		if r.ignored && !r.quiet {
			sayIgnored(r.out, told, f.ignored(feeds, false))
		}
		f.again = r.again
		var progress source.Progress
		if !r.quiet {
			progress = source.NewProgress(r.out, terminal(r.out), time.Now)
		}
		done, err := w.ingest(ctx, p, f, progress)
		for _, o := range done {
			r.done = append(r.done, describeOutcome(f, o))
			if o.Status == source.Refused {
				errs = append(errs, fmt.Errorf("%w: %w", errRefused, o.Refusal))
			}
		}
		if err != nil { // the other sources are read all the same
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// chosen are the feeds that the command line asks for.
func (w *workspace) chosen(binding string, files []string) ([]feed, error) {
	docs, err := w.documents()
	if err != nil {
		return nil, err
	}
	if len(files) > 0 {
		if binding == "" {
			return nil, usageError("sebutkan --binding untuk berkas itu; yang ada: %s (name the binding of these files)", known(docs.bindings))
		}
		f, err := w.feed(docs, binding, files)
		return []feed{f}, err
	}
	feeds, err := w.feeds(docs, binding)
	if err == nil && len(feeds) == 0 {
		err = usageError("tidak ada sumber: sebutkan --binding dan berkasnya, atau isi sources di %s (no source: name a binding and files, or fill in sources)", configFile)
	}
	return feeds, err
}

// ingest registers a feed's documents and reads its source to the end.
func (w *workspace) ingest(ctx context.Context, p parts, f feed, progress source.Progress) (done []source.Outcome, err error) {
	src, err := f.source()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := w.register(ctx, p, f); err != nil {
		return nil, err
	}
	return w.read(ctx, p, f, src, progress)
}

func describeOutcome(f feed, o source.Outcome) outcome {
	out := outcome{Source: f.name(), Subject: o.Info.Subject, Delivery: o.Delivery, Status: o.Status, Records: o.Records}
	if o.Refusal != nil {
		out.Reason = &o.Refusal.Reason
	}
	return out
}
