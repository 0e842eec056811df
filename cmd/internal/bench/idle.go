package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// idleTouchpoints is how many flows the idle agent holds.
const idleTouchpoints = 100

// idleRows watches an agent whose flows are not due: resident memory, and processor time once it has started.
func idleRows(ctx context.Context, o options) ([]row, error) {
	root := filepath.Join(o.dir, "idle")
	if out, err := exec.CommandContext(ctx, o.dray, "init", root).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("dray init: %w: %s", err, out)
	}
	if err := idleFlows(root); err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-qm", "idle"}} {
		if out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	state := filepath.Join(o.dir, "idle-state")
	agent := exec.CommandContext(ctx, o.dray, "agent", "--repository", root, "-e", "production", "--identity", filepath.Join(root, ".dray", "identity"),
		"--state", state, "--allow-path", "rw:"+filepath.Join(root, "data"), "--log-level", "error")
	agent.Stderr = os.Stderr
	if err := agent.Start(); err != nil {
		return nil, err
	}
	first, second, err := watch(ctx, agent.Process.Pid, filepath.Join(state, "agent.sock"), time.Duration(o.idle)*time.Second)
	_ = agent.Process.Signal(syscall.SIGTERM)
	if waitErr := agent.Wait(); err == nil && waitErr != nil {
		err = fmt.Errorf("the agent: %w", waitErr)
	}
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("idle agent, %d touchpoints", idleTouchpoints)
	share := 100 * (second.cpu - first.cpu).Seconds() / float64(o.idle)
	return []row{
		alone(what+", resident memory", "MiB", []float64{second.memory}, "no peer"),
		alone(what+", processor time", "% of a core", []float64{share}, "no peer"),
	}, nil
}

// watch waits until the agent answers and has settled, and looks at it twice.
func watch(ctx context.Context, pid int, socket string, apart time.Duration) (first, second usage, err error) {
	for {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return first, second, err
		}
	}
	if err := sleep(ctx, 5*time.Second); err != nil {
		return first, second, err
	}
	if first, err = processNow(pid); err != nil {
		return first, second, err
	}
	if err := sleep(ctx, apart); err != nil {
		return first, second, err
	}
	second, err = processNow(pid)
	return first, second, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idleFlows puts many flows that are due once a year in the place of the one that dray init made.
func idleFlows(root string) error {
	var b strings.Builder
	for i := range idleTouchpoints {
		fmt.Fprintf(&b, "---\napiVersion: dray/v1\nkind: Touchpoint\nmetadata: {name: flow-%d}\nspec:\n  source: {connection: inbox, object: customers, start: beginning, read: full}\n", i)
		b.WriteString("  mapping: customer-to-contact\n  destination: {connection: inbox, object: contacts, write: upsert, key: [number]}\n  schedule: {cron: \"0 3 1 1 *\"}\n")
	}
	return os.WriteFile(filepath.Join(root, "touchpoints", "customers.yaml"), []byte(b.String()), 0o600)
}
