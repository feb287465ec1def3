"""Carbon of the electricity bought."""

from __future__ import annotations

from engine.units import Float


def bought_kgco2e_per_kwh(grid_kgco2e_per_kwh: Float, renewable_share: Float) -> Float:
    """Carbon of each kWh bought: the grid's own, less what is bought as carbon-free.

    Source: GHG Protocol Scope 2 Guidance, market-based method,
    https://ghgprotocol.org/scope-2-guidance
    """
    return grid_kgco2e_per_kwh * (1.0 - renewable_share)


def location_kgco2e(facility_energy_kwh: Float, grid_kgco2e_per_kwh: Float) -> Float:
    """Carbon of the electricity at the grid's own mix, whatever was bought.

    Source: GHG Protocol Scope 2 Guidance, location-based method,
    https://ghgprotocol.org/scope-2-guidance
    """
    return facility_energy_kwh * grid_kgco2e_per_kwh


def operational_kgco2e(facility_energy_kwh: Float, bought_kgco2e_per_kwh: Float) -> Float:
    """Carbon of making the electricity; that of making the hardware is not in it.

    Source: Patterson et al. 2021, "Carbon Emissions and Large Neural Network Training",
    https://arxiv.org/abs/2104.10350
    """
    return facility_energy_kwh * bought_kgco2e_per_kwh
