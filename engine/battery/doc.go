// Package battery holds the inputs that could hurt the process, and the test that gives
// them to it: expressions in both languages, modules, documents and bodies of clients.
//
// The test starts a child process with a memory limit. The child evaluates one hostile
// input after the other as a gateway would, through pipeline.Expressions on an Exchange,
// while harmless expressions are evaluated beside it; for each it tells how long it took
// and how it ended. Inputs are data, in testdata and in the folders of those who own the
// languages; how they are written is said at the top of each archive.
package battery
