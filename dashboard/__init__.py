"""The pages: what if, measurements, facts."""
