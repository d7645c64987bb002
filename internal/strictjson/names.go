package strictjson

import "unsafe"

// names are those of one object so far: a few in an array, more in a map, so that
// the time stays linear.
type names struct {
	some [24][]byte
	n    int
	bits uint64 // one for each name, by its length and ends: most new ones are told by it
	many map[string]struct{}
}

// add reports whether the name was not there.
func (s *names) add(name []byte) bool {
	if s.many != nil {
		return s.addToMany(name)
	}
	hash := len(name)
	if hash > 0 {
		hash += int(name[0])<<1 + int(name[len(name)-1])<<3
	}
	bit := uint64(1) << (hash & 63)
	if s.bits&bit != 0 {
		for _, other := range s.some[:s.n] {
			if string(other) == string(name) {
				return false
			}
		}
	}
	if s.n == len(s.some) {
		s.many = make(map[string]struct{}, 4*len(s.some))
		for _, other := range s.some {
			s.addToMany(other)
		}
		return s.addToMany(name)
	}
	s.bits |= bit
	s.some[s.n] = name
	s.n++
	return true
}

// addToMany does not copy the name: while an object is read nobody writes to it.
func (s *names) addToMany(name []byte) bool {
	before := len(s.many)
	s.many[unsafe.String(unsafe.SliceData(name), len(name))] = struct{}{}
	return len(s.many) > before
}
