package gitserver

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// capabilities is what the server can; HEAD's target is added to it.
const capabilities = "multi_ack_detailed shallow side-band-64k ofs-delta no-progress filter allow-reachable-sha1-in-want object-format=sha1 agent=dray"

// advertisement returns the lines of the list of branches and tags.
func (r *Repository) advertisement() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	can := "\x00" + capabilities + " symref=HEAD:refs/heads/" + r.head
	var lines []string
	if head, ok := r.branches[r.head]; ok {
		lines = append(lines, head.String()+" HEAD")
	}
	for _, name := range slices.Sorted(maps.Keys(r.branches)) {
		lines = append(lines, r.branches[name].String()+" refs/heads/"+name)
	}
	for _, name := range slices.Sorted(maps.Keys(r.tags)) {
		hash := r.tags[name]
		lines = append(lines, hash.String()+" refs/tags/"+name)
		if commit := r.peel(hash); commit != hash {
			lines = append(lines, commit.String()+" refs/tags/"+name+"^{}")
		}
	}
	if len(lines) == 0 {
		lines = []string{plumbing.ZeroHash.String() + " capabilities^{}"}
	}
	lines[0] += can
	for i := range lines {
		lines[i] += "\n"
	}
	return lines
}

// request is what a client asks for.
type request struct {
	wants, shallows, haves []plumbing.Hash
	capabilities           map[string]bool
	depth                  int // 0 for all of the history
	filter                 string
	done                   bool // the client wants the pack now
	negotiating            bool // the client said what it has
}

var errMalformed = errors.New("malformed request")

// parseRequest reads a request: what is wanted, a flush, what the client has.
func parseRequest(body io.Reader) (*request, error) {
	ask := &request{capabilities: map[string]bool{}}
	lines := pktline.NewScanner(body)
	for lines.Scan() {
		line := strings.TrimSuffix(string(lines.Bytes()), "\n")
		if err := ask.line(line); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(ask.wants) == 0 {
		return nil, errMalformed
	}
	return ask, nil
}

// line takes in one line; a flush is an empty one.
func (a *request) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "want":
		hash, caps, _ := strings.Cut(rest, " ")
		for c := range strings.FieldsSeq(caps) {
			a.capabilities[c] = true
		}
		return appendHash(&a.wants, hash)
	case "shallow":
		return appendHash(&a.shallows, rest)
	case "have":
		a.negotiating = true
		return appendHash(&a.haves, rest)
	case "deepen":
		depth, err := strconv.Atoi(rest)
		if err != nil || depth < 1 {
			return errMalformed
		}
		a.depth = depth
	case "filter":
		a.filter = rest
		if rest != "blob:none" && rest != "tree:0" {
			return fmt.Errorf("%w: filter", errMalformed)
		}
	case "done":
		a.done = true
	case "":
	default:
		return errMalformed
	}
	return nil
}

func appendHash(to *[]plumbing.Hash, text string) error {
	if len(text) != 40 || !plumbing.IsHash(text) {
		return errMalformed
	}
	*to = append(*to, plumbing.NewHash(text))
	return nil
}
