// Package validatortest is a test kit for APIs behind a [validator.Validator]:
// an authorization server in the test's own process, tokens good and hostile,
// key rotation, outages, and a clock that is moved by hand.
//
//	issuer := validatortest.Start(t, validatortest.Config{})
//	server := httptest.NewServer(newAPI(issuer.Validator()))
//	token := issuer.Mint(validatortest.Client("billing").Scope("orders:read"))
//
// [Issuer.Validator] is the validator of a production program but for where its
// keys come from: nothing in here makes a [validator.Token] or lets one pass.
// [Issuer.Hostile] lists what an API must refuse, [Issuer.Fail] breaks the
// issuer, [Issuer.Publish], [Issuer.Switch], [Issuer.Retire] and [Issuer.Swap]
// rotate its keys.
//
// An [Issuer] is in memory unless [Config].Loopback is set. One in memory stands
// still with the time of a testing/synctest bubble, so that an outage of an hour
// takes no time at all; a server on the loopback interface cannot be used there.
// It is reached through [Issuer.Transport] only.
//
// To test a handler alone, without the middleware in front of it, [WithToken]
// returns a context with a token that was really validated.
//
// Mistakes in a test, such as a claim that cannot be marshalled, end the test, or
// panic where there is none.
package validatortest
