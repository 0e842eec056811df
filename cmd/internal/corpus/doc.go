// Package corpus scores validation against planted mistakes: repositories that are right but for one thing, which validation must
// report once, in the right file and line, with words that lead to the fix.
//
// There are two sorts. Those in testdata/mistakes are written by hand, each a slip that people make. The others are generated from
// testdata/base: every field of every resource is misspelt, doubled, dropped and given a value of another type, in turn.
// TestScore prints the share that is found; make verify runs it.
package corpus
