package validatortest

import (
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// Validator returns a validator of the issuer's tokens. The edits change its
// configuration, which has the issuer, the audience, the clock and, if no edit
// sets Keys or JWKSURL, the keys from [Issuer.Keys]. It ends with the issuer.
func (is *Issuer) Validator(edits ...func(*validator.Config)) *validator.Validator {
	config := validator.Config{
		Issuer:               is.url,
		Audiences:            []string{is.audience},
		InsecureLoopbackHTTP: is.insecure,
		Clock:                is.clock,
	}
	for _, edit := range edits {
		edit(&config)
	}
	if config.Keys == nil && config.JWKSURL == "" {
		config.Keys = is.Keys()
	}
	v, err := validator.New(config)
	if err != nil {
		is.fatal(err)
	}
	is.closeLater(v.Close)
	return v
}

// Keys returns a source of the issuer's keys, found by discovery and fetched
// through [Issuer.Transport]. The edits change its configuration. It ends with
// the issuer.
func (is *Issuer) Keys(edits ...func(*jwks.Config)) *jwks.Remote {
	config := jwks.Config{
		Issuer:               is.url,
		Transport:            is.transport,
		InsecureLoopbackHTTP: is.insecure,
		Clock:                is.clock,
	}
	for _, edit := range edits {
		edit(&config)
	}
	keys, err := jwks.NewRemote(config)
	if err != nil {
		is.fatal(err)
	}
	is.closeLater(keys.Close)
	return keys
}

func (is *Issuer) closeLater(c func() error) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.closers = append(is.closers, c)
}
