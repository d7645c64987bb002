package main

import (
	"os/exec"
	"runtime"
)

// openBrowser asks the desktop to open an address. That is a convenience: the
// address was printed, too, and if nothing opens nothing is lost.
func openBrowser(address string) {
	command := map[string][]string{
		"darwin":  {"open"},
		"windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	opening := exec.Command(command[0], append(command[1:], address)...)
	if opening.Start() == nil {
		go func() { _ = opening.Wait() }()
	}
}
