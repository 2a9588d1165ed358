package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"satudata/ingest/eventlog"
)

func (a *app) logCommand() *cobra.Command {
	return group(&cobra.Command{Use: "log", Short: "Log peristiwa (the event log)"},
		a.logListCommand(), a.logCopyCommand())
}

func (a *app) logListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "Topik dan isinya (topics and what they hold)", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			log, err := w.openLog(c.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, log.Close()) }()
			held, err := holdings(c.Context(), log)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, held)
			}
			return columns(a.stdout, "TOPIK|PARTISI|DARI|SAMPAI", func(print func(...any)) {
				for _, h := range held {
					print(h.Topic, h.Partition, h.First, h.Next)
				}
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// holding is what one partition of a topic holds: offsets from First up to, not including, Next.
type holding struct {
	Topic     string `json:"topik"`
	Partition int    `json:"partisi"`
	First     int64  `json:"dari"`
	Next      int64  `json:"sampai"`
}

func holdings(ctx context.Context, log eventlog.Log) ([]holding, error) {
	topics, err := log.Topics(ctx)
	if err != nil {
		return nil, err
	}
	held := []holding{}
	for _, t := range topics {
		ranges, err := log.Ranges(ctx, t)
		if err != nil {
			return nil, err
		}
		for _, r := range ranges {
			held = append(held, holding{t, r.Partition, r.First, r.Next})
		}
	}
	return held, nil
}

func (a *app) logCopyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "copy DIR", Short: "Salin log ke ruang kerja lain, misalnya yang memakai Kafka (copy the log to another workspace's log)",
		Long: `Menyalin semua topik log ruang kerja ini ke log ruang kerja DIR: cara pindah dari log tertanam ke Kafka.
Yang sudah disalin dilanjutkan, bukan diulang. Setelah itu jalankan satudata -C DIR land.

(Copies every topic of this workspace's log to the log of workspace DIR: the way from the embedded
log to Kafka. A copy that was interrupted is continued. Then run satudata -C DIR land.)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			from, err := a.workspace()
			if err != nil {
				return err
			}
			target := *a
			target.dir, target.settings = args[0], nil
			to, err := target.workspace()
			if err != nil {
				return err
			}
			src, err := from.openLog(c.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, src.Close()) }()
			dst, err := to.openLog(c.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, dst.Close()) }()
			var told time.Time
			return eventlog.Copy(c.Context(), dst, src, func(topic string, done, total int64) {
				if done == total || time.Since(told) > time.Second {
					told = time.Now()
					fmt.Fprintf(a.stdout, "%s: %s dari %s pesan (messages)\n", topic, number(done), number(total))
				}
			})
		},
	}
}
