package engine

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// memory remembers accepted credentials in the state store.
type memory struct{ store *state.Store }

const credentialKind = "credential"

// Credential returns what was accepted last.
func (m memory) Credential(ctx context.Context, name string) (secret.Seen, []byte, error) {
	w, err := m.store.HighWater(ctx, credentialKind, name)
	if err != nil || w.Generation == 0 {
		return secret.Seen{}, nil, err
	}
	file, err := m.store.LoadSetting(ctx, credentialSetting(name))
	return secret.Seen{Generation: uint64(w.Generation), Digest: hex.EncodeToString(w.Digest)}, file, err
}

// AcceptCredential remembers a newer one. The file comes first: should the process end between, it is only accepted again.
func (m memory) AcceptCredential(ctx context.Context, name string, seen secret.Seen, file []byte) error {
	digest, err := hex.DecodeString(seen.Digest)
	if err != nil {
		return fmt.Errorf("credential %q: digest is not hexadecimal", name)
	}
	if err := m.store.SaveSetting(ctx, credentialSetting(name), file); err != nil {
		return err
	}
	return m.store.RaiseHighWater(ctx, credentialKind, name, state.HighWater{Generation: int64(seen.Generation), Digest: digest})
}

func credentialSetting(name string) string { return "credential/" + name }
