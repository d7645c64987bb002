package ordersclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 4 << 20

var errAnswer = errors.New("the answer is not what an orders API sends")

// NewHTTP returns the API at base, such as https://orders.example.com.
func NewHTTP(base *url.URL, client *http.Client) API { return httpAPI{base, client} }

type httpAPI struct {
	base   *url.URL
	client *http.Client
}

func (httpAPI) Name() string { return "http" }

func (a httpAPI) List(ctx context.Context) (int, error) {
	var list rest.List
	err := a.call(ctx, http.MethodGet, nil, &list, "orders")
	return len(list.Orders), err
}

func (a httpAPI) Create(ctx context.Context, item string) (string, error) {
	var order orders.Order
	err := a.call(ctx, http.MethodPost, map[string]string{"item": item}, &order, "orders")
	return order.ID, err
}

func (a httpAPI) Delete(ctx context.Context, id string) error {
	return a.call(ctx, http.MethodDelete, nil, nil, "orders", url.PathEscape(id))
}

func (a httpAPI) WhoAmI(ctx context.Context) (rest.Caller, error) {
	var caller rest.Caller
	err := a.call(ctx, http.MethodGet, nil, &caller, "whoami")
	return caller, err
}

// call sends a request with in as its JSON body, and reads the answer into out;
// both may be nil.
func (a httpAPI) call(ctx context.Context, method string, in, out any, path ...string) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text) // which can be read again, for a second try
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base.JoinPath(path...).String(), body)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.client.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("the answer broke off: %w", err)
	case response.StatusCode >= 300:
		return refusal(response.StatusCode, answer)
	case out != nil && json.Unmarshal(answer, out) != nil:
		return errAnswer
	}
	return nil
}

// refusal takes what refusals of tokens and of orders have in common.
func refusal(status int, answer []byte) error {
	var body struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(answer, &body) // there may be none
	return &Error{Status: strconv.Itoa(status), Reason: body.Error}
}

// withoutURL drops the URL, which the caller knows.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
