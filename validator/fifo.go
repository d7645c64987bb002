package validator

// fifo is a queue of entries, linked through themselves.
type fifo struct {
	head, tail *entry
	n, bytes   int
}

func (q *fifo) push(e *entry) {
	e.next = nil
	if q.tail == nil {
		q.head = e
	} else {
		q.tail.next = e
	}
	q.tail = e
	q.n++
	q.bytes += int(e.size)
}

func (q *fifo) pop() *entry {
	e := q.head
	if q.head = e.next; q.head == nil {
		q.tail = nil
	}
	e.next = nil
	q.n--
	q.bytes -= int(e.size)
	return e
}
