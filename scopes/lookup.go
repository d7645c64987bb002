package scopes

import "strings"

// HTTP returns the rule for a request by this method, which the router has
// matched to this route. It does not allocate for routes of up to 256 bytes.
//
// The route is what the router calls it, never the path of a request: Pattern of
// an [net/http.Request], Path of an Echo context, RoutePattern of a chi context.
// Names of wildcards need not be those in the policy, nor the way in which they
// are written: {id} is :id, and {rest...} is a final *. The rest is compared
// exactly, the host included: a route with a host needs an entry with it.
//
//   - An entry for GET covers HEAD too, unless HEAD has an entry of its own.
//   - An entry for all methods, "* /orders", covers the methods of the route
//     that have no entry of their own.
//   - If the route says the method, as "GET /orders" does, then that decides,
//     as it did in the router. A request by another method has no rule, except
//     for HEAD, which net/http serves by GET.
//   - An entry without a regular expression covers routes with one that have no
//     entry of their own, "GET /orders/{id}" those of "/orders/{id:[0-9]+}", but
//     not the reverse.
//   - A final slash and {$} are no wildcards: "/orders/" is "/orders/" only.
//   - A colon at the start of a segment makes it a wildcard, even where the
//     router is net/http, for which it is text. A colon within a segment is text:
//     Echo's "/v:id" is "/v:id" only.
//
// The method is empty where it is not known, as when a route is registered. Then
// a route that does not say its method has a rule only if its one entry is for all
// of them; otherwise the method decides, and the time to ask is the request.
func (p *Policy) HTTP(method, route string) (Rule, bool) {
	if b := p.findHTTP(method, route); b != nil {
		return b.rule, true
	}
	return Rule{}, false
}

// findHTTP is HTTP, with the entry.
func (p *Policy) findHTTP(method, pattern string) *binding {
	// What starts with a slash has neither method nor host.
	if pattern != "" && pattern[0] != '/' {
		var ok bool
		if method, pattern, ok = cutVerb(method, pattern); !ok {
			return nil
		}
	}
	if r := p.spelled[pattern]; r != nil {
		if b := r.find(method); b != nil || method == "" {
			return b
		}
	}
	var buffer [256]byte
	for _, expressions := range [...]bool{true, false} {
		if r := p.spelledOtherwise(buffer[:0], pattern, expressions); r != nil {
			// Where the method is not known, the entry of a looser spelling may not be
			// the one that decides: this one has some for methods of its own.
			if b := r.find(method); b != nil || method == "" {
				return b
			}
		}
	}
	return nil
}

// cutVerb takes the method, if there is one, off a pattern of net/http. It is not
// ok if a request by method cannot have been matched to it.
func cutVerb(method, pattern string) (verb, route string, ok bool) {
	i := strings.IndexAny(pattern, " \t")
	if i < 0 {
		return method, pattern, true
	}
	verb, route = pattern[:i], strings.TrimLeft(pattern[i+1:], " \t")
	matches := method == "" || method == verb || method == "HEAD" && verb == "GET"
	return verb, route, matches && verb != "" && verb != "*"
}

// spelledOtherwise looks for the route in its canonical form, which it writes to
// buffer.
func (p *Policy) spelledOtherwise(buffer []byte, pattern string, expressions bool) *route {
	canonical, ok := appendCanonical(buffer, pattern, expressions)
	if !ok {
		return nil
	}
	return p.canonical[string(canonical)]
}

// GRPC returns the rule for a method, "/pkg.Service/Method", that of the method
// before that of its service. It does not allocate.
//
// The name may come from the client, where a server has a handler for unknown
// services, and what stands behind that may take "/s/Delete?x" for "/s/Delete".
// So an entry for a service stands for well-formed names only.
func (p *Policy) GRPC(fullMethod string) (Rule, bool) {
	if b := p.findGRPC(fullMethod); b != nil {
		return b.rule, true
	}
	return Rule{}, false
}

// findGRPC is GRPC, with the entry.
func (p *Policy) findGRPC(fullMethod string) *binding {
	if b := p.methods[fullMethod]; b != nil {
		return b
	}
	// The last slash is where grpc.Server splits, too.
	method := strings.LastIndexByte(fullMethod, '/') + 1
	if !isIdentifier(fullMethod[method:]) {
		return nil
	}
	return p.services[fullMethod[:method]]
}
