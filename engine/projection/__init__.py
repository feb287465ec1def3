"""What follows: from a Scenario and what was measured to time, energy, carbon, money, quality.

`project` is read top to bottom; each step's formulas are in the module of its topic.
"""

from engine import catalogue
from engine.projection import (
    evaluation,
    hardware,
    notes,
    preparation,
    quality,
    replicas,
    site,
    stages,
    storage,
)
from engine.projection import training as training_work
from engine.projection.deployment import deployment_stage
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.projection.ranges import with_ranges
from engine.projection.sized import sized
from engine.projection.working import explain
from engine.records import Projection
from engine.scenario import Scenario

__all__ = ["NO_EVIDENCE", "Evidence", "explain", "project", "with_ranges"]


def project(scenario: Scenario, evidence: Evidence = NO_EVIDENCE) -> Projection:
    """Everything that follows from a scenario; numbers are arrays where the scenario's are.

    Raises:
        BadInput: the hardware is a `measured:` machine that is not in the evidence.
    """
    model = sized(scenario, catalogue.model(scenario.model))
    device = hardware.device(scenario.hardware, evidence)
    terms = site.site(scenario, device)

    work = training_work.work(scenario, model, device)
    service = replicas.service(scenario, model, device)
    kept = storage.kept(scenario, model, work)
    traffic = storage.traffic(scenario, model, service.request_count)

    prepared = preparation.preparation_stage(scenario, model, terms, kept.raw_bytes)
    training = stages.training_stage(scenario, model, device, terms, work)
    evaluated = evaluation.evaluation_stage(scenario, model, device, terms)
    storing = stages.storage_stage(scenario, terms, kept)
    deployment = deployment_stage(scenario, model, device, terms, service, traffic)
    score = quality.quality(scenario, model, evidence)
    bills = {
        "preparation": prepared.bill,
        "training": training.bill,
        "evaluation": evaluated.bill,
        "storage": storing.bill,
        "deployment": deployment.bill,
    }
    total = stages.total(scenario, bills)
    return Projection(
        preparation=prepared,
        training=training,
        evaluation=evaluated,
        storage=storing,
        deployment=deployment,
        quality=score.quality,
        total=total,
        notes=(
            *notes.notes(scenario, device, model, terms, work, service),
            *score.notes,
        ),
    )
