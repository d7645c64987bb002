package redis_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

// A user has signed out everywhere, at one of several replicas. The Store goes into
// validator.Config.Revocation and, for DPoP, into the replay store of dpop.Config.
func Example() {
	server := miniredis.NewMiniRedis() // instead of a Redis
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client := goredis.NewClient(&goredis.Options{
		Addr:                  server.Addr(),
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,
	})
	defer func() { _ = client.Close() }()
	store, err := redis.New(redis.Config{Client: client})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	ctx := validatortest.WithToken(context.Background(), validatortest.User("alice", "web"))
	token, _ := validator.TokenFrom(ctx)
	const longestLifetime = time.Hour // of the issuer's tokens
	now := time.Now()
	if err := store.RevokeSubject(ctx, token.Issuer(), "alice", now, now.Add(longestLifetime)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Revoked(ctx, token))

	server.Close()
	_, err = store.Revoked(ctx, token)
	fmt.Println(err)
	// Output:
	// true <nil>
	// DEPENDENCY_UNAVAILABLE: The access token cannot be checked at the moment.
}

// A report on what the clients of all replicas have and need: their ledgers are
// published, and anybody who may read Redis adds them up. Printed as JSON, the sum
// is what program examples/scopereport reads.
func ExampleStore_PublishLedger() {
	server := miniredis.NewMiniRedis() // instead of a Redis
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	store, err := redis.New(redis.Config{Client: client})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	running, stop := context.WithCancel(context.Background())
	defer stop()
	var replicas sync.WaitGroup
	for range 3 {
		l, err := ledger.New(ledger.Config{})
		if err != nil {
			fmt.Println(err)
			return
		}
		l.Record(running, validator.Decision{}) // for validator.Config.OnDecision: a request without a token
		replicas.Go(func() {
			if err := store.PublishLedger(running, l, time.Minute); err != nil {
				fmt.Println(err)
			}
		})
	}
	stop() // where a program shuts down, what is new is saved
	replicas.Wait()

	sum, err := store.MergedLedger(context.Background())
	fmt.Println(len(sum.Instances), "replicas,", sum.Anonymous, "requests without a token,", err)
	// Output:
	// 3 replicas, 3 requests without a token, <nil>
}
