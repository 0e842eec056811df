// Package enginetest runs whole agents over repositories that change all the time, for tests and measurements of what becomes of an agent
// in the long run.
//
// The entry point is [Heaps]. The repositories have flows that are never due: what is measured is reconciling and nothing else.
package enginetest
