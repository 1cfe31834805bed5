// Package bench measures a gateway: it starts the processes under test, the backend behind
// them, sends requests to one after the other in short slices, and makes a report.
//
// Everything that is compared is alive at the same time, and every cycle measures each of
// them once, in a new order: what else happens on the machine hits all alike. The gateway
// is there twice, so that a run can show what difference it sees where there is none, and
// the backend is measured without a gateway too.
//
// Processes under test run on processors of their own; the generator and the backend share
// the others. The processor time is read from the kernel's clock of each process, to the
// nanosecond.
package bench
