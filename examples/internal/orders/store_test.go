package orders_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
)

func Example() {
	store := orders.NewStore()
	events, stop := store.Watch()
	defer stop()

	tea, _ := store.Create("tea")
	_, _ = store.Create("milk")
	_ = store.Delete(tea.ID)
	fmt.Println(store.List())
	for range 3 {
		fmt.Println(<-events)
	}
	// Output:
	// [{2 milk}]
	// {created {1 tea}}
	// {created {2 milk}}
	// {deleted {1 tea}}
}

func TestItems(t *testing.T) {
	store := orders.NewStore()
	for item, want := range map[string]error{
		"tea": nil,
		strings.Repeat("é", orders.MaxItemLength):   nil,
		strings.Repeat("x", orders.MaxItemLength+1): orders.ErrItem,
		"":     orders.ErrItem,
		" \t":  orders.ErrItem,
		"\xff": orders.ErrItem,
	} {
		if order, err := store.Create(item); !errors.Is(err, want) || (err == nil) != (order.Item == item && item != "") {
			t.Errorf("%q: %+v, %v; want %v", item, order, err, want)
		}
	}
}

func TestFull(t *testing.T) {
	store := orders.NewStore()
	for range orders.MaxOrders {
		if _, err := store.Create("tea"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Create("tea"); !errors.Is(err, orders.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	if err := store.Delete("1"); err != nil {
		t.Fatal(err)
	}
	order, err := store.Create("tea")
	if err != nil || order.ID == "1" {
		t.Errorf("%+v, %v: there is room again, but not for an id that was taken", order, err)
	}
}

func TestListIsTheCallersOwn(t *testing.T) {
	store := orders.NewStore()
	if list := store.List(); list == nil {
		t.Error("an empty list would be null in JSON")
	}
	tea, _ := store.Create("tea")
	store.List()[0].Item = "coffee"
	if got, err := store.Get(tea.ID); err != nil || got != tea {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNotFound(t *testing.T) {
	store := orders.NewStore()
	for _, id := range []string{"", "1", "01"} {
		if _, err := store.Get(id); !errors.Is(err, orders.ErrNotFound) {
			t.Errorf("get %q: %v", id, err)
		}
		if err := store.Delete(id); !errors.Is(err, orders.ErrNotFound) {
			t.Errorf("delete %q: %v", id, err)
		}
	}
}

// drain returns how many events come before the channel is closed.
func drain(events <-chan orders.Event) (n int) {
	for range events {
		n++
	}
	return n
}

// A watcher that does not read is dropped, and holds up nobody.
func TestSlowWatcher(t *testing.T) {
	store := orders.NewStore()
	slow, stopSlow := store.Watch()
	quick, stopQuick := store.Watch()
	for range 100 {
		_, _ = store.Create("tea")
		<-quick
	}
	if n := drain(slow); n == 0 || n >= 100 {
		t.Errorf("%d events for a watcher that did not read", n)
	}
	stopSlow()
	stopQuick()
	stopQuick()
	if n := drain(quick); n != 0 {
		t.Errorf("%d events after stop", n)
	}
	_, _ = store.Create("tea") // a dropped watcher is not written to
}

func TestCloseEndsWatches(t *testing.T) {
	store := orders.NewStore()
	before, stop := store.Watch()
	defer stop()
	store.Close()
	store.Close()
	after, stop := store.Watch()
	defer stop()
	if n := drain(before) + drain(after); n != 0 {
		t.Errorf("%d events", n)
	}
	if _, err := store.Create("tea"); err != nil {
		t.Errorf("requests under way still finish: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	store := orders.NewStore()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			events, stop := store.Watch()
			defer stop()
			order, _ := store.Create("tea")
			<-events
			_, _ = store.Get(order.ID)
			store.List()
			if err := store.Delete(order.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if left := store.List(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
