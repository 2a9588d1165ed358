package eventlog

import (
	"context"
	"errors"
	"fmt"
)

// Damage is a place of a log that does not hold what was written there.
type Damage struct {
	Topic     string // "" where the log's own book-keeping is damaged
	Partition int    // -1 where it is not known
	Offset    int64  // -1 where it is not known
	Reason    string
}

func (d Damage) String() string {
	switch {
	case d.Topic == "":
		return d.Reason
	case d.Partition < 0:
		return fmt.Sprintf("topic %s: %s", d.Topic, d.Reason)
	case d.Offset < 0:
		return fmt.Sprintf("topic %s partition %d: %s", d.Topic, d.Partition, d.Reason)
	}
	return fmt.Sprintf("topic %s partition %d offset %d: %s", d.Topic, d.Partition, d.Offset, d.Reason)
}

// Checker is a log that can look for damage deeper than reading it does.
type Checker interface {
	// Check reads all that the log holds, as it is when Check begins, and calls found for every
	// damaged place. Appends and reads go on meanwhile. An error says that the log could not be
	// checked to its end; damage is none.
	// Errors: ErrAccess, ErrClosed, and those of the storage.
	Check(ctx context.Context, found func(Damage)) error
}

// checkBytes is how much of a partition Check reads at a time.
const checkBytes = 4 << 20

// Check looks for damage in any log: the log's own way when it is a Checker, and by reading every
// message otherwise. found is called for every damaged place.
func Check(ctx context.Context, log Log, found func(Damage)) error {
	if c, ok := log.(Checker); ok {
		return c.Check(ctx, found)
	}
	topics, err := log.Topics(ctx)
	if err != nil {
		return fmt.Errorf("check log: %w", err)
	}
	for _, topic := range topics {
		ranges, err := log.Ranges(ctx, topic)
		if errors.Is(err, ErrCorrupt) {
			found(Damage{Topic: topic, Partition: -1, Offset: -1, Reason: err.Error()})
			continue
		}
		if err != nil {
			return fmt.Errorf("check topic %s: %w", topic, err)
		}
		for _, r := range ranges {
			if err := checkRange(ctx, log, topic, r, found); err != nil {
				return fmt.Errorf("check topic %s partition %d: %w", topic, r.Partition, err)
			}
		}
	}
	return nil
}

// checkRange reads a partition. Behind a damaged offset it goes on with the next one.
func checkRange(ctx context.Context, log Log, topic string, r Range, found func(Damage)) error {
	for from := r.First; from < r.Next; {
		records, err := log.Read(ctx, topic, r.Partition, from, checkBytes)
		switch {
		case errors.Is(err, ErrCorrupt):
			found(Damage{Topic: topic, Partition: r.Partition, Offset: from, Reason: err.Error()})
			from++
		case errors.Is(err, ErrExpired): // its retention went on meanwhile
			ranges, err := log.Ranges(ctx, topic)
			if err != nil {
				return err
			}
			if r.Partition >= len(ranges) || ranges[r.Partition].First <= from {
				return ErrExpired
			}
			from = ranges[r.Partition].First
		case err != nil:
			return err
		case len(records) == 0:
			return nil
		default:
			from = records[len(records)-1].Offset + 1
		}
	}
	return nil
}
