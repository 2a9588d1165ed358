// Package faults breaks a running satudata on purpose: it kills and stops its processes, takes away
// its disk and its brokers, cuts the power, flips bits, and feeds it rubbish. Each test drives the
// real binary as a user would and ends by comparing the multiset of rows in the tables with what was
// sent, and with `satudata verify`.
//
// `make test` runs a short form of every test; `make test-faults` sets SATUDATA_FAULTS=full and runs
// each as often and as long as its comment says.
package faults
