"""What a person runs in a terminal, one command a file. The demo is a client of the server, as any other."""
