// Package rest runs applications that a repository declares: REST APIs with JSON, described as data.
//
// [New] returns the declarer. What a declaration may say is in application.cue, which the declarer returns as its Schema; nothing in it is code.
//
// A read fetches page after page and hands each record on as the bytes that came, so that numbers stay exact. It checks what
// APIs are known to get wrong: a page that comes twice, a filter that is ignored, an order that is not kept, a web page in
// place of an answer. A checkpoint falls only where the declared order allows it, else at the end of the read.
//
// A write is one request for each record. A request that was sent and not answered is Unknown, never retried here: the engine
// looks it up first. Text of the other side goes nowhere but into the Detail of an error.
package rest
