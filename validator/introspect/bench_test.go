package introspect_test

import (
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
)

func TestRememberedAnswersAllocateNothing(t *testing.T) {
	for body, want := range map[string]validator.Code{`{"active":true}`: 0, `{"active":false}`: validator.CodeTokenInactive} {
		c := cannedClient(t, canned{"application/json", body})
		ask(t, c, "token", want)
		ctx := t.Context()
		if n := testing.AllocsPerRun(100, func() { _, _ = c.Introspect(ctx, "token") }); n != 0 {
			t.Errorf("%s: %v allocations", body, n)
		}
	}
}

func BenchmarkRemembered(b *testing.B) {
	for name, body := range map[string]string{"active": `{"active":true}`, "inactive": `{"active":false}`} {
		b.Run(name, func(b *testing.B) {
			c := cannedClient(b, canned{"application/json", body}, func(c *introspect.Config) { c.Clock = nil })
			token := strings.Repeat("x", 43)
			ctx := b.Context()
			_, _ = c.Introspect(ctx, token)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _ = c.Introspect(ctx, token)
				}
			})
			if got := c.Stats(); got.Fetches != 1 {
				b.Errorf("%+v", got)
			}
		})
	}
}
