// Package sample makes records fit to be kept as samples, and says what a change of configuration does to them.
//
// A sample keeps the form of a record and not its content: [Pseudonymise] puts keyed noise of the same shape in the place of every text that
// could name somebody. [Compare] maps samples by the configuration that is applied and by another, and says how many come out differently,
// and in which fields: counts and names, never a value.
package sample
