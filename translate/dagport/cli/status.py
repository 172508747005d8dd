"""Exit statuses: part of the contract with scripts and CI."""

FINE = 0
FINDINGS = 1  # errors in the input, a stale output, a share under the threshold
WRONG_USAGE = 2  # or a configuration or folder that can't be used
CRASHED = 3  # a bug of dagport
INTERRUPTED = 130
BROKEN_PIPE = 141  # whoever read the output stopped reading: what a shell shows for a program that SIGPIPE ends
