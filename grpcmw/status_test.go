package grpcmw_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// grpcCodes says for which codes the answer is not Unauthenticated.
var grpcCodes = map[validator.Code]codes.Code{
	validator.CodeInsufficientScope:     codes.PermissionDenied,
	validator.CodeOperationNotAllowed:   codes.PermissionDenied,
	validator.CodeKeysUnavailable:       codes.Unavailable,
	validator.CodeDependencyUnavailable: codes.Unavailable,
	validator.CodeDeadlineExceeded:      codes.DeadlineExceeded,
	validator.CodeCanceled:              codes.Canceled,
	validator.CodeInternal:              codes.Internal,
}

// Every row of the error table, over the wire. The details are compared whole:
// nothing more is told than the table says.
func TestErrorTable(t *testing.T) {
	var injected error
	conn := serve(t, newAuth(t, authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) {
		return nil, injected
	}), grpcmw.Config{}))
	for code := range validator.Codes() {
		wantCode, ok := grpcCodes[code]
		if !ok {
			wantCode = codes.Unauthenticated
		}
		if codes.Code(code.GRPCStatus()) != wantCode {
			t.Errorf("%v: the table says %v", code, codes.Code(code.GRPCStatus()))
		}
		wantDetails := []proto.Message{&errdetails.ErrorInfo{Reason: code.String(), Domain: "bearerguard"}}
		injected = validator.NewError(code, errors.New("private"))
		if code.Retryable() {
			injected = validator.NewUnavailableError(code, 7*time.Second, errors.New("private"))
			wantDetails = append(wantDetails, &errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
		}
		for _, kind := range kinds {
			who, err := kind.call(with(t, "Bearer token"), conn)
			if got := status.Convert(err); who != "" || got.Code() != wantCode || got.Message() != code.Description() {
				t.Errorf("%s: got %v, want %v %q", kind.name, got, wantCode, code.Description())
			}
			checkDetails(t, fmt.Sprint(kind.name, " ", code), err, wantDetails)
		}
	}
}

func checkDetails(t *testing.T, name string, err error, want []proto.Message) {
	t.Helper()
	got := status.Convert(err).Details()
	if len(got) != len(want) {
		t.Errorf("%s: got details %v, want %v", name, got, want)
		return
	}
	for i := range want {
		if message, ok := got[i].(proto.Message); !ok || !proto.Equal(message, want[i]) {
			t.Errorf("%s: got detail %v, want %v", name, got[i], want[i])
		}
	}
}

func TestInsufficientScopeTellsWhatIsNeeded(t *testing.T) {
	s := newSigner(t)
	conn := serve(t, newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{
		service + "*": scopes.All("orders:read", "orders:write"),
	}}))
	for _, kind := range kinds {
		_, err := kind.call(with(t, s.bearer(t, "orders:read", time.Hour)), conn)
		if status.Code(err) != codes.PermissionDenied {
			t.Errorf("%s: got %v", kind.name, err)
		}
		checkDetails(t, kind.name, err, []proto.Message{&errdetails.ErrorInfo{
			Reason: "INSUFFICIENT_SCOPE", Domain: "bearerguard", Metadata: map[string]string{"scope": "orders:read orders:write"},
		}})
	}
}

// The constraints of google.rpc.ErrorInfo on its reason.
func TestReasonsAreWellFormed(t *testing.T) {
	wellFormed := regexp.MustCompile(`^[A-Z][A-Z0-9_]+[A-Z0-9]$`)
	for code := range validator.Codes() {
		if r := code.String(); !wellFormed.MatchString(r) || len(r) > 63 {
			t.Errorf("%q is not a reason", r)
		}
	}
}

func TestStatus(t *testing.T) {
	if got := grpcmw.Status(nil); got != nil {
		t.Errorf("Status(nil) = %v", got)
	}
	internal := validator.CodeInternal
	tests := map[string]struct {
		err  error
		want validator.Code
	}{
		"direct":                  {validator.NewError(validator.CodeTokenRevoked, nil), validator.CodeTokenRevoked},
		"wrapped":                 {fmt.Errorf("private: %w", validator.NewError(validator.CodeTokenRevoked, nil)), validator.CodeTokenRevoked},
		"another error":           {errors.New("private"), internal},
		"another status":          {status.Error(codes.NotFound, "private"), internal},
		"a code out of the table": {validator.NewError(validator.Code(255), nil), internal},
		"the zero code":           {validator.NewError(0, nil), internal},
		"typed nil":               {(*validator.Error)(nil), internal},
	}
	for name, tt := range tests {
		got := grpcmw.Status(tt.err)
		if got.Code() != codes.Code(tt.want.GRPCStatus()) || got.Message() != tt.want.Description() || reason(t, got.Err()) != tt.want.String() {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	soon := grpcmw.Status(validator.NewUnavailableError(validator.CodeKeysUnavailable, 1500*time.Millisecond, nil))
	checkDetails(t, "rounded up", soon.Err(), []proto.Message{
		&errdetails.ErrorInfo{Reason: "KEYS_UNAVAILABLE", Domain: "bearerguard"},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)},
	})
}

// A status is shared by all calls that are refused for the same reason, so that
// what one caller does with it must not reach another.
func TestStatusCannotBeModified(t *testing.T) {
	err := validator.NewError(validator.CodeTokenExpired, nil)
	grpcmw.Status(err).Proto().Message = "changed"
	if got := grpcmw.Status(err).Message(); got != validator.CodeTokenExpired.Description() {
		t.Errorf("the message is now %q", got)
	}
}
