"""Writers: one folder a target or form of output."""
