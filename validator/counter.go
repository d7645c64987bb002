package validator

import (
	"sync/atomic"
	"unsafe"
)

// A counter counts what goroutines on all cores do all the time. It has several places
// to count at, each on a memory line of its own, because a line that two cores write to
// wanders between them, which takes longer than finding a token. The zero counter
// stands at zero.
type counter struct {
	_      [64]byte
	places [8]struct {
		n atomic.Uint64
		_ [56]byte
	}
}

// add adds one. A goroutine counts at one place as long as its stack stays where it is.
func (c *counter) add() {
	var here byte
	stack := uint64(uintptr(unsafe.Pointer(&here))) >> 11 // the smallest stacks have 2 KiB
	c.places[stack*0x9e3779b97f4a7c15>>61].n.Add(1)       // the golden ratio spreads what is near
}

func (c *counter) total() (n uint64) {
	for i := range c.places {
		n += c.places[i].n.Load()
	}
	return n
}
