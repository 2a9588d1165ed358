package embedded

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Changes is a number that is another one after every append, and costs next to nothing to ask for: who
// finds it as it was need not look at the topics.
func (l *Log) Changes(ctx context.Context) (n int64, err error) {
	if err := l.enter(ctx); err != nil {
		return 0, fmt.Errorf("look for changes: %w", err)
	}
	defer l.running.RUnlock()
	err = l.view(func(tx *bolt.Tx) error {
		n = int64(tx.ID())
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("look for changes: %w", err)
	}
	return n, nil
}
