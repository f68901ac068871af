"""How an answer is come by: cascade, checks, retries, cache, ledger. Imports domain only; gets its I/O passed in."""
