// Package maptest tests mappings without an agent, a network or a secret.
//
// [Run] maps the input of every case of the mapping tests of a model and compares what comes out with what the case expects. It works
// in parallel, compiles a mapping once for all cases that run it alike, and answers in the order of tests and cases. Results are about
// fixtures: they show content.
package maptest
