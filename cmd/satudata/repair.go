package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/ingest/durable"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

func (a *app) repairCommand() *cobra.Command {
	return &cobra.Command{
		Use: "repair [DATASET]", Short: "Pulihkan tabel yang rusak dari log (mend damaged tables from the log)",
		Long: `Mencari yang rusak seperti satudata verify --deep: berkas data, metadata, katalog tabel, proyeksi fakta. Setiap tabel
kembali ke versi terbarunya yang utuh, lalu didaratkan lagi dari log sejak versi itu, dan diganti dalam satu komit.
Bila log tidak lagi memuat yang diperlukan, tabel dibiarkan dan kiriman yang harus dikirim ulang disebutkan (kode keluar 4).

(Looks for damage as satudata verify --deep does: data files, metadata, the table catalog, the projection of the facts. Every
table goes back to its newest version that is whole, lands again from the log from there, and is replaced in one commit.
Where the log no longer holds what that takes, the tables are left alone and the deliveries that must be delivered again are
named (exit code 4). Stop other workers first.)`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return a.repair(c.Context(), w, args)
		},
	}
}

// repair mends the projection first, because it says what must be in the tables.
func (a *app) repair(ctx context.Context, w *workspace, datasets []string) (err error) {
	for _, file := range w.databases() {
		problem, err := lake.CheckSQLite(ctx, file)
		if err != nil {
			return err
		}
		if problem != "" {
			if err := a.setAside(file, problem); err != nil {
				return err
			}
		}
	}
	log, err := w.openLog(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := w.wholeLog(ctx, log); err != nil {
		return err
	}
	if err := a.repairProjection(ctx, w, log); err != nil {
		return err
	}
	return w.withTables(ctx, log, func(p parts) error {
		left, err := a.repairDatasets(ctx, w, p, datasets)
		if err == nil && left > 0 {
			err = errUnproven
		}
		return err
	})
}

// wholeLog makes sure that the log is as long as what has landed of it. From one that was lost, or
// replaced by an old copy, nothing can be mended: what was made of the whole one would be given up.
func (w *workspace) wholeLog(ctx context.Context, log eventlog.Log) (err error) {
	l, err := w.openLake(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	datasets, err := l.Datasets(ctx)
	if err != nil {
		return err
	}
	for _, dataset := range datasets {
		ends := map[int]int64{}
		ranges, err := log.Ranges(ctx, dataset)
		if err != nil && !errors.Is(err, eventlog.ErrNoTopic) {
			return err
		}
		for _, r := range ranges {
			ends[r.Partition] = r.Next
		}
		at, err := l.Positions(ctx, dataset, lake.History)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			continue // it is damaged, and will be mended
		}
		for partition, landed := range at.Offsets {
			if end := ends[partition]; landed > end {
				return fmt.Errorf("log %s partisi %d berakhir di offset %d, padahal %d sudah mendarat: log hilang, atau diganti salinan lama; kembalikan log yang utuh, atau cadangan dengan `satudata restore`. Tidak ada yang diubah "+
					"(the log ends there although more has landed: it was lost, or replaced by an old copy; bring the whole log back, or a backup by `satudata restore`; nothing was changed): %w",
					dataset, partition, end, landed, errUnproven)
			}
		}
	}
	return nil
}

// setAside moves a damaged SQLite file out of the way, with what belongs to it.
func (a *app) setAside(file, problem string) error {
	aside := file + ".rusak-" + time.Now().UTC().Format("20060102T150405")
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(file+end, aside+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	fmt.Fprintf(a.stdout, "%s: %s; disimpan sebagai %s dan dibuat lagi (kept under that name and made anew)\n", file, problem, filepath.Base(aside))
	return durable.SyncDir(filepath.Dir(file))
}

// repairProjection makes the projection anew where it is not what the log makes of it.
func (a *app) repairProjection(ctx context.Context, w *workspace, log eventlog.Log) error {
	file := w.path("state", "catalog.db")
	cat, err := w.openCatalog(ctx, log)
	if errors.Is(err, eventlog.ErrExpired) || lake.Damaged(err) {
		return a.setAside(file, err.Error())
	}
	if err != nil {
		return err
	}
	same, err := cat.Intact(ctx)
	if err = errors.Join(err, cat.Close()); err != nil || same {
		return err
	}
	return a.setAside(file, "tidak sama dengan isi log (is not what the log says)")
}

// repairDatasets returns how many datasets are still damaged.
func (a *app) repairDatasets(ctx context.Context, w *workspace, p parts, datasets []string) (left int, err error) {
	all, err := allDatasets(ctx, p)
	if err != nil {
		return 0, err
	}
	for _, dataset := range datasets {
		if !slices.Contains(all, dataset) {
			return 0, missing("dataset %s tidak ada di log, tabel, maupun fakta (no such dataset in the log, the tables or the facts)", dataset)
		}
	}
	if len(datasets) == 0 {
		datasets = all
	}
	mended := 0
	for _, dataset := range datasets {
		faults, err := damage(ctx, p, dataset)
		if err != nil {
			return left, err
		}
		if len(faults) == 0 {
			continue
		}
		for _, f := range faults {
			fmt.Fprintf(a.stdout, "%s: %s: %s (%s)\n", f.Table, f.File, f.Problem.ID, f.Problem.EN)
		}
		ok, err := a.repairDataset(ctx, w, p, dataset)
		switch {
		case err != nil:
			return left, fmt.Errorf("repair %s: %w", dataset, err)
		case ok:
			mended++
		default:
			left++
		}
	}
	fmt.Fprintf(a.stdout, "%d dataset diperiksa, %d dipulihkan, %d masih rusak (looked at, mended, still damaged)\n", len(datasets), mended, left)
	return left, nil
}

// allDatasets are those of the log, of the lake, and of the facts.
func allDatasets(ctx context.Context, p parts) ([]string, error) {
	topics, err := p.log.Topics(ctx)
	if err != nil {
		return nil, err
	}
	tables, err := p.lake.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	known, err := delivered(p.cat)(ctx)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Concat(tables, topics, known), func(name string) bool { return name == eventlog.CatalogTopic })
	slices.Sort(all)
	return slices.Compact(all), nil
}

// damage is what is wrong with the tables of a dataset. That there are none is damage when something has
// landed in them.
func damage(ctx context.Context, p parts, dataset string) ([]lake.Fault, error) {
	faults, err := p.lake.CheckDeep(ctx, dataset)
	if !errors.Is(err, lake.ErrNotFound) {
		return faults, err
	}
	deliveries, err := p.cat.Deliveries(ctx, dataset)
	landed := slices.ContainsFunc(deliveries, func(d catalog.Delivery) bool { return d.Check != nil })
	if err != nil || !landed {
		return nil, err
	}
	return []lake.Fault{{Table: dataset, File: p.lake.Dir(), Problem: event.Sentence{ID: "tabelnya tidak ada lagi di sini", EN: "has no tables of it any more"}}}, nil
}

// repairDataset brings the tables of a dataset back, or says what keeps it from that.
func (a *app) repairDataset(ctx context.Context, w *workspace, p parts, dataset string) (ok bool, err error) {
	s, err := p.lake.Salvage(ctx, dataset)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	v, err := verifier(p)
	if err != nil {
		return false, err
	}
	lost, begins, err := v.Lost(ctx, dataset, s.At)
	if err != nil {
		return false, err
	}
	if len(lost) > 0 || len(begins) > 0 {
		a.sayLost(dataset, lost, begins)
		return false, nil
	}
	o, err := w.landing(parts{log: p.log, cat: p.cat, lake: s.Lake}, &landings{commits: io.Discard, deliveries: io.Discard})
	if err != nil {
		return false, err
	}
	if err := pipeline.Rebuild(ctx, o, 1, dataset); err != nil {
		return false, err
	}
	kinds, err := s.Restore(ctx)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(a.stdout, "%s: dipulihkan (mended): %v\n", dataset, kinds)
	return true, nil
}

func (a *app) sayLost(dataset string, lost []pipeline.Recorded, begins map[int]int64) {
	for partition, offset := range begins {
		fmt.Fprintf(a.stdout, "%s: log partisi %d baru mulai dari offset %d; yang sebelumnya tidak ada lagi (the log begins there, what was before is gone)\n", dataset, partition, offset)
	}
	fmt.Fprintf(a.stdout, "%s: tabel dibiarkan; %d kiriman tidak lengkap lagi di log. Ambil dari cadangan yang masih memuatnya dengan `satudata restore CADANGAN --into DIR`; "+
		"tanpa cadangan, minta OPD mengirimnya ulang ke ruang kerja baru "+
		"(left alone; these deliveries are no longer whole in the log: take them from a backup that has them with `satudata restore`, or have them delivered again into a new workspace):\n", dataset, len(lost))
	for _, d := range lost {
		fmt.Fprintf(a.stdout, "    %s %s\n", d.Delivery, d.Subject)
	}
}
