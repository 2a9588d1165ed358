package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// messageBytes is how many bytes of values are printed at a time.
const messageBytes = 4 << 20

// benchMessagesCommand prints the messages of a topic as Kafka's console producer reads them, for a
// benchmark in which another program than ours fills the topic.
func (a *app) benchMessagesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "messages TOPIC", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			log, err := w.openLog(c.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, log.Close()) }()
			out := bufio.NewWriterSize(a.stdout, 1<<20)
			if err := printMessages(c.Context(), out, log, args[0]); err != nil {
				return err
			}
			return out.Flush()
		},
	}
}

// printMessages prints "name:value,name:value	key	value" lines.
func printMessages(ctx context.Context, out io.Writer, log eventlog.Log, topic string) error {
	ranges, err := log.Ranges(ctx, topic)
	if err != nil {
		return err
	}
	var line []byte
	for _, r := range ranges {
		for from := r.First; from < r.Next; {
			records, err := log.Read(ctx, topic, r.Partition, from, messageBytes)
			if err != nil {
				return err
			}
			if len(records) == 0 {
				return fmt.Errorf("topic %s partition %d ends at offset %d, not at %d", topic, r.Partition, from, r.Next)
			}
			for _, rec := range records {
				if line, err = appendMessage(line[:0], rec.Message); err != nil {
					return fmt.Errorf("topic %s partition %d offset %d: %w", topic, r.Partition, rec.Offset, err)
				}
				if _, err := out.Write(line); err != nil {
					return err
				}
				from = rec.Offset + 1
			}
		}
	}
	return nil
}

// appendMessage appends the line of a message. The line end behind a record of NDJSON is not sent: who
// sends one JSON object has none.
func appendMessage(line []byte, m event.Message) ([]byte, error) {
	for i, h := range m.Headers {
		if bytes.ContainsAny(h.Value, ",\t\n") {
			return nil, fmt.Errorf("header %s holds %q: a comma, tab or line end cannot be written in a line", h.Key, h.Value)
		}
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(append(line, h.Key...), ':'), h.Value...)
	}
	value := bytes.TrimSuffix(m.Value, []byte("\n"))
	if bytes.ContainsRune(value, '\n') || bytes.ContainsAny([]byte(m.Key), "\t\n") {
		return nil, errors.New("the key or the value has several lines")
	}
	line = append(append(line, '\t'), m.Key...)
	line = append(append(line, '\t'), value...)
	return append(line, '\n'), nil
}
