"""Federated averaging: clients learn on their own examples, a server averages the weights."""

from engine.measurement.federated.averaging import Federate

__all__ = ["Federate"]
