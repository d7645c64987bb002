package ledger_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// Which of its scopes did a client ever need?
func Example() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		panic(err)
	}
	defer issuer.Close()
	l, err := ledger.New(ledger.Config{
		Ceilings: []ledger.Ceiling{{MaxLifetime: 15 * time.Minute}}, // counted, not refused
	})
	if err != nil {
		panic(err)
	}
	v := issuer.Validator(func(c *validator.Config) { c.OnDecision, c.Check = l.Record, l.Check })

	token := issuer.Mint(validatortest.Client("billing-cron").Scope("orders:read", "orders:write", "orders:admin"))
	_, _, err = validator.NewGuard(v).Authorize(context.Background(), validator.Request{
		Operation: "GET /orders", Requirement: scopes.All("orders:read"), Authorization: []string{"Bearer " + token},
	})
	if err != nil {
		panic(err)
	}

	for _, client := range l.Snapshot().Clients {
		for _, scope := range client.Scopes {
			fmt.Println(client.ClientID, scope.Name, scope.Uses)
		}
		for _, excess := range client.Excesses {
			fmt.Println("over its ceiling:", excess.Excess, excess.Warned)
		}
	}
	// Output:
	// billing-cron orders:admin 0
	// billing-cron orders:read 1
	// billing-cron orders:write 0
	// over its ceiling: lifetime 1
}
