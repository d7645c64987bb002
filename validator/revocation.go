package validator

import "context"

// A Revocation knows tokens that were revoked before they expire. Package
// revocation has one in memory. Implementations are safe for concurrent use.
type Revocation interface {
	// Revoked is asked about every verified token on every request, also about a
	// remembered one. An error means that it cannot tell: the answer is
	// [CodeDependencyUnavailable], unless the error is an [*Error].
	Revoked(ctx context.Context, t *Token) (bool, error)
}

// A ChangingRevocation is a [Revocation] that tells when there is something new, so
// that streams end at once and nobody has to ask again and again.
type ChangingRevocation interface {
	Revocation
	// Changed returns a channel that is closed by the next change.
	Changed() <-chan struct{}
}

// checkRevocation asks whether the token was revoked in the meantime.
func (v *Validator) checkRevocation(ctx context.Context, t *Token) *Error {
	if v.config.Revocation == nil {
		return nil
	}
	revoked, err := v.config.Revocation.Revoked(ctx, t)
	switch {
	case err != nil:
		return outcome(ctx, err, CodeDependencyUnavailable)
	case revoked:
		return NewError(CodeTokenRevoked, nil)
	}
	return nil
}
