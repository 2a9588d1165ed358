package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"satudata/catalog"
	"satudata/catalog/rules"
	"satudata/ingest/event"
	"satudata/ingest/eventlog/kafka"
	"satudata/schemas"
	"satudata/transform/pipeline"
)

func (a *app) landCommand() *cobra.Command {
	var once, verbose bool
	c := &cobra.Command{
		Use: "land", Short: "Daratkan log ke tabel (land the log in the tables)",
		Long: `Membaca log peristiwa, menyeragamkan dan memeriksa rekaman, dan mendaratkannya tepat satu kali; lalu memeriksa
dan menerbitkan kiriman yang sudah lengkap. Dengan --once berhenti setelah semuanya mendarat, dengan kode keluar 3 bila
ada kiriman yang dikembalikan.

(Lands the event log exactly once, checks and publishes deliveries that are whole. With --once it
ends when it has caught up, with exit code 3 when a delivery was returned; otherwise it keeps running until it is
interrupted.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			return w.withParts(c.Context(), func(p parts) error {
				sum := &landings{commits: io.Discard, deliveries: a.stdout}
				if verbose {
					sum.commits = a.stdout
				}
				if !once {
					return w.observed(c.Context(), p, func(ctx context.Context) error {
						worker, err := w.worker(p, sum)
						if err != nil {
							return err
						}
						fmt.Fprintf(a.stdout, "%s: mendaratkan yang datang; Ctrl-C untuk berhenti (landing what arrives; Ctrl-C ends)\n", w.cfg.Name)
						return worker.Run(ctx)
					})
				}
				worker, err := w.worker(p, sum)
				if err != nil {
					return err
				}
				if err := worker.Drain(c.Context()); err != nil {
					return err
				}
				fmt.Fprintln(a.stdout, sum)
				return sum.verdict()
			})
		},
	}
	a.opsFlag(c)
	c.Flags().BoolVar(&once, "once", false, "berhenti setelah semuanya mendarat (end when caught up)")
	c.Flags().BoolVar(&verbose, "verbose", false, "satu baris untuk setiap komit (a line for every commit)")
	return c
}

// worker wires a landing worker.
func (w *workspace) worker(p parts, sum *landings) (*pipeline.Worker, error) {
	o, err := w.landing(p, sum)
	if err != nil {
		return nil, err
	}
	return pipeline.New(o), nil
}

// landing is what landing workers work with.
func (w *workspace) landing(p parts, sum *landings) (pipeline.Options, error) {
	ref, err := schemas.LoadReference()
	if err != nil {
		return pipeline.Options{}, err
	}
	judge := rules.NewJudge(rules.Options{Lake: p.lake, Datasets: p.cat, Reference: ref, Logger: w.log,
		MemoryLimit: w.cfg.Query.Memory, Threads: w.cfg.Query.Threads, Timeout: w.cfg.Query.Timeout})
	o := pipeline.Options{
		Judge: judge.Judge, Policy: w.policy(),
		Log: p.log, Lake: p.lake, Governance: p.cat, Reference: ref,
		BatchBytes: w.cfg.Lake.BatchBytes, PollEvery: w.cfg.Lake.PollEvery, Logger: w.log, OnLanded: sum.add, OnDecided: sum.decided, Tracer: w.tracer,
	}
	w.observer.worker(&o)
	if k, ok := p.log.(*kafka.Log); ok {
		o.Share = func(ctx context.Context, topics []string, run func(context.Context, map[string][]int) error) error {
			return k.Assignments(ctx, w.cfg.Log.Kafka.Group, topics, run)
		}
	}
	return o, nil
}

// landings adds up what a worker lands, and prints a line for each commit and for each delivery that
// was decided.
type landings struct {
	commits, deliveries io.Writer

	n, returned                  int
	accepted, rejected, setAside int64
}

func (l *landings) add(b pipeline.Landed) {
	l.n++
	l.accepted += b.Accepted
	l.rejected += b.Rejected
	l.setAside += b.SetAside
	fmt.Fprintf(l.commits, "%s partisi %d: sampai %d, diterima %s, ditolak %s, disisihkan %s\n",
		b.Dataset, b.Partition, b.To, number(b.Accepted), number(b.Rejected), number(b.SetAside))
}

// decided says what became of a delivery, and where to read why rows were rejected.
func (l *landings) decided(d pipeline.Delivery, c event.DeliveryChecked, decision event.Body) {
	status := catalog.Published
	if _, returned := decision.(event.DeliveryReturned); returned {
		status = catalog.Returned
		l.returned++
	}
	fmt.Fprintf(l.deliveries, "%s → %s: %s diterima, %s ditolak, %s disisihkan; %s\n", d.Subject, d.Dataset, number(c.Accepted), number(c.Rejected), number(c.SetAside), status)
	if c.Rejected > 0 && len(c.Reasons) > 0 {
		r := c.Reasons[0]
		fmt.Fprintf(l.deliveries, "    %s × %s [%s] %s\n", number(r.Count), field(r.Field, nil), r.Rule, r.Say.ID)
	}
	if len(c.Warnings) > 0 {
		fmt.Fprintf(l.deliveries, "    %d peringatan (warnings): %s\n", len(c.Warnings), c.Warnings[0].ID)
	}
	for _, found := range c.Findings {
		fmt.Fprintf(l.deliveries, "    %s [%s] %s\n", severityWord(found), found.Rule, found.Say.ID)
	}
	if len(c.Reasons)+len(c.Warnings) > 1 {
		fmt.Fprintf(l.deliveries, "    selengkapnya (all of it): satudata rejects %s\n", short(d.ID))
	}
}

// verdict is the error of deliveries that were returned.
func (l *landings) verdict() error {
	if l.returned == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d dikembalikan; lihat `satudata deliveries` (returned, see deliveries)", errRefused, l.returned)
}

func (l *landings) String() string {
	if l.n == 0 {
		return "Tidak ada yang baru di log (nothing new in the log)"
	}
	return fmt.Sprintf("Mendarat: %s diterima, %s ditolak, %s disisihkan, dalam %d komit (landed: accepted, rejected, set aside, commits)",
		number(l.accepted), number(l.rejected), number(l.setAside), l.n)
}
