"""The views of what was measured, each over the records it is given."""
