package process

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/bearerguard/bearerguard/validator/ledger"
)

// ledgerEvery is how often the ledger is written.
const ledgerEvery = time.Minute

// keepLedger enters what clients do in a ledger and writes its snapshot to file, now
// and then and when the function that comes back is called: what examples/scopereport
// reads. An empty file name is no ledger.
func (p *Process) keepLedger(file string) (done func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	l, err := ledger.New(ledger.Config{Logger: p.Logger})
	if err != nil {
		return nil, err
	}
	p.Validator.OnDecision, p.Validator.Check = l.Record, l.Check
	// Not ended by a context: until the last request is done there is something to
	// enter, and what was entered is written at the end, come what may.
	ending, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		every := time.NewTicker(ledgerEvery)
		defer every.Stop()
		for last := false; !last; {
			select {
			case <-every.C:
			case <-ending:
				last = true
			}
			if err := write(file, l.Snapshot()); err != nil {
				p.Logger.Error("the ledger cannot be written", "error", err)
			}
		}
	}()
	return func() { close(ending); <-ended }, nil
}

// write replaces the file, so that nobody reads half of it.
func write(file string, s ledger.Snapshot) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone if all went well
	if _, err := temporary.Write(append(text, '\n')); err != nil {
		_ = temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
