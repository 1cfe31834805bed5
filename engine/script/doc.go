// Package script runs JavaScript and TypeScript: expressions in policy documents,
// @js(…) and @js{…}, inline <script> policies, and modules of the scripts folder.
//
// # From text to Program
//
// CompileExpr takes an expression out of a document; Folder bundles a module and
// all it imports, by esbuild, into one function. Both yield a Program: immutable,
// shared by all requests, with positions that lead back to the file that a person
// wrote. Nothing reaches a recursive parser before Scan has measured how deep it
// nests, because Go cannot recover from an overflow of its stack.
//
// # From Program to value
//
// An expression of simple form runs without a VM: it is compiled to closures as well
// (native.go), which give up wherever a VM might do something else.
//
// A Pool lends VMs. A VM is leased for one evaluation and sees one Host, the
// request; its object graph is built once, on first use, and its native members
// read whatever Host the VM serves now. A program that certainly reaches few intrinsics
// runs in a plain VM, which has the guards of those only and is made in microseconds
// (plain.go); any other in a full one. Everything that could carry something from
// one evaluation to the next is frozen before the first: the global object, all
// intrinsics, all host objects; of what is not, in a plain VM, its programs can change
// nothing. Module code runs anew in each evaluation for the
// same reason, so a module's top-level variables live as long as one evaluation.
//
// # What it may cost
//
// An evaluation has a budget of time inside the VM, and a limit for all of it,
// waiting included. One watchdog goroutine per Pool interrupts what is over budget;
// while an evaluation waits, for fetch, a timer or the client's body, its clock and
// its place among the running ones are given back, so that waiting scripts never
// keep others from running. goja honours an interrupt between two instructions only:
// native functions whose work a script can make long or large are wrapped (guard.go)
// and refuse, or look at the clock themselves. BigInt, eval and the Function
// constructors do not exist here: single operations on big integers cannot be
// bounded, and text that was not scanned must not be compiled.
//
// # What crosses
//
// Values leave a VM as package clr holds them: an integral number is an int or, if
// it does not fit, a long; any other a double; an object or an array becomes what
// Host.FromJSON makes of its JSON, a JToken. Values enter as plain data: copies that
// a script may change without changing the variable; it assigns to change it.
package script
