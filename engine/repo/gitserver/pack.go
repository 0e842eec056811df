package gitserver

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
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

// history is the commits found by a walk, in order, and those of them whose
// parents were cut off. Others are the objects it was started from that are not
// commits: tags, and files that a client left out and now wants.
type history struct {
	commits []*object.Commit
	others  []plumbing.Hash
	cut     map[plumbing.Hash]bool
}

// walk goes through the history from some commits or tags: depth commits far,
// or with depth 0 to its end or to where the client's own history ends.
func (r *Repository) walk(from []plumbing.Hash, depth int, edge map[plumbing.Hash]bool) (*history, error) {
	h := &history{cut: map[plumbing.Hash]bool{}}
	seen := map[plumbing.Hash]bool{}
	var queue []plumbing.Hash
	for _, hash := range from {
		if commit := r.peel(hash); commit != hash {
			h.others = append(h.others, hash)
			hash = commit
		}
		if r.objects.HasEncodedObject(hash) == nil && !r.isCommit(hash) {
			h.others = append(h.others, hash)
			continue
		}
		if !seen[hash] {
			seen[hash] = true
			queue = append(queue, hash)
		}
	}
	for level := 1; len(queue) > 0; level++ {
		var next []plumbing.Hash
		for _, hash := range queue {
			c, err := r.commit(hash)
			if err != nil {
				return nil, err
			}
			h.commits = append(h.commits, c)
			if len(c.ParentHashes) == 0 {
				continue
			}
			if depth > 0 && level >= depth || depth == 0 && edge[hash] {
				h.cut[hash] = true
				continue
			}
			for _, parent := range c.ParentHashes {
				if !seen[parent] {
					seen[parent] = true
					next = append(next, parent)
				}
			}
		}
		queue = next
	}
	return h, nil
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

// checkWants refuses what no branch and no tag leads to.
func (r *Repository) checkWants(wants []plumbing.Hash) error {
	allowed := map[plumbing.Hash]bool{}
	for _, refs := range []map[string]plumbing.Hash{r.branches, r.tags} {
		for _, hash := range refs {
			allowed[hash] = true
		}
	}
	isTip := func(h plumbing.Hash) bool { return allowed[h] }
	if allSatisfy(wants, isTip) {
		return nil
	}
	if err := r.reachable(slices.Collect(maps.Keys(allowed)), allowed); err != nil {
		return err
	}
	for _, want := range wants {
		if !allowed[want] {
			return fmt.Errorf("not our ref %s", want)
		}
	}
	return nil
}

func allSatisfy(hashes []plumbing.Hash, is func(plumbing.Hash) bool) bool {
	return !slices.ContainsFunc(hashes, func(h plumbing.Hash) bool { return !is(h) })
}

// reachable adds every object that tips lead to.
func (r *Repository) reachable(tips []plumbing.Hash, into map[plumbing.Hash]bool) error {
	h, err := r.walk(tips, 0, nil)
	if err != nil {
		return err
	}
	objects, err := r.collect(h, &history{}, "")
	if err != nil {
		return err
	}
	for _, hash := range objects {
		into[hash] = true
	}
	return nil
}

// peel follows an annotated tag to its commit.
func (r *Repository) peel(hash plumbing.Hash) plumbing.Hash {
	o, err := r.objects.EncodedObject(plumbing.TagObject, hash)
	if err != nil {
		return hash
	}
	tag := &object.Tag{}
	if err := tag.Decode(o); err != nil {
		return hash
	}
	return tag.Target
}

func (r *Repository) isCommit(hash plumbing.Hash) bool {
	_, err := r.objects.EncodedObject(plumbing.CommitObject, hash)
	return err == nil
}

// collect lists the objects of the wanted history that are not in the other.
func (r *Repository) collect(wanted, had *history, filter string) ([]plumbing.Hash, error) {
	seen := map[plumbing.Hash]bool{}
	for _, c := range had.commits {
		seen[c.Hash] = true
		if err := r.collectTree(c.TreeHash, "", seen, nil); err != nil {
			return nil, err
		}
	}
	objects := append([]plumbing.Hash(nil), wanted.others...)
	for _, c := range wanted.commits {
		if seen[c.Hash] {
			continue
		}
		seen[c.Hash] = true
		objects = append(objects, c.Hash)
		if filter == "tree:0" {
			continue
		}
		if err := r.collectTree(c.TreeHash, filter, seen, &objects); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// collectTree adds a tree and what is below it to seen and, unless it is nil,
// to objects.
func (r *Repository) collectTree(tree plumbing.Hash, filter string, seen map[plumbing.Hash]bool, objects *[]plumbing.Hash) error {
	if seen[tree] {
		return nil
	}
	entries, err := r.readTree(tree)
	if err != nil {
		return err
	}
	add := func(hash plumbing.Hash) {
		seen[hash] = true
		if objects != nil {
			*objects = append(*objects, hash)
		}
	}
	add(tree)
	for _, e := range entries {
		switch {
		case e.mode == modeDir:
			if err := r.collectTree(e.hash, filter, seen, objects); err != nil {
				return err
			}
		case e.mode == modeSubmodule, seen[e.hash], filter == "blob:none":
		default:
			add(e.hash)
		}
	}
	return nil
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
