package validator

import (
	"encoding/binary"
	"sync/atomic"
)

// index finds entries by their digest. Readers take no lock; changes are for who holds
// the lock of the shard. Entries with the same place in the table are linked. While the
// table grows they are linked anew, and a reader may miss one that is there: its
// token is then verified once more. The zero index is empty.
type index struct {
	table atomic.Pointer[[]atomic.Pointer[entry]] // a power of two; nil: empty
}

const (
	firstTable = 8
	perEntry   = 2 // places, at least: a neighbour in a list costs a look at the memory
)

// place is where the list begins that a digest belongs to. Only by trial could somebody
// make lists long, with tokens that are verified, one signature each.
func place(table []atomic.Pointer[entry], d *digest) *atomic.Pointer[entry] {
	return &table[binary.LittleEndian.Uint64(d[8:])&uint64(len(table)-1)]
}

func (x *index) find(d *digest) *entry {
	table := x.table.Load()
	if table == nil {
		return nil
	}
	for e := place(*table, d).Load(); e != nil; e = e.link.Load() {
		if e.digest == *d {
			return e
		}
	}
	return nil
}

// add adds an entry whose digest is not there, and which makes them n.
func (x *index) add(e *entry, n int) {
	table := x.table.Load()
	if table == nil || perEntry*n > len(*table) {
		table = grown(table)
		x.table.Store(table)
	}
	link(*table, e)
}

func link(table []atomic.Pointer[entry], e *entry) {
	first := place(table, &e.digest)
	e.link.Store(first.Load())
	first.Store(e)
}

// grown returns a table of twice the size with the same entries.
func grown(old *[]atomic.Pointer[entry]) *[]atomic.Pointer[entry] {
	if old == nil {
		table := make([]atomic.Pointer[entry], firstTable)
		return &table
	}
	table := make([]atomic.Pointer[entry], 2*len(*old))
	for i := range *old {
		for e := (*old)[i].Load(); e != nil; {
			next := e.link.Load()
			link(table, e)
			e = next
		}
	}
	return &table
}

// remove removes an entry, if it is there. Who is reading it right now goes on from it
// to those that came after.
func (x *index) remove(e *entry) {
	table := x.table.Load()
	for at := place(*table, &e.digest); ; {
		switch other := at.Load(); other {
		case nil:
			return
		case e:
			at.Store(e.link.Load())
			return
		default:
			at = &other.link
		}
	}
}
