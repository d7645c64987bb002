package scopes_test

import (
	"slices"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
)

func TestAppendUses(t *testing.T) {
	granted := scopes.NewSet("a", "b", "c")
	before := []string{"x", "a"}
	tests := []struct {
		required scopes.Requirement
		want     []string
	}{
		{scopes.All("a", "b"), []string{"x", "a", "b"}},
		{scopes.Any("d", "c"), []string{"x", "a", "c"}},
		{scopes.All("b", "d"), []string{"x", "a"}},
		{scopes.Authenticated(), []string{"x", "a"}},
		{scopes.Requirement{}, []string{"x", "a"}},
	}
	for _, tt := range tests {
		if got := tt.required.AppendUses(slices.Clone(before), granted); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q", tt.required, got)
		}
	}
	if got := slices.Collect(granted.All()); !slices.Equal(got, granted.Values()) {
		t.Errorf("All %q", got)
	}
}

func TestUsesWithoutAllocation(t *testing.T) {
	granted := scopes.NewSet("a", "b", "c")
	required := scopes.All("a").And(scopes.Any("d", "c"))
	n := 0
	allocations := testing.AllocsPerRun(100, func() {
		var room [4]string
		n += len(required.AppendUses(room[:0], granted))
		for value := range granted.All() {
			n += len(value)
		}
	})
	if allocations != 0 || n == 0 {
		t.Errorf("%v allocations", allocations)
	}
}
