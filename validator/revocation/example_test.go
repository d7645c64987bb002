package revocation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/revocation"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// A user has signed out everywhere. The List goes into validator.Config.Revocation,
// which then asks it on every request.
func Example() {
	list, err := revocation.New(revocation.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := validatortest.WithToken(context.Background(), validatortest.User("alice", "web"))
	token, _ := validator.TokenFrom(ctx)
	fmt.Println(list.Revoked(ctx, token))

	const longestLifetime = time.Hour // of the issuer's tokens
	now := time.Now()
	if err := list.RevokeSubject(ctx, token.Issuer(), "alice", now, now.Add(longestLifetime)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(list.Revoked(ctx, token))
	// Output:
	// false <nil>
	// true <nil>
}
