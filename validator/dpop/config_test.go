package dpop_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// problems returns the fields that an error names.
func problems(err error) string {
	var names []string
	for _, problem := range configerr.All(err) {
		names = append(names, problem.Field)
	}
	return strings.Join(names, " ")
}

func TestConfig(t *testing.T) {
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	for _, tt := range []struct {
		name   string
		config dpop.Config
		want   string
	}{
		{"zero", dpop.Config{}, ""},
		{"algorithms", dpop.Config{Algorithms: []string{"ES256", "none", "HS256", "", "es256"}}, "Algorithms[1] Algorithms[2] Algorithms[3] Algorithms[4]"},
		{"all algorithms", dpop.Config{Algorithms: validator.AlgorithmNames()}, ""},
		{"a good URL", dpop.Config{PublicURL: "https://api.example.com/v1"}, ""},
		{"no host", dpop.Config{PublicURL: "https:///v1"}, "PublicURL"},
		{"no scheme", dpop.Config{PublicURL: "api.example.com"}, "PublicURL"},
		{"a query", dpop.Config{PublicURL: "https://api.example.com?x"}, "PublicURL"},
		{"a fragment", dpop.Config{PublicURL: "https://api.example.com#x"}, "PublicURL"},
		{"a user", dpop.Config{PublicURL: "https://u@api.example.com"}, "PublicURL"},
		{"no URL", dpop.Config{PublicURL: "https://api.example.com/%"}, "PublicURL"},
		{"both", dpop.Config{PublicURL: "https://api.example.com", TrustedProxies: []netip.Prefix{prefix}}, "TrustedProxies"},
		{"prefixes", dpop.Config{TrustedProxies: []netip.Prefix{prefix, {}, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("::ffff:10.0.0.0/90")}}, "TrustedProxies[1] TrustedProxies[2] TrustedProxies[4]"},
		{"the longest times", dpop.Config{MaxAge: dpop.MaxMaxAge, Leeway: dpop.MaxLeeway}, ""},
		{"longer times", dpop.Config{MaxAge: dpop.MaxMaxAge + 1, Leeway: dpop.MaxLeeway + 1}, "MaxAge Leeway"},
		{"negative times", dpop.Config{MaxAge: -1, Leeway: -1}, "MaxAge Leeway"},
		{"a store that is none", dpop.Config{Replay: (*dpop.ReplayMemory)(nil)}, "Replay"},
		{"all at once", dpop.Config{Algorithms: []string{"x"}, PublicURL: "x", MaxAge: -1}, "Algorithms[0] PublicURL MaxAge"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := dpop.New(tt.config)
			if got := problems(err); got != tt.want || (v == nil) != (tt.want != "") {
				t.Errorf("%q, want %q (%v)", got, tt.want, err)
			}
		})
	}
}

func TestNonceConfig(t *testing.T) {
	short := make([]byte, dpop.MinNonceKey-1)
	for _, tt := range []struct {
		config dpop.NonceConfig
		want   string
	}{
		{dpop.NonceConfig{}, ""},
		{dpop.NonceConfig{Keys: [][]byte{oldKey, short, nil}}, "Keys[1] Keys[2]"},
		{dpop.NonceConfig{Period: time.Millisecond}, "Period"},
		{dpop.NonceConfig{Period: -time.Second}, "Period"},
		{dpop.NonceConfig{Period: dpop.MaxNoncePeriod + 1}, "Period"},
	} {
		n, err := dpop.NewNonces(tt.config)
		if got := problems(err); got != tt.want || (n == nil) != (tt.want != "") {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if _, err := dpop.NewReplayMemory(0, nil); problems(err) != "maxEntries" {
		t.Errorf("%v", err)
	}
}

func TestScheme(t *testing.T) {
	algorithms := []string{"EdDSA", "ES256"}
	v := newVerifier(t, func(c *dpop.Config) { c.Algorithms, c.Required = algorithms, true })
	algorithms[0] = "RS256"
	got := v.Scheme()
	if got.Name != "DPoP" || !got.Required || !slices.Equal(got.Algorithms, []string{"EdDSA", "ES256"}) || v.Member() != "jkt" {
		t.Errorf("%+v %q", got, v.Member())
	}
	got.Algorithms[0] = "none"
	if v.Scheme().Algorithms[0] != "EdDSA" {
		t.Error("the list is shared")
	}
	if got := newVerifier(t, nil).Scheme(); got.Required || !slices.Equal(got.Algorithms, dpop.DefaultAlgorithms()) {
		t.Errorf("%+v", got)
	}
}
