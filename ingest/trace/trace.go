// Package trace follows a delivery from its source to the commit of its rows, in OpenTelemetry spans.
//
// # Design
//
// The id of a delivery, a UUID, is the id of its trace, so whoever has a delivery's number can look up
// its trace, and what another process does with the delivery after a restart joins the same trace:
//
//	delivery                 reading it into the log
//	  append                 a group of chunks, until it is durable
//	  land                   a batch of the landing worker
//	    decode, write        run side by side; busy_seconds says how much work each was
//	    commit
//	settle
//	  check, publish, fold
//
// A chunk carries the context of its delivery's span in the header ce_traceparent (CloudEvents
// distributed tracing extension). A batch with chunks of several deliveries has a trace of its own that
// links to theirs. A nil Tracer makes no spans and costs nothing worth mentioning.
//
// Attributes are names, ids and counts. Values of records never become attributes, and neither do the
// texts of errors, which may quote them.
package trace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Attr is an attribute of a span.
type Attr = attribute.KeyValue

// String makes an attribute of a name or an id.
func String(key, value string) Attr { return attribute.String(key, value) }

// Int makes an attribute of a count.
func Int(key string, value int64) Attr { return attribute.Int64(key, value) }

// Seconds makes an attribute of a duration.
func Seconds(key string, d time.Duration) Attr { return attribute.Float64(key, d.Seconds()) }

// Tracer makes spans. It may be used concurrently; nil makes none.
type Tracer struct{ spans oteltrace.Tracer }

// New returns a tracer whose spans t records. The provider of t must use [IDs].
func New(t oteltrace.Tracer) *Tracer { return &Tracer{t} }

// Span is a span that has begun. The zero value is none.
type Span struct{ s oteltrace.Span }

// Start begins a span below that of ctx.
func (t *Tracer) Start(ctx context.Context, name string, attrs ...Attr) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, s := t.spans.Start(ctx, name, oteltrace.WithAttributes(attrs...))
	return ctx, Span{s}
}

// StartIn begins a span at the top of the trace of a delivery.
func (t *Tracer) StartIn(ctx context.Context, delivery uuid.UUID, name string, attrs ...Attr) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx = context.WithValue(ctx, deliveryKey{}, delivery)
	ctx, s := t.spans.Start(ctx, name, oteltrace.WithNewRoot(), oteltrace.WithAttributes(attrs...))
	return ctx, Span{s}
}

// StartUnder begins a span, as of a time, below the only one of parents, or, when there are several or
// none, in a trace of its own that links to them. Parents are as [Span.Parent] wrote them; others are left out.
func (t *Tracer) StartUnder(ctx context.Context, from time.Time, parents []string, name string, attrs ...Attr) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	var known []oteltrace.SpanContext
	for _, p := range parents {
		carrier := propagation.MapCarrier{"traceparent": p}
		if c := oteltrace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier)); c.IsValid() {
			known = append(known, c)
		}
	}
	options := []oteltrace.SpanStartOption{oteltrace.WithTimestamp(from), oteltrace.WithAttributes(attrs...)}
	if len(known) == 1 {
		ctx = oteltrace.ContextWithRemoteSpanContext(ctx, known[0])
	} else {
		ctx = context.WithValue(ctx, deliveryKey{}, uuid.Nil)
		options = append(options, oteltrace.WithNewRoot())
		for _, c := range known {
			options = append(options, oteltrace.WithLinks(oteltrace.Link{SpanContext: c}))
		}
	}
	ctx, s := t.spans.Start(ctx, name, options...)
	return ctx, Span{s}
}

// Add records a span below that of ctx that has ended already.
func (t *Tracer) Add(ctx context.Context, name string, from, to time.Time, attrs ...Attr) {
	if t == nil {
		return
	}
	_, s := t.spans.Start(ctx, name, oteltrace.WithTimestamp(from), oteltrace.WithAttributes(attrs...))
	s.End(oteltrace.WithTimestamp(to))
}

// Set adds attributes.
func (s Span) Set(attrs ...Attr) {
	if s.s != nil {
		s.s.SetAttributes(attrs...)
	}
}

// End ends a span. Of an error it keeps the type.
func (s Span) End(err error) {
	if s.s == nil {
		return
	}
	if err != nil {
		s.s.SetAttributes(attribute.String("error.type", kind(err)))
		s.s.SetStatus(codes.Error, "")
	}
	s.s.End()
}

// kind is the type of the innermost error.
func kind(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return fmt.Sprintf("%T", err)
		}
		err = inner
	}
}

// Parent writes the context of a span as a W3C traceparent, "" for none.
func (s Span) Parent() string {
	if s.s == nil {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(oteltrace.ContextWithSpan(context.Background(), s.s), carrier)
	return carrier.Get("traceparent")
}

type deliveryKey struct{}

// IDs names traces after deliveries, and spans and other traces at random.
type IDs struct{}

// NewIDs implements the SDK's IDGenerator.
func (g IDs) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	var id oteltrace.TraceID
	if delivery, ok := ctx.Value(deliveryKey{}).(uuid.UUID); ok && delivery != uuid.Nil {
		id = oteltrace.TraceID(delivery)
	} else {
		_, _ = rand.Read(id[:]) // never fails
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements the SDK's IDGenerator.
func (IDs) NewSpanID(context.Context, oteltrace.TraceID) oteltrace.SpanID {
	var id oteltrace.SpanID
	_, _ = rand.Read(id[:])
	return id
}
