// Package policy evaluates rules of CUE packs over resources and their neighbours.
//
// A pack is a CUE package with a field rules. Each rule names the kinds it judges, and says what a resource must be (require) or which
// findings there are (deny), over the field input. The package knows packs and JSON, and nothing of how configuration is loaded:
// engine/config shows it the part of a resource that a rule looks at, and places what it finds. Packs of a repository are evaluated in
// the bounded child that evaluates all CUE of strangers; those that come with Dray need none. The entry point is [Evaluate].
package policy
