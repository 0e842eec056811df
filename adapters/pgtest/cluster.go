//go:build unix

package pgtest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// keeper is run by sh. It makes the cluster, says "ready", and removes everything when its standard input ends.
//
//go:embed keeper.sh
var keeper string

// attempts is how often another port is tried: a free port may be taken before the server binds it.
const attempts = 3

// startCluster makes and starts a private cluster and returns it with the URL of its postgres database.
func startCluster() (cluster, error) {
	bin, ok := findBinaries()
	if !ok {
		return cluster{}, errNotInstalled
	}
	var err error
	for range attempts {
		var c cluster
		if c, err = tryCluster(bin); err == nil {
			return c, nil
		}
	}
	return cluster{}, err
}

// findBinaries returns the newest folder that holds a server's programs.
func findBinaries() (string, bool) {
	versions, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(versions, func(a, b string) int { return version(b) - version(a) })
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			versions = append([]string{filepath.Dir(real)}, versions...)
		}
	}
	for _, dir := range versions {
		if isFile(filepath.Join(dir, "initdb")) && isFile(filepath.Join(dir, "pg_ctl")) && isFile(filepath.Join(dir, "postgres")) {
			return dir, true
		}
	}
	return "", false
}

func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func tryCluster(bin string) (cluster, error) {
	dir, err := os.MkdirTemp("", "dray-pg-")
	if err != nil {
		return cluster{}, err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return cluster{}, err
	}
	port, err := freePort()
	if err != nil {
		_ = os.RemoveAll(dir)
		return cluster{}, err
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "sh", bin, dir, strconv.Itoa(port))
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attr
	alive, err := run(cmd)
	if err != nil {
		text, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = os.RemoveAll(dir)
		return cluster{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(string(text)))
	}
	u := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	return cluster{url: u, alive: alive}, nil
}

// run starts the keeper and returns once it is ready. It removes the server when what run returns is closed,
// at the latest when this process ends.
func run(cmd *exec.Cmd) (io.Closer, error) {
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil && line == "ready\n" {
		return alive, nil
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	return nil, errors.New("the server did not start")
}

// unprivileged returns attributes for a process in a group of its own, which a terminal's interrupt does not reach, and gives dir to
// another user when this process is root's: PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID != nil || errGID != nil || uid == 0 {
			continue
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, nil
	}
	return nil, fmt.Errorf("running as root, and there is neither a user postgres nor nobody to run PostgreSQL as")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
