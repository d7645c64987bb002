package dpop

import (
	"net/url"
	"strings"

	"github.com/bearerguard/bearerguard/validator"
)

// target returns the URL of a request as a client sees it, in normal form.
func (v *Verifier) target(r validator.RequestInfo) (string, bool) {
	received := r.URL()
	if received == nil {
		return "", false
	}
	if v.public != nil {
		prefix := strings.TrimSuffix(v.public.EscapedPath(), "/")
		return normal(v.public.Scheme, v.public.Host, prefix+received.EscapedPath())
	}
	scheme, host := received.Scheme, received.Host
	if v.proxies.Has(r.RemoteAddr()) {
		seen, ok := forwarded(r)
		if !ok {
			return "", false
		}
		if seen.proto != "" {
			scheme = seen.proto
		}
		if seen.host != "" {
			host = seen.host
		}
	}
	return normal(scheme, host, received.EscapedPath())
}

// normalTarget returns an absolute URL without query and fragment (RFC 9449 §4.3
// check 9), in normal form.
func normalTarget(u *url.URL) (string, bool) {
	if u.User != nil {
		return "", false
	}
	return normal(u.Scheme, u.Host, u.EscapedPath())
}

// normal puts a URL together in the normal form of RFC 3986 §6.2.2 and §6.2.3,
// which RFC 9449 §4.3 says to compare. The path is encoded.
func normal(scheme, host, path string) (string, bool) {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host) // §6.2.2.1
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	if port == "" || !isHost(host) {
		return "", false
	}
	// §6.2.3: the default port and an empty one say nothing, and an empty path is
	// "/".
	host = strings.TrimSuffix(strings.TrimSuffix(host, port), ":")
	if path == "" {
		path = "/"
	}
	if host == "" || path[0] != '/' {
		return "", false
	}
	// §6.2.2.2 comes first: dots may be encoded.
	return scheme + "://" + host + withoutDots(decodeUnreserved(path)), true
}

// isHost reports whether a string in lower case can be a host with or without a
// port (RFC 3986 §3.2.2): nothing that would end it, hide another one in it, or
// have several spellings.
func isHost(host string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+;=:[]"
	return host != "" && strings.Trim(host, allowed) == ""
}

const (
	hexDigits  = "0123456789ABCDEF"
	unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" // RFC 3986 §2.3
)

// decodeUnreserved decodes what need not be encoded and spells the rest with
// capital letters (RFC 3986 §6.2.2.1 and §6.2.2.2). Encodings are well-formed, as
// package net/url has looked at them.
func decodeUnreserved(path string) string {
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			out.WriteByte(path[i])
			continue
		}
		octet := strings.ToUpper(path[i+1 : i+3])
		decoded := byte(strings.IndexByte(hexDigits, octet[0])<<4 | strings.IndexByte(hexDigits, octet[1]))
		if strings.IndexByte(unreserved, decoded) >= 0 {
			out.WriteByte(decoded)
		} else {
			out.WriteString("%" + octet)
		}
		i += 2
	}
	return out.String()
}

// withoutDots removes "." and ".." segments from a path that begins with "/" (RFC
// 3986 §6.2.2.3 and §5.2.4). Empty segments stay.
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path[1:], "/")
	kept := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		case ".":
		default:
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "") // "/a/." is "/a/"
		}
	}
	return "/" + strings.Join(kept, "/")
}
