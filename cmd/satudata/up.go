package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func (a *app) upCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "up", Short: "Jalankan semuanya dalam satu proses (run everything in one process)",
		Long: `Mengawasi sumber yang disebut satudata.yaml, membaca berkas baru atau berubah ke log, dan mendaratkannya.
Berhenti dengan Ctrl-C setelah komit yang sedang berjalan selesai.

(Watches the sources that satudata.yaml names, reads new and changed files into the log and lands
them. Ends with Ctrl-C after the commit in flight.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			docs, err := w.documents()
			if err != nil {
				return err
			}
			feeds, err := w.feeds(docs, "")
			if err != nil {
				return err
			}
			w.tail = tailBytes
			w.opened = func(addr string) {
				fmt.Fprintf(a.stdout, "Operasi (operations): http://%s/metrics /healthz /readyz\n", addr)
			}
			return w.withParts(c.Context(), func(p parts) error {
				return w.observed(c.Context(), p, func(ctx context.Context) error { return a.up(ctx, w, p, feeds) })
			})
		},
	}
	a.opsFlag(c)
	return c
}

// up runs the watcher and the landing worker until ctx ends or one of them fails:
//
//	watch: folders → log        land: log → lake
//
// Both share one catalog; neither waits for the other.
func (a *app) up(ctx context.Context, w *workspace, p parts, feeds []feed) error {
	worker, err := w.worker(p, &landings{commits: io.Discard, deliveries: a.stdout})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return worker.Run(ctx) })
	g.Go(func() error { return a.watch(ctx, w, p, feeds, worker.Soon) })
	fmt.Fprintf(a.stdout, "%s: mengawasi %d sumber; Ctrl-C untuk berhenti (watching the sources; Ctrl-C ends)\n", w.cfg.Name, len(feeds))
	err = g.Wait()
	if log, ok := p.log.(*sharedLog); ok && err == nil {
		_, err = log.Topics(context.WithoutCancel(ctx)) // which it does not list once its file was removed
	}
	if err == nil {
		fmt.Fprintln(a.stdout, "Berhenti; semua yang sudah dibaca tersimpan (stopped; everything that was read is safe)")
	}
	return err
}
