package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// build builds the agent, unless there is one.
func build(ctx context.Context, binary, dir string) (string, error) {
	if binary != "" {
		return filepath.Abs(binary)
	}
	binary = filepath.Join(dir, "dray")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/dray-sync/dray/cmd/dray")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the agent: %w: %s", err, text)
	}
	return binary, nil
}

// An agent is a process that runs the flows.
type agent struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has ended
	socket string
}

// start starts an agent whose log goes on where the last one's ended.
func (w *world) start() (*agent, error) {
	log, err := os.OpenFile(filepath.Join(w.dir, "agent.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	a := &agent{ended: make(chan struct{}), socket: filepath.Join(w.dir, "agent.sock")}
	a.cmd = exec.Command(w.binary, "agent", "--repository", w.gitURL+"/torture.git", "--allow-http", "--environment", "torture",
		"--identity", w.identity, "--state", w.state, "--socket", a.socket, "--allow-address", "127.0.0.0/8", "--allow-path", "rw:"+w.data,
		"--log-level", "debug", "--workers", "6", "--grace", "2s")
	a.cmd.Stdout, a.cmd.Stderr = log, log
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	w.lives.Add(1)
	go func() {
		_ = a.cmd.Wait() // how it ended is asked of the process's state
		close(a.ended)
	}()
	return a, nil
}

// kill ends the process at once.
func (a *agent) kill() {
	_ = a.cmd.Process.Kill() // it may have ended
	<-a.ended
}

// stop asks the process to end.
func (a *agent) stop() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM) // as above
	select {
	case <-a.ended:
	case <-time.After(30 * time.Second):
		a.kill()
	}
}

// died reports whether the process has ended by itself.
func (a *agent) died() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// A letter is an open dead letter.
type letter struct {
	Touchpoint string            `json:"touchpoint"`
	Trace      map[string]string `json:"trace"`
	Kind       string            `json:"kind"`
	Rule       string            `json:"rule"`
	Stage      string            `json:"stage"`
}

// letters asks for all open dead letters of a touchpoint.
func (a *agent) letters(ctx context.Context, touchpoint string) ([]letter, error) {
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", a.socket)
	}}}
	var all []letter
	for next := ""; ; {
		q := url.Values{"touchpoint": {touchpoint}, "limit": {"1000"}}
		if next != "" {
			q.Set("page", next)
		}
		page, err := ask(ctx, h, "http://agent/v1/dead-letters?"+q.Encode())
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if next = page.Next; next == "" {
			return all, nil
		}
	}
}

type letterPage struct {
	Items []letter `json:"items"`
	Next  string   `json:"next"`
}

func ask(ctx context.Context, h *http.Client, address string) (page letterPage, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return page, err
	}
	resp, err := h.Do(r)
	if err != nil {
		return page, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	if err != nil {
		return page, err
	}
	return page, json.Unmarshal(text, &page)
}
