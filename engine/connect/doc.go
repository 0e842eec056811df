// Package connect opens the connections of a model under the rules about where data and secrets may go.
//
// It owns what an adapter gets from outside: a dialler and an HTTP transport that reach the hosts of one connection and no
// others, the operator's allow-list of paths, the rate of an account, and the fields of an opened credential. Rules are
// enforced here, on the address that is dialled, whatever an adapter or a repository says.
package connect
