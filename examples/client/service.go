package main

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// callTimeout is how long one call may take, a second try and the token requests
// for it included.
const callTimeout = 30 * time.Second

// service calls the APIs, one call after the other.
type service struct {
	settings
	logger  *slog.Logger
	targets []*target

	made, failed, retried, issued int
}

func newService(s settings, logger *slog.Logger) (*service, error) {
	running := &service{settings: s, logger: logger}
	apis, err := ordersclient.Connect(s.addresses, tokens.NewCache(running), running.onRetry)
	for _, api := range apis {
		running.targets = append(running.targets, &target{Connected: api})
	}
	return running, err
}

// Token gets a token for the cache, and says so.
func (s *service) Token() (*oauth2.Token, error) {
	token, err := s.tokens.Token()
	if err != nil {
		s.logger.Error("no token", "error", err)
		return nil, err
	}
	s.issued++
	// What the server leaves out is as it was asked for (RFC 6749 §5.1).
	scope, _ := token.Extra("scope").(string)
	lifetime := slog.String("lifetime", "not said")
	if !token.Expiry.IsZero() {
		lifetime = slog.Duration("lifetime", time.Until(token.Expiry).Round(time.Second))
	}
	s.logger.Info("token", lifetime, "scope", scope)
	return token, nil
}

func (s *service) onRetry() {
	s.retried++
	s.logger.Warn("the token was refused: once more with a fresh one")
}

// run makes one round after the other, until ctx ends or there were enough. A call
// under way is finished.
func (s *service) run(ctx context.Context) {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	for round := 1; ctx.Err() == nil; round++ {
		s.round(ctx)
		if round == s.rounds {
			break
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	s.logger.Info("done", "calls", s.made, "failed", s.failed, "retried", s.retried, "tokens", s.issued)
}

// round makes every call at every API.
func (s *service) round(ctx context.Context) {
	for _, t := range s.targets {
		for _, o := range s.calls {
			if ctx.Err() != nil {
				return
			}
			s.call(context.WithoutCancel(ctx), t, o)
		}
	}
}

func (s *service) call(ctx context.Context, t *target, o operation) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	result, err := o.call(ctx, t)
	s.made++
	if err != nil {
		s.failed++
		s.logger.Error(o.name, "api", t.Name(), "at", t.At, "error", err)
		return
	}
	s.logger.Info(o.name, "api", t.Name(), "at", t.At, "result", result)
}

func (s *service) exitStatus() int {
	if s.failed > 0 {
		return exitFailed
	}
	return 0
}

func (s *service) close() {
	for _, t := range s.targets {
		t.Close()
	}
}
