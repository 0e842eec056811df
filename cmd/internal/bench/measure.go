package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// A usage is what one process took, its own children included.
type usage struct {
	cpu, wall time.Duration
	memory    float64 // the most resident memory, in MiB
}

// A command is one program to measure. Empty files are no files.
type command struct {
	args    []string
	dir     string
	env     []string // besides this process's
	in, out string
}

// measure runs the commands in turn, n times each, and returns the usages of each.
func measure(ctx context.Context, n int, commands ...command) ([][]usage, error) {
	all := make([][]usage, len(commands))
	for range n {
		for i, c := range commands {
			u, err := c.run(ctx)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], u)
		}
	}
	return all, nil
}

func (c command) run(ctx context.Context) (u usage, err error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stderr = c.dir, append(os.Environ(), c.env...), os.Stderr
	if c.in != "" {
		f, err := os.Open(c.in)
		if err != nil {
			return u, err
		}
		defer func() { _ = f.Close() }()
		cmd.Stdin = f
	}
	if c.out != "" {
		f, err := os.Create(c.out)
		if err != nil {
			return u, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		cmd.Stdout = f
	}
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return u, fmt.Errorf("running %s: %w", c.args[0], err)
	}
	u.wall = time.Since(begin)
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.memory = peakMemory(cmd.ProcessState)
	return u, nil
}

// with returns the command with one more variable in its environment.
func (c command) with(env string) command {
	c.env = append(slices.Clone(c.env), env)
	return c
}

// once runs the command without measuring it.
func (c command) once(ctx context.Context) error {
	_, err := c.run(ctx)
	return err
}

// figures returns one figure of each usage.
func figures(all []usage, of func(usage) float64) []float64 {
	list := make([]float64, len(all))
	for i, u := range all {
		list[i] = of(u)
	}
	return list
}

// median sorts the figures.
func median(figures []float64) float64 {
	slices.Sort(figures)
	n := len(figures)
	return (figures[(n-1)/2] + figures[n/2]) / 2
}

// compare makes a row of two lists of figures in one unit.
func compare(what, unit string, ours, peers []float64) row {
	return row{what, spread(ours, unit), spread(peers, unit), fmt.Sprintf("%.2f", median(ours)/median(peers))}
}

// alone makes a row that says why it has no peer.
func alone(what, unit string, ours []float64, why string) row {
	return row{what, spread(ours, unit), why, "-"}
}

func spread(figures []float64, unit string) string {
	m := median(figures)
	digits := 0
	if m < 100 {
		digits = 2
	}
	return fmt.Sprintf("%.*f %s (%.*f..%.*f)", digits, m, unit, digits, slices.Min(figures), digits, slices.Max(figures))
}
