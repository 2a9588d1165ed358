// Command satudata is the Satu Data Indonesia warehouse of a regional government in one binary.
//
// # A guided tour of the code
//
// Follow a record from an OPD's file to an answered query.
//
//  1. Read ingest/event first: a event.Chunk is consecutive records of one delivery with the bytes
//     as received; a event.Fact is a decision about contracts, bindings and deliveries. These two
//     are all that the event log holds.
//  2. ingest/source/file inspects a file to its end (an HTML page named .csv is refused here) and
//     cuts it into batches; the runner in ingest/source numbers them and appends them to the log.
//  3. ingest/eventlog says what a log promises. embedded keeps it in one bbolt file, kafka in
//     Apache Kafka; logtest is the suite that both pass. From here on the log is the truth.
//  4. schemas holds what data means: a contract (ODCS) per dataset, elements that many contracts
//     share, code lists, and a binding per source. schemas.Compile makes a plan of a contract and
//     a binding.
//  5. transform/normalize turns a chunk into Arrow columns under a plan; transform/quality gives
//     every row its verdict, with all the reasons in two languages.
//  6. transform/lake writes Parquet and commits it to Iceberg together with the log position, so a
//     row lands exactly once; it folds the history of a dataset into its current state and writes
//     the SQL of the views over both. transform/pipeline is the worker that drives 4 to 6.
//  7. catalog projects the facts: which deliveries came, how they were checked, what is published;
//     which organisations and applications there are, and where each version of a contract or binding
//     stands between its proposal and its end (decision.go says who wins when two decide at once).
//     catalog/query answers SQL with DuckDB over the views of the lake, locked to their folders;
//     catalog/rules runs the table rules of a contract in it before a delivery is published.
//  8. This package wires them. config.go is the configuration, workspace.go opens what it names,
//     sources.go makes connectors, exit.go turns errors into exit codes, and each command has a
//     file of its own. Start with demo.go: it is the whole road on the bundled sample.
//
// Folders import leftwards only, schemas <- ingest <- transform <- catalog <- cmd, and TestImports
// proves it.
package main
