package tokens

import (
	"errors"
	"io"
	"os"
	"sync"
)

// maxFile is how large the file of a secret or key may be.
const maxFile = 64 << 10

var errFileSize = errors.New("is too large")

// file is read whenever it is needed, which is for a token request every few
// minutes: nothing has to watch it.
type file struct {
	path string

	mu   sync.Mutex
	good []byte // what was last good for a proof
}

// prove makes a proof from the content of the file. A file that is missing or half
// written at this moment is no reason to stop: the content that was good before
// may still be.
func (f *file) prove(from func(content []byte) (proof, error)) (proof, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, err := f.read()
	if err == nil {
		var made proof
		if made, err = from(content); err == nil {
			f.good = content
			return made, nil
		}
	}
	if f.good != nil {
		return from(f.good)
	}
	return proof{}, err
}

func (f *file) read() ([]byte, error) {
	opened, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	content, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err == nil && len(content) > maxFile {
		return nil, errFileSize
	}
	return content, err
}
