package httpmw_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/validator"
)

func TestNewReportsEveryProblem(t *testing.T) {
	_, err := httpmw.New(nil, httpmw.Config{Realm: `a"b`, ResourceMetadata: "/metadata"})
	if got, want := fields(t, err), []string{"Authenticator", "Realm", "ResourceMetadata"}; !slices.Equal(got, want) {
		t.Errorf("problems with %q, want %q", got, want)
	}
}

func TestNewChecksFields(t *testing.T) {
	const realm, metadata = "Realm", "ResourceMetadata"
	tests := []struct {
		config httpmw.Config
		want   string // the field, empty: good
	}{
		{httpmw.Config{}, ""},
		{httpmw.Config{Realm: "orders API (v2) ~!"}, ""},
		{httpmw.Config{Realm: `say "hi"`}, realm},
		{httpmw.Config{Realm: `back\slash`}, realm},
		{httpmw.Config{Realm: "two\nlines"}, realm},
		{httpmw.Config{Realm: "\x7f"}, realm},
		{httpmw.Config{Realm: "größe"}, realm},

		{httpmw.Config{ResourceMetadata: "https://api.example.com/.well-known/oauth-protected-resource?a=b"}, ""},
		{httpmw.Config{ResourceMetadata: "http://127.0.0.1:8080/m"}, ""},
		{httpmw.Config{ResourceMetadata: "http://localhost/m"}, ""},
		{httpmw.Config{ResourceMetadata: "http://api.example.com/m"}, metadata},
		{httpmw.Config{ResourceMetadata: "https:/m"}, metadata},
		{httpmw.Config{ResourceMetadata: "https://api.example.com/m#"}, metadata},
		{httpmw.Config{ResourceMetadata: "https://user:secret@api.example.com/m"}, metadata},
		{httpmw.Config{ResourceMetadata: "ftp://api.example.com/m"}, metadata},
		{httpmw.Config{ResourceMetadata: `https://api.example.com/m",x="y`}, metadata},
		{httpmw.Config{ResourceMetadata: "https://api.example.com/größe"}, metadata},
	}
	for _, test := range tests {
		t.Run(test.config.Realm+test.config.ResourceMetadata, func(t *testing.T) {
			auth, err := httpmw.New(adaptertest.NewValidator(nil), test.config)
			if test.want == "" {
				if err != nil || auth == nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if got := fields(t, err); auth != nil || !slices.Equal(got, []string{test.want}) {
				t.Errorf("problems with %q, want %q", got, test.want)
			}
		})
	}
}

// fields returns the fields that the joined problems name.
func fields(t *testing.T, err error) (names []string) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("not a joined error: %v", err)
	}
	for _, problem := range joined.Unwrap() {
		if e, ok := errors.AsType[*httpmw.ConfigError](problem); ok {
			names = append(names, e.Field)
		}
	}
	return names
}

// A nil pointer in an Authenticator is as good as none.
func TestNilValidator(t *testing.T) {
	if auth, err := httpmw.New((*validator.Validator)(nil), httpmw.Config{}); auth != nil || err == nil {
		t.Errorf("New returns %v, %v", auth, err)
	}
}
