package main

import (
	"context"
	"net"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// apis is the same API in good order and in three kinds of trouble, because some
// rows of the error table are about trouble, and once more for tokens that are bound
// to a key or say nothing by themselves.
type apis struct {
	good        *api // keys are there
	unreachable *api // nothing listens where the keys should be
	deadline    *api // the key endpoint hangs, requests have a deadline
	canceled    *api // the key endpoint hangs, requests are canceled
	bound       *bound
	stop        []func()
}

func startAPIs(auth *authServer) (*apis, error) {
	all := &apis{}
	hanging, err := listenAndHang()
	if err != nil {
		return nil, err
	}
	all.stop = append(all.stop, func() { _ = hanging.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_ = closed.Close()

	asIs := func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
	for _, a := range []struct {
		api    **api
		keys   string // host and port of the key endpoint; empty: discovery
		around contextOf
	}{
		{&all.good, "", asIs},
		{&all.unreachable, closed.Addr().String(), asIs},
		{&all.deadline, hanging.Addr().String(), func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		}},
		{&all.canceled, hanging.Addr().String(), func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		}},
	} {
		var keys jwks.Source // nil: discovered from the issuer
		if a.keys != "" {
			remote, err := jwks.NewRemote(jwks.Config{URL: "http://" + a.keys + "/jwks.json", InsecureLoopbackHTTP: true})
			if err != nil {
				all.close()
				return nil, err
			}
			all.stop = append(all.stop, func() { _ = remote.Close() })
			keys = remote
		}
		v, err := newValidator(auth, keys)
		if err == nil {
			all.stop = append(all.stop, func() { _ = v.Close() })
			*a.api, err = startAPI(v, a.around, nil, nil)
		}
		if err != nil {
			all.close()
			return nil, err
		}
		all.stop = append(all.stop, (*a.api).close)
	}
	if all.bound, err = startBound(); err != nil {
		all.close()
		return nil, err
	}
	all.stop = append(all.stop, all.bound.close)
	return all, nil
}

func (a *apis) close() {
	for _, stop := range a.stop {
		stop()
	}
}

// listenAndHang accepts connections and never answers.
func listenAndHang() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		var open []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			open = append(open, conn)
		}
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	return listener, nil
}
