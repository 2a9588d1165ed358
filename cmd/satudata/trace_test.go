package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spanpb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
)

// receiver takes traces as an OpenTelemetry collector does, by OTLP over HTTP.
type receiver struct {
	mu    sync.Mutex // guards spans and raw
	spans []*spanpb.Span
	raw   strings.Builder
}

// receive starts a receiver and points the environment at it.
func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var sent tracepb.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL.Path, err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(body)
		for _, rs := range sent.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				r.spans = append(r.spans, ss.Spans...)
			}
		}
	}))
	t.Cleanup(srv.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	return r
}

// tree names every span below its parents, "delivery/append", with its trace.
func (r *receiver) tree(t *testing.T) map[string][]*spanpb.Span {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	byID := map[string]*spanpb.Span{}
	for _, s := range r.spans {
		byID[string(s.SpanId)] = s
	}
	out := map[string][]*spanpb.Span{}
	for _, s := range r.spans {
		path := s.Name
		for p := s; len(p.ParentSpanId) > 0; {
			parent := byID[string(p.ParentSpanId)]
			if parent == nil {
				t.Fatalf("the parent of %s was not sent", path)
			}
			if string(parent.TraceId) != string(p.TraceId) {
				t.Errorf("%s is of another trace than its parent", path)
			}
			path, p = parent.Name+"/"+path, parent
		}
		if s.EndTimeUnixNano < s.StartTimeUnixNano {
			t.Errorf("%s ends before it begins", path)
		}
		out[path] = append(out[path], s)
	}
	return out
}

// TestOneTraceFromSourceToCommit: a delivery's trace has its own id, and all that becomes of it.
func TestOneTraceFromSourceToCommit(t *testing.T) {
	r := receive(t)
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 1)
	deliverPermits(t, dir, 1, 1, 1001)
	must(t, "-C", dir, "land", "--once")
	tree := r.tree(t)
	want := []string{"delivery", "delivery/append", "delivery/land", "delivery/land/commit", "delivery/land/decode", "delivery/land/write",
		"settle", "settle/check", "settle/fold", "settle/publish"}
	var got []string
	for path := range tree {
		got = append(got, path)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("spans %v, want %v", got, want)
	}
	delivery := deliveryIDs(t, dir)[0]
	for path, spans := range tree {
		if id := hex.EncodeToString(spans[0].TraceId); len(spans) != 1 || id != strings.ReplaceAll(delivery, "-", "") {
			t.Errorf("%s: %d spans, of trace %s, want one of %s", path, len(spans), id, delivery)
		}
	}
	for _, m := range messages(t, dir) {
		if got := m.Header("ce_traceparent"); got != fmt.Sprintf("00-%s-%x-01", strings.ReplaceAll(delivery, "-", ""), tree["delivery"][0].SpanId) {
			t.Errorf("the chunk carries the context %q", got)
		}
	}
	must(t, "-C", dir, "verify")
}

// TestBatchOfSeveralDeliveries links to the traces of all.
func TestBatchOfSeveralDeliveries(t *testing.T) {
	r := receive(t)
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 3)
	deliverPermits(t, dir, 3, 1, 1001)
	must(t, "-C", dir, "land", "--once")
	tree := r.tree(t)
	if len(tree["land"]) != 1 || len(tree["land"][0].Links) != 3 || len(tree["delivery"]) != 3 || len(tree["settle"]) != 3 {
		t.Errorf("%d batches, %d deliveries, %d settled", len(tree["land"]), len(tree["delivery"]), len(tree["settle"]))
	}
	if len(tree["fold"]) != 1 || len(tree["fold"][0].Links) != 3 {
		t.Errorf("the fold is in %d spans", len(tree["fold"]))
	}
}

// TestUntraced: without an endpoint chunks carry no context.
func TestUntraced(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 1)
	deliverPermits(t, dir, 1, 1, 101)
	for _, m := range messages(t, dir) {
		for _, h := range m.Headers {
			if h.Key == "ce_traceparent" {
				t.Errorf("a chunk carries the context %q", h.Value)
			}
		}
	}
}

// messages are the chunks of the permits' log.
func messages(t *testing.T, dir string) (found []event.Message) {
	t.Helper()
	l, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	records, err := l.Read(t.Context(), "perizinan.izin", 0, 0, 64<<20)
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, rec := range records {
		found = append(found, rec.Message)
	}
	return found
}

// deliveryIDs are the ids of the deliveries of a workspace.
func deliveryIDs(t *testing.T, dir string) (ids []string) {
	t.Helper()
	var found []struct {
		ID string `json:"pengiriman"`
	}
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "deliveries", "--json")), &found); err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		ids = append(ids, d.ID)
	}
	return ids
}
