package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
)

const (
	// keepAlive is how often a silent stream says that it is still there, which
	// is also how a caller that vanished without a word is found out.
	keepAlive = 15 * time.Second
	// writeTimeout is how long the caller may take for one event.
	writeTimeout = 10 * time.Second
)

// ServeEvents streams what happens in the store as server-sent events, from when
// the header arrives: "created" and "deleted" with the order as data. It ends when
// the store is closed, and with the context of the request: when the caller goes,
// and inside of [httpmw.Auth.WhileValid] when the token is not good any more.
func ServeEvents(w http.ResponseWriter, r *http.Request, store *orders.Store) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return // net/http's mux takes it for GET, and there is nothing to wait for
	}
	events, stop := store.Watch()
	defer stop()

	// The server's timeouts are for requests that end. Its read deadline, too: when
	// that passes, the request's context is canceled.
	conn := http.NewResponseController(w)
	if conn.SetReadDeadline(time.Time{}) != nil {
		http.Error(w, "no streams over this connection", http.StatusNotImplemented)
		return
	}
	// Once this returns, the server writes the end of the body.
	defer func() { _ = extend(conn) }()
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for frame := ": watching\n\n"; ; {
		if send(w, conn, frame) != nil {
			return
		}
		select {
		case event, ok := <-events:
			if !ok {
				return
			}
			frame = format(event)
		case <-alive.C:
			frame = ":\n\n"
		case <-r.Context().Done():
			return
		}
	}
}

func send(w io.Writer, conn *http.ResponseController, frame string) error {
	if err := extend(conn); err != nil {
		return err
	}
	if _, err := io.WriteString(w, frame); err != nil {
		return err
	}
	return conn.Flush()
}

func extend(conn *http.ResponseController) error {
	return conn.SetWriteDeadline(time.Now().Add(writeTimeout))
}

// format writes an event in the form of the HTML Standard (§9.2.6). JSON has no
// line breaks in it.
func format(event orders.Event) string {
	data, _ := json.Marshal(event.Order) // two strings always marshal
	return fmt.Sprintf("event: %s\ndata: %s\n\n", event.Kind, data)
}
