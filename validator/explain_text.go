package validator

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
)

// String returns the explanation as text of several lines, for people.
func (e *Explanation) String() string {
	var b strings.Builder
	_, _ = e.WriteTo(&b)
	return b.String()
}

// WriteTo writes what [Explanation.String] returns.
func (e *Explanation) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	if e.Code == 0 {
		b.WriteString("accepted\n\n")
	} else {
		fmt.Fprintf(&b, "refused: %v (HTTP %d", e.Code, e.Code.HTTPStatus())
		if e.Code.OAuthError() != "" {
			b.WriteString(" " + e.Code.OAuthError())
		}
		b.WriteString(")\n\n")
	}
	for i := range e.Checks {
		e.Checks[i].write(&b)
	}
	mark := "unverified: anybody can have written this"
	if e.Verified {
		mark = "verified"
	}
	writeFields(&b, "header", mark, e.Header)
	writeFields(&b, "claims", mark, e.Claims)
	if len(e.Granted) > 0 {
		fmt.Fprintf(&b, "\nscopes (%s)\n  %s\n", mark, strings.Join(e.Granted, " "))
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func (c *ExplainedCheck) write(b *strings.Builder) {
	outcome := c.Outcome.String()
	if c.Outcome == Failed {
		outcome = "FAILED"
	}
	fmt.Fprintf(b, "%-15s%-14s%s\n", outcome, c.Name, c.Source)
	if c.Outcome != Failed {
		return
	}
	fmt.Fprintf(b, "    %v: %s\n", c.Code, c.Finding)
	if c.Want != "" {
		fmt.Fprintf(b, "    wanted: %s\n", c.Want)
	}
	fmt.Fprintf(b, "    fix: %s\n", c.Fix)
}

func writeFields(b *strings.Builder, title, mark string, fields []ExplainedField) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s (%s)\n", title, mark)
	for _, f := range fields {
		fmt.Fprintf(b, "  %-13s %s\n", f.Name, f.Value)
	}
}

// MarshalJSON returns the explanation as an object with the members accepted, code,
// http_status, verified, checks, header, claims and scopes. Codes and outcomes are
// their names.
func (e *Explanation) MarshalJSON() ([]byte, error) {
	type check struct {
		Name    string  `json:"name"`
		Source  string  `json:"source"`
		Outcome Outcome `json:"outcome"`
		Code    string  `json:"code,omitzero"`
		Finding string  `json:"finding,omitzero"`
		Want    string  `json:"want,omitzero"`
		Fix     string  `json:"fix,omitzero"`
	}
	type field struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	out := struct {
		Accepted   bool     `json:"accepted"`
		Code       string   `json:"code"`
		HTTPStatus int      `json:"http_status,omitzero"`
		Verified   bool     `json:"verified"`
		Checks     []check  `json:"checks"`
		Header     []field  `json:"header"`
		Claims     []field  `json:"claims"`
		Scopes     []string `json:"scopes"`
	}{Accepted: e.Code == 0, Code: e.Code.String(), Verified: e.Verified, Scopes: e.Granted}
	if e.Code != 0 {
		out.HTTPStatus = e.Code.HTTPStatus()
	}
	for _, c := range e.Checks {
		entry := check{c.Name, c.Source, c.Outcome, "", c.Finding, c.Want, c.Fix}
		if c.Code != 0 {
			entry.Code = c.Code.String()
		}
		out.Checks = append(out.Checks, entry)
	}
	for _, f := range e.Header {
		out.Header = append(out.Header, field(f))
	}
	for _, f := range e.Claims {
		out.Claims = append(out.Claims, field(f))
	}
	return json.Marshal(out)
}
