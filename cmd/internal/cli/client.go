package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// A client asks an agent.
type client struct{ agent, tokenFile string }

func (k *client) flags(c *cobra.Command) {
	c.Flags().StringVar(&k.agent, "agent", "", "the agent: the path of its unix socket, or an http(s) URL (default $DRAY_AGENT, then .dray/state/agent.sock)")
	k.tokenFlag(c)
}

func (k *client) tokenFlag(c *cobra.Command) {
	c.Flags().StringVar(&k.tokenFile, "token-file", "", "file with the bearer token for an agent over TCP")
}

// maxAnswer bounds what an agent may answer.
const maxAnswer = 64 << 20

// call sends one request and decodes the answer into out, unless that is nil.
func (a *app) call(ctx context.Context, k *client, method, path string, body, out any) error {
	agent := k.agent
	if agent == "" {
		agent = a.getenv("DRAY_AGENT")
	}
	if agent == "" {
		agent = filepath.Join(".dray", "state", "agent.sock")
	}
	h, base := &http.Client{}, agent
	if !strings.HasPrefix(agent, "http://") && !strings.HasPrefix(agent, "https://") {
		base = "http://agent"
		h.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", agent)
		}}
	}
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, payload)
	if err != nil {
		return invalid(fmt.Errorf("--agent %q: %w", agent, err))
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if k.tokenFile != "" {
		token, err := os.ReadFile(k.tokenFile)
		if err != nil {
			return unreachable(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	resp, err := h.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return unreachable(fmt.Errorf("agent %s does not answer: %w; is it running? name it with --agent", agent, err))
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return unreachable(fmt.Errorf("agent %s: %w", agent, err))
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return refusal(agent, resp.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return failed(fmt.Errorf("agent %s sent an answer that cannot be read: %w", agent, err))
	}
	return nil
}

// refusal turns a problem+json answer into an error.
func refusal(agent string, status int, text []byte) error {
	var p struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		p.Detail = http.StatusText(status)
	}
	err := fmt.Errorf("agent %s: %s", agent, safe(p.Detail))
	if status == http.StatusUnauthorized {
		return unreachable(fmt.Errorf("%w; name the token's file with --token-file", err))
	}
	return failed(err)
}

func escape(s string) string { return url.PathEscape(s) }
