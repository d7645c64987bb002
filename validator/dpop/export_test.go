package dpop

// NormalTarget and ParseForwarded are the parsers, for fuzzing.
var NormalTarget = normalTarget

func ParseForwarded(values []string) (proto, host string, ok bool) {
	s, ok := parseForwarded(values)
	return s.proto, s.host, ok
}
