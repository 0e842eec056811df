package connect

import (
	"errors"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/secret"
)

func TestCredentialGoesWhereItIsSealedFor(t *testing.T) {
	const here = "https://shop.example/api"
	for name, c := range map[string]struct {
		change func(*fixture, *secret.Envelope)
		want   error // nil: it opens
	}{
		"as sealed":              {func(*fixture, *secret.Envelope) {}, nil},
		"a wider prefix":         {func(_ *fixture, e *secret.Envelope) { e.Bind = bindings(t, "https://shop.example/") }, nil},
		"another host":           {func(_ *fixture, e *secret.Envelope) { e.Bind = bindings(t, "https://other.example/api") }, ErrOtherHost},
		"another port":           {func(_ *fixture, e *secret.Envelope) { e.Bind = bindings(t, "https://shop.example:8443/api") }, ErrOtherHost},
		"a narrower prefix":      {func(_ *fixture, e *secret.Envelope) { e.Bind = bindings(t, "https://shop.example/api/v2") }, ErrOtherHost},
		"another application":    {func(_ *fixture, e *secret.Envelope) { e.Application = "erp" }, secret.CredentialNotForHere},
		"another environment":    {func(_ *fixture, e *secret.Envelope) { e.Environments = []string{"staging"} }, secret.CredentialNotForHere},
		"people":                 {func(_ *fixture, e *secret.Envelope) { e.Use = secret.UseLocal }, secret.CredentialNotForHere},
		"expired":                {func(_ *fixture, e *secret.Envelope) { e.Expires = "2026-05-03" }, secret.CredentialExpired},
		"another repository":     {func(f *fixture, _ *secret.Envelope) { f.vault.RepositoryID = "another" }, secret.CredentialAltered},
		"another agent's":        {func(f *fixture, _ *secret.Envelope) { f.vault.Identity = newFixture(t, here).id }, secret.NotRecipient},
		"no endpoint sealed for": {func(f *fixture, _ *secret.Envelope) { f.app.endpoint = "https://elsewhere.example/" }, ErrOtherHost},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, here)
			e := f.envelope(t, here)
			c.change(f, &e)
			h, err := f.pool.Open(t.Context(), model(t, create(t, e, "canary")), "shop")
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err != nil {
				if strings.Contains(err.Error(), "canary") || f.app.opened.Load() != 0 {
					t.Errorf("%v, opened %d", err, f.app.opened.Load())
				}
				return
			}
			if got := password(t, h); got != "canary" {
				t.Errorf("password %q", got)
			}
			_ = h.Release(t.Context())
		})
	}
	t.Run("no identity", func(t *testing.T) {
		f := newFixture(t, here)
		f.vault.Identity = nil
		if _, err := f.pool.Open(t.Context(), model(t, create(t, f.envelope(t, here), "canary")), "shop"); err == nil || !strings.Contains(err.Error(), "--identity") {
			t.Errorf("error: %v", err)
		}
	})
}

func TestAnOlderCredentialLeavesTheAcceptedOneInUse(t *testing.T) {
	const here = "https://shop.example/api"
	f := newFixture(t, here)
	old := create(t, f.envelope(t, here), "old")
	renewed, err := old.Replace(repositoryID, f.envelope(t, here), secret.Values{"password": secret.NewValue("new")}, day)
	if err != nil {
		t.Fatal(err)
	}
	// Another file of the accepted generation: a forgery, or the work of two people at once.
	twin, err := old.Replace(repositoryID, f.envelope(t, here), secret.Values{"password": secret.NewValue("twin")}, day)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		credential *secret.Credential
		password   string
		notices    int
	}{{old, "old", 0}, {renewed, "new", 0}, {old, "new", 1}, {renewed, "new", 1}, {twin, "new", 2}} {
		h, err := f.pool.Open(t.Context(), model(t, c.credential), "shop")
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if got := password(t, h); got != c.password || len(f.notices) != c.notices {
			t.Errorf("%d: password %q, notices %v", i, got, f.notices)
		}
		_ = h.Release(t.Context())
	}
	for _, notice := range f.notices {
		if !errors.Is(notice, secret.CredentialOutdated) {
			t.Errorf("notice: %v", notice)
		}
	}
}
