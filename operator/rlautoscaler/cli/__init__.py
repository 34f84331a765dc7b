"""One program; each subcommand imports only what it needs, so `--help` stays quick."""
