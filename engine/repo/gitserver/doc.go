// Package gitserver is a small git server: a repository in memory and an
// [http.Handler] that lets git, and package repo, clone and fetch it.
//
// It owns the server's side of the smart http protocol, version 0, for reading
// only: all of the history or the newest commits, with or without the content
// of files. It serves demonstrations and tests; it is not made for large
// repositories, and nobody can push to it.
//
// The entry points are [New] and [Handler].
package gitserver
