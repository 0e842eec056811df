// Package docs holds no code: its tests write docs/reference from the definitions that validation goes by, from pages written by hand
// (pages), and from a repository whose every file is loaded (docs/reference/example). A field without a comment, or one that no example
// shows, fails them.
package docs
