package devserver

import (
	"crypto/sha256"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// failureInterval is the time after which one failed authentication is
	// forgiven.
	failureInterval = 2 * time.Second
	// failuresPerAddress is how much more one address may fail than one client:
	// several clients share it.
	failuresPerAddress = 4
	// maxFailing is how many clients, and how many addresses, are counted apart.
	maxFailing = 4096
)

// failures limits how fast authentication may be tried (RFC 6749 §2.3.1: such
// an endpoint must be protected against brute force).
type failures struct{ byClient, byAddress failureCounts }

func newFailures(limit int) *failures {
	return &failures{
		byClient:  newFailureCounts(limit),
		byAddress: newFailureCounts(limit * failuresPerAddress),
	}
}

// wait tells how long whoever says to be this client, and sends from this
// address, has to wait before the next try; zero: it may try. The id is empty
// where there is none.
func (f *failures) wait(clientID, remoteAddr string, now time.Time) time.Duration {
	wait := f.byAddress.wait(addressKey(remoteAddr), now)
	if clientID != "" {
		wait = max(wait, f.byClient.wait(clientID, now))
	}
	return wait
}

// count records a try that failed.
func (f *failures) count(clientID, remoteAddr string, now time.Time) {
	f.byAddress.count(addressKey(remoteAddr), now)
	if clientID != "" {
		f.byClient.count(clientID, now)
	}
}

// addressKey returns what counts as one address: the host, and of an IPv6 host
// the network, because one machine has a whole /64 to choose from.
func addressKey(remoteAddr string) string {
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap(); ip.Is6() && !ip.IsLoopback() {
		network, _ := ip.Prefix(64) // has no zone
		return network.String()
	}
	return ip.String()
}

// failureCounts is a leaky bucket for each key. A bucket is one time: that at
// which the last failure will have been forgiven. It is safe for concurrent use.
type failureCounts struct {
	tolerated time.Duration // the failures that are free, as the time they take to be forgiven

	mu sync.Mutex
	// Keys are hashed, so that their length costs no memory.
	forgiven expiring[[sha256.Size]byte, time.Time]
	// rest is shared by all keys that find no room: memory is bounded and
	// nobody's failures are forgotten.
	rest time.Time
}

func newFailureCounts(limit int) failureCounts {
	return failureCounts{
		tolerated: time.Duration(limit-1) * failureInterval,
		forgiven:  newExpiring[[sha256.Size]byte, time.Time](maxFailing),
	}
}

func (c *failureCounts) wait(key string, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.forgivenAt(sha256.Sum256([]byte(key)), now).Sub(now)-c.tolerated)
}

func (c *failureCounts) count(key string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256([]byte(key))
	later := c.forgivenAt(sum, now).Add(failureInterval)
	if !c.forgiven.put(sum, later, later, now) {
		c.rest = later
	}
}

// forgivenAt returns the time of a key's bucket, which is now if it is empty.
func (c *failureCounts) forgivenAt(sum [sha256.Size]byte, now time.Time) time.Time {
	at, known := c.forgiven.get(sum, now)
	if !known && c.forgiven.full(now) {
		at = c.rest
	}
	if at.Before(now) {
		return now
	}
	return at
}
