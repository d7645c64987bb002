package process

import (
	"io"
	"regexp"
)

// secret matches what must not be in a log: a JWT wherever it stands, and the
// credential after an authentication scheme. A JWT begins with a JSON object, and
// that with { and a quote or white space: "ew" or "ey" in base64url.
var secret = regexp.MustCompile(`\be[wy][A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){2,4}|(?i:\b(bearer|dpop|basic))\s+[A-Za-z0-9._~+/-]+=*`)

// redactor takes secrets out of log records on their way to w, each of which is
// one Write. The library does not log any; a net under the log lines of everything
// else, such as the panic of a handler, makes sure of it.
type redactor struct{ w io.Writer }

func (r redactor) Write(record []byte) (int, error) {
	if _, err := r.w.Write(secret.ReplaceAll(record, []byte("[redacted]"))); err != nil {
		return 0, err
	}
	return len(record), nil
}
