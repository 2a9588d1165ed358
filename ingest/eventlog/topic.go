package eventlog

import (
	"context"
	"fmt"
)

// Creator is a log whose topics can be made before anything is appended to them. Both
// implementations are; [Copy] uses it to keep the number of partitions.
type Creator interface {
	// Create makes a topic with that many partitions, durably. A topic that exists stays as it is,
	// whatever its partitions are. CatalogTopic has one partition, whatever is asked for.
	Create(ctx context.Context, topic string, partitions int) error
}

// maxTopic leaves room for a prefix in the 249 characters that Kafka allows.
const maxTopic = 200

// CheckTopic returns an error that says what is wrong with name as a topic. Every implementation
// takes the names that Kafka takes, so that a log can move.
func CheckTopic(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > maxTopic {
		return fmt.Errorf("topic name %q must have 1 to %d characters and be neither . nor ..", name, maxTopic)
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return fmt.Errorf("topic name %q may only have letters, digits, '.', '_' and '-'", name)
		}
	}
	return nil
}
