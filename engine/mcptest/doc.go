// Package mcptest tests MCP servers behind the gateway with things that other people
// made: the official conformance tool, the clients of several SDKs, an identity provider,
// a browser. It has no code but its tests.
//
// What they need is pinned in testdata: testdata/node by a lock file for npm, testdata/gosdk
// by a module of its own, so that the gateway's module does not require an SDK. Both are
// installed once into the user's cache directory. The browser is the system's Chromium. A
// part that is missing fails a test where CI is set (see package missing).
//
// A conformance run is differential: the same tool asks the same server directly and
// through the gateway, and what passes directly must pass through the gateway. How often
// is said by MCPTEST_RUNS (2 if it is not set).
//
// Clients think that they open a browser: the command is this test's own program, which
// then logs in and approves like a user who agrees to everything (see browse_test.go).
package mcptest
