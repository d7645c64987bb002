package httpmw

import (
	"net/http"

	"github.com/bearerguard/bearerguard/validator"
)

// Deny answers a request that was refused with err, the error of [Auth.Check]:
// status, challenge and body are those of the error table. An err that is not an
// [*validator.Error] is answered as an internal error. A HEAD request gets no
// body. Nothing may have been written to w before.
func (a *Auth) Deny(w http.ResponseWriter, r *http.Request, err error) {
	answer := a.Answer(err)
	contentType, body := a.render(r, answer)
	answer.SetHeader(w.Header())
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(answer.Status())
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// render returns the body that [Config.Body] wants, or the default one.
func (a *Auth) render(r *http.Request, answer Answer) (contentType string, body []byte) {
	if a.body != nil {
		contentType, body = callBody(a.body, r, answer.Refusal())
	}
	if contentType == "" {
		return "application/json", answer.row.json
	}
	return contentType, body
}

// callBody calls a hook. One that panics has nothing to say: the refusal must
// go out all the same.
func callBody(hook func(*http.Request, *validator.Error) (string, []byte), r *http.Request, refusal *validator.Error) (contentType string, body []byte) {
	defer func() {
		if recover() != nil {
			contentType, body = "", nil
		}
	}()
	return hook(r, refusal)
}
