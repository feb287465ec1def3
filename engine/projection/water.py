"""Water: evaporated where the computers stand, and where their electricity is made."""

from __future__ import annotations

from engine.units import Float


def water_litres_per_it_kwh(
    site_water_litres_per_kwh: Float, grid_water_litres_per_kwh: Float, pue: Float
) -> Float:
    """Water for each kWh of the computers.

    On-site use (WUE) is defined per kWh of the computers, so the PUE counts for the grid alone.

    Source: The Green Grid, "Water Usage Effectiveness (WUE)", white paper 35; ISO/IEC 30134-9
    """
    return site_water_litres_per_kwh + pue * grid_water_litres_per_kwh


def water_litres(it_energy_kwh: Float, water_litres_per_it_kwh: Float) -> Float:
    """Water of running the computers; that of making them is not in it."""
    return it_energy_kwh * water_litres_per_it_kwh
