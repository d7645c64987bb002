// Package orders is what the orders programs are about, whatever the transport
// and whoever may call: a store of orders in memory, and the events of it.
package orders

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// What a [Store] holds at most.
const (
	MaxOrders     = 10_000
	MaxItemLength = 200 // characters
)

// What a [Store] answers to requests that it cannot fulfil.
var (
	ErrNotFound = errors.New("no such order")
	ErrItem     = errors.New("not an item: a text of 1 to 200 characters")
	ErrFull     = errors.New("no room for another order")
)

// An Order is one order.
type Order struct {
	ID   string `json:"id"`
	Item string `json:"item"`
}

// A Store keeps orders in memory. It is safe for concurrent use.
type Store struct {
	mu       sync.Mutex
	orders   []Order // oldest first
	last     int     // the number that the latest order got as its id
	watchers map[chan Event]struct{}
	closed   bool
}

// NewStore returns an empty Store.
func NewStore() *Store { return &Store{watchers: map[chan Event]struct{}{}} }

// List returns all orders, oldest first. The slice is the caller's own.
func (s *Store) List() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Order{}, s.orders...)
}

// Get returns an order, or [ErrNotFound].
func (s *Store) Get(id string) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(id); i >= 0 {
		return s.orders[i], nil
	}
	return Order{}, ErrNotFound
}

// Create adds an order. The error is [ErrItem] or [ErrFull].
func (s *Store) Create(item string) (Order, error) {
	if strings.TrimSpace(item) == "" || !utf8.ValidString(item) || utf8.RuneCountInString(item) > MaxItemLength {
		return Order{}, ErrItem
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.orders) == MaxOrders {
		return Order{}, ErrFull
	}
	s.last++
	order := Order{ID: strconv.Itoa(s.last), Item: item}
	s.orders = append(s.orders, order)
	s.publish(Event{Kind: Created, Order: order})
	return order, nil
}

// Delete removes an order, or returns [ErrNotFound].
func (s *Store) Delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return ErrNotFound
	}
	order := s.orders[i]
	s.orders = slices.Delete(s.orders, i, i+1)
	s.publish(Event{Kind: Deleted, Order: order})
	return nil
}

func (s *Store) index(id string) int {
	return slices.IndexFunc(s.orders, func(o Order) bool { return o.ID == id })
}
