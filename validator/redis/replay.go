package redis

import (
	"context"
	"time"
)

const replayRoom = "replay:"

// replicaSkew is how far the clocks of replicas may be apart: a proof that one
// of them has used up can look fresh to another for so much longer.
const replicaSkew = time.Minute

// Use implements dpop.ReplayStore: it records the key of a proof until the given
// time, and reports whether it was not there yet (RFC 9449 §11.1). Of all
// replicas, one is told so. The error is an [*validator.Error].
func (s *Store) Use(ctx context.Context, key [32]byte, until time.Time) (fresh bool, err error) {
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		fresh, err = s.client.SetNX(ctx, s.key(replayRoom, key), "", s.untilIn(until.Add(replicaSkew))).Result()
		return err
	})
	if err != nil && s.excused(ctx, err) {
		return true, nil
	}
	return fresh, err
}
