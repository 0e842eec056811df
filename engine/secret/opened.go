package secret

import (
	"encoding/hex"
	"maps"
	"time"
)

// Opened is a credential whose seal was opened and found whole. Printing one
// prints a mask. It is immutable and safe for concurrent use.
type Opened struct {
	masked
	credential   *Credential
	repositoryID string
	values       Values
}

// Envelope returns a copy of the envelope, now known to be what was sealed.
func (o *Opened) Envelope() Envelope { return o.credential.Envelope() }

// Seen returns what to remember once the credential is in use.
func (o *Opened) Seen() Seen {
	digest := o.credential.Digest()
	return Seen{Generation: o.credential.envelope.Generation, Digest: hex.EncodeToString(digest[:])}
}

// Values returns the secrets if the envelope allows the purpose. The caller owns
// the map.
func (o *Opened) Values(p Purpose) (Values, error) {
	if err := o.credential.envelope.check(p); err != nil {
		return nil, err
	}
	return maps.Clone(o.values), nil
}

// Set makes the next generation with the given values changed or added, the
// others kept, under the envelope e, which may differ from the old one in all
// but the name.
func (o *Opened) Set(e Envelope, changed Values, now time.Time) (*Credential, error) {
	all, kept := maps.Clone(o.values), maps.Clone(o.credential.envelope.Fields)
	for name, v := range changed {
		all[name] = v
		delete(kept, name)
	}
	e = dated(e, all, kept, now)
	if len(changed) == 0 {
		e.Rotated = o.credential.envelope.Rotated
	}
	return o.credential.next(o.repositoryID, e, all)
}
