"""One use case a file. A tool is a plain function: it raises, and never writes error text itself."""
