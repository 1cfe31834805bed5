// Package memory keeps caches and counters in this process: what pipeline.Cache and
// pipeline.Counters are where nothing external is configured.
//
// The two are different things. A Cache may forget whatever it likes, so it is a
// bounded cache that judges what is worth keeping. Counters must not forget while
// they matter, so they are plain sharded maps: a counter leaves only once its
// windows have passed, and when there are too many of them, new keys are counted
// together rather than old ones dropped.
//
// Time is given by the caller, so tests can hold it.
package memory
