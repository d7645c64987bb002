package grpcmw

// Shadowed returns the names of the operations of [Config.Policy] that are in
// shadow mode, in the order of the policy: what a server should say when it starts.
func (a *Auth) Shadowed() []string {
	if a.rules.policy == nil {
		return nil
	}
	var names []string
	for _, operation := range a.rules.policy.Operations() {
		if operation.Shadow {
			names = append(names, operation.Name)
		}
	}
	return names
}

// ShadowCounts returns how many calls were let in, by operation, that would have
// been refused but for shadow mode, since [New].
func (a *Auth) ShadowCounts() map[string]uint64 { return a.guard.ShadowCounts() }
