// Package jwks gets from an issuer to the public keys that verify its tokens.
//
// A [Source] hands out immutable snapshots ([Set]) of vetted keys ([Key]). [Remote]
// is the one for production: it fetches the key set document (RFC 7517) from a URL
// or finds it through the issuer's metadata (RFC 8414), refreshes it in the
// background and goes on through outages. It can also watch a file (Config.File),
// and keep the last set in one for a start during an outage (Config.CacheFile).
// [Static] is a set that never changes.
//
// What it promises:
//
//   - Reading keys never waits for the network once there is a set, whatever the
//     endpoint does and however many forged key ids arrive.
//   - A new key works at its first use, under a flood of forged ids within 30
//     seconds. A withdrawn key is gone after the next refresh.
//   - Keys are used for at most [Config].MaxStale without the issuer confirming
//     them; then there are none, which is an [UnavailableError] and says nothing
//     about a token.
//   - A set is never replaced by a broken, empty or oversized one.
//   - Every fetch takes at most 5 seconds and reads at most 1 MiB, whatever
//     transport it goes through. It uses https, follows no redirect and keeps no
//     cookie. Where others name the issuer it can be kept to public addresses
//     (Config.PublicAddressesOnly).
//
// What it does not promise: that the keys are the issuer's. That rests on TLS, and
// on the configured URL or issuer; with a file, on who can write to it.
package jwks
