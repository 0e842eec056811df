package connect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/secret"
)

// A Memory remembers the newest credential of each name that was accepted, outside the repository, so that none ever goes back.
// Implementations are safe for concurrent use.
type Memory interface {
	// Credential returns what was accepted last and the file itself; the zero Seen and nil when there was none.
	Credential(ctx context.Context, name string) (secret.Seen, []byte, error)
	// AcceptCredential remembers a newer one.
	AcceptCredential(ctx context.Context, name string, seen secret.Seen, file []byte) error
}

// A Vault opens credentials. Its fields are set once; it is safe for concurrent use.
type Vault struct {
	Identity     *secret.Identity // nil: no credential can be opened
	RepositoryID string
	Environment  string
	Use          secret.Use
	Memory       Memory // nil: nothing is remembered, for commands that keep no state
	Now          func() time.Time

	mu sync.Mutex // one credential at a time, so that an older one is never remembered over a newer one
}

// open returns the secrets and hosts of a credential. An older generation than the accepted one leaves that one in use; the
// error then comes beside the secrets, and says so.
func (v *Vault) open(ctx context.Context, name string, c *config.Credential, application string) (secret.Values, secret.Bindings, error) {
	if v.Identity == nil {
		return nil, nil, fmt.Errorf("credential %q: no identity to open it with; name its file with --identity", name)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var seen secret.Seen
	var accepted []byte
	if v.Memory != nil {
		var err error
		if seen, accepted, err = v.Memory.Credential(ctx, name); err != nil {
			return nil, nil, err
		}
	}
	values, hosts, err := v.openFile(ctx, name, c.Raw, seen, application)
	if errors.Is(err, secret.CredentialOutdated) && accepted != nil {
		outdated := err
		if values, hosts, err = v.openFile(ctx, name, accepted, seen, application); err == nil {
			return values, hosts, outdated
		}
	}
	return values, hosts, err
}

func (v *Vault) openFile(ctx context.Context, name string, file []byte, seen secret.Seen, application string) (secret.Values, secret.Bindings, error) {
	c, err := secret.ParseCredential(file)
	if err != nil {
		return nil, nil, err
	}
	opened, err := c.Open(v.RepositoryID, seen, v.Identity)
	if err != nil {
		return nil, nil, err
	}
	values, err := opened.Values(secret.Purpose{Application: application, Environment: v.Environment, Use: v.Use, At: v.Now()})
	if err != nil {
		return nil, nil, err
	}
	if now := opened.Seen(); v.Memory != nil && now != seen {
		if err := v.Memory.AcceptCredential(ctx, name, now, file); err != nil {
			return nil, nil, err
		}
	}
	return values, opened.Envelope().Bind, nil
}

// secrets hands an opened credential to an adapter.
type secrets secret.Values

// Get returns one field.
func (s secrets) Get(field string) (adapters.Secret, bool) {
	v, ok := s[field]
	return adapters.NewSecret(v.Reveal()), ok
}
