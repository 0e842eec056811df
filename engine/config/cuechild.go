package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/dray-sync/dray/engine/policy"
)

// ChildArgument is the only argument of a process that evaluates CUE for its parent.
const ChildArgument = "internal-evaluate-cue"

// The bounds of a child. What goes beyond is killed.
const (
	childTime   = 10 * time.Second
	childMemory = 1 << 30  // bytes of data
	childOutput = 64 << 20 // bytes of its answer
	childWords  = 4 << 10  // bytes of its last words
)

// RunChildIfAsked does the work of a child and ends the process, if it was started as one. It is the first thing a program that
// loads configuration does in main.
func RunChildIfAsked() {
	if len(os.Args) != 2 || os.Args[1] != ChildArgument {
		return
	}
	limitMemory(childMemory)
	if err := CUEChildMain(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// CUEChildMain reads a request, evaluates the packages or the policies in it, and writes the answer. It opens nothing and reaches nothing: all files
// come with the request.
func CUEChildMain(in io.Reader, out io.Writer) error {
	var request cueRequest
	if err := json.NewDecoder(in).Decode(&request); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if request.Version != cueVersion {
		return fmt.Errorf("the request is of version %d, and version %d is spoken here", request.Version, cueVersion)
	}
	if request.Policies != nil {
		return json.NewEncoder(out).Encode(cueResponse{Version: cueVersion, Policies: policy.Evaluate(request.Policies)})
	}
	return json.NewEncoder(out).Encode(evaluatePackages(&request))
}

// errChildBound says that a child was killed for what it took.
var errChildBound = errors.New("evaluating takes more time or memory than configuration may")

// evaluateWithin starts this program as a child, with nothing in its environment.
func evaluateWithin(ctx context.Context, request []byte, most time.Duration) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the CUE child: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, ChildArgument)
	cmd.Env = []string{}
	cmd.WaitDelay = time.Second
	cmd.Stdin = bytes.NewReader(request)
	answer, words := &bounded{most: childOutput}, &bounded{most: childWords}
	cmd.Stdout, cmd.Stderr = answer, words
	err = cmd.Run()
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded), answer.over, outOfMemory(words.Bytes()):
		return nil, errChildBound
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("the CUE child failed: %w", err)
	}
	return answer.Bytes(), nil
}

// outOfMemory reports whether a child died of its memory limit, as Go's runtime says it.
func outOfMemory(words []byte) bool {
	return bytes.Contains(words, []byte("out of memory")) || bytes.Contains(words, []byte("cannot allocate memory"))
}

// bounded is a buffer that takes so much and then refuses.
type bounded struct {
	bytes.Buffer
	most int
	over bool
}

// Write refuses what goes beyond the bound.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		b.over = true
		return 0, errChildBound
	}
	return b.Buffer.Write(p)
}
