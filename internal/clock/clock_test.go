package clock_test

import (
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
)

func TestElapsed(t *testing.T) {
	from := time.Now()
	tests := []struct {
		name string
		to   time.Time
		want time.Duration
	}{
		{"both agree", from.Add(time.Minute), time.Minute},
		{"monotonic clock stood still", from.Round(0).Add(time.Hour), time.Hour},
		{"clock set back", from.Add(-time.Minute), -time.Minute},
	}
	for _, tt := range tests {
		if got := clock.Elapsed(from, tt.to); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
