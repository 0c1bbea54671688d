"""How the parts become one running program."""
