//go:build !unix

package pgtest

// startCluster starts nothing here: the keeper is a POSIX shell.
func startCluster() (cluster, error) { return cluster{}, errNotInstalled }
