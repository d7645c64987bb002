package devserver

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxBody is room for an assertion of maxAssertion, escaped, and the rest.
const maxBody = 64 << 10

// form holds the parameters of a request. A parameter without a value is not in
// it (RFC 6749 §3.1, §3.2: "treated as if they were omitted").
type form url.Values

// get returns the parameter's value, empty if there is none.
func (f form) get(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

// readForm reads the parameters from the body and from nowhere else.
func readForm(w http.ResponseWriter, r *http.Request) (form, *refusal) {
	// RFC 6749 §2.3.1 and §3.2: parameters travel in the body. Credentials in a
	// URL end up in logs, so that is said instead of passed over.
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return nil, refuse(invalidRequest, "the URL has a query")
	}
	if !isForm(r.Header.Values("Content-Type")) {
		return nil, refuse(invalidRequest, "not application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, refuse(invalidRequest, "the body is too large or broken off")
	}
	return parseForm(string(body))
}

// parseForm reads parameters in application/x-www-form-urlencoded, from a body
// or a query.
func parseForm(encoded string) (form, *refusal) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, refuse(invalidRequest, "the parameters are not form-encoded")
	}
	for name, list := range values {
		if !utf8.ValidString(name) { // RFC 6749 appendix B
			return nil, refuse(invalidRequest, "the name of a parameter is not UTF-8")
		}
		// RFC 6749 §3.1 and §3.2: no parameter more than once, known or not; but
		// RFC 8707 §2 lets "resource" repeat.
		if len(list) > 1 && name != "resource" {
			return nil, refuse(invalidRequest, "a parameter is repeated")
		}
		kept := list[:0]
		for _, value := range list {
			if !utf8.ValidString(value) { // RFC 6749 appendix B
				return nil, refuse(invalidRequest, "a parameter is not UTF-8")
			}
			if value != "" {
				kept = append(kept, value)
			}
		}
		values[name] = kept
	}
	return form(values), nil
}

func isForm(contentType []string) bool {
	if len(contentType) != 1 {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(contentType[0])
	charset, named := params["charset"]
	return err == nil && mediaType == "application/x-www-form-urlencoded" &&
		(!named || strings.EqualFold(charset, "utf-8"))
}
