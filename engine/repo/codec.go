package repo

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
)

// revisionMagic begins a revision in bytes; the last character is the version.
const revisionMagic = "dray-revision-1\n"

// errFormat marks bytes that are not a revision.
var errFormat = errors.New("not a stored revision of this version")

// header is what of a revision is not its files.
type header struct {
	Commit    string        `json:"commit"`
	Branch    string        `json:"branch,omitempty"`
	Parents   []string      `json:"parents,omitempty"`
	Author    Signature     `json:"author,omitzero"`
	Committer Signature     `json:"committer,omitzero"`
	Subject   string        `json:"subject,omitempty"`
	Digest    string        `json:"digest"`
	Files     []fileHeader  `json:"files"`
	Problems  []TreeProblem `json:"problems,omitempty"`
}

// fileHeader describes a file; the contents follow the header in order.
type fileHeader struct {
	Path       string `json:"path"`
	Size       int64  `json:"size"`
	Executable bool   `json:"executable,omitempty"`
}

// MarshalBinary returns the revision with its whole tree in compressed form,
// for storing it sealed. [UnmarshalRevision] is its inverse.
func (r *Revision) MarshalBinary() ([]byte, error) {
	h := header{
		Commit: r.Commit, Branch: r.Branch, Parents: r.Parents,
		Author: r.Author, Committer: r.Committer, Subject: r.Subject,
		Digest: r.Digest, Problems: r.Tree.problems,
	}
	for _, f := range r.Tree.files {
		h.Files = append(h.Files, fileHeader{Path: f.path, Size: int64(len(f.data)), Executable: f.executable})
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encoding revision %s: %w", r.Commit, err)
	}
	var out bytes.Buffer
	out.WriteString(revisionMagic)
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("encoding revision %s: %w", r.Commit, err)
	}
	// Writes to a buffer fail only with memory, which panics.
	_, _ = w.Write(binary.AppendUvarint(nil, uint64(len(head))))
	_, _ = w.Write(head)
	for _, f := range r.Tree.files {
		_, _ = w.Write(f.data)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encoding revision %s: %w", r.Commit, err)
	}
	return out.Bytes(), nil
}

// UnmarshalRevision reads what [Revision.MarshalBinary] wrote. It checks the
// digest and every name again, and keeps to the limits, so that a damaged
// store cannot do what a repository cannot.
func UnmarshalRevision(data []byte, limits Limits) (*Revision, error) {
	limits = limits.withDefaults()
	packed, ok := bytes.CutPrefix(data, []byte(revisionMagic))
	if !ok {
		return nil, fmt.Errorf("decoding revision: %w", errFormat)
	}
	unpacked := &io.LimitedReader{R: flate.NewReader(bytes.NewReader(packed)), N: limits.UnpackedBytes}
	in := newByteReader(unpacked)
	h, err := readHeader(in)
	if err != nil {
		return nil, fmt.Errorf("decoding revision: %w", err)
	}
	tree, err := readFiles(in, h, limits)
	if err != nil {
		return nil, fmt.Errorf("decoding revision %s: %w", h.Commit, err)
	}
	if tree.Digest() != h.Digest {
		return nil, fmt.Errorf("decoding revision %s: the files do not have the digest stored with them", h.Commit)
	}
	return &Revision{
		Commit: h.Commit, Branch: h.Branch, Parents: h.Parents,
		Author: h.Author, Committer: h.Committer, Subject: h.Subject,
		Digest: h.Digest, Tree: tree,
	}, nil
}

// readHeader reads the length of the header and the header.
func readHeader(in *byteReader) (header, error) {
	var h header
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return h, err
	}
	head, err := in.take(int64(min(size, 1<<40)))
	if err != nil {
		return h, err
	}
	return h, json.Unmarshal(head, &h)
}

// readFiles reads the content of the files that the header lists.
func readFiles(in *byteReader, h header, limits Limits) (*Tree, error) {
	c := &collector{limits: limits}
	seen := make(map[string]bool, len(h.Files))
	for _, f := range h.Files {
		if seen[f.Path] || checkPath(f.Path) != nil || f.Size < 0 || len(seen) >= limits.Files || !c.fits(f.Path, f.Size) {
			return nil, errFormat
		}
		seen[f.Path] = true
		data, err := in.take(f.Size)
		if err != nil {
			return nil, err
		}
		c.add(f.Path, plumbing.ComputeHash(plumbing.BlobObject, data).String(), f.Executable, data)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		return nil, errFormat // cut short, or more than the header says
	}
	c.problems = h.Problems
	return c.tree(), nil
}
