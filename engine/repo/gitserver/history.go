package gitserver

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

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
