package secret

// hidden keeps a value inside a closure, where neither fmt nor reflection can
// look: fmt reaches the unexported fields of a struct within a struct without
// asking for its String method.
type hidden[T any] func() T

// hide hides v.
func hide[T any](v T) hidden[T] { return func() T { return v } }
