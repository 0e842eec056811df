package gitserver

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// deltaWindow is how many objects each is compared with to be sent as a
// difference. Small repositories gain little from more.
const deltaWindow = 10

const (
	// packBand is the channel of the pack within an answer.
	packBand = 1
	// maxFrameBytes is what fits a frame beside its length and channel.
	maxFrameBytes = 65515
)

// answer is what a request gets.
type answer struct {
	shallow, unshallow []plumbing.Hash
	common             []plumbing.Hash // what the client has and we know
	objects            []plumbing.Hash
}

// plan works out what a request gets.
func (r *Repository) plan(ask *request) (*answer, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if err := r.checkWants(ask.wants); err != nil {
		return nil, err
	}
	a := &answer{}
	for _, have := range ask.haves {
		if r.objects.HasEncodedObject(have) == nil {
			a.common = append(a.common, have)
		}
	}
	old := set(ask.shallows)
	wanted, err := r.walk(ask.wants, ask.depth, old)
	if err != nil {
		return nil, err
	}
	if ask.depth > 0 {
		a.markShallow(wanted, old, ask.shallows)
	}
	if !ask.done {
		return a, nil
	}
	had, err := r.walk(a.common, 0, old)
	if err != nil {
		return nil, err
	}
	a.objects, err = r.collect(wanted, had, ask.filter)
	return a, err
}

func set(hashes []plumbing.Hash) map[plumbing.Hash]bool {
	m := make(map[plumbing.Hash]bool, len(hashes))
	for _, h := range hashes {
		m[h] = true
	}
	return m
}

// markShallow says where the client's history ends from now on.
func (a *answer) markShallow(wanted *history, old map[plumbing.Hash]bool, order []plumbing.Hash) {
	inside := map[plumbing.Hash]bool{}
	for _, c := range wanted.commits {
		if wanted.cut[c.Hash] {
			if !old[c.Hash] {
				a.shallow = append(a.shallow, c.Hash)
			}
			continue
		}
		inside[c.Hash] = true
	}
	for _, hash := range order {
		if inside[hash] {
			a.unshallow = append(a.unshallow, hash)
		}
	}
}

// send writes an answer: where the history is cut, what is common, the pack.
func (r *Repository) send(w io.Writer, ask *request, a *answer) error {
	e := pktline.NewEncoder(w)
	if ask.depth > 0 {
		for _, hash := range a.shallow {
			if err := e.Encodef("shallow %s\n", hash); err != nil {
				return err
			}
		}
		for _, hash := range a.unshallow {
			if err := e.Encodef("unshallow %s\n", hash); err != nil {
				return err
			}
		}
		if err := e.Flush(); err != nil {
			return err
		}
	}
	if !ask.done && !ask.negotiating {
		return nil // the client only wanted to know where the history is cut
	}
	if err := acknowledge(e, ask, a.common); err != nil || !ask.done {
		return err
	}
	return r.sendPack(w, ask, a.objects)
}

// acknowledge says which commits are common. A client that asked for details
// hears of each, and a last one, or NAK, to end with; another only of one.
func acknowledge(e *pktline.Encoder, ask *request, common []plumbing.Hash) error {
	if len(common) == 0 {
		return e.EncodeString("NAK\n")
	}
	if !ask.capabilities["multi_ack_detailed"] {
		return e.Encodef("ACK %s\n", common[0])
	}
	for _, hash := range common {
		if err := e.Encodef("ACK %s common\n", hash); err != nil {
			return err
		}
	}
	if !ask.done {
		return e.EncodeString("NAK\n")
	}
	return e.Encodef("ACK %s\n", common[len(common)-1])
}

// sendPack writes the pack, in frames where the client understands them.
func (r *Repository) sendPack(w io.Writer, ask *request, objects []plumbing.Hash) error {
	pack, err := r.encode(objects, !ask.capabilities["ofs-delta"])
	if err != nil {
		return err
	}
	if !ask.capabilities["side-band-64k"] {
		_, err := w.Write(pack)
		return err
	}
	e := pktline.NewEncoder(w)
	for frame := range slices.Chunk(pack, maxFrameBytes) {
		if err := e.Encode(append([]byte{packBand}, frame...)); err != nil {
			return err
		}
	}
	return e.Flush()
}

// encode makes a pack. It is done before anything is sent, so that a slow
// client does not hold up a commit.
func (r *Repository) encode(objects []plumbing.Hash, refDeltas bool) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var pack bytes.Buffer
	if _, err := packfile.NewEncoder(&pack, r.objects, refDeltas).Encode(objects, deltaWindow); err != nil {
		return nil, fmt.Errorf("encoding pack: %w", err)
	}
	return pack.Bytes(), nil
}
