// Package pgtest gives tests a PostgreSQL of their own.
//
// [Start] is its only entry point. One private cluster serves all tests of a process, each test in a database of its own, over
// 127.0.0.1 and without a password. A small shell started beside the tests owns the cluster: it stops and removes it as
// soon as the test process is gone, however that ended.
//
// Two environment variables steer it: DRAY_TEST_POSTGRES holds the URL of a server to use instead (its role must be allowed to
// create databases), and DRAY_TEST_REQUIRE=1 turns the skip of a test for want of PostgreSQL into a failure.
package pgtest
