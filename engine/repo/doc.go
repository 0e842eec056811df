// Package repo reads a revision of a repository into memory.
//
// It owns everything between "a URL or a path" and "an immutable tree of
// files": the git protocol over https, reading a local git repository, reading
// a plain directory, the limits on what a repository may contain, and the
// question whether one commit descends from another. It is the only package,
// with those below it, that knows git.
//
// It must not interpret the content of files, keep a clone, write to disk,
// run a program or follow a link. What a repository may not contain (symbolic
// links, submodules, odd names, files too large) becomes a [TreeProblem] and
// is left out of the tree; the caller refuses a tree whose [Tree.Err] is not
// nil, usually after narrowing it with [Tree.Sub].
//
// The entry point is [Open]; [OpenDirectory] is for a directory without git.
package repo
