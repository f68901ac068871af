"""What may be wrong with an answer, one kind of fault a module. The table of them is ``engine.checks``."""
