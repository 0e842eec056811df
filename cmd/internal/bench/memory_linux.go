package main

import (
	"os"
	"syscall"
)

// peakMemory returns the most resident memory of a process that ended, in MiB. It is never below what this process had when it started
// the other one.
func peakMemory(p *os.ProcessState) float64 {
	r, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(r.Maxrss) / 1024
}
