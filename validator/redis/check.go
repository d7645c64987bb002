package redis

import (
	"context"
	"strings"
)

// Check asks Redis whether it is there and whether it keeps what it is given: its
// maxmemory-policy must be noeviction. It is for start-up and health checks. In a
// cluster it asks one node.
func (s *Store) Check(ctx context.Context) error {
	var info string
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		info, err = s.client.Info(ctx, "memory").Result()
		return err
	})
	if err != nil {
		return err
	}
	for line := range strings.Lines(info) {
		if policy, ok := strings.CutPrefix(line, "maxmemory_policy:"); ok {
			if strings.TrimSpace(policy) != "noeviction" {
				return errEvicting
			}
			return nil
		}
	}
	return errPolicy
}
