// Package expr compiles, checks and runs the expressions that users write in where, when, expr and checks.
//
// The language is expr-lang's, read by its lexer and parser. Everything after the syntax tree is this package's own: expr-lang's
// built-in functions and machine are not used, because they compute with binary floating point. Here
//
//   - every number is exact: a literal is taken from the source text, arithmetic is on integers and decimals of any size up to
//     [record.MaxDigits], there is no `/`, and what must round says how: div(a, b, 2, "half-even");
//   - names, members and operand types are checked before the first record wherever they are known, and at run time
//     where they are not;
//   - functions are an allow-list ([Functions]); nothing reads a clock, a file or the network;
//   - work is bounded: length and size of the source, depth of predicates, steps per record, size of results.
//
// [Compile] makes a [Program] once; [Program.Run] runs it for each record with a [Machine]. The program lists the source paths it
// looks at ([Program.Refs]), so that a mapping extracts exactly these in its single pass over the record.
//
// Errors of a run never hold content of a record.
package expr
