package lake

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/iceberg-go/table"
)

// Iceberg wants the times in a table to increase. When the clock was ahead and was set back, the table is of
// the future, and nothing could be committed until that has come. The order of snapshots is that of
// their sequence numbers, so what is still to come is taken to have been now; the next commit writes that down.

// clockSlack is how far ahead times may be: iceberg-go lets a minute pass, and the clocks of two machines differ.
const clockSlack = 30 * time.Second

// ofFuture says whether a table was changed at a time that is still to come.
func ofFuture(meta table.Metadata) bool {
	return meta.LastUpdatedMillis() > time.Now().Add(clockSlack).UnixMilli()
}

// present is a table none of whose times is still to come.
func present(meta table.Metadata) (table.Metadata, error) {
	now := time.Now().UnixMilli()
	return retimed(meta, func(ms int64) int64 { return min(ms, now) })
}

// retimed is a table with other times.
func retimed(meta table.Metadata, by func(ms int64) int64) (table.Metadata, error) {
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("decode metadata: %w", err)
	}
	if err := retime(fields, "last-updated-ms", by); err != nil {
		return nil, err
	}
	for _, name := range []string{"snapshots", "snapshot-log", "metadata-log"} {
		if fields[name] == nil {
			continue
		}
		var list []map[string]json.RawMessage
		if err := json.Unmarshal(fields[name], &list); err != nil {
			return nil, fmt.Errorf("decode %s of metadata: %w", name, err)
		}
		for _, entry := range list {
			if err := retime(entry, "timestamp-ms", by); err != nil {
				return nil, err
			}
		}
		if fields[name], err = json.Marshal(list); err != nil {
			return nil, fmt.Errorf("encode %s of metadata: %w", name, err)
		}
	}
	if text, err = json.Marshal(fields); err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return table.ParseMetadataBytes(text)
}

// retime changes a time of an object.
func retime(object map[string]json.RawMessage, name string, by func(ms int64) int64) error {
	var ms int64
	if err := json.Unmarshal(object[name], &ms); err != nil {
		return fmt.Errorf("decode %s of metadata: %w", name, err)
	}
	text, err := json.Marshal(by(ms))
	object[name] = text
	return err
}
