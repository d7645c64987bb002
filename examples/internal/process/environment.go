package process

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
)

// fromEnv reads the environment. The error joins every problem, each naming its
// variable.
func fromEnv(getenv func(string) string, addr string) (*Process, error) {
	tokens, err := validator.ConfigFromEnv(getenv)
	p := &Process{Validator: tokens}
	var problems configerr.List
	p.readAddr(getenv, addr, &problems)
	p.readCertificate(getenv, &problems)
	return p, errors.Join(err, problems.Err())
}

func (p *Process) readAddr(getenv func(string) string, addr string, problems *configerr.List) {
	p.addr = cmp.Or(getenv("ADDR"), addr)
	if port, named := strings.CutPrefix(p.addr, "localhost:"); named {
		// Nobody is asked what this name stands for (RFC 6761 §6.3).
		p.addr = net.JoinHostPort("127.0.0.1", port)
	}
	_, err := net.ResolveTCPAddr("tcp", p.addr)
	problems.Check(err == nil, "ADDR", "must be an IP address and a port, such as 127.0.0.1:8080")
}

func (p *Process) readCertificate(getenv func(string) string, problems *configerr.List) {
	cert, key := getenv("TLS_CERT"), getenv("TLS_KEY")
	switch {
	case cert == "" && key == "":
		return
	case cert == "":
		problems.Add("TLS_CERT", "required with TLS_KEY")
		return
	case key == "":
		problems.Add("TLS_KEY", "required with TLS_CERT")
		return
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		problems.Add("TLS_CERT", "with TLS_KEY: "+err.Error())
		return
	}
	p.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}
