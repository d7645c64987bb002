// Package migrating shows the same API behind other JWT middleware, in before,
// and behind bearerguard, in after; its tests show both the same tokens. It is a
// module of its own, so that the library does not depend on any of them.
package migrating
