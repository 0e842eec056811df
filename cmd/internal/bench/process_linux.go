package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks is how many clock ticks of /proc make a second: 100 on every Linux that Go runs on.
const ticks = 100

// processNow returns what a running process has taken so far, and the memory it holds now.
func processNow(pid int) (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before may hold spaces
	fields := strings.Fields(rest)
	const utime, stime, rss = 11, 12, 21
	if len(fields) <= rss {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var n [3]int64
	for i, f := range []int{utime, stime, rss} {
		if n[i], err = strconv.ParseInt(fields[f], 10, 64); err != nil {
			return u, err
		}
	}
	u.cpu = time.Duration(n[0]+n[1]) * time.Second / ticks
	u.memory = float64(n[2]) * float64(os.Getpagesize()) / (1 << 20)
	return u, nil
}
