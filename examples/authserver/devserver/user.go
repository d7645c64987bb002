package devserver

import (
	"slices"
	"strings"
)

const userReason = "must be 1 to 64 letters, digits and . _ - + @"

// isUserName reports whether a name may be the "sub" of a token. Without a colon
// it is never a URI by accident (RFC 7519 §2, StringOrURI).
func isUserName(name string) bool {
	return name != "" && len(name) <= 64 && strings.IndexFunc(name, func(r rune) bool {
		letterOrDigit := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letterOrDigit && !strings.ContainsRune("._-+@", r)
	}) < 0
}

// knows reports whether the consent page may be answered in this name. That of a
// client would make the token look like the client's own (RFC 9068 §5).
func (s *Server) knows(user string) bool {
	if len(s.config.Users) > 0 {
		return slices.Contains(s.config.Users, user)
	}
	return isUserName(user) && s.clients.get(user) == nil
}
