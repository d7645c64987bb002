package redis_test

import (
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator/redis"
	goredis "github.com/redis/go-redis/v9"
)

func TestNew(t *testing.T) {
	good := newClient(t, goredis.Options{})
	deaf := goredis.NewClient(&goredis.Options{})
	deafCluster := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	deafRing := goredis.NewRing(&goredis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	cluster := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true})
	ring := goredis.NewRing(&goredis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}, ContextTimeoutEnabled: true})
	t.Cleanup(func() {
		for _, c := range []goredis.UniversalClient{deaf, deafCluster, deafRing, cluster, ring} {
			_ = c.Close()
		}
	})
	tests := []struct {
		name   string
		config redis.Config
		want   []string // the fields with a problem
	}{
		{"good", redis.Config{Client: good}, nil},
		{"a cluster", redis.Config{Client: cluster}, nil},
		{"a ring", redis.Config{Client: ring}, nil},
		{"the longest timeout", redis.Config{Client: good, Timeout: redis.MaxTimeout}, nil},
		{"nothing", redis.Config{}, []string{"Client"}},
		{"a nil client", redis.Config{Client: (*goredis.Client)(nil)}, []string{"Client"}},
		{"a client without deadlines", redis.Config{Client: deaf}, []string{"Client"}},
		{"a cluster without deadlines", redis.Config{Client: deafCluster}, []string{"Client"}},
		{"a ring without deadlines", redis.Config{Client: deafRing}, []string{"Client"}},
		{"negative", redis.Config{Client: good, Timeout: -1}, []string{"Timeout"}},
		{"too long, and no client", redis.Config{Timeout: redis.MaxTimeout + time.Nanosecond}, []string{"Client", "Timeout"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := redis.New(tt.config)
			problems := configerr.All(err)
			if len(problems) != len(tt.want) {
				t.Fatalf("New = %v, want problems with %q", err, tt.want)
			}
			for i, p := range problems {
				if p.Field != tt.want[i] {
					t.Errorf("problem %d is with %s, want %s", i, p.Field, tt.want[i])
				}
			}
			for range 2 { // closing twice does no harm
				if s != nil && s.Close() != nil {
					t.Error("closing failed")
				}
			}
		})
	}
}
