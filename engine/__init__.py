"""Modelworth's engine: know, measure, project."""
