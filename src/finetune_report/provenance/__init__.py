"""What made a result: stamps of code, records of files, the manifest, the ledger of test scorings."""
