// Package ops is how a running satudata is watched: metrics for Prometheus, traces for OpenTelemetry,
// and two answers for whoever restarts it or sends it work:
//
//	/metrics   what it did and where it stands
//	/healthz   is the process alive and do its loops turn? 503 when one is stuck: restart it
//	/readyz    can it do its work? 503 when the log, a catalog, a disk or a dataset is in the way
//
// # Design
//
// The worker and the reader of sources tell [Metrics] and [Health] what they do by way of hooks; where
// things stand is asked of the log, the catalog and the lake when somebody looks, and kept for some
// seconds, so that many who look cost no more than one. Labels are names of datasets, partitions,
// sources, rules and statuses: their number is bounded by what is configured. No value of a record is
// ever a label.
package ops

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"satudata/ingest/event"
)

// Handler serves /metrics, /healthz and /readyz.
func Handler(m *Metrics, h *Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, h.Alive()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { answer(w, h.Ready(r.Context())) })
	return mux
}

func answer(w http.ResponseWriter, r Report) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if !r.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(r) // whoever asked has gone
}

// Serve answers on l until ctx ends.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(ctx)
	if serr := <-ended; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}

// say makes a sentence in both languages.
func say(id, en string) event.Sentence { return event.Sentence{ID: id, EN: en} }
