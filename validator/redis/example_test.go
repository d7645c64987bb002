package redis_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/bearerguard/bearerguard/validator"
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
